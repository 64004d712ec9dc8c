use probe::{FieldProfiler, Shape};

use super::*;

const SHAPE: &str = r#"{
  "properties": {
    "next": true,
    "items": {"items": {"properties": {
      "id": true, "tags": true, "title": true, "cover": true, "plays": true, "levels": true
    }}}
  }
}"#;

/// SplitMix64, for the details that each second draws.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What a worker has sampled of bodies, one for each of these seconds.
fn sampled_at(seconds: impl Iterator<Item = u64>, body: impl FnMut(u64) -> String) -> Samples {
    let shape = Shape::from_json(SHAPE.as_bytes()).unwrap();
    let (mut samples, mut body) = (Samples::new(256), body);
    let mut profiler = FieldProfiler::new(1 << 20);
    for second in seconds {
        let body = body(second);
        samples.see(second, true, || Some(profiler.profile(&shape, body.as_bytes()).unwrap()));
    }
    samples
}

fn found(is_fixed: bool, samples: &[&Samples]) -> Vec<String> {
    let sampled = Sampled { endpoint: "list", is_fixed, samples: samples.to_vec() };
    drifts(&sampled).iter().map(ToString::to_string).collect()
}

/// A list of so many items, each made from its number.
fn list(count: u64, item: impl Fn(u64) -> String) -> String {
    let items: Vec<_> = (0..count).map(item).collect();
    format!("{{\"items\": [{}]}}", items.join(","))
}

/// A list whose items have this field from second 41 to second `last`, and `before` at other times.
fn changing(before: &str, after: &str, last: u64) -> Vec<String> {
    let body = |second| {
        let field = if (41..=last).contains(&second) { after } else { before };
        list(30, |number| format!("{{\"id\": \"{number}\" {field}}}"))
    };
    found(true, &[&sampled_at(0..80, body)])
}

#[test]
fn a_change_of_kind_is_found_with_its_seconds() {
    let tags = ", \"tags\": [\"a\", \"b\"]";
    let cases = [
        (tags, ", \"tags\": []", "/items/*/tags became empty"),
        (tags, ", \"tags\": null", "/items/*/tags became null"),
        (tags, "", "/items/*/tags disappeared"),
        ("", tags, "/items/*/tags appeared"),
        (", \"tags\": []", tags, "/items/*/tags appeared"),
        (tags, ", \"tags\": \"a\"", "/items/*/tags changed type from array to string"),
        (
            ", \"plays\": 7",
            ", \"plays\": \"7\"",
            "/items/*/plays changed type from number to string",
        ),
        (", \"title\": \"x\"", ", \"title\": \"\"", "/items/*/title became empty"),
        (", \"cover\": {\"id\": 1}", ", \"cover\": {}", "/items/*/cover became empty"),
    ];
    for (before, after, expected) in cases {
        let drifts = changing(before, after, 80);
        assert_eq!(drifts[0], format!("{expected} from second 41 on, in all values"), "{drifts:?}");
        // Where the field comes and goes, so do the items in it.
        assert_eq!(drifts.len(), 1, "{drifts:?}");
    }
}

#[test]
fn a_change_that_is_over_has_an_end_and_a_short_one_is_none() {
    let (tags, empty) = (", \"tags\": [\"a\"]", ", \"tags\": []");
    assert_eq!(
        changing(tags, empty, 60),
        ["/items/*/tags became empty from second 41 to second 60, in all values"]
    );
    assert_eq!(changing(tags, empty, 43).len(), 1);
    assert_eq!(changing(tags, empty, 42), [""; 0]);
}

#[test]
fn a_share_of_many_values_is_found_too() {
    let body = |second: u64| {
        let is_empty = |number: u64| second >= 20 && number % 5 < 2;
        list(50, |number| format!("{{\"tags\": {}}}", if is_empty(number) { "[]" } else { "[1]" }))
    };
    assert_eq!(
        found(true, &[&sampled_at(0..60, body)]),
        ["/items/*/tags became empty from second 20 on, in 40 % of the values"]
    );
}

#[test]
fn lists_that_shrink_or_grow_by_a_lot_are_found() {
    let sized = |before: u64, after: u64| {
        let body = |second| list(if second < 10 { before } else { after }, |_| "1".to_owned());
        found(true, &[&sampled_at(0..30, body)])
    };
    assert_eq!(sized(40, 20), ["/items shrank from 40.0 to 20.0 items from second 10 on"]);
    assert_eq!(sized(10, 25), ["/items grew from 10.0 to 25.0 items from second 10 on"]);
    assert_eq!(sized(40, 0), ["/items became empty from second 10 on, in all values"]);
    for (before, after) in [(40, 21), (40, 41), (10, 19), (2, 1), (1, 3)] {
        assert_eq!(sized(before, after), [""; 0], "{before} {after}");
    }
}

#[test]
fn a_short_run_is_enough_for_a_list() {
    let body =
        |second| list(3, |_| format!("{{\"tags\": {}}}", if second < 2 { "[1]" } else { "[]" }));
    let expected = ["/items/*/tags became empty from second 2 on, in all values"];
    assert_eq!(found(true, &[&sampled_at(0..5, body)]), expected);
    assert_eq!(found(true, &[&sampled_at(0..4, body)]), [""; 0]);
}

#[test]
fn workers_and_seconds_without_a_sample_are_joined() {
    let body =
        |second| list(30, |_| format!("{{\"tags\": {}}}", if second < 41 { "[1]" } else { "[]" }));
    let (even, odd) = (sampled_at((0..80).step_by(2), body), sampled_at((7..80).step_by(3), body));
    // Nobody looked at second 41.
    let expected = ["/items/*/tags became empty from second 42 on, in all values"];
    assert_eq!(found(true, &[&even, &odd]), expected);
    assert_eq!(found(true, &[&odd, &even]), expected);
    assert_eq!(found(true, &[]), [""; 0]);
    assert_eq!(found(true, &[&Samples::new(9)]), [""; 0]);
}

#[test]
fn what_varies_all_the_time_is_no_drift() {
    for seed in 0..200 {
        let mut random = Random(seed);
        // Works that differ: 30 % have no tags, some no cover, one in twenty another title.
        let mut work = move || {
            let tags = if random.below(10) < 3 { "[]" } else { "[\"a\"]" };
            let cover = ["null", "\"x\"", "\"\""][random.below(3) as usize];
            let title = if random.below(20) == 0 { "null" } else { "\"t\"" };
            let levels = vec!["1"; random.below(12) as usize].join(",");
            format!(
                "{{\"tags\": {tags}, \"cover\": {cover}, \"title\": {title}, \"levels\": [{levels}]}}"
            )
        };
        let seconds = [5, 10, 30, 80, 300][seed as usize % 5];
        // A detail shows one work; a list draws some of them.
        let count = if seed % 2 == 0 { 1 } else { 1 + seed % 20 };
        let samples = sampled_at(0..seconds, |_| {
            let works: Vec<_> = (0..count).map(|_| work()).collect();
            format!("{{\"items\": [{}]}}", works.join(","))
        });
        let drifts = found(count > 1 && seconds >= 30, &[&samples]);
        assert_eq!(drifts, [""; 0], "seed {seed}, {seconds} s of {count}");
    }
}

#[test]
fn a_list_that_never_changes_is_no_drift_whatever_is_in_it() {
    let body = |_| {
        list(40, |number| {
            let tags = if number % 10 < 3 { "[]" } else { "[\"a\", \"b\"]" };
            let cover = if number % 2 == 0 { "null" } else { "\"x\"" };
            format!("{{\"tags\": {tags}, \"cover\": {cover}}}")
        })
    };
    assert_eq!(found(true, &[&sampled_at(0..80, body)]), [""; 0]);
}

#[test]
fn a_list_that_gets_a_work_now_and_then_is_no_drift() {
    let body = |second| {
        list(20 + second / 10, |number| {
            format!(
                "{{\"id\": \"{number}\", \"tags\": {}}}",
                if number > 22 { "[]" } else { "[1]" }
            )
        })
    };
    assert_eq!(found(true, &[&sampled_at(0..80, body)]), [""; 0]);
}

#[test]
fn details_that_all_break_are_found_among_ever_new_works() {
    let mut random = Random(7);
    let samples = sampled_at(0..80, |second| {
        let levels = vec!["1"; 1 + random.below(9) as usize].join(",");
        let tags = if second >= 41 || random.below(10) < 3 { "[]" } else { "[1]" };
        format!("{{\"items\": [{{\"tags\": {tags}, \"levels\": [{levels}]}}]}}")
    });
    let drifts = found(false, &[&samples]);
    let [drift] = &drifts[..] else { panic!("{drifts:?}") };
    // The works right before may happen to have no tags either.
    let second: u64 = drift.split(' ').nth(5).unwrap().parse().unwrap();
    assert!((37..=41).contains(&second), "{drift}");
    assert!(drift.starts_with("/items/*/tags became empty from second "), "{drift}");
    assert!(drift.ends_with(" on, in all values"), "{drift}");
}
