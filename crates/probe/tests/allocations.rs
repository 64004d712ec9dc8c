//! A body that conforms must not cost an allocation once the buffers have grown.

use allocation_counter::measure;
use probe::{Limits, Probe, Shape, gallery};

fn shape(name: &str) -> Shape {
    let source = gallery::shape_source(name).expect("a name of the list");
    Shape::from_json(source.as_bytes()).expect("a built-in shape compiles")
}

fn list(works: usize) -> String {
    let card = |n| {
        format!(
            r#"{{"profileId":"profile-{n}","ownerUserId":"user-{n}","levelName":null,
            "workTitle":"安静的\u5c71谷 {n}","themeTags":["夜","b"],"coverImageSrc":null,
            "playCount":{n},"rating":4.5,"extra":{{"a":[1,2,{{}}]}}}}"#
        )
    };
    let cards: Vec<_> = (0..works).map(card).collect();
    format!(r#"{{"data":{{"items":[{}]}},"meta":{{"requestId":"r"}}}}"#, cards.join(","))
}

/// An object of so many keys that they are sorted to find a second one of a name.
fn wide() -> String {
    let members: Vec<_> = (0..500).map(|n| format!(r#""key-{n}":{n}"#)).collect();
    format!(r#"{{"data":[],"meta":{{{}}}}}"#, members.join(","))
}

#[test]
fn a_conforming_body_costs_no_allocation() {
    let (shape, detail) = (shape("puzzle-gallery"), shape("puzzle-gallery-detail"));
    let card = r#"{"profileId":"p","ownerUserId":"u","title":"t"}"#;
    let mut probe = Probe::new(Limits::default());
    let (large, small, wide) = (list(80), list(3), wide());
    let mut check_all = || {
        for body in [&large, &small, &wide] {
            assert!(probe.check(&shape, body.as_bytes()).is_empty());
        }
        assert!(probe.check(&detail, card.as_bytes()).is_empty());
    };
    check_all();
    let counted = measure(|| (0..10).for_each(|_| check_all()));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn the_counter_counts() {
    let shape = shape("puzzle-gallery");
    let mut probe = Probe::new(Limits::default());
    let counted = measure(|| assert_eq!(probe.check(&shape, b"{}").len(), 1));
    assert!(counted.count_total > 0, "{counted:?}");
}
