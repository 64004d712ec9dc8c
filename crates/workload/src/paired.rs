//! Two services under one load: which iteration goes where, and what is kept of it.

use metrics::{PairedSamples, Variant};
use scenario::Iteration;

use crate::draw::StreamKey;
use crate::transport::Exchange;
use crate::{BaseUrl, RunConfig};

/// Decides where iterations go. Of two in a row, one goes to each service, so that both have the same
/// load in the same moments; which of them is first is drawn, so that neither always is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairing {
    key: StreamKey,
    scenarios: usize,
}

impl Pairing {
    /// `None` if the run has one service.
    pub(crate) fn new(config: &RunConfig, scenarios: usize) -> Option<Self> {
        config.paired_url.as_ref()?;
        Some(Pairing { key: StreamKey::new(config.seed, &["variant"]), scenarios })
    }

    fn variant(self, index: u64) -> Variant {
        let is_swapped = self.key.at(index / 2).chance(0.5);
        if (index % 2 == 1) != is_swapped { Variant::New } else { Variant::Base }
    }

    /// Among the requests of all scenarios, those to the base first, where this iteration's are.
    pub(crate) fn place(self, iteration: &Iteration) -> usize {
        match self.variant(iteration.index) {
            Variant::Base => iteration.scenario,
            Variant::New => self.scenarios + iteration.scenario,
        }
    }

    /// The scenario's place, whichever service the requests at this one go to.
    pub(crate) fn base_of(self, place: usize) -> usize {
        place % self.scenarios
    }

    /// Which service the requests at this place go to.
    pub(crate) fn variant_at(self, place: usize) -> Variant {
        if place < self.scenarios { Variant::Base } else { Variant::New }
    }
}

/// The services of a run, with what requests to them are tagged by.
pub(crate) fn variants(config: &RunConfig) -> Vec<(Option<Variant>, &BaseUrl)> {
    match &config.paired_url {
        None => vec![(None, &config.base_url)],
        Some(new) => {
            vec![(Some(Variant::Base), &config.base_url), (Some(Variant::New), new)]
        }
    }
}

/// Keeps how long a request took to an expected answer, or that it failed. What was cut off with its
/// iteration never comes here.
pub(crate) fn record(
    samples: &mut PairedSamples,
    (endpoint, variant): (usize, Variant),
    at: std::time::Duration,
    exchange: &Exchange,
    expected: bool,
) {
    samples.record(endpoint, variant, at, expected.then(|| exchange.timings.duration()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_iterations_one_goes_to_each_and_either_is_first() {
        let pairing = Pairing { key: StreamKey::new(7, &["variant"]), scenarios: 1 };
        let mut first_is_new = 0;
        for pair in 0..1000 {
            let (one, other) = (pairing.variant(2 * pair), pairing.variant(2 * pair + 1));
            assert_ne!(one, other);
            first_is_new += u32::from(one == Variant::New);
        }
        assert!(first_is_new.abs_diff(500) < 60, "{first_is_new}");
    }
}
