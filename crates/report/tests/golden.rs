//! What reports look like, against committed files. `UPDATE_GOLDEN=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod runs;

use std::path::Path;

use metrics::{RunSummary, Stat};
use observe::AccessLogWindow;
use report::{RunReport, TextOptions};
use runs::{
    all_refused, bad_server, failures_and_violations, good_server, good_spike, lost_request,
    no_request, saturated_baseline, suspect_spike, watched_spike,
};
use serde_json::Value;

const SEED_STATS: &str = "avg,min,med,p(90),p(95),p(99),max";

fn text(
    run: &RunSummary,
    server: Option<&AccessLogWindow>,
    colour: bool,
    width: Option<usize>,
) -> String {
    let started_at = "2026-11-22T16:00:00.25Z".parse().ok();
    let trend_stats = Stat::parse_list(SEED_STATS).unwrap();
    report::text(
        &RunReport { run, server, started_at },
        &TextOptions { trend_stats, colour, width },
    )
}

fn plain(run: &RunSummary, server: Option<&AccessLogWindow>) -> String {
    text(run, server, false, None)
}

fn export(run: &RunSummary) -> String {
    let report = RunReport { run, server: None, started_at: None };
    report::k6_summary_export(&report, &Stat::parse_list(SEED_STATS).unwrap())
}

fn export_json(run: &RunSummary) -> Value {
    serde_json::from_str(&export(run)).unwrap()
}

fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(found == expected, "{name} differs; UPDATE_GOLDEN=1 writes it anew. Found:\n{found}");
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

#[test]
fn a_good_spike() {
    let run = good_spike();
    let found = plain(&run, Some(&good_server(run.requests.sent)));
    check("good_spike.txt", &found);
    assert!(found.starts_with("\n  PASS  all 4 thresholds hold\n"));
    assert!(!found.contains('✗') && !found.contains('?') && !found.contains('≠'));
}

#[test]
fn failures_violations_and_a_bad_gateway() {
    let found = plain(&failures_and_violations(), Some(&bad_server()));
    check("failures.txt", &found);
    assert!(found.starts_with("\n  FAIL  4 of 6 thresholds do not hold: "));
    assert!(found.contains("✗ 8 new 502: 6 final, 2 masked"));
}

#[test]
fn all_connections_refused() {
    let found = plain(&all_refused(), None);
    check("all_refused.txt", &found);
    assert!(found.starts_with("\n  FAIL  1 of 3 thresholds does not hold: http_req_failed"));
    assert!(found.contains("? 'p(95)<800' VOID no samples"));
    assert!(found.contains("error refused...: 60 100.00%"));
    // A refused connection has no duration, least of all one of 0.
    assert!(!found.contains("http_req_duration...") && !found.contains("p(95)=0s"));
}

#[test]
fn no_request_at_all() {
    let found = plain(&no_request(), Some(&AccessLogWindow::default()));
    check("no_request.txt", &found);
    assert!(found.starts_with("\n  NO EVIDENCE  no request was sent\n"));
    assert!(found.contains("stopped early: interrupted by the user"));
    assert!(!found.contains("✓ '"), "a threshold without samples was shown as held");
    assert!(!found.contains("✓ no new 502"));
}

#[test]
fn a_lost_request() {
    let found = plain(&lost_request(), None);
    check("lost_request.txt", &found);
    assert!(found.contains("✗ requests:   3 sent ≠ 1 expected"));
    assert!(found.starts_with("\n  NO EVIDENCE  not every request is accounted for\n"));
}

/// The report from a section's title on.
fn section(text: &str, title: &str) -> String {
    let at = text.find(title).unwrap();
    text[at..].to_owned()
}

#[test]
fn a_generator_that_kept_up() {
    let found = plain(&watched_spike(), None);
    assert!(found.starts_with("\n  PASS  all 4 thresholds hold\n\n"));
    check("generator_valid.txt", &section(&found, "█ GENERATOR"));
    // k6's format has no place for it.
    assert_eq!(export(&watched_spike()), export(&good_spike()));
}

#[test]
fn a_suspect_generator_passes_with_a_warning() {
    let found = plain(&suspect_spike(), None);
    assert!(found.starts_with(
        "\n  PASS  all 4 thresholds hold\n  the generator is suspect: worker threads were ready but "
    ));
    check("generator_suspect.txt", &section(&found, "█ GENERATOR"));
}

#[test]
fn a_saturated_generator_is_no_evidence() {
    let found = plain(&saturated_baseline(), None);
    check("saturated.txt", &found);
    assert!(
        found.starts_with("\n  NO EVIDENCE  the generator was saturated: a worker thread was ")
    );
    assert_eq!(found.matches("the generator was saturated").count(), 1);
    assert!(found.contains("\n    ✗ saturated\n"));
}

#[test]
fn every_width_shows_the_same_words() {
    let run = failures_and_violations();
    let results = |width| {
        let found = text(&run, None, false, width);
        let results = found.split_once("TOTAL RESULTS").unwrap().1.to_owned();
        results.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    for width in [0, 1, 20, 40, 80, 120, 1000] {
        assert_eq!(results(Some(width)), results(None), "{width}");
    }
}

#[test]
fn a_narrow_terminal_breaks_lines_and_loses_nothing() {
    let (run, server) = (failures_and_violations(), bad_server());
    let found = text(&run, Some(&server), false, Some(60));
    check("failures_narrow.txt", &found);
    for line in found.lines() {
        assert!(line.chars().count() <= 60, "{line}");
        assert_eq!(line, line.trim_end());
    }
    // The table is too wide, so endpoints stand in blocks.
    assert!(found.contains("    puzzle-gallery\n      requests=300 failed=6.66% shape errors=17"));
}

#[test]
fn colours_add_nothing_but_colours() {
    let (run, server) = (failures_and_violations(), bad_server());
    let coloured = text(&run, Some(&server), true, None);
    check("failures_colour.txt", &coloured);
    let plain = plain(&run, Some(&server));
    assert!(!plain.contains('\x1b'));
    assert_eq!(without_colour(&coloured), plain);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (a, b) = (failures_and_violations(), failures_and_violations());
    assert_eq!(plain(&a, None), plain(&b, None));
    assert_eq!(export(&a), export(&b));
}

#[test]
fn k6_exports() {
    check("good_spike.k6.json", &export(&good_spike()));
    check("failures.k6.json", &export(&failures_and_violations()));
    check("all_refused.k6.json", &export(&all_refused()));
    check("no_request.k6.json", &export(&no_request()));
}

fn summary_json(run: &RunSummary) -> Value {
    let report = RunReport { run, server: None, started_at: None };
    let text = report::k6_summary(&report, &Stat::parse_list(SEED_STATS).unwrap());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_k6_hands_to_handle_summary() {
    let run = failures_and_violations();
    let report = RunReport { run: &run, server: None, started_at: None };
    check("failures.k6-summary.json", &report::k6_summary(&report, &Stat::DEFAULT));
    let json = summary_json(&run);
    let metrics = &json["metrics"];
    assert_eq!(metrics["http_req_failed"]["type"], "rate");
    assert_eq!(metrics["http_req_failed"]["thresholds"]["rate<0.01"]["ok"], false);
    assert_eq!(metrics["http_req_duration"]["thresholds"]["p(95)<2000"]["ok"], true);
    assert_eq!(metrics["data_sent"]["contains"], "data");
    let unsampled = &metrics["http_req_duration{endpoint:puzzle-detail}"];
    assert_eq!((&unsampled["type"], &unsampled["values"]["p(95)"]), (&"trend".into(), &0.into()));
    assert_eq!(unsampled["thresholds"]["p(95)<800"]["ok"], false);
    assert_eq!(json["root_group"]["checks"][1]["name"], "status is 200");
    assert_eq!(json["state"]["testRunDurationMs"], 12_012.345);
}

#[test]
fn k6_says_true_for_a_threshold_that_failed() {
    let thresholds = |json: &Value, metric: &str| json["metrics"][metric]["thresholds"].clone();
    let good = export_json(&good_spike());
    assert_eq!(thresholds(&good, "http_req_failed"), serde_json::json!({"rate<0.01": false}));
    let bad = export_json(&failures_and_violations());
    assert_eq!(thresholds(&bad, "http_req_failed"), serde_json::json!({"rate<0.01": true}));
    // So is one that could not be decided: k6's format has no third word.
    let unsampled = "http_req_duration{endpoint:puzzle-detail}";
    assert_eq!(bad["metrics"][unsampled], serde_json::json!({"thresholds": {"p(95)<800": true}}));
}

#[test]
fn k6s_fields_have_k6s_meaning() {
    let run = failures_and_violations();
    let json = export_json(&run);
    let metrics = &json["metrics"];
    let failed = &metrics["http_req_failed"];
    let failures = run.requests.unexpected + run.requests.errors;
    assert_eq!(failed["passes"], failures);
    assert_eq!(failed["fails"], run.requests.sent - failures);
    assert_eq!(metrics["http_reqs"]["rate"], 50);
    assert_eq!(metrics["vus"], serde_json::json!({"value": 9, "min": 4, "max": 9}));
    let stats: Vec<_> = metrics["http_req_duration"].as_object().unwrap().keys().collect();
    assert_eq!(stats, ["avg", "max", "med", "min", "p(90)", "p(95)", "p(99)", "thresholds"]);
    assert!(metrics["http_req_duration{expected_response:true}"]["p(95)"].is_number());
    assert!(metrics.get("http_req_connecting").is_none(), "nothing was recorded for it");
    let root = &json["root_group"];
    assert_eq!(root["id"], "d41d8cd98f00b204e9800998ecf8427e");
    let check = &root["checks"]["status is 200"];
    assert_eq!(
        (&check["path"], &check["id"]),
        (&"::status is 200".into(), &STATUS_CHECK_ID.into())
    );
    assert_eq!(check["fails"], run.requests.unexpected);
}

/// MD5 of `::status is 200`, by another implementation.
const STATUS_CHECK_ID: &str = "6210a8cd14cd70477eba5c5e4cb3fb5f";
