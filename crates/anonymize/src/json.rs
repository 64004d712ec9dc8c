//! Appends JSON values to bytes.

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;

/// What stands after the backslash for each byte that cannot stand as it is.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        escapes[control] = b'u';
        control += 1;
    }
    escapes[0x08] = b'b';
    escapes[0x0c] = b'f';
    escapes[b'\n' as usize] = b'n';
    escapes[b'\r' as usize] = b'r';
    escapes[b'\t' as usize] = b't';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};

pub(crate) fn text(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(value.as_bytes(), out);
    out.push(b'"');
}

/// Appends text, given in UTF-8, as it stands between quotes.
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 8);
    let mut rest = text;
    // Eight bytes at a time are copied whole, and what is too much is taken back.
    while let Some(word) = rest.first_chunk::<8>() {
        out.extend_from_slice(word);
        let run = run(u64::from_le_bytes(*word));
        rest = &rest[run..];
        if run < 8 {
            out.truncate(out.len() - (8 - run));
            escape_byte(rest[0], out);
            rest = &rest[1..];
        }
    }
    rest.iter().for_each(|byte| ascii(*byte, out));
}

/// How many bytes at the start of a word need no escape.
#[inline]
fn run(word: u64) -> usize {
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let found = (zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c)) | controls) & HIGH;
    found.trailing_zeros() as usize / 8
}

/// Appends a byte, escaped where it must be.
#[inline]
pub(crate) fn ascii(byte: u8, out: &mut Vec<u8>) {
    if ESCAPES[usize::from(byte)] == 0 { out.push(byte) } else { escape_byte(byte, out) }
}

#[inline]
fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match ESCAPES[usize::from(byte)] {
        b'u' => {
            let digits = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
        letter => out.extend_from_slice(&[b'\\', letter]),
    }
}

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: &str) {
        let mut ours = Vec::new();
        text(value, &mut ours);
        assert_eq!(String::from_utf8(ours).unwrap(), serde_json::to_string(value).unwrap());
    }

    #[test]
    fn every_character_is_escaped_as_elsewhere() {
        for first in '\0'..='\u{3000}' {
            check(&format!("{first}1234567{first}"));
        }
    }

    proptest! {
        #[test]
        fn texts_are_escaped_as_elsewhere(value in "(.|[\0-\u{1f}\"\\\\]){0,40}") {
            check(&value);
        }
    }
}
