use std::time::Duration;

use crate::Stage;

/// When the number of virtual users changes, and to what: offsets from the beginning, never
/// decreasing, beginning with the number at the start.
///
/// As in k6, a rise from a to b in time T reaches a + i after i·T/(b − a), so that all are there at
/// its end, and a fall loses its i-th user after i·T/(a − b). A stage of zero length is one step.
#[derive(Clone, Debug)]
pub struct VuSteps {
    start_vus: Option<usize>,
    stages: Vec<Stage>,
    stage: usize,
    stage_start: Duration,
    /// The number of users at the beginning of the stage.
    from: usize,
    /// The number of steps taken in the stage.
    taken: usize,
}

impl VuSteps {
    pub(crate) fn new(start_vus: usize, stages: &[Stage]) -> Self {
        VuSteps {
            start_vus: Some(start_vus),
            stages: stages.to_vec(),
            stage: 0,
            stage_start: Duration::ZERO,
            from: start_vus,
            taken: 0,
        }
    }

    /// The next step of a stage, if it has one.
    fn step(&mut self, stage: Stage) -> Option<(Duration, usize)> {
        let to = stage.target as usize;
        let steps = self.from.abs_diff(to);
        if self.taken == steps {
            return None;
        }
        if stage.duration.is_zero() {
            self.taken = steps;
            return Some((self.stage_start, to));
        }
        self.taken += 1;
        let vus = if to > self.from { self.from + self.taken } else { self.from - self.taken };
        let nanos = stage.duration.as_nanos() * self.taken as u128 / steps as u128;
        let offset = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Some((self.stage_start + offset, vus))
    }
}

impl Iterator for VuSteps {
    type Item = (Duration, usize);

    fn next(&mut self) -> Option<(Duration, usize)> {
        if let Some(vus) = self.start_vus.take() {
            return Some((Duration::ZERO, vus));
        }
        loop {
            let stage = *self.stages.get(self.stage)?;
            if let Some(step) = self.step(stage) {
                return Some(step);
            }
            self.stage += 1;
            self.stage_start += stage.duration;
            (self.from, self.taken) = (stage.target as usize, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(start: usize, stages: &[(u64, u32)]) -> Vec<(u64, usize)> {
        let stage =
            |&(ms, target): &(u64, u32)| Stage { duration: Duration::from_millis(ms), target };
        let stages: Vec<_> = stages.iter().map(stage).collect();
        VuSteps::new(start, &stages).map(|(at, vus)| (at.as_millis() as u64, vus)).collect()
    }

    #[test]
    fn a_rise_ends_with_its_last_user_and_a_fall_loses_its_first_one_a_step_in() {
        assert_eq!(steps(0, &[(400, 2)]), [(0, 0), (200, 1), (400, 2)]);
        assert_eq!(steps(2, &[(400, 0)]), [(0, 2), (200, 1), (400, 0)]);
        let all = [(0, 1), (100, 2), (200, 3), (700, 2), (800, 1)];
        assert_eq!(steps(1, &[(200, 3), (400, 3), (200, 1)]), all);
    }

    #[test]
    fn a_stage_of_zero_length_is_one_step() {
        let all = [(0, 0), (0, 50), (100, 50), (100, 3)];
        let found = steps(0, &[(0, 50), (100, 50), (0, 3), (0, 3)]);
        assert_eq!(found, [all[0], all[1], all[3]]);
        assert_eq!(steps(4, &[]), [(0, 4)]);
    }
}
