//! What a trend is made of, for those who keep it in a file and read it again.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::Trend;

impl Trend {
    /// A histogram of all samples, in microseconds.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = self.histogram.clone().unwrap_or_else(super::histogram);
        histogram.saturating_record_n(0, self.zeros);
        histogram
    }

    /// The exact sum of the samples, in nanoseconds.
    pub fn sum_ns(&self) -> u128 {
        self.sum_ns
    }

    /// The trend with these parts: a histogram of microseconds, the sum in nanoseconds, the least
    /// and the greatest sample. `None` if they belong to no trend: another precision than three
    /// digits, or a least sample that exceeds the greatest. The least and the greatest of an empty
    /// histogram mean nothing.
    pub fn from_parts(
        mut histogram: Histogram<u64>,
        sum_ns: u128,
        [min, max]: [Duration; 2],
    ) -> Option<Self> {
        if histogram.is_empty() {
            return Some(Trend::default());
        }
        if histogram.sigfig() != 3 || min > max {
            return None;
        }
        histogram.auto(true);
        if !max.is_zero() {
            // Zeros that were less than a microsecond are told from none at all by nothing.
            return Some(Trend { histogram: Some(histogram), zeros: 0, sum_ns, min, max });
        }
        Some(Trend { histogram: None, zeros: histogram.len(), sum_ns, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_made_of_its_parts_again() {
        let mut trend = Trend::default();
        [3, 5, 900].into_iter().for_each(|ms| trend.record(Duration::from_millis(ms)));
        let range = [trend.min().unwrap(), trend.max().unwrap()];
        let mut again = Trend::from_parts(trend.histogram(), trend.sum_ns(), range).unwrap();
        assert_eq!((again.count(), again.mean()), (3, trend.mean()));
        // It grows as the first one does.
        again.record(Duration::from_secs(7_200));
        assert_eq!(again.max(), Some(Duration::from_secs(7_200)));
    }

    #[test]
    fn what_is_no_trend_is_refused() {
        let millis = Duration::from_millis;
        let two_digits = Histogram::new(2).unwrap();
        assert_eq!(Trend::from_parts(two_digits.clone(), 9, [millis(1); 2]).unwrap().count(), 0);
        let mut filled = two_digits;
        filled.record(1_000).unwrap();
        assert!(Trend::from_parts(filled, 1_000_000, [millis(1); 2]).is_none());
        let mut three = Histogram::new(3).unwrap();
        three.record(1_000).unwrap();
        assert!(Trend::from_parts(three, 1_000_000, [millis(2), millis(1)]).is_none());
    }
}
