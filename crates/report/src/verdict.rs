//! The first lines: what the run says in one word, why, and what was run.

use metrics::{Outcome, RunSummary, StopReason, ThresholdResult, Verdict};

use crate::page::{Line, Page, Piece, Style};
use crate::{RunReport, dotted, generator, numbers};

pub(crate) fn push(page: &mut Page, report: &RunReport<'_>) {
    let run = report.run;
    push_line(page, run);
    let reason = reason(run);
    if let Some(undecided) = undecided(run) {
        page.push(Line::new(2).hanging(4).words(Style::Doubt, &undecided));
    }
    // A pass under doubt says so, and a failure may be the generator's own.
    if let Some(doubt) = generator::doubt(run).filter(|doubt| *doubt != reason) {
        page.push(Line::new(2).hanging(4).words(Style::Doubt, &doubt));
    }
    if let Some(stopped) = run.stopped {
        page.push(Line::new(2).hanging(4).words(Style::Doubt, &stopped_early(run, stopped)));
    }
    page.gap();
    dotted::push(page, 2, &facts(report));
}

/// The verdict and its reason.
pub(crate) fn push_line(page: &mut Page, run: &RunSummary) {
    let (word, style) = match run.verdict() {
        Verdict::Pass => ("PASS", Style::GoodBold),
        Verdict::Fail => ("FAIL", Style::BadBold),
        _ => ("NO EVIDENCE", Style::DoubtBold),
    };
    // The piece's own space and the line's make two, which sets the word apart.
    let line = Line::new(2).hanging(4).piece(Piece::new(style, word).and(Style::Plain, " "));
    page.push(line.words(Style::Plain, &reason(run)));
}

/// Why the run ended as it did, in one line.
pub(crate) fn reason(run: &RunSummary) -> String {
    let failed = with_outcome(run, Outcome::Fail);
    let void = with_outcome(run, Outcome::Void);
    let undecided = with_outcome(run, Outcome::Undecided);
    let conservation = run.conservation();
    match run.verdict() {
        Verdict::Fail => thresholds(run, &failed, "does not hold", "do not hold"),
        Verdict::Pass => holding(run, undecided.len()),
        _ if run.requests.sent == 0 => "no request was sent".to_owned(),
        _ if !conservation.iterations => "not every iteration is accounted for".to_owned(),
        _ if !conservation.requests => "not every request is accounted for".to_owned(),
        _ if !void.is_empty() => thresholds(run, &void, "has no samples", "have no samples"),
        _ if run.is_cut_off() => {
            let count = run.iterations.interrupted;
            format!("iterations cut off by the end of the graceful stop: {count}")
        }
        _ if run.is_saturated() => generator::doubt(run).unwrap_or_default(),
        _ => thresholds(run, &undecided, "is undecided", "are undecided"),
    }
}

fn holding(run: &RunSummary, undecided: usize) -> String {
    match (run.thresholds.len(), undecided) {
        (0, _) => "no threshold was set, and every request is accounted for".to_owned(),
        (1, 0) => "the threshold holds".to_owned(),
        (all, 0) => format!("all {all} thresholds hold"),
        (1, _) => "the threshold holds, but is undecided".to_owned(),
        (all, some) => format!("all {all} thresholds hold, but {some} of them undecided"),
    }
}

/// What a pass leaves open, with what it would take.
fn undecided(run: &RunSummary) -> Option<String> {
    let undecided = with_outcome(run, Outcome::Undecided);
    if undecided.is_empty() || run.verdict() != Verdict::Pass {
        return None;
    }
    let each = undecided.iter().map(|result| match result.evidence.more_needed {
        Some(more) => format!("{}, {more} more samples are needed", result.threshold),
        None => format!("{}, too near for any number of samples", result.threshold),
    });
    Some(format!("undecided: {}", each.collect::<Vec<_>>().join("; ")))
}

fn with_outcome(run: &RunSummary, outcome: Outcome) -> Vec<&ThresholdResult> {
    run.thresholds.iter().filter(|result| result.outcome == outcome).collect()
}

/// `2 of 4 thresholds do not hold: a: p(95)<800; b: rate<0.01`.
fn thresholds(run: &RunSummary, some: &[&ThresholdResult], one: &str, more: &str) -> String {
    let verb = if some.len() == 1 { one } else { more };
    let (count, all) = (some.len(), run.thresholds.len());
    let names: Vec<_> = some.iter().map(|result| result.threshold.to_string()).collect();
    format!("{count} of {all} thresholds {verb}: {}", names.join("; "))
}

pub(crate) fn stopped_early(run: &RunSummary, reason: StopReason) -> String {
    let by = match reason {
        StopReason::Interrupted => "interrupted by the user",
        StopReason::Threshold => "a threshold that was to stop it failed",
        _ => "before its schedule was over",
    };
    format!("stopped early: {by}, after {} of load", numbers::duration(run.window))
}

fn facts(report: &RunReport<'_>) -> Vec<dotted::Row> {
    let run = report.run;
    let (window, elapsed) = (numbers::duration(run.window), numbers::duration(run.elapsed));
    let started = report.started_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let facts = [
        ("scenario", run.scenario.clone()),
        ("description", run.description.clone()),
        ("target", run.target.clone()),
        ("resolved to", resolved(run)),
        ("seed", run.seed.to_string()),
        ("run", run.run_id.clone().unwrap_or_default()),
        ("started", started.unwrap_or_default()),
        ("load window", window),
        ("elapsed", elapsed),
    ];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| dotted::Row::plain(name, [value])).collect()
}

/// What the target's host stands for; nothing if the target says that itself.
fn resolved(run: &RunSummary) -> String {
    let says_itself = |address: &String| run.target.contains(address.as_str());
    if run.addresses.iter().all(says_itself) { String::new() } else { run.addresses.join(", ") }
}

#[cfg(test)]
mod tests {
    use metrics::{IterationTally, RequestTally, Threshold};

    use super::*;

    fn run(outcomes: &[Outcome]) -> RunSummary {
        let mut run = RunSummary::new("smoke");
        run.requests = RequestTally { sent: 1, expected: 1, ..Default::default() };
        let result = |(index, &outcome): (usize, &Outcome)| ThresholdResult {
            threshold: Threshold::parse(&format!("m{index}"), "count==0").unwrap(),
            observed: None,
            outcome,
            evidence: metrics::Evidence::default(),
        };
        run.thresholds = outcomes.iter().enumerate().map(result).collect();
        run
    }

    #[test]
    fn a_name_is_shown_with_its_addresses_and_an_address_only_once() {
        let mut run = run(&[]);
        run.target = "http://127.0.0.1:80/a".into();
        run.addresses = vec!["127.0.0.1:80".into()];
        assert_eq!(resolved(&run), "");
        run.target = "http://localhost".into();
        run.addresses.push("[::1]:80".into());
        assert_eq!(resolved(&run), "127.0.0.1:80, [::1]:80");
    }

    #[test]
    fn the_reason_names_the_thresholds_that_decided() {
        use Outcome::{Fail, Pass, Undecided, Void};
        for (outcomes, expected) in [
            (&[][..], "no threshold was set, and every request is accounted for"),
            (&[Pass], "the threshold holds"),
            (&[Pass, Pass], "all 2 thresholds hold"),
            (&[Pass, Fail, Void], "1 of 3 thresholds does not hold: m1: count==0"),
            (&[Fail, Fail], "2 of 2 thresholds do not hold: m0: count==0; m1: count==0"),
            (&[Pass, Void], "1 of 2 thresholds has no samples: m1: count==0"),
        ] {
            assert_eq!(reason(&run(outcomes)), expected);
        }
        let mut run = run(&[Pass, Undecided]);
        assert_eq!(reason(&run), "all 2 thresholds hold, but 1 of them undecided");
        let doubt = "undecided: m1: count==0, too near for any number of samples";
        assert_eq!(undecided(&run).as_deref(), Some(doubt));
        run.strict = true;
        assert_eq!(reason(&run), "1 of 2 thresholds is undecided: m1: count==0");
        assert_eq!(undecided(&run), None);
    }

    #[test]
    fn what_does_not_add_up_is_the_reason() {
        let mut lost = run(&[Outcome::Pass]);
        lost.requests.sent = 2;
        assert_eq!(reason(&lost), "not every request is accounted for");
        lost.iterations = IterationTally { planned: 1, ..Default::default() };
        assert_eq!(reason(&lost), "not every iteration is accounted for");
        lost.requests = RequestTally::default();
        assert_eq!(reason(&lost), "no request was sent");
    }
}
