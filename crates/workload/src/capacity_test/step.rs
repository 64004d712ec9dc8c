//! What a step of a capacity test shows.

use std::time::Duration;

use ::capacity::{Purpose, Rate, Trial};
use metrics::{MetricKey, RunSummary, Validity};

use super::size::Size;
use crate::Objective;

/// One step: a constant arrival rate, and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CapacityStep {
    /// The rate that was planned, in iterations a second.
    pub rate: Rate,
    /// What the step was for.
    pub purpose: Purpose,
    /// How it went.
    pub trial: Trial,
    /// What was missed or in the way; empty where the objective held.
    pub reasons: Vec<String>,
    /// How long iterations were started.
    pub duration: Duration,
    /// How many virtual users there were.
    pub vus: usize,
    /// Iterations that came to their end, a second, from the first start to the end of the last.
    pub achieved: f64,
    /// HTTP requests that ended, a second, in the same time.
    pub requests_per_second: f64,
    /// The 95th percentile of `http_req_duration`, of all answers.
    pub p95: Option<Duration>,
    /// The share of requests that failed.
    pub failed: Option<f64>,
    /// The share of planned iterations that no user was free for.
    pub dropped: f64,
    /// Whether every iteration and request is accounted for.
    pub adds_up: bool,
}

impl CapacityStep {
    pub(super) fn judged(
        rate: Rate,
        purpose: Purpose,
        size: &Size,
        objective: &Objective,
        run: &RunSummary,
    ) -> Self {
        let (trial, reasons) = judge(size, objective, run);
        let seconds = run.elapsed.max(run.window).as_secs_f64();
        let a_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let requests = run.requests;
        CapacityStep {
            rate,
            purpose,
            trial,
            reasons,
            duration: size.duration,
            vus: size.vus,
            achieved: a_second(run.iterations.completed),
            requests_per_second: a_second(
                requests.expected + requests.unexpected + requests.errors,
            ),
            p95: run.metrics.select_trend(&MetricKey::new("http_req_duration")).percentile(95.0),
            failed: run.metrics.select_rate(&MetricKey::new("http_req_failed")).value(),
            dropped: run.iterations.dropped as f64 / run.iterations.planned.max(1) as f64,
            adds_up: run.conservation().holds(),
        }
    }
}

/// Whether the objective held. Where the generator was the limit, neither what held nor what failed
/// says anything of the service.
fn judge(size: &Size, objective: &Objective, run: &RunSummary) -> (Trial, Vec<String>) {
    if let Some(reason) = generator_limit(run) {
        return (Trial::Limited, vec![format!("generator: {reason}")]);
    }
    let mut reasons = objective.missed(run);
    if run.is_cut_off() {
        let cut_off = run.iterations.interrupted;
        reasons.push(format!("{cut_off} iterations outlasted the graceful stop"));
    }
    let is_short_of_users = size.vus < size.vus_wanted && objective.is_dropped_missed(run);
    match reasons.len() {
        0 => (Trial::Held, reasons),
        1 if is_short_of_users => {
            let all = format!("generator: all {} virtual users that may be were busy", size.vus);
            (Trial::Limited, vec![all])
        }
        _ => (Trial::Failed, reasons),
    }
}

/// Why the load was not what was asked for. Dropped starts are left out: there are as many users as
/// the objective allows to be busy, so that it is the service that keeps them.
fn generator_limit(run: &RunSummary) -> Option<String> {
    let mut health = run.health.clone()?;
    health.dropped = 0;
    match health.validity() {
        Validity::Saturated(reasons) => reasons.first().map(|reason| reason.seen.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use metrics::{GeneratorHealth, IterationTally, LoadModel, StartLag};

    use super::*;

    fn run(dropped: u64, p95_ms: f64) -> RunSummary {
        let objective = objective();
        let mut run = RunSummary::new("capacity");
        run.window = Duration::from_secs(2);
        run.elapsed = Duration::from_secs(4);
        let (planned, completed) = (1000, 1000 - dropped);
        run.iterations = IterationTally { planned, completed, dropped, interrupted: 0 };
        let evaluate = |own: &metrics::Threshold| own.evaluate(&run.metrics, run.window);
        let results = objective.thresholds().iter().map(evaluate).collect::<Vec<_>>();
        run.thresholds = results;
        run.thresholds[0].observed = Some(p95_ms);
        run.thresholds[1].observed = Some(0.0);
        run.health = Some(GeneratorHealth::of_run(&run, LoadModel::Open));
        run
    }

    fn objective() -> Objective {
        Objective::parse("p(95)<100").unwrap()
    }

    fn trial(run: &RunSummary, vus: usize) -> (Trial, Vec<String>) {
        let size = Size { vus, vus_wanted: 100, duration: run.window };
        judge(&size, &objective(), run)
    }

    #[test]
    fn what_is_missed_fails_and_dropped_starts_are_the_services_fault() {
        assert_eq!(trial(&run(0, 50.0), 100), (Trial::Held, vec![]));
        assert_eq!(
            trial(&run(0, 150.0), 100),
            (Trial::Failed, vec!["p(95)<100: 150 ms".to_owned()])
        );
        assert_eq!(trial(&run(20, 50.0), 100).0, Trial::Failed);
    }

    #[test]
    fn too_few_users_and_late_starts_are_the_generators() {
        assert_eq!(trial(&run(20, 50.0), 10).0, Trial::Limited);
        // What the service missed beside it, it missed.
        assert_eq!(trial(&run(20, 150.0), 10).0, Trial::Failed);
        let mut late = run(0, 150.0);
        let lag = Duration::from_millis(500);
        late.health.as_mut().unwrap().start_lag = Some(StartLag { p50: lag, p99: lag, max: lag });
        let (trial, reasons) = trial(&late, 100);
        assert_eq!(trial, Trial::Limited);
        assert!(reasons[0].starts_with("generator: "), "{reasons:?}");
    }

    #[test]
    fn the_rate_achieved_is_that_until_the_last_answer() {
        let run = run(0, 50.0);
        let size = Size { vus: 5, vus_wanted: 5, duration: run.window };
        let step = CapacityStep::judged(Rate::of(500.0), Purpose::Raise, &size, &objective(), &run);
        assert_eq!((step.achieved, step.adds_up, step.p95), (250.0, true, None));
    }
}
