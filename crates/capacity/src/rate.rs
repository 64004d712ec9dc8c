use std::fmt;

/// Starts a second, to a hundredth and three significant digits: nobody can tell rates apart that
/// are nearer to each other, and people have to read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    hundredths: u64,
}

impl Rate {
    /// The lowest rate that there is: one start in 100 seconds.
    pub const MIN: Rate = Rate { hundredths: 1 };
    /// The highest one.
    pub const MAX: Rate = Rate { hundredths: 100_000_000 };

    /// The nearest rate; the lowest one for what is no number.
    pub fn of(per_second: f64) -> Self {
        let hundredths = (per_second * 100.0).max(1.0).min(Self::MAX.hundredths as f64);
        let step = 10_f64.powf(hundredths.log10().floor() - 2.0).max(1.0);
        Rate { hundredths: ((hundredths / step).round() * step).round() as u64 }
    }

    /// Starts a second.
    pub fn per_second(self) -> f64 {
        self.hundredths as f64 / 100.0
    }

    /// Starts in a hundred seconds, which is a whole number.
    pub fn hundredths(self) -> u64 {
        self.hundredths
    }

    /// The rate in the middle of two on the log scale.
    pub(crate) fn between(self, other: Rate) -> Self {
        Self::of((self.per_second() * other.per_second()).sqrt())
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self::of(self.per_second() * factor)
    }

    pub(crate) fn ratio(self, lower: Rate) -> f64 {
        self.hundredths as f64 / lower.hundredths as f64
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.per_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_digits_and_no_more_than_hundredths() {
        for (per_second, shown) in [
            (0.0, "0.01"),
            (-1.0, "0.01"),
            (f64::NAN, "0.01"),
            (0.126, "0.13"),
            (2.718_9, "2.72"),
            (14.142, "14.1"),
            (99.96, "100"),
            (1234.5, "1230"),
            (28_284.3, "28300"),
            (1e12, "1000000"),
        ] {
            assert_eq!(Rate::of(per_second).to_string(), shown, "{per_second}");
        }
    }

    #[test]
    fn the_middle_is_one_of_the_log_scale() {
        assert_eq!(Rate::of(10.0).between(Rate::of(1000.0)), Rate::of(100.0));
    }
}
