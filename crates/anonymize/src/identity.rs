//! The one form of an identity of 256 bits, which dumps spell in several ways.

use std::borrow::Cow;

/// The number of hexadecimal digits of the one form.
const DIGITS: usize = 64;

/// `0x` and up to 64 hexadecimal digits, and 64 of them alone, are the same identity in 64
/// lower-case digits. Everything else stays as it is.
#[inline]
pub(crate) fn canonical(id: Cow<'_, str>) -> Cow<'_, str> {
    if id.len() == DIGITS || id.starts_with("0x") { respelled(id) } else { id }
}

#[cold]
fn respelled(id: Cow<'_, str>) -> Cow<'_, str> {
    let digits = match id.strip_prefix("0x") {
        Some(digits) if (1..=DIGITS).contains(&digits.len()) => digits,
        None if id.len() == DIGITS => &*id,
        _ => return id,
    };
    let is_canonical = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() == id.len() && digits.bytes().all(is_canonical) {
        return id;
    }
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return id;
    }
    Cow::Owned(format!("{:0>DIGITS$}", digits.to_ascii_lowercase()))
}

/// The identity that a whole number stands for. `None` where it is none of 256 bits.
pub(crate) fn from_decimal(digits: &str) -> Option<String> {
    // 64 digits are one in hexadecimal: of all identities, one in 10^13 has so few in decimal.
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_decimal || digits.len() == DIGITS {
        return None;
    }
    let mut value = [0_u32; 8];
    for digit in digits.bytes() {
        let mut carry = u64::from(digit - b'0');
        for part in value.iter_mut().rev() {
            carry += u64::from(*part) * 10;
            *part = (carry & 0xffff_ffff) as u32;
            carry >>= 32;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(value.iter().map(|part| format!("{part:08x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(id: &str) -> String {
        super::canonical(id.into()).into_owned()
    }

    #[test]
    fn every_spelling_of_an_identity_has_one_form() {
        let full = format!("{:0>64}", "c200ff");
        for spelling in ["0xc200ff", "0xC200fF", "0x000c200ff", &full, &full.to_uppercase()] {
            assert_eq!(canonical(spelling), full);
        }
        assert_eq!(from_decimal("12714239").as_deref(), Some(&*full));
    }

    #[test]
    fn what_is_no_identity_stays_as_it_is() {
        let long = format!("0x{}", "a".repeat(65));
        for id in ["", "0x", "0xg", "c200ff", "0Xc2", &long, &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(canonical(id), id);
        }
    }

    #[test]
    fn decimal_numbers_of_256_bits_are_exact() {
        let largest =
            "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(from_decimal(largest), Some("f".repeat(64)));
        let beyond = largest.replace("935", "936");
        for digits in [&*beyond, "", "-1", "1e3", "c2", &"1".repeat(64), &"9".repeat(200)] {
            assert_eq!(from_decimal(digits), None, "{digits}");
        }
        assert_eq!(from_decimal("0"), Some("0".repeat(64)));
        let power = "340282366920938463463374607431768211456";
        assert_eq!(from_decimal(power), Some(format!("{:0>64}", format!("1{}", "0".repeat(32)))));
    }
}
