//! Every format that is rendered from a result, against committed files. `UPDATE_GOLDEN=1` writes
//! them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod runs;

use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use quick_xml::Reader;
use quick_xml::events::Event;
use report::RunResult;
use runs::results;

fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(found == expected, "{name} differs; UPDATE_GOLDEN=1 writes it anew. Found:\n{found}");
}

fn result(name: &str) -> RunResult {
    results().into_iter().find(|(own, _)| *own == name).unwrap().1
}

#[test]
fn markdown() {
    for name in ["good_spike", "failures", "no_request", "hostile"] {
        let found = report::markdown(&result(name));
        check(&format!("{name}.md"), &found);
        assert!(found.ends_with('\n') && !found.contains('\x1b'));
        assert!(!found.contains("\n\n\n"), "{found}");
        // Outside of code, nothing may be a tag or a link.
        let reason = found.lines().nth(2).unwrap();
        assert!(!reason.contains('<') && !reason.contains('['), "{reason}");
    }
}

#[test]
fn a_table_has_the_same_cells_in_every_row() {
    for (name, result) in results() {
        let text = report::markdown(&result);
        let mut cells = None;
        for line in text.lines() {
            let bars = line.replace("\\|", "").matches('|').count();
            match (line.starts_with('|'), cells) {
                (true, None) => cells = Some(bars),
                (true, Some(cells)) => assert_eq!(bars, cells, "{name}: {line}"),
                (false, _) => cells = None,
            }
        }
    }
}

#[test]
fn junit() {
    for name in ["good_spike", "failures", "no_request", "saturated", "hostile"] {
        check(&format!("{name}.junit.xml"), &report::junit(&result(name)));
    }
}

/// How often each element is there; the document is well-formed.
fn elements(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut names = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return names,
            Event::Start(tag) | Event::Empty(tag) => {
                names.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
            }
            _ => {}
        }
    }
}

#[test]
fn junit_is_red_where_the_verdict_is_no_pass() {
    for (name, result) in results() {
        let xml = report::junit(&result);
        let elements = elements(&xml);
        let red = elements.iter().any(|tag| tag == "failure" || tag == "error");
        assert_eq!(red, result.run.verdict() != metrics::Verdict::Pass, "{name}");
        let cases = elements.iter().filter(|tag| *tag == "testcase").count();
        assert!(xml.contains(&format!("<testsuites name=\"loadtest\" tests=\"{cases}\"")), "{xml}");
        assert!(cases > result.run.thresholds.len(), "{name}");
    }
}

#[test]
fn csv() {
    for name in ["good_spike", "failures", "no_request"] {
        let result = result(name);
        let found = report::csv(&result);
        check(&format!("{name}.csv"), &found);
        let columns = found.lines().next().unwrap().matches(',').count();
        assert!(found.lines().all(|line| line.matches(',').count() == columns));
        assert_eq!(found.lines().count(), 1 + result.run.series.seconds().len());
    }
}

#[test]
fn other_tools_of_hdr_histogram_read_the_log() {
    let result = result("failures");
    let log = report::hdr_log(&result);
    assert!(log.starts_with("#[Histogram log format version 1.3]\n"), "{log}");
    let mut seen = Vec::new();
    for entry in IntervalLogIterator::new(log.as_bytes()) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let bytes = data_encoding::BASE64.decode(interval.encoded_histogram().as_bytes()).unwrap();
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        let tag = interval.tag().unwrap().as_str().to_owned();
        seen.push((tag, histogram.len(), histogram.value_at_quantile(0.95)));
        assert_eq!(interval.duration().as_millis(), 12_012);
        assert!((interval.max() - histogram.max() as f64 / 1e3).abs() < 0.001);
    }
    let expected = [("custom-world-gallery", 300, 3_717), ("puzzle-gallery", 291, 3_725)];
    assert_eq!(seen, expected.map(|(tag, count, p95)| (tag.to_owned(), count, p95)));
}

#[test]
fn names_cannot_break_the_log_or_the_table() {
    for (name, result) in results() {
        let log = report::hdr_log(&result);
        for entry in IntervalLogIterator::new(log.as_bytes()) {
            assert!(entry.is_ok(), "{name}: {log}");
        }
    }
}

#[test]
fn what_is_rendered_from_the_file_is_the_same() {
    for (name, result) in results() {
        let read = RunResult::from_json(result.to_json().as_bytes()).unwrap();
        for render in [report::markdown, report::junit, report::csv, report::hdr_log] {
            assert_eq!(render(&read), render(&result), "{name}");
        }
    }
}
