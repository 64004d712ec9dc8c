use bytes::Bytes;
use probe::{Limits, Probe, Shape};

use super::*;
use crate::Plan;
use crate::transport::{Response, Timings, TransportError};

fn exchange(result: Result<u16, TransportError>) -> Exchange {
    let response = |status| Response { status, body: vec![Bytes::from_static(b"{}")] };
    Exchange {
        result: result.map(response),
        timings: Timings::default(),
        elapsed: Duration::from_millis(5),
        reconnected: false,
        bytes_sent: 1,
        bytes_received: 1,
    }
}

fn violation() -> Violation {
    let shape = Shape::from_json(br#"{"required": ["items"]}"#).unwrap();
    Probe::new(Limits::default()).check(&shape, b"{}")[0].clone()
}

/// A recorder of the first list of the built-in plan, beside others that share `bodies`.
fn with_recorder<T>(bodies: &BodyCounts, use_it: impl FnOnce(&Recorder<'_>) -> T) -> (T, Recorded) {
    let (plan, progress) = (Plan::genarrative(), Progress::default());
    let snapshots = Snapshots::new(1, Vec::new());
    let scenarios = std::iter::once(("smoke", &plan.endpoints()[..1]));
    // A run that is about to begin: all that happens is in its first second.
    let epoch = Instant::now() + Duration::from_secs(3600);
    let followed = crate::series::followed(&[]);
    let recorder = Recorder::new(scenarios, &progress, epoch, (&snapshots, 0), bodies, followed);
    let result = use_it(&recorder);
    (result, recorder.into_recorded(true))
}

fn right<'a>() -> Judgement<'a> {
    Judgement {
        expected: Some(true),
        violations: Some(&[]),
        unchanged: false,
        sign: Sign::None,
        items: Some(1),
    }
}

fn wrong(violations: &[Violation]) -> Judgement<'_> {
    Judgement { violations: Some(violations), items: None, ..right() }
}

fn failed<'a>(sign: Sign) -> Judgement<'a> {
    Judgement { expected: Some(false), violations: None, sign, items: None, ..right() }
}

#[test]
fn a_response_in_order_costs_no_allocation() {
    with_recorder(&BodyCounts::default(), |recorder| {
        let (ok, judgement) = (exchange(Ok(200)), right());
        let record = || recorder.begin(0, Duration::ZERO).ended(&ok, &judgement);
        record();
        let counted = allocation_counter::measure(|| (0..1000).for_each(|_| record()));
        assert_eq!(counted.count_total, 0, "{counted:?}");
    });
}

#[test]
fn kinds_of_answers_have_a_span_each_and_add_up() {
    let ((), recorded) = with_recorder(&BodyCounts::default(), |recorder| {
        let end = |exchange: &Exchange, judgement: &Judgement<'_>| {
            recorder.begin(0, Duration::ZERO).ended(exchange, judgement);
        };
        let disabled = failed(Sign::Code("creation_entry_disabled"));
        end(&exchange(Ok(503)), &disabled);
        end(&exchange(Ok(503)), &disabled);
        end(&exchange(Ok(503)), &failed(Sign::Markup));
        end(&exchange(Ok(429)), &failed(Sign::None));
        end(&exchange(Ok(200)), &Judgement { items: Some(0), ..right() });
        end(&exchange(Ok(200)), &right());
        let none = Judgement { expected: None, violations: None, items: None, ..right() };
        end(&exchange(Err(TransportError::Refused)), &none);
        drop(recorder.begin(0, Duration::ZERO));
    });
    let spans = recorded.outcomes.iter();
    let spans: Vec<_> =
        spans.map(|own| format!("{:?} {:?} {}", own.answer, own.body, own.count)).collect();
    assert_eq!(
        spans,
        [
            "Status(200) None 1",
            "Status(200) EmptyList 1",
            "Status(429) None 1",
            "Status(503) Markup 1",
            "Status(503) Code(\"creation_entry_disabled\") 2",
            "Error(\"refused\") None 1",
            "Interrupted None 1",
        ]
    );
    let select = |name: &str| recorded.metrics.select_rate(&name.parse().unwrap());
    assert_eq!(recorded.metrics.count(&"http_reqs".parse().unwrap()), 8);
    assert_eq!(
        (select("http_req_backpressure").trues, select("http_req_backpressure").total),
        (1, 8)
    );
    assert_eq!(
        (select("works_list_empty_rate").trues, select("works_list_empty_rate").total),
        (1, 2)
    );
    assert_eq!(select("http_req_failed").trues, 6);
}

#[test]
fn the_first_response_with_a_violation_is_the_runs_and_not_a_workers() {
    let (bodies, found) = (BodyCounts::default(), [violation()]);
    let worker = |judgements: &[Judgement<'_>]| {
        let record = |recorder: &Recorder<'_>| {
            for judgement in judgements {
                recorder.begin(0, Duration::ZERO).ended(&exchange(Ok(200)), judgement);
            }
        };
        with_recorder(&bodies, record).1
    };
    let mut all = worker(&[right(), right(), wrong(&found)]);
    all.merge(worker(&[wrong(&found), wrong(&found), right()]));
    let [violation] = &all.violations[..] else { panic!("{:?}", all.violations) };
    assert_eq!((violation.first_response, violation.count), (3, 3));
    assert_eq!(
        (violation.endpoint.as_str(), violation.path.as_str()),
        ("puzzle-gallery", "/items")
    );
    assert_eq!(all.outcomes.iter().map(|span| span.count).sum::<u64>(), 6);
    // Of the second worker alone, the numbers are those of the run too.
    assert_eq!(worker(&[wrong(&found)]).violations[0].first_response, 7);
}
