//! `multipleOf`, exact on decimals as they are written.
//!
//! A double stands for the shortest decimal that reads back as it, which is what was written unless
//! that had more than 17 digits. So 0.0075 is a multiple of 0.0001, though no binary fractions are.

use std::fmt::{self, Write as _};

use crate::number::{Number, OwnedNumber};

/// The largest power of ten that has to be told from larger ones: a divisor of 64 bits has no more
/// than 63 factors of two or five, and from there on ten has no other factors to offer.
const POWER_MAX: i128 = 64;

/// What the numbers have to be multiples of: `digits` times ten to the power of `exponent`.
#[derive(Clone, Debug)]
pub(crate) struct Divisor {
    digits: u64,
    exponent: i128,
    /// As the shape has it.
    written: OwnedNumber,
}

impl Divisor {
    /// `None` unless the number is above zero and has no more significant digits than 64 bits hold.
    pub(crate) fn new(written: &OwnedNumber) -> Option<Self> {
        let Decimal { digits, exponent } = Decimal::of(written.borrow());
        let digits = match digits {
            Digits::Few(digits) => digits,
            Digits::Many(many) => std::str::from_utf8(many).ok()?.parse().ok()?,
        };
        let positive = digits > 0 && written.borrow().compare(Number::Signed(0)).is_gt();
        positive.then(|| Self { digits, exponent, written: written.clone() })
    }

    /// Whether the number is a multiple, zero included.
    pub(crate) fn divides(&self, number: Number<'_>) -> bool {
        let Decimal { digits, exponent } = Decimal::of(number);
        if matches!(digits, Digits::Few(0)) {
            return true;
        }
        let power = exponent - self.exponent;
        // The digits don't end in a zero, so that they are no multiple of ten.
        if power < 0 {
            return false;
        }
        let (modulus, power) = (u128::from(self.digits), power.min(POWER_MAX));
        let times_ten = |rest: u128| rest * 10 % modulus;
        (0..power).fold(digits.modulo(modulus), |rest, _| times_ten(rest)) == 0
    }

    /// The number as the shape has it.
    pub(crate) fn written(&self) -> &OwnedNumber {
        &self.written
    }
}

/// The magnitude of a number: digits that don't end in a zero, times a power of ten.
struct Decimal<'a> {
    digits: Digits<'a>,
    exponent: i128,
}

enum Digits<'a> {
    Few(u64),
    /// In ASCII.
    Many(&'a [u8]),
}

impl Digits<'_> {
    fn modulo(&self, modulus: u128) -> u128 {
        match self {
            Self::Few(digits) => u128::from(*digits) % modulus,
            Self::Many(digits) => digits
                .iter()
                .fold(0, |rest, digit| (rest * 10 + u128::from(digit - b'0')) % modulus),
        }
    }
}

impl<'a> Decimal<'a> {
    fn of(number: Number<'a>) -> Self {
        match number {
            Number::Signed(value) => Self::few(value.unsigned_abs(), 0),
            Number::Unsigned(value) => Self::few(value, 0),
            Number::Float(value) => {
                let (digits, exponent) = ShortestText::of(value.abs()).parts();
                Self::few(digits, exponent)
            }
            Number::Big(value) => {
                let (digits, exponent) = value.scaled();
                Self { digits: Digits::Many(digits), exponent }
            }
        }
    }

    fn few(mut digits: u64, mut exponent: i128) -> Self {
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Self { digits: Digits::Few(digits), exponent }
    }
}

/// The shortest decimal of a double in scientific notation, such as `7.5e-3`, without an allocation.
struct ShortestText {
    bytes: [u8; 32],
    len: usize,
}

impl ShortestText {
    fn of(value: f64) -> Self {
        let mut text = Self { bytes: [0; 32], len: 0 };
        // 17 digits, a point and an exponent of three digits have room, so this never fails.
        let _ = write!(text, "{value:e}");
        text
    }

    /// The digits as one integer, and the power of ten to go with it.
    fn parts(&self) -> (u64, i128) {
        let text = &self.bytes[..self.len];
        let end = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
        let (mantissa, exponent) = text.split_at(end);
        let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit());
        let digits = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let fraction = mantissa.len().saturating_sub(2) as i128;
        let exponent = std::str::from_utf8(exponent.get(1..).unwrap_or_default());
        let exponent: i128 = exponent.unwrap_or_default().parse().unwrap_or_default();
        (digits, exponent - fraction)
    }
}

impl fmt::Write for ShortestText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let behind = self.len + text.len();
        self.bytes.get_mut(self.len..behind).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = behind;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divisor(text: &str) -> Option<Divisor> {
        Divisor::new(&OwnedNumber::from_text(text))
    }

    fn divides(divisor_text: &str, text: &str) -> bool {
        let number = OwnedNumber::from_text(text);
        divisor(divisor_text).expect("the divisor of a case is one").divides(number.borrow())
    }

    #[test]
    fn multiples_are_those_of_the_decimals() {
        for (divisor, number) in [
            ("0.0001", "0.0075"),
            ("0.01", "19.99"),
            ("0.1", "0.3"),
            ("0.1", "-0.7"),
            ("2", "0"),
            ("2", "-0.0"),
            // Nearer to zero than any double, so that it is read as zero.
            ("2", "1e-400"),
            ("0.5", "1e308"),
            ("0.5", "1e999999999"),
            ("1e-8", "12391239123"),
            ("1e-320", "1"),
            ("3", "123456789012345678901234567890"),
            ("100", "18446744073709551600"),
            ("1e400", "3e400"),
            ("9007199254740993", "27021597764222979"),
            ("1.5", "4.5"),
        ] {
            assert!(divides(divisor, number), "{number} of {divisor}");
        }
        for (divisor, number) in [
            ("0.0001", "0.00751"),
            ("0.1", "0.30000000000000004"),
            ("2", "3"),
            ("0.123456789", "1e308"),
            ("0.123456789", "1e999999999"),
            ("7", "1e999999999"),
            ("3", "123456789012345678901234567891"),
            ("1e400", "3e399"),
            ("1e400", "3"),
            ("9007199254740993", "27021597764222978"),
            ("4", "9223372036854775806"),
            ("1e300", "1e299"),
        ] {
            assert!(!divides(divisor, number), "{number} of {divisor}");
        }
    }

    #[test]
    fn a_divisor_is_above_zero_and_of_no_more_digits_than_can_be_divided_by() {
        for text in ["0", "-0.0", "-1", "-1e400", "123456789012345678901", "1e-400"] {
            assert!(divisor(text).is_none(), "{text}");
        }
        for text in ["1", "18446744073709551615", "1e-300", "1e400", "123456789012345678900"] {
            assert!(divisor(text).is_some(), "{text}");
        }
    }

    #[test]
    fn every_power_of_the_factors_of_ten_is_told_from_the_next() {
        for (factor, power) in [(2_u64, 63), (5, 27)] {
            let divisor = factor.pow(power).to_string();
            assert!(divides(&divisor, &format!("1e{power}")), "{divisor}");
            assert!(!divides(&divisor, &format!("1e{}", power - 1)), "{divisor}");
            assert!(divides(&divisor, "1e400"), "{divisor}");
        }
    }
}
