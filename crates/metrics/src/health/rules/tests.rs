use super::super::Validity;
use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A minute in which all went well.
fn good(model: LoadModel) -> GeneratorHealth {
    GeneratorHealth {
        start_lag: lag(1, 2),
        service_median: Some(8 * MS),
        planned: 60_000,
        watched: 60 * SECOND,
        worker_threads: Some(2),
        worker_cpu_mean: Some(0.2),
        worker_cpu_max: Some(0.4),
        worker_waiting: Some(0.01),
        worker_running: Some(FullTime::default()),
        worker_busy: Some(FullTime::default()),
        steal: Some(0.0),
        throttling: Some(Throttled::default()),
        descriptors: Some(Used { peak: 40, limit: 1024 }),
        local_ports: Some(Used { peak: 40, limit: 28_232 }),
        ..GeneratorHealth::unknown(model)
    }
}

fn lag(p99_ms: u32, max_ms: u32) -> Option<StartLag> {
    Some(StartLag { p50: MS / 20, p99: MS * p99_ms, max: MS * max_ms })
}

type Change = fn(&mut GeneratorHealth);

/// One letter a cause, upper case where it is among those that saturate.
fn check(model: LoadModel, change: Change, expected: &str) {
    let mut health = good(model);
    change(&mut health);
    check_health(&health, expected);
}

fn check_health(health: &GeneratorHealth, expected: &str) {
    let (saturated, suspect) = reasons(health);
    let letter = |reason: &Reason| match reason.cause {
        Cause::StartLag => 'l',
        Cause::Dropped => 'd',
        Cause::WorkerCpu => 'w',
        Cause::Contention => 'c',
        Cause::Steal => 's',
        Cause::Throttling => 't',
        Cause::Descriptors => 'f',
        Cause::LocalPorts => 'p',
    };
    let upper = saturated.iter().map(|reason| letter(reason).to_ascii_uppercase());
    let found: String = upper.chain(suspect.iter().map(letter)).collect();
    assert_eq!(found, expected, "{health:?}");
    let word = match (saturated.is_empty(), suspect.is_empty()) {
        (false, _) => "saturated",
        (true, false) => "suspect",
        (true, true) => "valid",
    };
    let validity = health.validity();
    assert_eq!((validity.word(), validity.reasons().len()), (word, expected.len()));
}

#[test]
fn a_generator_that_keeps_up_is_valid() {
    for model in [LoadModel::Open, LoadModel::Closed, LoadModel::Mixed] {
        check(model, |_| {}, "");
        assert_eq!(good(model).validity(), Validity::Valid);
    }
}

#[test]
fn late_starts_are_weighed_against_the_service_and_the_workers() {
    let open: [(Change, &str); 12] = [
        (|h| h.start_lag = lag(5, 900), ""),
        (|h| h.start_lag = lag(6, 900), "l"),
        (|h| h.start_lag = lag(90, 900), "l"),
        // Late, whatever the reason.
        (|h| h.start_lag = lag(101, 900), "L"),
        (|h| (h.start_lag, h.service_median) = (lag(101, 900), Some(200 * MS)), "l"),
        (|h| (h.start_lag, h.service_median) = (lag(201, 900), Some(200 * MS)), "L"),
        // Late because the worker had no time.
        (|h| (h.start_lag, h.worker_busy) = (lag(11, 900), full(3)), "Lw"),
        (|h| (h.start_lag, h.worker_busy) = (lag(11, 900), full(2)), "l"),
        (|h| (h.start_lag, h.worker_busy) = (lag(10, 900), full(3)), "lw"),
        (
            |h| {
                (h.start_lag, h.worker_busy) = (lag(30, 900), full(9));
                h.service_median = Some(61 * MS);
            },
            "lw",
        ),
        // A pause of one second in a minute is not in the 99th percentile.
        (|h| h.start_lag = lag(1, 1001), "l"),
        (|h| h.start_lag = lag(6, 1001), "l"),
    ];
    for (change, expected) in open {
        check(LoadModel::Open, change, expected);
    }
}

fn full(seconds: u32) -> Option<FullTime> {
    Some(FullTime { nearly: seconds * SECOND, full: seconds * SECOND })
}

#[test]
fn in_the_open_model_a_busy_worker_is_a_doubt_and_in_the_closed_one_the_limit() {
    let cases: [(u32, u32, u32, &str, &str); 6] = [
        // Nearly full and full, of how many milliseconds, and what it is in either model.
        (2_000, 0, 60_000, "", ""),
        (3_000, 0, 60_000, "w", ""),
        (6_000, 5_999, 60_000, "w", "w"),
        (6_000, 6_000, 60_000, "w", "W"),
        // Half of a short run is long enough, and no time at all is not.
        (500, 0, 1_000, "w", "w"),
        (0, 0, 0, "", ""),
    ];
    for (nearly, full, watched, open, closed) in cases {
        for (model, expected) in
            [(LoadModel::Open, open), (LoadModel::Closed, closed), (LoadModel::Mixed, closed)]
        {
            let mut health = good(model);
            health.watched = MS * watched;
            health.worker_running = Some(FullTime { nearly: MS * nearly, full: MS * full });
            health.worker_busy = health.worker_running;
            check_health(&health, expected);
        }
    }
}

#[test]
fn waiting_for_a_core_is_not_the_limit_of_a_closed_model() {
    let waiting: Change = |h| {
        h.worker_busy = Some(FullTime { nearly: 60 * SECOND, full: 60 * SECOND });
        h.worker_waiting = Some(0.6);
    };
    check(LoadModel::Closed, waiting, "c");
    check(LoadModel::Open, waiting, "wc");
}

#[test]
fn dropped_iterations_are_missing_load_where_a_schedule_plans_it() {
    let cases: [(Change, &str, &str); 3] = [
        (|h| h.dropped = 1, "d", "d"),
        (|h| h.dropped = 600, "d", "d"),
        (|h| h.dropped = 601, "D", "d"),
    ];
    for (change, open, closed) in cases {
        check(LoadModel::Open, change, open);
        check(LoadModel::Mixed, change, open);
        check(LoadModel::Closed, change, closed);
    }
}

#[test]
fn what_ran_out_saturates_and_what_nearly_did_is_a_doubt() {
    let cases: [(Change, &str); 6] = [
        (|h| h.descriptors = Some(Used { peak: 921, limit: 1024 }), ""),
        (|h| h.descriptors = Some(Used { peak: 922, limit: 1024 }), "f"),
        (|h| h.descriptors_exhausted = 1, "F"),
        (|h| h.local_ports = Some(Used { peak: 28_000, limit: 28_232 }), "p"),
        (|h| h.local_ports_exhausted = 1, "P"),
        (|h| (h.descriptors, h.descriptors_exhausted) = (None, 2), "F"),
    ];
    for (change, expected) in cases {
        check(LoadModel::Open, change, expected);
        check(LoadModel::Closed, change, expected);
    }
}

#[test]
fn a_quota_is_the_limit_of_a_closed_model() {
    let cases: [(Change, &str, &str); 3] = [
        (|h| h.throttling = throttled(1), "t", "t"),
        (|h| h.throttling = throttled(59), "t", "t"),
        (|h| h.throttling = throttled(60), "t", "T"),
    ];
    for (change, open, closed) in cases {
        check(LoadModel::Open, change, open);
        check(LoadModel::Closed, change, closed);
    }
}

fn throttled(throttled: u64) -> Option<Throttled> {
    Some(Throttled { periods: 600, throttled, time: SECOND })
}

#[test]
fn cores_that_others_had_are_a_doubt() {
    let cases: [(Change, &str); 5] = [
        (|h| h.steal = Some(0.05), ""),
        (|h| h.steal = Some(0.051), "s"),
        (|h| h.worker_waiting = Some(0.1), ""),
        (|h| h.worker_waiting = Some(0.11), "c"),
        (|h| (h.worker_waiting, h.steal) = (Some(0.5), Some(0.5)), "cs"),
    ];
    for (change, expected) in cases {
        check(LoadModel::Open, change, expected);
    }
}

#[test]
fn what_is_unknown_is_a_doubt_only_where_nothing_else_can_tell() {
    let forget: Change = |h| {
        *h = GeneratorHealth { start_lag: h.start_lag, ..GeneratorHealth::unknown(h.model) };
    };
    check(LoadModel::Open, forget, "");
    check(LoadModel::Closed, forget, "w");
    check(LoadModel::Mixed, forget, "w");
    check(LoadModel::Open, |h| h.start_lag = None, "");
}

#[test]
fn the_advice_for_late_starts_knows_whether_the_workers_were_busy() {
    let advice = |workers| {
        let mut health = good(LoadModel::Open);
        (health.start_lag, health.worker_busy) = (lag(250, 900), workers);
        health.validity().reasons()[0].advice
    };
    assert!(advice(full(2)).starts_with("the worker threads had time: see what stopped"));
    assert!(advice(full(3)).starts_with("lower the rate"));
    assert!(advice(None).starts_with("lower the rate"));
}

#[test]
fn those_that_saturate_come_first_and_every_reason_is_whole() {
    let mut health = good(LoadModel::Open);
    health.steal = Some(0.2);
    (health.start_lag, health.worker_busy) = (lag(250, 900), None);
    health.dropped = 9_000;
    let validity = health.validity();
    let texts: Vec<_> = validity.reasons().iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "dropped: 9000 of 60000 planned iterations (15%): the service got less load than was \
             planned; raise MAX_VUS if the service is as slow as it may be; if not, it is too slow \
             for this rate",
            "start lag: p99 250.0ms: starts came in bursts where the plan has none, and response \
             times have this lag in them; lower the rate, or give the generator more threads or a \
             machine of its own",
            "the host gave 20% of the cores' time to other machines: durations have pauses in them \
             that are nobody's fault here; run again, or on a machine that is not shared",
        ]
    );
}
