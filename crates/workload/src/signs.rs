//! What a body shows at a glance: an error code that the service is known for, or a page.

use memchr::memmem;

/// How far into a body is looked: an error says early what it is.
const GLANCE_BYTES: usize = 4096;

/// The error codes that are looked for, in quotes as JSON has them.
const KNOWN_CODES: [(&str, &str); 1] = [("creation_entry_disabled", "\"creation_entry_disabled\"")];

/// What a body showed. Nothing else of it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    /// Nothing that is looked for.
    #[default]
    None,
    /// A list without a work in it.
    EmptyList,
    /// The first character is that of a page and not of JSON.
    Markup,
    /// One of the known codes.
    Code(&'static str),
}

impl Sign {
    /// Of a body whose status or shape was not the expected one.
    pub(crate) fn of_unexpected(body: &[u8]) -> Self {
        let glance = &body[..body.len().min(GLANCE_BYTES)];
        let has = |quoted: &str| memmem::find(glance, quoted.as_bytes()).is_some();
        match KNOWN_CODES.into_iter().find(|(_, quoted)| has(quoted)) {
            Some((code, _)) => Sign::Code(code),
            None if is_markup(glance) => Sign::Markup,
            None => Sign::None,
        }
    }
}

fn is_markup(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pages_are_seen_and_nothing_else() {
        let disabled = Sign::Code("creation_entry_disabled");
        let far = format!("{}\"creation_entry_disabled\"", " ".repeat(GLANCE_BYTES));
        for (body, expected) in [
            (r#"{"error":{"code":"creation_entry_disabled"}}"#, disabled),
            (r#"{"code": "creation_entry_disabled_soon"}"#, Sign::None),
            ("creation_entry_disabled", Sign::None),
            ("<html>", Sign::Markup),
            ("\r\n\t <!doctype html>", Sign::Markup),
            ("\u{feff}<html>", Sign::Markup),
            (r#"{"html": "<p>"}"#, Sign::None),
            ("", Sign::None),
            (far.as_str(), Sign::None),
        ] {
            assert_eq!(Sign::of_unexpected(body.as_bytes()), expected, "{body:?}");
        }
    }
}
