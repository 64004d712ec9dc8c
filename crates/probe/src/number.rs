//! JSON numbers, compared as exactly as the way they were written allows.
//!
//! Numbers written as integers are compared exactly, whatever their size. A number with a fraction
//! or an exponent is the double nearest to it, as in nearly every JSON reader, unless it lies beyond
//! the doubles.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

/// A number as it stands on a tape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number<'a> {
    Signed(i64),
    Unsigned(u64),
    /// Finite.
    Float(f64),
    Big(&'a Big),
}

/// An integer that needs more than 64 bits, or a number beyond the doubles. Its magnitude is
/// therefore always above that of any 64-bit integer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Big {
    negative: bool,
    /// ASCII digits without zeros at either end.
    digits: Box<[u8]>,
    /// The value is `0.digits` times ten to this power.
    magnitude: i64,
    /// The nearest double; infinite where there is none.
    nearest: f64,
}

/// A number with its own storage.
#[derive(Clone, Debug)]
pub(crate) enum OwnedNumber {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Big(Big),
}

impl OwnedNumber {
    /// Takes text that matches the grammar of a JSON number.
    pub(crate) fn from_text(text: &str) -> Self {
        if let Ok(signed) = text.parse() {
            return Self::Signed(signed);
        }
        if let Ok(unsigned) = text.parse() {
            return Self::Unsigned(unsigned);
        }
        let nearest = text.parse().unwrap_or(f64::INFINITY);
        if f64::is_finite(nearest) && text.contains(['.', 'e', 'E']) {
            return Self::Float(nearest);
        }
        Self::Big(Big::from_text(text, nearest))
    }

    pub(crate) fn borrow(&self) -> Number<'_> {
        match self {
            Self::Signed(value) => Number::Signed(*value),
            Self::Unsigned(value) => Number::Unsigned(*value),
            Self::Float(value) => Number::Float(*value),
            Self::Big(value) => Number::Big(value),
        }
    }
}

impl fmt::Display for OwnedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(value) => value.fmt(f),
            Self::Unsigned(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Big(value) => value.fmt(f),
        }
    }
}

impl Number<'_> {
    /// Whether the value has no fraction; how it was written does not count, so 1.0 has none.
    pub(crate) fn is_integer(self) -> bool {
        match self {
            Self::Signed(_) | Self::Unsigned(_) => true,
            Self::Float(value) => value.fract() == 0.0,
            Self::Big(value) => value.is_integer(),
        }
    }

    pub(crate) fn compare(self, other: Number<'_>) -> Ordering {
        match (self, other) {
            (Self::Big(a), Number::Big(b)) => a.compare(b),
            (Self::Big(a), Number::Float(b)) => a.compare_float(b),
            (Self::Float(a), Number::Big(b)) => b.compare_float(a).reverse(),
            (Self::Big(a), _) => a.sign(),
            (_, Number::Big(b)) => b.sign().reverse(),
            (Self::Float(a), Number::Float(b)) => compare_floats(a, b),
            (Self::Float(a), b) => compare_mixed(b.as_i128(), a).reverse(),
            (a, Number::Float(b)) => compare_mixed(a.as_i128(), b),
            (a, b) => a.as_i128().cmp(&b.as_i128()),
        }
    }

    /// Bits that equal numbers have in common: those of the nearest double, or of the decimal where
    /// there is none, because then no number of another form is equal.
    pub(crate) fn hash_bits(self) -> u64 {
        let nearest = match self {
            Self::Signed(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
            Self::Big(value) if value.nearest.is_finite() => value.nearest,
            Self::Big(value) => return value.hash_bits(),
        };
        // There are two zeros, which are equal.
        (nearest + 0.0).to_bits()
    }

    /// Exact for the two 64-bit forms, which are the only ones it is asked for.
    fn as_i128(self) -> i128 {
        match self {
            Self::Signed(value) => value.into(),
            Self::Unsigned(value) => value.into(),
            Self::Float(_) | Self::Big(_) => 0,
        }
    }
}

fn compare_floats(a: f64, b: f64) -> Ordering {
    // No JSON text is a NaN, so there always is an order.
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

/// Compares a 64-bit integer with a double without rounding the integer.
fn compare_mixed(integer: i128, float: f64) -> Ordering {
    // Saturates beyond 128 bits, which keeps the order against any 64-bit integer.
    let whole = float.trunc() as i128;
    integer.cmp(&whole).then_with(|| compare_floats(0.0, float.fract()))
}

impl Big {
    fn from_text(text: &str, nearest: f64) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('-');
        let digits = [whole, fraction].concat();
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let point = whole.len() as i64 - leading as i64;
        Self {
            negative: text.starts_with('-'),
            digits: significant.trim_end_matches('0').as_bytes().into(),
            magnitude: point.saturating_add(saturating_exponent(exponent)),
            nearest,
        }
    }

    fn is_integer(&self) -> bool {
        self.magnitude >= self.digits.len() as i64
    }

    fn sign(&self) -> Ordering {
        if self.negative { Ordering::Less } else { Ordering::Greater }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if self.negative != other.negative {
            return self.sign();
        }
        let by_size = (self.magnitude, &self.digits).cmp(&(other.magnitude, &other.digits));
        if self.negative { by_size.reverse() } else { by_size }
    }

    /// Compares with the exact value of a double. Rounding keeps the order, so the nearest doubles
    /// decide unless they are the same; then the double is whole, being beyond 64 bits.
    fn compare_float(&self, float: f64) -> Ordering {
        compare_floats(self.nearest, float).then_with(|| {
            let whole = WholeDigits::of(float);
            let digits = whole.as_bytes();
            let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
            let significant = &digits[..digits.len() - zeros];
            let by_size = (self.magnitude, &*self.digits).cmp(&(digits.len() as i64, significant));
            if self.negative { by_size.reverse() } else { by_size }
        })
    }

    fn hash_bits(&self) -> u64 {
        let mix = |sum: u64, digit: &u8| (sum ^ u64::from(*digit)).wrapping_mul(0x0100_0000_01b3);
        self.digits.iter().fold(self.magnitude as u64 ^ u64::from(self.negative), mix)
    }

    /// ASCII digits without zeros at either end, and the power of ten of the last one.
    pub(crate) fn scaled(&self) -> (&[u8], i128) {
        (&self.digits, i128::from(self.magnitude) - self.digits.len() as i128)
    }
}

/// The digits of a whole double, which has 309 of them at most. They are made without an allocation.
struct WholeDigits {
    bytes: [u8; 320],
    len: usize,
}

impl WholeDigits {
    fn of(value: f64) -> Self {
        let mut digits = Self { bytes: [0; 320], len: 0 };
        // There is room for all of them, so this never fails.
        let _ = write!(digits, "{:.0}", value.abs());
        digits
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Write for WholeDigits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let behind = self.len + text.len();
        self.bytes.get_mut(self.len..behind).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = behind;
        Ok(())
    }
}

/// An exponent too long for 64 bits is as good as the largest one.
fn saturating_exponent(text: &str) -> i64 {
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    text.parse().unwrap_or(limit)
}

impl fmt::Display for Big {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = String::from_utf8_lossy(&self.digits);
        write!(f, "{sign}0.{digits}e{}", self.magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> Ordering {
        let (a, b) = (OwnedNumber::from_text(a), OwnedNumber::from_text(b));
        let forth = a.borrow().compare(b.borrow());
        assert_eq!(b.borrow().compare(a.borrow()), forth.reverse(), "{a} and {b}");
        forth
    }

    #[test]
    fn numbers_in_ascending_order_compare_so() {
        let ascending = [
            "-1e400",
            "-1e300",
            "-20000000000000000001",
            "-2e19",
            "-18446744073709551617",
            "-18446744073709551616",
            "-9223372036854775809",
            "-9223372036854775808",
            "-1.5",
            "-1",
            "-0.5",
            "0",
            "1e-300",
            "0.1",
            "1",
            "1.5",
            "2",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "18446744073709551617",
            "2e19",
            "20000000000000000001",
            "20000000000000004095",
            "2.0000000000000004096e19",
            "20000000000000004097",
            "1e23",
            "100000000000000000000000",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e300",
            "1e400",
            "1.5e400",
            "1e401",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
    }

    #[test]
    fn the_way_a_number_is_written_does_not_count() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0", "-0"),
            ("0", "-0.0"),
            ("0", "0e999"),
            ("1e400", "10e399"),
            ("1e400", "0.1E+401"),
            ("20000000000000000000", "2e19"),
            ("9223372036854775808", "9223372036854775808.0"),
        ] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} and {b}");
        }
    }

    #[test]
    fn integers_are_told_from_fractions() {
        for (text, integer) in [
            ("1", true),
            ("1.0", true),
            ("-0", true),
            ("1.5", false),
            ("1e300", true),
            ("1e400", true),
            ("1.5e400", true),
            ("1e-5", false),
            ("18446744073709551616", true),
        ] {
            assert_eq!(OwnedNumber::from_text(text).borrow().is_integer(), integer, "{text}");
        }
        let fraction = format!("1{}.5", "0".repeat(400));
        assert!(!OwnedNumber::from_text(&fraction).borrow().is_integer());
        assert!(OwnedNumber::from_text("1e99999999999999999999999").borrow().is_integer());
    }
}
