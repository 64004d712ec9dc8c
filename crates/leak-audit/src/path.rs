//! The parts of paths and URLs.

use memchr::memchr;

/// The parts of a text that looks like a path or URL, or nothing for other texts.
pub(crate) fn segments(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    memchr(b'/', text)?;
    // All bytes at once are quicker than one by one.
    let is_prose = text.iter().fold(false, |is_prose, byte| is_prose | byte.is_ascii_whitespace());
    (!is_prose).then(|| text.split(|byte| matches!(byte, b'/' | b'?' | b'&' | b'=' | b'#')))
}

/// A segment without its extension, and the extension.
pub(crate) fn split_extension(segment: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = segment.iter().rposition(|byte| *byte == b'.')?;
    Some((&segment[..dot], &segment[dot + 1..]))
}

/// Puts the decoded segment into `out`, or says that nothing is percent-encoded.
pub(crate) fn decode(segment: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    if memchr(b'%', segment).is_none() {
        return false;
    }
    let hex = |at: usize| segment.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut at = 0;
    while at < segment.len() {
        match (segment[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out.len() < segment.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[&str]>) {
        let made = segments(text.as_bytes()).map(|parts| {
            parts.map(|part| str::from_utf8(part).unwrap().to_owned()).collect::<Vec<_>>()
        });
        assert_eq!(
            made.as_deref(),
            expected
                .map(|parts| parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
                .as_deref()
        );
    }

    #[test]
    fn paths_are_split_and_prose_is_not() {
        check("/a/b.webp?c=d&e#f", Some(&["", "a", "b.webp", "c", "d", "e", "f"]));
        check("https://host/a", Some(&["https:", "", "host", "a"]));
        check("and/or else", None);
        check("none", None);
    }

    #[test]
    fn percent_signs_are_decoded_where_two_digits_follow() {
        let mut out = Vec::new();
        assert!(decode(b"a%2Fb%e4%B8%ad", &mut out));
        assert_eq!(out, "a/b中".as_bytes());
        assert!(
            !decode(b"100%", &mut out) && !decode(b"%2", &mut out) && !decode(b"%zz", &mut out)
        );
    }

    #[test]
    fn the_last_dot_splits_the_extension_off() {
        assert_eq!(split_extension(b"a.b.webp"), Some((&b"a.b"[..], &b"webp"[..])));
        assert_eq!(split_extension(b"a"), None);
    }
}
