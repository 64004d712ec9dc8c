//! What runs of which little or nothing is right are said to be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use metrics::Outcome::{Fail, Pass, Undecided, Void};
use metrics::{
    IterationTally, MetricKey, Outcome, RequestTally, RunSummary, StopReason, Threshold, Verdict,
};

const THRESHOLDS: [(&str, &str); 4] = [
    ("http_req_duration", "p(95)<800"),
    ("http_req_duration", "max<5000"),
    ("http_req_failed", "rate<0.01"),
    ("http_req_duration", "p(95)<800 window=10s"),
];

/// A request's time, if it was answered or waited for, and whether it failed.
type Request = (Option<u64>, bool);

/// A run with so many of these requests a second.
fn run(requests: &[Request], seconds: u64) -> RunSummary {
    let mut run = RunSummary::new("table");
    run.window = Duration::from_secs(seconds);
    let set = &mut run.metrics;
    set.follow(MetricKey::new("http_req_duration"));
    let failed = set.rate(MetricKey::new("http_req_failed"));
    for second in 0..seconds {
        run.metrics.advance(second);
        for (millis, is_failed) in requests {
            run.metrics.observe(failed, *is_failed);
            if let Some(millis) = millis {
                let expected = if *is_failed { "false" } else { "true" };
                let key = MetricKey::new("http_req_duration").with("expected_response", expected);
                let trend = run.metrics.trend(key);
                run.metrics.record(trend, Duration::from_millis(*millis));
            }
        }
    }
    run.metrics.finish();
    let sent = seconds * requests.len() as u64;
    run.requests = RequestTally { sent, expected: sent, ..Default::default() };
    run.iterations = IterationTally { planned: sent, completed: sent, ..Default::default() };
    run
}

fn judged(mut run: RunSummary) -> RunSummary {
    run.thresholds = THRESHOLDS
        .iter()
        .map(|(selector, expression)| {
            let threshold = Threshold::parse(selector, expression).unwrap();
            threshold.evaluate(&run.metrics, run.window)
        })
        .collect();
    run
}

#[test]
fn each_kind_of_run_has_its_verdict() {
    let ok = (Some(20), false);
    let table: [(&str, RunSummary, [Outcome; 4], Verdict, Verdict); 10] = [
        ("all right", run(&[ok; 20], 60), [Pass; 4], Verdict::Pass, Verdict::Pass),
        (
            "all refused",
            run(&[(None, true); 2], 30),
            [Void, Void, Fail, Void],
            Verdict::Fail,
            Verdict::Fail,
        ),
        ("no request", run(&[], 0), [Void; 4], Verdict::NoEvidence, Verdict::NoEvidence),
        // A service that fails quickly is quick.
        (
            "all 500",
            run(&[(Some(3), true); 20], 30),
            [Pass, Pass, Fail, Pass],
            Verdict::Fail,
            Verdict::Fail,
        ),
        (
            "all timeouts",
            run(&[(Some(60_000), true); 2], 30),
            [Fail; 4],
            Verdict::Fail,
            Verdict::Fail,
        ),
        (
            "ten samples",
            run(&[ok], 10),
            [Undecided, Pass, Undecided, Undecided],
            Verdict::Pass,
            Verdict::NoEvidence,
        ),
        (
            "one sample",
            run(&[ok], 1),
            [Undecided, Pass, Undecided, Undecided],
            Verdict::Pass,
            Verdict::NoEvidence,
        ),
        (
            "one slow sample",
            run(&[(Some(900), false)], 1),
            [Fail, Pass, Undecided, Fail],
            Verdict::Fail,
            Verdict::Fail,
        ),
        (
            "one failure of two hundred",
            run(&[[ok; 199].as_slice(), &[(Some(20), true)]].concat(), 1),
            [Pass, Pass, Undecided, Pass],
            Verdict::Pass,
            Verdict::NoEvidence,
        ),
        ("cut in the first second", run(&[ok; 400], 1), [Pass; 4], Verdict::Pass, Verdict::Pass),
    ];
    for (name, run, outcomes, verdict, strict) in table {
        let mut run = judged(run);
        let found: Vec<_> = run.thresholds.iter().map(|result| run.outcome(result)).collect();
        assert_eq!(found, outcomes, "{name}: {:#?}", run.thresholds);
        assert_eq!(run.verdict(), verdict, "{name}");
        run.strict = true;
        assert_eq!(run.verdict(), strict, "{name}, strict");
    }
}

#[test]
fn a_run_cut_in_the_first_second_voids_what_holds_if_iterations_were_cut_too() {
    let mut run = judged(run(&[(Some(20), false); 400], 1));
    run.iterations = IterationTally { planned: 401, completed: 400, interrupted: 1, dropped: 0 };
    assert_eq!(run.verdict(), Verdict::NoEvidence);
    assert_eq!(run.outcome(&run.thresholds[0]), Void);
    // Where the user asked for it, it is no fault; the exit code says that it was interrupted.
    run.stopped = Some(StopReason::Interrupted);
    assert_eq!((run.verdict(), run.outcome(&run.thresholds[0])), (Verdict::Pass, Pass));
}
