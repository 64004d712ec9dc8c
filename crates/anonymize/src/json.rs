//! Appends JSON values to bytes.

pub(crate) fn text(value: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("bytes in memory can be appended to");
}

pub(crate) fn optional_text(value: Option<String>, out: &mut Vec<u8>) {
    match value {
        Some(value) => text(&value, out),
        None => null(out),
    }
}

/// Digits as they were written.
pub(crate) fn optional_number(digits: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(digits.unwrap_or("null").as_bytes());
}

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}
