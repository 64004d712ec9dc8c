//! What the plan of a run asks for at a moment, in a few words.

use std::time::Duration;

use scenario::{Executor, Scenario, Stage};

/// What the scenarios do `at` this time of the run: `→ 25/s` while a rate moves there, `25/s` while
/// it stays.
pub(crate) fn phase<'a>(scenarios: impl Iterator<Item = &'a Scenario>, at: Duration) -> String {
    let active: Vec<_> = scenarios.filter_map(|scenario| of_scenario(scenario, at)).collect();
    if active.is_empty() { "finishing".to_owned() } else { active.join(" + ") }
}

fn of_scenario(scenario: &Scenario, at: Duration) -> Option<String> {
    let at = at.checked_sub(scenario.start_time())?;
    if at >= scenario.duration() {
        return None;
    }
    Some(match scenario.executor() {
        Executor::ConstantVus { vus, .. } => format!("{vus} VUs"),
        Executor::PerVuIterations { vus, iterations, .. } => format!("{vus} VUs × {iterations}"),
        Executor::SharedIterations { vus, iterations, .. } => {
            format!("{iterations} iterations of {vus} VUs")
        }
        Executor::ConstantArrivalRate(constant) => {
            format!("{}/{}", constant.rate, unit(constant.time_unit))
        }
        Executor::RampingVus(ramp) => {
            let start = u32::try_from(ramp.start_vus).unwrap_or(u32::MAX);
            moving(start, &ramp.stages, at, " VUs")
        }
        Executor::RampingArrivalRate(ramp) => {
            let unit = format!("/{}", unit(ramp.time_unit));
            moving(ramp.start_rate, &ramp.stages, at, &unit)
        }
        _ => "running".to_owned(),
    })
}

/// `s` for a second, and `2s` for two.
fn unit(time_unit: Duration) -> String {
    let text = format!("{time_unit:?}");
    if text == "1s" { "s".to_owned() } else { text }
}

fn moving(mut from: u32, stages: &[Stage], at: Duration, unit: &str) -> String {
    let mut end = Duration::ZERO;
    for stage in stages {
        end += stage.duration;
        if at < end {
            let arrow = if stage.target == from { "" } else { "→ " };
            return format!("{arrow}{}{unit}", stage.target);
        }
        from = stage.target;
    }
    format!("{from}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn spike() -> Scenario {
        let stages = [(10, 25), (60, 25), (0, 50), (10, 5)];
        let stages = stages.map(|(seconds, target)| Stage { duration: S(seconds), target });
        let ramp = scenario::RampingArrivalRate {
            start_rate: 5,
            time_unit: S(1),
            stages: stages.to_vec(),
            pre_allocated_vus: 1,
            max_vus: 1,
        };
        Scenario::ramping_arrival_rate(ramp, S(30)).unwrap()
    }

    #[test]
    fn a_ramp_is_named_by_where_it_goes() {
        for (at, expected) in [
            (0, "→ 25/s"),
            (9, "→ 25/s"),
            (10, "25/s"),
            (69, "25/s"),
            (70, "→ 5/s"),
            (80, "finishing"),
        ] {
            assert_eq!(phase([&spike()].into_iter(), S(at)), expected, "{at}");
        }
    }

    #[test]
    fn scenarios_stand_beside_each_other_while_they_run() {
        let steady = Scenario::constant_vus(10, S(20), S(1)).unwrap().starting_at(S(5)).unwrap();
        let both = |at| phase([&spike(), &steady].into_iter(), S(at));
        assert_eq!(both(4), "→ 25/s");
        assert_eq!(both(5), "→ 25/s + 10 VUs");
        assert_eq!(both(25), "25/s");
    }
}
