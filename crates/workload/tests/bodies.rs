//! What runs say of bodies: one wrong field among thousands, ids that are not the right ones, and how
//! many bodies were known again.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::num::NonZeroU64;
use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Fault, FaultAction, Gallery, GalleryConfig};
use metrics::RunSummary;
use scenario::{Scenario, Stop};
use workload::{Plan, Progress, Run, RunConfig};

const PUZZLES: &str = "/api/runtime/puzzle/gallery";
const LONG: Duration = Duration::from_secs(60);

fn dataset(ids: &[&str]) -> Dataset {
    let row = |id: &&str| {
        format!(
            r#"{{"profile_id":"{id}","owner_user_id":"u","work_title":"夜景 {id}","play_count":7}}"#
        )
    };
    let work = |id: &&str| {
        format!(
            r#"{{"kind":"puzzle","table":"puzzle_work_profile","profileId":"{id}","ownerUserId":"u","published":true}}"#
        )
    };
    let [rows, works] = [ids.iter().map(row).collect(), ids.iter().map(work).collect()]
        .map(|items: Vec<String>| items.join(","));
    let count = ids.len();
    let text = format!(
        r#"{{"format":"genarrative-works","formatVersion":1,"keyId":"k",
        "tables":{{"puzzle_work_profile":[{rows}]}},"normalizedWorks":[{works}],
        "counts":{{"puzzle_work_profile":{count},"normalizedWorks":{count}}}}}"#
    );
    Dataset::from_json(text.as_bytes()).unwrap()
}

fn gallery(ids: &[&str], config: GalleryConfig) -> EmbeddedGallery {
    EmbeddedGallery::start(Gallery::new(&dataset(ids), config).unwrap()).unwrap()
}

/// So many iterations of the puzzles' list, over the works with these ids.
fn run(
    base_url: &str,
    iterations: u64,
    ids: &[&str],
    change: impl FnOnce(&mut RunConfig),
) -> RunSummary {
    let scenario = Scenario::shared_iterations(4, iterations, LONG, LONG).unwrap();
    let mut config = RunConfig::new("bodies", base_url.parse().unwrap(), scenario);
    config.endpoints = vec!["puzzle-gallery".to_owned()];
    change(&mut config);
    let run = Run::prepare(config, &Plan::genarrative(), Some(&dataset(ids))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(run.execute(&Stop::new(), &Progress::default())).unwrap();
    assert!(summary.conservation().holds(), "{:?} {:?}", summary.iterations, summary.requests);
    summary
}

/// Every violation with the number of responses that had it.
fn violations(summary: &RunSummary) -> Vec<(&str, u64)> {
    let violations = summary.violations.iter();
    violations.map(|violation| (violation.text.as_str(), violation.count)).collect()
}

fn rate(summary: &RunSummary, metric: &str) -> (u64, u64) {
    let rate = summary.metrics.select_rate(&metric.parse().unwrap());
    (rate.trues, rate.total)
}

const IDS: [&str; 3] = ["p1", "p2", "p3"];

#[test]
fn one_field_of_one_item_in_a_thousand_responses_is_found_each_time() {
    let every = NonZeroU64::new(1000).unwrap();
    let fault = Fault::new(every, FaultAction::WrongShape).offset(500).path_prefix(PUZZLES);
    let gallery = gallery(&IDS, GalleryConfig::new().fault(fault));
    let summary = run(&gallery.base_url(), 4000, &IDS, |_| {});
    assert_eq!(gallery.stats().faults_injected, [4]);
    assert_eq!(summary.requests.expected, 4000);
    let expected = "/data/items/*/profileId: type: expected string, found number";
    assert_eq!(violations(&summary), [(expected, 4)]);
    assert_eq!(rate(&summary, "works_list_shape_error_rate"), (4, 4000));
    // All others were the same list in another envelope; each worker has to see it once.
    let (skipped, checked) = rate(&summary, "body_checks_skipped");
    assert_eq!(checked, 4000);
    assert!((3900..=3995).contains(&skipped), "{skipped}");
}

#[test]
fn the_ids_of_a_list_are_those_of_an_imported_dataset() {
    let gallery = gallery(&["p1", "p2", "other"], GalleryConfig::new());
    let of = |imported| run(&gallery.base_url(), 10, &IDS, |c| c.works_imported = imported);
    assert_eq!(violations(&of(false)), []);
    let summary = of(true);
    let other = "/data/items/*/profileId: dataset id: expected an id of the dataset, found another";
    let missing = "/data/items: dataset id: expected every id of the dataset, found less";
    let mut found = violations(&summary);
    found.sort_unstable();
    assert_eq!(found, [(other, 10), (missing, 10)]);
    assert_eq!(rate(&summary, "works_list_shape_error_rate"), (10, 10));
    assert_eq!(rate(&summary, "body_checks_skipped"), (0, 10));
}

/// A server that answers every request with this body, until its thread ends with the test.
fn server(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut request, len) = ([0; 2048], body.len());
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}")
                        .unwrap();
                }
            });
        }
    });
    base_url
}

#[test]
fn a_detail_must_be_the_one_that_was_asked_for() {
    let base_url =
        server(r#"{"data":{"item":{"profileId":"p2","ownerUserId":"u","title":"t"}},"meta":{}}"#);
    let summary = run(&base_url, 60, &IDS, |config| {
        config.endpoints = vec!["puzzle-gallery-detail".to_owned()];
        config.detail_ratio = 1.0;
    });
    let another =
        "/data/item/profileId: asked id: expected the one that was asked for, found another";
    let [(text, wrong)] = violations(&summary)[..] else { panic!("{:?}", summary.violations) };
    assert_eq!(text, another);
    // A third of the details that are drawn is the one that always comes.
    assert!((25..=55).contains(&wrong), "{wrong}");
    assert_eq!(rate(&summary, "works_detail_shape_error_rate"), (wrong, 60));
    let (skipped, checked) = rate(&summary, "body_checks_skipped");
    assert_eq!(checked, 60);
    assert!(skipped > 0 && skipped < 60 - wrong, "{skipped} of {wrong}");
}

#[test]
fn two_items_with_one_id_are_found() {
    let base_url = server(
        r#"{"items":[{"profileId":"p","ownerUserId":"u","title":"t"},{"profileId":"p","ownerUserId":"u","title":"t"}]}"#,
    );
    let summary = run(&base_url, 7, &IDS, |_| {});
    let again = "/items/*/profileId: unique id: expected each id once, found it again";
    assert_eq!(violations(&summary), [(again, 7)]);
}
