//! Escapes in the strings of JSON.

use crate::document::Malformed;

/// Reads the escape whose backslash ends right before `at`: its character, and where the text goes
/// on. Half of a surrogate pair is no character.
pub(crate) fn read(text: &str, at: usize) -> Result<(char, usize), Malformed> {
    let byte = *text.as_bytes().get(at).ok_or(Malformed::Truncated)?;
    let simple = |c| Ok((c, at + 1));
    match byte {
        b'"' | b'\\' | b'/' => simple(char::from(byte)),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' => unicode(text, at + 1),
        _ => Err(Malformed::Syntax),
    }
}

fn unicode(text: &str, at: usize) -> Result<(char, usize), Malformed> {
    let first = four_hex_digits(text, at)?;
    let at = at + 4;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).map(|c| (c, at)).ok_or(Malformed::Encoding);
    }
    let rest = &text.as_bytes()[at..];
    if !rest.starts_with(b"\\u") {
        let cut = rest.is_empty() || rest == b"\\";
        return Err(if cut { Malformed::Truncated } else { Malformed::Encoding });
    }
    let second = four_hex_digits(text, at + 2)?;
    let pair = char::decode_utf16([first as u16, second as u16]).next();
    let c = pair.and_then(Result::ok).ok_or(Malformed::Encoding)?;
    Ok((c, at + 6))
}

fn four_hex_digits(text: &str, at: usize) -> Result<u32, Malformed> {
    (at..at + 4).try_fold(0, |value, at| {
        let byte = *text.as_bytes().get(at).ok_or(Malformed::Truncated)?;
        let digit = char::from(byte).to_digit(16).ok_or(Malformed::Syntax)?;
        Ok(value * 16 + digit)
    })
}
