/// How one trial of a rate went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// The objective held.
    Held,
    /// It did not.
    Failed,
    /// Whoever makes the load could not make so much of it, which says nothing of the service.
    Limited,
}

/// How all trials of one rate went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Trials in which the objective held.
    pub held: u32,
    /// Trials in which it did not.
    pub failed: u32,
    /// Trials in which the load could not be made.
    pub limited: u32,
}

/// What a rate is taken for until there is another trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Holds,
    Fails,
    Undecided,
}

/// How many more trials one way than the other settle a rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    pub(crate) held: u32,
    pub(crate) failed: u32,
}

impl Needed {
    /// A rate that is not settled by so many trials does not hold.
    fn trials_max(self) -> u32 {
        2 * self.held.max(self.failed) + 1
    }
}

impl Tally {
    /// All trials.
    pub fn total(&self) -> u32 {
        self.held + self.failed + self.limited
    }

    /// Whether it was the generator more often than the service that did not hold.
    pub fn is_limited(&self) -> bool {
        self.limited > self.failed
    }

    /// How sure it is that more than half of all trials at this rate hold: 1 less the chance that a
    /// coin shows heads this often (a sign test). 0.5 without trials.
    pub fn confidence(&self) -> f64 {
        match self.total() {
            0 => 0.5,
            total => 1.0 - at_least(self.held, total),
        }
    }

    pub(crate) fn add(&mut self, trial: Trial) {
        match trial {
            Trial::Held => self.held += 1,
            Trial::Failed => self.failed += 1,
            Trial::Limited => self.limited += 1,
        }
    }

    /// Trials that held, less those that did not.
    fn lead(&self) -> i64 {
        i64::from(self.held) - i64::from(self.failed + self.limited)
    }

    pub(crate) fn standing(&self, needed: Needed) -> Standing {
        let is_out_of_trials = self.total() >= needed.trials_max();
        match self.lead() {
            lead if is_out_of_trials && lead < i64::from(needed.held) => Standing::Fails,
            1.. => Standing::Holds,
            0 => Standing::Undecided,
            _ => Standing::Fails,
        }
    }

    /// Whether no more trials are needed.
    pub(crate) fn is_settled(&self, needed: Needed) -> bool {
        let lead = self.lead();
        lead >= i64::from(needed.held)
            || -lead >= i64::from(needed.failed)
            || self.total() >= needed.trials_max()
    }
}

/// The chance that a coin shows heads at least `heads` times in `total`.
fn at_least(heads: u32, total: u32) -> f64 {
    let mut chance = 0.5_f64.powi(total.min(1000) as i32);
    let mut sum = 0.0;
    for shown in 0..=total {
        if shown >= heads {
            sum += chance;
        }
        chance *= f64::from(total - shown) / f64::from(shown + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: Needed = Needed { held: 3, failed: 2 };

    fn tally(held: u32, failed: u32) -> Tally {
        Tally { held, failed, limited: 0 }
    }

    #[test]
    fn a_rate_stands_by_all_of_its_trials() {
        use Standing::{Fails, Holds, Undecided};
        for (held, failed, standing, is_settled) in [
            (0, 0, Undecided, false),
            (1, 0, Holds, false),
            (3, 0, Holds, true),
            (0, 1, Fails, false),
            (0, 2, Fails, true),
            (1, 1, Undecided, false),
            (3, 1, Holds, false),
            (4, 1, Holds, true),
            (1, 3, Fails, true),
            (5, 2, Holds, true),
            // Seven trials are enough: what leads by one only does not hold.
            (4, 3, Fails, true),
        ] {
            let tally = tally(held, failed);
            assert_eq!(tally.standing(NEEDED), standing, "{tally:?}");
            assert_eq!(tally.is_settled(NEEDED), is_settled, "{tally:?}");
        }
    }

    #[test]
    fn confidence_is_that_of_a_sign_test() {
        for (held, failed, confidence) in [
            (0, 0, 0.5),
            (1, 0, 0.5),
            (3, 0, 0.875),
            (5, 0, 0.968_75),
            (4, 1, 0.812_5),
            (0, 2, 0.0),
        ] {
            let found = tally(held, failed).confidence();
            assert!((found - confidence).abs() < 1e-12, "{held}, {failed}: {found}");
        }
    }
}
