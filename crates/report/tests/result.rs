//! The result file: what it holds, that nothing of it is lost, and that the schema tells the truth.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod runs;

use std::path::Path;

use report::{ResultError, RunResult, TextOptions};
use runs::results;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../docs/result.schema.json");

fn json(result: &RunResult) -> Value {
    serde_json::from_str(&result.to_json()).unwrap()
}

#[test]
fn what_is_read_is_written_again_to_the_byte() {
    for (name, result) in results() {
        let written = result.to_json();
        let read = RunResult::from_json(written.as_bytes()).unwrap();
        assert_eq!(read.to_json(), written, "{name}");
        let text = |result: &RunResult| report::text(&result.report(), &TextOptions::default());
        assert_eq!(text(&read), text(&result), "{name}");
        let k6 = |result: &RunResult| {
            report::k6_summary_export(&result.report(), &metrics::Stat::DEFAULT)
        };
        assert_eq!(k6(&read), k6(&result), "{name}");
        assert_eq!(read.run.verdict(), result.run.verdict(), "{name}");
    }
}

#[test]
fn the_schema_describes_every_result() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let judge = jsonschema::draft202012::new(&schema).unwrap();
    for (name, result) in results() {
        let json = json(&result);
        let errors: Vec<_> = judge.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    for wrong in ["{}", r#"{"format": "genarrative-loadtest-result", "formatVersion": 2}"#] {
        assert!(!judge.is_valid(&serde_json::from_str(wrong).unwrap()));
    }
}

#[test]
fn our_own_subset_of_json_schema_is_enough() {
    let shape = probe::Shape::from_json(SCHEMA.as_bytes()).unwrap();
    let mut probe = probe::Probe::new(probe::Limits::default());
    for (name, result) in results() {
        let violations = probe.check(&shape, result.to_json().as_bytes());
        assert!(violations.is_empty(), "{name}: {violations:?}");
    }
}

#[test]
fn a_golden_result() {
    let (_, result) = results().into_iter().find(|(name, _)| *name == "failures").unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/failures.result.json");
    let found = result.to_json();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(found == expected, "failures.result.json differs; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn simple_tools_need_no_histogram() {
    let (_, result) = results().into_iter().find(|(name, _)| *name == "failures").unwrap();
    let json = json(&result);
    assert_eq!(json["verdict"], "fail");
    assert_eq!(json["endpoints"][1]["endpoint"], "puzzle-gallery");
    assert_eq!(json["endpoints"][1]["failed"], 20);
    assert!(json["endpoints"][1]["duration"]["p95Ms"].as_f64().unwrap() > 3.0);
    let seconds = json["series"]["requests"].as_array().unwrap();
    assert_eq!(seconds.len(), 12);
    let sum: u64 = seconds.iter().filter_map(Value::as_u64).sum();
    assert_eq!(json["requests"]["sent"], sum);
}

#[test]
fn what_is_no_result_is_refused_and_not_quoted() {
    let good = results().remove(0).1.to_json();
    let error = |text: &str| RunResult::from_json(text.as_bytes()).unwrap_err();
    assert_eq!(error("[]"), ResultError::NotAResult);
    assert_eq!(error("{\"format\": 3}"), ResultError::NotAResult);
    assert_eq!(error("{\"root_group\": {}, \"metrics\": {}}"), ResultError::NotAResult);
    let newer = good.replace("\"formatVersion\": 1", "\"formatVersion\": 2");
    assert_eq!(error(&newer), ResultError::Version { found: 2 });
    assert_eq!(
        error(&newer).to_string(),
        "its formatVersion is 2, and this version of loadtest reads 1 only"
    );
    assert!(matches!(error("secret"), ResultError::Form { line: 1, .. }));
    for (from, to) in [
        ("\"outcome\": \"pass\"", "\"outcome\": \"secret\""),
        ("\"expression\": \"", "\"expression\": \"secret"),
        ("\"scenario\": \"", "\"scenario\": 7, \"secret\": \""),
        ("\"hdr\": \"", "\"hdr\": \"secret"),
        ("\"planned\": ", "\"planned\": -"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let message = error(&bad).to_string();
        assert!(!message.contains("secret") && !message.is_empty(), "{message}");
    }
    let cut = &good[..good.len() / 2];
    assert!(error(cut).to_string().contains("ends too early"));
}

#[test]
fn unknown_fields_of_later_versions_are_no_error() {
    let good = results().remove(0).1.to_json();
    let more = good.replacen("\"toolVersion\"", "\"later\": {\"a\": [1]},\n  \"toolVersion\"", 1);
    assert_eq!(RunResult::from_json(more.as_bytes()).unwrap().to_json(), good);
}
