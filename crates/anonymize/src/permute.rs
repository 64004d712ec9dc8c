//! Codes and numbers mapped to others of the same form, by a permutation that only the key tells.
//!
//! A hash that is cut to eight characters collides sooner or later; a permutation cannot. It is a
//! Feistel network of ten rounds over a power of two, walked until the image lies in the domain
//! again. The round function is SipHash-2-4, which is made to be a keyed pseudo-random function on
//! short inputs and takes a seventh of the time of a BLAKE3 hash, of which ten would be too many.

use std::io::Write;

use siphasher::sip::SipHasher24;
use zeroize::Zeroizing;

const ROUNDS: u64 = 10;

/// A domain with fewer values could be guessed through by counting alone.
const MIN_VALUES: u128 = 1_000_000;

/// Numbers of up to six digits are permuted among themselves, whatever their number of digits.
const SHORT_DIGITS: usize = 6;

/// The longest kept prefix of a code, its separator included.
const MAX_PREFIX: usize = 16;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The keyed permutations of one identity domain.
pub(crate) struct Permutation {
    rounds: Zeroizing<[u8; 16]>,
    tweaks: Zeroizing<[u8; 16]>,
}

/// The characters of a code's body. Each class holds only what the classes before it do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Digits,
    Upper,
    Lower,
    Mixed,
}

impl Class {
    fn of(body: &[u8]) -> Option<Self> {
        let has = |class: fn(&u8) -> bool| body.iter().any(class);
        if !body.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        Some(match (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase)) {
            (false, false) => Self::Digits,
            (true, false) => Self::Upper,
            (false, true) => Self::Lower,
            (true, true) => Self::Mixed,
        })
    }

    fn size(self) -> u8 {
        match self {
            Self::Digits => 10,
            Self::Upper | Self::Lower => 36,
            Self::Mixed => 62,
        }
    }

    /// The place of a character that is in the alphabet of this class.
    fn digit(self, byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            _ if self == Self::Lower => byte - b'a' + 10,
            _ => byte - b'a' + 36,
        }
    }

    fn character(self, digit: u8) -> u8 {
        let skip = if self == Self::Lower && digit >= 10 { 26 } else { 0 };
        ALPHABET[usize::from(digit + skip)]
    }

    fn number(self, body: &[u8]) -> u128 {
        let digit = |byte: &u8| u128::from(self.digit(*byte));
        body.iter().fold(0, |number, byte| number * u128::from(self.size()) + digit(byte))
    }

    fn write(self, number: u128, body: &mut [u8]) {
        match self {
            Self::Digits => self.write_digits::<10>(number, body),
            Self::Upper | Self::Lower => self.write_digits::<36>(number, body),
            Self::Mixed => self.write_digits::<62>(number, body),
        }
    }

    /// The size is a constant here, because to divide by one is many times faster, as it is to
    /// divide 64 bits only.
    fn write_digits<const SIZE: u64>(self, mut number: u128, body: &mut [u8]) {
        for place in body.iter_mut().rev() {
            let digit = match u64::try_from(number) {
                Ok(small) => {
                    number = u128::from(small / SIZE);
                    small % SIZE
                }
                Err(_) => {
                    let digit = number % u128::from(SIZE);
                    number /= u128::from(SIZE);
                    digit as u64
                }
            };
            *place = self.character(digit as u8);
        }
    }
}

impl Permutation {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut halves = Self { rounds: Zeroizing::default(), tweaks: Zeroizing::default() };
        halves.rounds.copy_from_slice(&key[..16]);
        halves.tweaks.copy_from_slice(&key[16..]);
        halves
    }

    /// Appends the code that stands for this one: up to the last `-` or `_` it stays, and what
    /// follows becomes another of the same length and class. `false` for what is no such code, and
    /// for what would look like one of the domain's tokens, which start with `reserved` and a dash.
    pub(crate) fn code(&self, code: &str, reserved: &str, out: &mut Vec<u8>) -> bool {
        let code = code.as_bytes();
        let separator = code.iter().rposition(|byte| matches!(byte, b'-' | b'_'));
        let (prefix, body) = code.split_at(separator.map_or(0, |at| at + 1));
        let Some(class) = Class::of(body).filter(|_| is_kept(prefix)) else { return false };
        let is_token = body.len() == 16 && prefix.strip_suffix(b"-") == Some(reserved.as_bytes());
        let Some(values) = u128::from(class.size()).checked_pow(body.len() as u32) else {
            return false;
        };
        if is_token || values < MIN_VALUES {
            return false;
        }
        let tweak = self.tweak(b"code", class as u8, body.len(), prefix);
        let start = out.len() + prefix.len();
        out.extend_from_slice(code);
        let body = &mut out[start..];
        let mut number = class.number(body);
        loop {
            number = self.walk(tweak, values, number);
            class.write(number, body);
            // From a value of the class, the walk comes back to one at the latest in a full circle.
            if Class::of(body) == Some(class) {
                return true;
            }
        }
    }

    /// Appends the number that stands for this one: another of as many digits, or one below a
    /// million for one below a million. `false` for what is no such number.
    #[inline(never)]
    pub(crate) fn number(&self, digits: &str, out: &mut Vec<u8>) -> bool {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        let (Ok(number), true) = (digits.parse::<u128>(), is_plain) else { return false };
        let first = match digits.len() {
            0..=SHORT_DIGITS => 0,
            length => 10_u128.pow(length as u32 - 1),
        };
        let length = digits.len().max(SHORT_DIGITS);
        let Some(end) = 10_u128.checked_pow(length as u32) else { return false };
        let tweak = self.tweak(b"number", 0, length, b"");
        let image = first + self.walk(tweak, end - first, number - first);
        write!(out, "{image}").expect("bytes in memory can be appended to");
        true
    }

    /// Another permutation for each form, prefix, class and length. The round's number goes into
    /// the lowest bits.
    fn tweak(&self, form: &[u8], class: u8, length: usize, prefix: &[u8]) -> u64 {
        let mut tweak = Vec::with_capacity(32);
        tweak.extend_from_slice(form);
        tweak.extend_from_slice(&[0, class, length as u8]);
        tweak.extend_from_slice(prefix);
        SipHasher24::new_with_key(&self.tweaks).hash(&tweak) & !0xf
    }

    /// The image of a number below `values`, which is below it again.
    fn walk(&self, tweak: u64, values: u128, mut number: u128) -> u128 {
        let half = (128 - (values - 1).leading_zeros()).div_ceil(2).max(1);
        loop {
            number = self.rounds(tweak, half, number);
            if number < values {
                return number;
            }
        }
    }

    /// The Feistel network over two halves of so many bits.
    fn rounds(&self, tweak: u64, half: u32, number: u128) -> u128 {
        let mask = u64::MAX >> (64 - half);
        let hasher = SipHasher24::new_with_key(&self.rounds);
        let mut halves = ((number >> half) as u64, number as u64 & mask);
        for round in 0..ROUNDS {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&(tweak ^ round).to_le_bytes());
            input[8..].copy_from_slice(&halves.1.to_le_bytes());
            halves = (halves.1, halves.0 ^ (hasher.hash(&input) & mask));
        }
        u128::from(halves.0) << half | u128::from(halves.1)
    }
}

/// Whether a prefix may stay: it looks like the name of a kind, not like part of an identity.
fn is_kept(prefix: &[u8]) -> bool {
    prefix.len() <= MAX_PREFIX
        && prefix.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && prefix.iter().filter(|byte| byte.is_ascii_digit()).count() < 4
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn permutation(key: u8) -> Permutation {
        Permutation::new(&[key; 32])
    }

    fn code(key: u8, code: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        let is_code = permutation(key).code(code, "code", &mut out);
        let text = String::from_utf8(out.split_off(6)).unwrap();
        assert_eq!(out, b"before");
        assert_eq!(is_code, !text.is_empty());
        is_code.then_some(text)
    }

    fn number(key: u8, digits: &str) -> Option<String> {
        let mut out = Vec::new();
        permutation(key).number(digits, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    /// Every value once.
    fn check_all(values: u128, image: impl Fn(u128) -> u128) {
        let mut seen = vec![false; values as usize];
        for value in 0..values {
            let image = image(value) as usize;
            assert!(!std::mem::replace(&mut seen[image], true), "{image} twice");
        }
    }

    #[test]
    fn every_value_has_another_image() {
        let permutation = permutation(1);
        for values in [1, 2, 3, 10, 255, 256, 257, 4096, 50_000, 65_537] {
            check_all(values, |value| permutation.walk(7, values, value));
        }
        check_all(1_000_000, |value| {
            let mut out = Vec::new();
            assert!(permutation.number(&value.to_string(), &mut out));
            std::str::from_utf8(&out).unwrap().parse().unwrap()
        });
    }

    #[test]
    fn the_permutation_is_part_of_the_format() {
        // A change of any of these breaks the join with every dataset made before.
        let made =
            [code(3, "PZ-7K2M9QXA"), code(3, "u_aZ09xyQ"), number(3, "7"), number(3, "12345678")];
        assert_eq!(made.map(Option::unwrap), ["PZ-3YKC6XR1", "u_dSPRBkL", "48114", "84587979"]);
    }

    #[test]
    fn what_has_no_such_form_is_left_to_the_token() {
        let long = format!("PZ-{}", "A".repeat(25));
        let phone = "13800001234-ABCDEFGH";
        for text in [
            "",
            "-",
            "PZ-",
            "PZ-12345",
            "PZ-ABC",
            "PZ-雨巷雨巷",
            "PZ-AB.CD",
            &long,
            phone,
            "a-very-long-prefix-ABCDEFGH",
            "名-ABCDEFGH",
            "code-abcdefghijklmnop",
            "code-ABCDEFGHIJKLMNOP",
        ] {
            assert_eq!(code(1, text), None, "{text}");
        }
        for text in ["", "-1", "007", "1.5", "1e6", "１２", "a", &"9".repeat(39), &"9".repeat(50)]
        {
            assert_eq!(number(1, text), None, "{text}");
        }
        assert!(code(1, &long[..27]).is_some() && number(1, &"9".repeat(38)).is_some());
        assert!(code(1, "code_abcdefghijklmnop").is_some() && code(1, "ABCDEFGH").is_some());
    }

    #[test]
    fn prefixes_lengths_and_keys_have_permutations_of_their_own() {
        let body = |text: Option<String>| text.unwrap()[3..].to_owned();
        let bodies = [
            body(code(1, "PZ-7K2M9QXA")),
            body(code(2, "PZ-7K2M9QXA")),
            body(code(1, "CW-7K2M9QXA")),
            body(code(1, "PZ_7K2M9QXA")),
        ];
        assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), 4);
        assert_ne!(number(1, "12345678"), number(2, "12345678"));
    }

    proptest! {
        #[test]
        fn codes_keep_prefix_length_and_class_and_stay_apart(
            one in "(PZ-|u_|)([0-9]{6,20}|[0-9A-Z]{4,24}|[0-9a-z]{4,24}|[0-9A-Za-z]{4,21})",
            other in "(PZ-|u_|)([0-9]{6,20}|[0-9A-Z]{4,24}|[0-9a-z]{4,24}|[0-9A-Za-z]{4,21})",
        ) {
            let split = |text: &str| text.rfind(['-', '_']).map_or(0, |at| at + 1);
            let is_long = |text: &str| Class::of(&text.as_bytes()[split(text)..]).unwrap() != Class::Digits
                || text.len() - split(text) >= 6;
            prop_assume!(is_long(&one) && is_long(&other));
            let (image, image_of_other) = (code(1, &one).unwrap(), code(1, &other).unwrap());
            prop_assert_eq!(one == other, image == image_of_other);
            let start = split(&one);
            prop_assert_eq!(&one[..start], &image[..start]);
            prop_assert_eq!(one.len(), image.len());
            prop_assert_eq!(Class::of(&one.as_bytes()[start..]), Class::of(&image.as_bytes()[start..]));
        }

        #[test]
        fn numbers_keep_their_digits_and_stay_apart(one in "[1-9][0-9]{6,37}", other in "[1-9][0-9]{6,37}") {
            let (image, image_of_other) = (number(1, &one).unwrap(), number(1, &other).unwrap());
            prop_assert_eq!(one.len(), image.len());
            prop_assert!(!image.starts_with('0'));
            prop_assert_eq!(one == other, image == image_of_other);
        }
    }
}
