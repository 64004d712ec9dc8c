use super::*;

fn ramp() -> RampingArrivalRate {
    let stages = vec![Stage { duration: Duration::from_secs(10), target: 25 }];
    let time_unit = Duration::from_secs(1);
    RampingArrivalRate { start_rate: 5, time_unit, stages, pre_allocated_vus: 2, max_vus: 4 }
}

fn refused(change: impl FnOnce(&mut RampingArrivalRate)) -> ScenarioError {
    let mut ramp = ramp();
    change(&mut ramp);
    Scenario::ramping_arrival_rate(ramp, Duration::ZERO).unwrap_err()
}

#[test]
fn what_cannot_run_is_refused() {
    let week = DAY * 7;
    assert_eq!(refused(|r| r.time_unit = Duration::ZERO), ScenarioError::TimeUnit);
    assert!(matches!(refused(|r| r.stages[0].target = 1_000_001), ScenarioError::Rate { .. }));
    assert!(matches!(refused(|r| r.max_vus = 0), ScenarioError::Vus { .. }));
    assert!(matches!(refused(|r| r.max_vus = 1), ScenarioError::PreAllocated { .. }));
    assert_eq!(refused(|r| r.stages.clear()), ScenarioError::Duration);
    let too_long = |r: &mut RampingArrivalRate| r.stages[0].duration = week * 2;
    assert!(matches!(refused(too_long), ScenarioError::DurationMax { .. }));
    let endless = |r: &mut RampingArrivalRate| r.stages = vec![r.stages[0]; 3];
    assert!(matches!(
        refused(|r| {
            r.stages[0].duration = Duration::MAX;
            endless(r);
        }),
        ScenarioError::DurationMax { .. }
    ));
    let idle = |r: &mut RampingArrivalRate| (r.start_rate, r.stages[0].target) = (0, 0);
    assert_eq!(refused(idle), ScenarioError::Empty);
    assert!(Scenario::constant_vus(0, DAY, DAY).is_err());
    assert!(Scenario::constant_vus(1, Duration::ZERO, DAY).is_err());
    let endless_end = Scenario::constant_vus(1, DAY, week * 2).unwrap_err();
    assert_eq!(endless_end, ScenarioError::GracefulStop { days_max: 7 });
}

#[test]
fn a_scenario_knows_its_length_and_count() {
    let open = Scenario::ramping_arrival_rate(ramp(), DAY).unwrap();
    assert_eq!(open.duration(), Duration::from_secs(10));
    assert_eq!(open.planned_iterations(), Some(149));
    let closed = Scenario::constant_vus(1, DAY, DAY).unwrap();
    assert_eq!((closed.duration(), closed.planned_iterations()), (DAY, None));
}

#[test]
fn every_executor_knows_its_bounds() {
    let second = Duration::from_secs(1);
    let rate = ConstantArrivalRate {
        rate: 10,
        time_unit: second,
        duration: second * 2,
        pre_allocated_vus: 1,
        max_vus: 3,
    };
    let constant = Scenario::constant_arrival_rate(rate.clone(), DAY).unwrap();
    assert_eq!((constant.planned_iterations(), constant.peak_rate()), (Some(20), Some(10.0)));
    assert_eq!((constant.duration(), constant.max_vus()), (second * 2, 3));
    let idle = ConstantArrivalRate { rate: 0, ..rate };
    assert_eq!(Scenario::constant_arrival_rate(idle, DAY), Err(ScenarioError::Empty));

    let stages = vec![Stage { duration: second, target: 8 }];
    let ramp = RampingVus { start_vus: 2, stages, graceful_ramp_down: DAY };
    let ramping = Scenario::ramping_vus(ramp.clone(), DAY).unwrap();
    assert_eq!((ramping.max_vus(), ramping.duration()), (8, second));
    assert_eq!((ramping.planned_iterations(), ramping.peak_rate()), (None, None));
    let endless = RampingVus { graceful_ramp_down: DAY * 8, ..ramp.clone() };
    assert!(Scenario::ramping_vus(endless, DAY).is_err());
    let nobody = RampingVus { start_vus: 0, stages: Vec::new(), ..ramp };
    assert!(Scenario::ramping_vus(nobody, DAY).is_err());

    let each = Scenario::per_vu_iterations(3, 5, second, DAY).unwrap();
    let shared = Scenario::shared_iterations(3, 5, second, DAY).unwrap();
    let planned = (each.planned_iterations(), shared.planned_iterations());
    assert_eq!(planned, (Some(15), Some(5)));
    let none = Err(ScenarioError::Iterations { iterations_max: ITERATIONS_MAX });
    assert_eq!(Scenario::shared_iterations(3, 0, second, DAY), none);
    assert_eq!(Scenario::per_vu_iterations(3, u64::MAX, second, DAY), none);

    let later = each.starting_at(second).unwrap().reusing(Reuse::FirstIn);
    assert_eq!((later.start_time(), later.reuse()), (second, Reuse::FirstIn));
    assert!(later.starting_at(DAY * 8).is_err());
}
