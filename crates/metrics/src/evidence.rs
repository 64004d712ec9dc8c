//! How many samples a threshold needs before its outcome means something.

use crate::Stat;
use crate::Threshold;
use crate::threshold::{Aggregation, Comparison};

/// What chance is left that so many samples show what is not so: 5 %.
const DOUBT: f64 = 0.05;

impl Threshold {
    /// The least number of samples with which a pass can be relied on at 95 %, if they are
    /// independent of each other: 29 for a p(90) below a bound, 59 for a p(95), 299 for a p(99), and
    /// 299 for a rate below 1 %. Fewer could all meet the bound by chance while the percentile or
    /// rate does not.
    ///
    /// 1 for what is a fact about the run and no estimate: counts, levels, the least and the
    /// greatest, and the mean, about which a number of samples says nothing as long as their spread
    /// is not known.
    ///
    /// `rate` is read as a share of 1, as for rates. The rate of a counter is such a fact.
    pub fn samples_needed(&self) -> u64 {
        let below = match self.comparison {
            Comparison::Less | Comparison::LessOrEqual => true,
            Comparison::Greater | Comparison::GreaterOrEqual => false,
            Comparison::Equal | Comparison::NotEqual => return 1,
        };
        // The chance of one sample to meet the bound, where in truth the bound is only just missed.
        let chance = match (self.aggregation, below) {
            (Aggregation::Stat(stat), below) => match stat {
                Stat::Percentile(percent) if below => percent / 100.0,
                Stat::Percentile(percent) => 1.0 - percent / 100.0,
                Stat::Med => 0.5,
                _ => return 1,
            },
            (Aggregation::Rate, true) => 1.0 - self.bound,
            (Aggregation::Rate, false) => self.bound,
            (Aggregation::Count | Aggregation::Value, _) => return 1,
        };
        if chance <= 0.0 || chance >= 1.0 {
            return 1;
        }
        (DOUBT.ln() / chance.ln()).ceil() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates_need_what_statistics_says() {
        for (expression, needed) in [
            ("p(90)<800", 29),
            ("p(95)<800", 59),
            ("p(99)<=1500", 299),
            ("p(99.9)<1500", 2995),
            ("p(5)>10", 59),
            ("med<10", 5),
            ("rate<0.01", 299),
            ("rate<=0.05", 59),
            ("rate>0.99", 299),
            ("rate==0", 1),
            ("rate<1", 1),
            ("rate<0", 1),
            ("count==0", 1),
            ("count<5", 1),
            ("value<5", 1),
            ("max<10", 1),
            ("p(100)<10", 1),
            ("avg<10", 1),
        ] {
            let threshold = Threshold::parse("m", expression).unwrap();
            assert_eq!(threshold.samples_needed(), needed, "{expression}");
        }
    }
}
