//! Whole numbers rounded digit by digit, however many digits they have.

const ONES: u64 = u64::MAX / 255;

/// Appends a whole number rounded to so many significant digits, halves away from zero.
pub(crate) fn append_rounded(digits: &str, significant: usize, out: &mut Vec<u8>) {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    out.extend_from_slice(&digits.as_bytes()[..digits.len() - unsigned.len()]);
    let Some(next) = unsigned.as_bytes().get(significant) else {
        return out.extend_from_slice(unsigned.as_bytes());
    };
    let start = out.len();
    out.extend_from_slice(&unsigned.as_bytes()[..significant]);
    if *next >= b'5' {
        carry(start, out);
    }
    out.resize(out.len() + unsigned.len() - significant, b'0');
}

/// Whether all bytes are decimal digits, eight at a time.
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    let is_word = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // The upper half of each byte is a 3, and stays one when 6 is added.
        let is_3 = |word: u64| word & (ONES * 0xf0) == ONES * 0x30;
        is_3(word) && is_3(word.wrapping_add(ONES * 6))
    };
    let (words, rest) = bytes.as_chunks();
    words.iter().all(is_word) && rest.iter().all(u8::is_ascii_digit)
}

/// Adds one to the number that starts there.
fn carry(start: usize, out: &mut Vec<u8>) {
    for digit in out[start..].iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    out.insert(start, b'1');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(digits: &str, significant: usize) -> String {
        let mut out = b"9".to_vec();
        append_rounded(digits, significant, &mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    #[test]
    fn numbers_are_rounded_to_significant_digits() {
        let cases = [
            ("0", 1, "0"),
            ("7", 2, "7"),
            ("94", 1, "90"),
            ("95", 1, "100"),
            ("-1250", 2, "-1300"),
            ("999", 2, "1000"),
            ("12345", 2, "12000"),
            ("123456789012345678901234567890", 3, "123000000000000000000000000000"),
        ];
        for (digits, significant, expected) in cases {
            assert_eq!(rounded(digits, significant), expected, "{digits}");
        }
    }

    #[test]
    fn every_byte_that_is_no_digit_is_seen() {
        for length in 0..20 {
            assert!(is_digits(&b"01234567899876543210"[..length]));
            for (place, byte) in (0..length).flat_map(|place| (0..=255).map(move |b| (place, b))) {
                let mut bytes = b"0123456789012345678".to_vec();
                bytes.truncate(length);
                bytes[place] = byte;
                assert_eq!(is_digits(&bytes), byte.is_ascii_digit(), "{place} {byte}");
            }
        }
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest(number in 0..10_000_000_000_i128, significant in 1..12_usize) {
            let length = number.to_string().len();
            let step = 10_i128.pow(length.saturating_sub(significant) as u32);
            let expected = (number + step / 2) / step * step;
            prop_assert_eq!(rounded(&number.to_string(), significant), expected.to_string());
            prop_assert_eq!(rounded(&format!("-{number}"), significant), format!("-{expected}"));
        }
    }
}
