//! JUnit's XML, for CI.

use std::io;

use metrics::{Outcome, Rate, RunSummary, ThresholdResult, Verdict};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::view::{self, CheckKey};
use crate::{RunResult, verdict};

type Xml = Writer<Vec<u8>>;

/// The result as JUnit's XML: red exactly where the verdict is no PASS.
///
/// The first test case is the run itself. It is an `error` where the run is no evidence, such as one
/// whose generator was saturated. Each threshold is a test case: a `failure` if it does not hold, an
/// `error` if it has no samples, which is never a pass. Each check of an endpoint is one in the suite
/// of its scenario: where it did not always hold, it is a `failure` in a failed run and `skipped`
/// with its count in a run that passed, because thresholds say how many may fail.
pub fn junit(result: &RunResult) -> String {
    let suites = suites(result);
    let bytes = write(result, &suites).expect("memory takes every byte");
    String::from_utf8(bytes).expect("what is written is UTF-8") + "\n"
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    end: End,
    /// What was observed.
    output: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failure(&'static str),
    Error(&'static str),
    Skipped,
}

fn suites(result: &RunResult) -> Vec<Suite> {
    let run = &result.run;
    let mut first = Suite { name: run.scenario.clone(), cases: vec![whole_run(run)] };
    first.cases.extend(run.thresholds.iter().map(|result| threshold(run, result)));
    let mut suites = vec![first];
    for (key, rate) in view::checks(run) {
        let at = suites.iter().position(|suite| suite.name == key.scenario).unwrap_or_else(|| {
            suites.push(Suite { name: key.scenario.to_owned(), cases: Vec::new() });
            suites.len() - 1
        });
        suites[at].cases.push(check(run, &key, &rate));
    }
    suites
}

fn whole_run(run: &RunSummary) -> Case {
    let end = match run.verdict() {
        Verdict::Pass | Verdict::Fail => End::Passed,
        _ => End::Error("no-evidence"),
    };
    let output = format!("{}: {}", view::verdict(run), verdict::reason(run));
    Case { class: run.scenario.clone(), name: "the run is evidence".to_owned(), end, output }
}

fn threshold(run: &RunSummary, result: &ThresholdResult) -> Case {
    let end = match run.outcome(result) {
        Outcome::Pass => End::Passed,
        Outcome::Fail => End::Failure("threshold"),
        Outcome::Undecided if !run.strict => End::Skipped,
        Outcome::Undecided => End::Error("undecided"),
        _ => End::Error("void"),
    };
    Case {
        class: format!("{}.thresholds", run.scenario),
        name: result.threshold.to_string(),
        end,
        output: format!("{}: {}", result.threshold.expression(), observed(run, result)),
    }
}

fn observed(run: &RunSummary, result: &ThresholdResult) -> String {
    let observed = view::observed(run, result);
    match run.outcome(result) {
        Outcome::Pass => format!("holds, observed {observed}"),
        Outcome::Fail => format!("does not hold, observed {observed}"),
        _ => format!("not decided, {observed}"),
    }
}

fn check(run: &RunSummary, key: &CheckKey<'_>, rate: &Rate) -> Case {
    let end = match run.verdict() {
        _ if rate.trues == rate.total => End::Passed,
        Verdict::Pass => End::Skipped,
        _ => End::Failure("check"),
    };
    Case {
        class: format!("{}.{}", key.scenario, key.endpoint),
        name: key.check.to_owned(),
        end,
        output: format!("held in {} of {} responses", rate.trues, rate.total),
    }
}

fn write(result: &RunResult, suites: &[Suite]) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = counts(suites.iter().flat_map(|suite| &suite.cases));
    xml.create_element("testsuites")
        .with_attribute(("name", "loadtest"))
        .with_attributes(counts.iter().map(|(name, count)| (*name, count.as_str())))
        .with_attribute(("time", seconds(&result.run).as_str()))
        .write_inner_content(|xml| {
            let mut properties = Some(properties(result));
            suites.iter().try_for_each(|suite| {
                write_suite(xml, result, suite, &properties.take().unwrap_or_default())
            })
        })?;
    Ok(xml.into_inner())
}

fn write_suite(
    xml: &mut Xml,
    result: &RunResult,
    suite: &Suite,
    properties: &[(String, String)],
) -> io::Result<()> {
    let counts = counts(&suite.cases);
    let mut element = xml
        .create_element("testsuite")
        .with_attribute(("name", clean(&suite.name).as_str()))
        .with_attributes(counts.iter().map(|(name, count)| (*name, count.as_str())))
        .with_attribute(("time", seconds(&result.run).as_str()));
    if let Some(at) = result.started_at {
        let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        element = element.with_attribute(("timestamp", at.as_str()));
    }
    element.write_inner_content(|xml| {
        if !properties.is_empty() {
            write_properties(xml, properties)?;
        }
        suite.cases.iter().try_for_each(|case| write_case(xml, case))
    })?;
    Ok(())
}

fn write_properties(xml: &mut Xml, properties: &[(String, String)]) -> io::Result<()> {
    xml.create_element("properties").write_inner_content(|xml| {
        for (name, value) in properties {
            xml.create_element("property")
                .with_attribute(("name", clean(name).as_str()))
                .with_attribute(("value", clean(value).as_str()))
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(xml: &mut Xml, case: &Case) -> io::Result<()> {
    let output = clean(&case.output);
    let element = xml
        .create_element("testcase")
        .with_attribute(("classname", clean(&case.class).as_str()))
        .with_attribute(("name", clean(&case.name).as_str()))
        // What took time was the run as a whole.
        .with_attribute(("time", "0"));
    element.write_inner_content(|xml| {
        let (tag, kind) = match case.end {
            End::Passed => {
                xml.create_element("system-out").write_text_content(BytesText::new(&output))?;
                return Ok(());
            }
            End::Failure(kind) => ("failure", Some(kind)),
            End::Error(kind) => ("error", Some(kind)),
            End::Skipped => ("skipped", None),
        };
        let mut element = xml.create_element(tag).with_attribute(("message", output.as_str()));
        if let Some(kind) = kind {
            element = element.with_attribute(("type", kind));
        }
        element.write_text_content(BytesText::new(&output))?;
        Ok(())
    })?;
    Ok(())
}

fn counts<'a>(cases: impl IntoIterator<Item = &'a Case>) -> [(&'static str, String); 4] {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.end {
            End::Passed => {}
            End::Failure(_) => failures += 1,
            End::Error(_) => errors += 1,
            End::Skipped => skipped += 1,
        }
    }
    [("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)]
        .map(|(name, count)| (name, u64::to_string(&count)))
}

fn properties(result: &RunResult) -> Vec<(String, String)> {
    let facts =
        view::facts(result).into_iter().map(|(name, value)| (name.replace(' ', "-"), value));
    let verdict = ("verdict".to_owned(), view::verdict(&result.run).to_owned());
    let settings = result.settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    let settings = settings.map(|(name, value)| (format!("setting.{name}"), value));
    std::iter::once(verdict).chain(facts).chain(settings).collect()
}

fn seconds(run: &RunSummary) -> String {
    format!("{:.3}", run.elapsed.as_secs_f64())
}

/// XML 1.0 has no way to write most control characters.
fn clean(text: &str) -> String {
    let is_written = |c: char| {
        !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\n' | '\t')
    };
    text.chars().map(|c| if is_written(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
