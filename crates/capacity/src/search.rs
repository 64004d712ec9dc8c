use std::collections::BTreeMap;

use thiserror::Error;

use crate::finding::{Bound, Ended, Finding};
use crate::tally::{Needed, Standing};
use crate::{Rate, Tally, Trial};

/// What is to be found, and how surely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchConfig {
    /// The rate of the first trial: 10 a second.
    pub from: Rate,
    /// The lowest rate that is tried where the first one does not hold: 1 a second.
    pub min: Rate,
    /// The highest rate that is tried: 10,000 a second.
    pub max: Rate,
    /// How far apart the two rates may be in the end, as a share of the lower one: 0.05. From 0.01,
    /// because rates have three digits.
    pub resolution: f64,
    /// By how many trials what holds has to lead: 3.
    pub confirmations: u32,
    /// By how many trials what does not hold has to lag: 2.
    pub refutations: u32,
    /// How many trials there may be: 100.
    pub trials_max: u32,
}

impl Default for SearchConfig {
    fn default() -> Self {
        SearchConfig {
            from: Rate::of(10.0),
            min: Rate::of(1.0),
            max: Rate::of(10_000.0),
            resolution: 0.05,
            confirmations: 3,
            refutations: 2,
            trials_max: 100,
        }
    }
}

/// Why a configuration makes no search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CapacityError {
    /// The rates are not in order.
    #[error("the first rate must be no higher than the highest one")]
    Rates,
    /// Rates cannot be told apart so finely, or so coarsely that nothing is to be found.
    #[error("the resolution must be from 0.01 to 1")]
    Resolution,
    /// A rate has to be tried.
    #[error("a rate needs 1 to 100 trials")]
    Repetitions,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try this rate, and record how it went.
    Try {
        /// The rate.
        rate: Rate,
        /// What for.
        purpose: Purpose,
    },
    /// Nothing: this is what was found.
    Done(Finding),
}

/// What a trial is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To find a rate that does not hold.
    Raise,
    /// To find one that does.
    Lower,
    /// To bring the two nearer to each other.
    Narrow,
    /// To see again whether a rate holds.
    Confirm,
    /// To see again whether a rate does not hold.
    Retest,
}

/// A search: all trials so far. What comes next follows from them alone.
#[derive(Clone, Debug)]
pub struct Search {
    config: SearchConfig,
    tallies: BTreeMap<Rate, Tally>,
}

impl Search {
    /// A search without a trial.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if nothing can be found that way.
    pub fn new(config: SearchConfig) -> Result<Self, CapacityError> {
        if config.from > config.max {
            return Err(CapacityError::Rates);
        }
        if !(0.01..=1.0).contains(&config.resolution) {
            return Err(CapacityError::Resolution);
        }
        let is_number = |trials: u32| (1..=100).contains(&trials);
        if !is_number(config.confirmations) || !is_number(config.refutations) {
            return Err(CapacityError::Repetitions);
        }
        // Whoever begins lower than the lowest rate has said what the lowest rate is.
        let config = SearchConfig { min: config.min.min(config.from), ..config };
        Ok(Search { config, tallies: BTreeMap::new() })
    }

    /// Takes in how a trial of this rate went.
    pub fn record(&mut self, rate: Rate, trial: Trial) {
        self.tallies.entry(rate).or_default().add(trial);
    }

    /// The trials of each rate, the lowest first.
    pub fn tallies(&self) -> impl Iterator<Item = (Rate, Tally)> {
        self.tallies.iter().map(|(&rate, &tally)| (rate, tally))
    }

    /// The next trial, or what was found.
    pub fn next(&self) -> Next {
        if self.tallies().map(|(_, tally)| tally.total()).sum::<u32>() >= self.config.trials_max {
            return Next::Done(self.finding(Ended::OutOfTrials));
        }
        let attempt = |rate, purpose| Next::Try { rate, purpose };
        let fails = self.fails();
        if let Some(rate) = self.undecided_below(fails) {
            return attempt(rate, Purpose::Retest);
        }
        match (self.holds_below(fails), fails) {
            (None, None) => attempt(self.config.from, Purpose::Raise),
            (Some(holds), None) => self.above(holds),
            (_, Some(fails)) if self.is_doubtful(fails) => attempt(fails, Purpose::Retest),
            (None, Some(fails)) => self.below(fails),
            (Some(holds), Some(fails)) => self.between(holds, fails),
        }
    }

    /// What is known so far.
    pub fn so_far(&self) -> Finding {
        self.finding(Ended::Open)
    }

    /// Nothing failed yet.
    fn above(&self, holds: Rate) -> Next {
        if holds < self.config.max {
            let rate = holds.times(2.0).min(self.config.max);
            return Next::Try { rate, purpose: Purpose::Raise };
        }
        self.settled(holds, Purpose::Confirm, Ended::AtMaximum)
    }

    /// Nothing held yet.
    fn below(&self, fails: Rate) -> Next {
        if fails > self.config.min {
            let rate = fails.times(0.5).max(self.config.min);
            return Next::Try { rate, purpose: Purpose::Lower };
        }
        let is_limited = self.tally(fails).is_limited();
        let ended = if is_limited { Ended::GeneratorLimit } else { Ended::BelowMinimum };
        self.settled(fails, Purpose::Retest, ended)
    }

    fn between(&self, holds: Rate, fails: Rate) -> Next {
        let middle = holds.between(fails);
        let is_wide = fails.ratio(holds) > 1.0 + self.config.resolution;
        if is_wide && holds < middle && middle < fails {
            return Next::Try { rate: middle, purpose: Purpose::Narrow };
        }
        if !self.tally(fails).is_settled(self.needed()) {
            return Next::Try { rate: fails, purpose: Purpose::Retest };
        }
        let is_limited = self.tally(fails).is_limited();
        let ended = if is_limited { Ended::GeneratorLimit } else { Ended::Found };
        self.settled(holds, Purpose::Confirm, ended)
    }

    fn settled(&self, rate: Rate, purpose: Purpose, ended: Ended) -> Next {
        match self.tally(rate).is_settled(self.needed()) {
            true => Next::Done(self.finding(ended)),
            false => Next::Try { rate, purpose },
        }
    }

    /// The lowest rate that does not hold.
    fn fails(&self) -> Option<Rate> {
        self.with(Standing::Fails).next()
    }

    /// The highest rate that holds, below this one.
    fn holds_below(&self, fails: Option<Rate>) -> Option<Rate> {
        self.with(Standing::Holds).rfind(|&rate| fails.is_none_or(|fails| rate < fails))
    }

    /// A rate that matters and held as often as not.
    fn undecided_below(&self, fails: Option<Rate>) -> Option<Rate> {
        self.with(Standing::Undecided).find(|&rate| fails.is_none_or(|fails| rate < fails))
    }

    /// Whether a rate is to be tried again before anything follows from it: a higher one held, or it
    /// was the generator that did not hold, which is often for a moment only.
    fn is_doubtful(&self, fails: Rate) -> bool {
        let tally = self.tally(fails);
        let is_contradicted = || self.with(Standing::Holds).any(|rate| rate > fails);
        !tally.is_settled(self.needed()) && (tally.is_limited() || is_contradicted())
    }

    fn with(&self, standing: Standing) -> impl DoubleEndedIterator<Item = Rate> {
        let needed = self.needed();
        let rates = self.tallies.iter();
        rates.filter_map(move |(&rate, tally)| (tally.standing(needed) == standing).then_some(rate))
    }

    fn needed(&self) -> Needed {
        Needed { held: self.config.confirmations, failed: self.config.refutations }
    }

    fn tally(&self, rate: Rate) -> Tally {
        self.tallies.get(&rate).copied().unwrap_or_default()
    }

    fn finding(&self, ended: Ended) -> Finding {
        let bound = |rate| {
            let tally = self.tally(rate);
            Bound { rate, tally, is_settled: tally.is_settled(self.needed()) }
        };
        let fails = self.fails();
        Finding { holds: self.holds_below(fails).map(bound), fails: fails.map(bound), ended }
    }
}
