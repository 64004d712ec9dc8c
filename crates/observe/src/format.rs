//! One line of an access log, in nginx's combined format or as JSON.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

/// What is taken from one line. Nothing else of it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) status: u16,
    /// Statuses of the upstream servers asked, in order; `None` where the format does not say.
    pub(crate) upstream_statuses: Option<Vec<u16>>,
    pub(crate) request_time: Vec<Duration>,
    pub(crate) upstream_header_time: Vec<Duration>,
    pub(crate) upstream_response_time: Vec<Duration>,
}

/// Reads a line of either format, without its line feed; `None` where it is neither.
pub(crate) fn parse(line: &[u8]) -> Option<Entry> {
    let line = line.trim_ascii();
    if line.starts_with(b"{") { json(line) } else { combined(line) }
}

/// `address - user [time] "request" status bytes "referer" "agent"`. nginx escapes quotes inside
/// the quotes, so the first two quotes are the request's.
fn combined(line: &[u8]) -> Option<Entry> {
    let mut parts = line.split(|&byte| byte == b'"');
    let (before, _request, after) = (parts.next()?, parts.next()?, parts.next()?);
    if !before.ends_with(b"] ") {
        return None;
    }
    let mut fields = std::str::from_utf8(after).ok()?.strip_prefix(' ')?.split(' ');
    let status = status(fields.next()?)?;
    let bytes = fields.next()?.trim_end();
    let is_size = bytes == "-" || (!bytes.is_empty() && bytes.bytes().all(|b| b.is_ascii_digit()));
    is_size.then(|| Entry { status, ..Entry::default() })
}

/// The fields of the JSON format that are read, by their short and their nginx names.
#[derive(Deserialize)]
struct JsonLine<'a> {
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow, alias = "upstream_status")]
    us: Option<Field<'a>>,
    #[serde(borrow, alias = "request_time")]
    rt: Option<Field<'a>>,
    #[serde(borrow, alias = "upstream_header_time")]
    uht: Option<Field<'a>>,
    #[serde(borrow, alias = "upstream_response_time")]
    urt: Option<Field<'a>>,
}

/// Formats quote numbers or not, and lists are always text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Number(serde_json::Number),
}

impl Field<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Field::Text(text) => Cow::Borrowed(text),
            Field::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

fn json(line: &[u8]) -> Option<Entry> {
    // serde's error would quote the line, so only the fact that it failed is kept.
    let line: JsonLine<'_> = serde_json::from_slice(line).ok()?;
    let upstream = line.us.as_ref().map(|statuses| list(&statuses.text(), status));
    Some(Entry {
        status: status(&line.status.text())?,
        upstream_statuses: match upstream {
            Some(statuses) => Some(statuses?),
            None => None,
        },
        request_time: times(line.rt.as_ref())?,
        upstream_header_time: times(line.uht.as_ref())?,
        upstream_response_time: times(line.urt.as_ref())?,
    })
}

fn times(field: Option<&Field<'_>>) -> Option<Vec<Duration>> {
    field.map_or(Some(Vec::new()), |times| list(&times.text(), seconds))
}

/// nginx joins the values of servers tried in turn with `, ` and those on both sides of an internal
/// redirect with ` : `. `-`, or nothing, stands where there was no server or no answer.
fn list<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let values = text.split(", ").flat_map(|group| group.split(" : "));
    let values = values.map(str::trim).filter(|value| !value.is_empty() && *value != "-");
    values.map(parse).collect()
}

fn status(text: &str) -> Option<u16> {
    let is_status = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_status { text.parse().ok() } else { None }
}

fn seconds(text: &str) -> Option<Duration> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_decimal {
        return None;
    }
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn milliseconds(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn combined_lines_give_the_status_alone() {
        for (line, expected) in [
            (r#"10.0.0.1 - - [22/Nov/2026:16:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "x""#, 200),
            (r#"::1 - bob [22/Nov/2026:16:00:00 +0000] "GET /a\x22 502 1" 502 - "-" "x""#, 502),
            (r#"::1 - [] [22/Nov/2026:16:00:00 +0000] "\x16\x03 500 9" 400 0 "-" """#, 400),
            (r#"::1 - - [22/Nov/2026:16:00:00 +0000] "GET / HTTP/1.1" 009 1"#, 9),
            ("::1 - - [t] \"GET /\u{4e2d} HTTP/1.1\" 404 1 \"-\" \"x\" 0.1 extra", 404),
        ] {
            let entry = parse(line.as_bytes()).expect(line);
            assert_eq!(entry, Entry { status: expected, ..Entry::default() }, "{line}");
        }
    }

    #[test]
    fn json_lines_give_upstream_statuses_and_times() {
        let line = br#"{"msec":1.5,"status":"200","rt":"0.012","uct":"-","uht":"0.000, 0.011",
            "urt":"0.000, 0.012 : 0.500","us":"502, 200 : 200","route":"/secret","run":""}"#;
        let entry = parse(line).unwrap();
        assert_eq!((entry.status, entry.upstream_statuses), (200, Some(vec![502, 200, 200])));
        assert_eq!(entry.request_time, milliseconds(&[12]));
        assert_eq!(entry.upstream_header_time, milliseconds(&[0, 11]));
        assert_eq!(entry.upstream_response_time, milliseconds(&[0, 12, 500]));
    }

    #[test]
    fn json_takes_nginx_names_bare_numbers_and_absent_answers() {
        for (line, upstream) in [
            (
                r#"{"status":200,"upstream_status":200,"upstream_response_time":0.5}"#,
                Some(vec![200]),
            ),
            (r#"{"status":"200","us":"-"}"#, Some(vec![])),
            (r#"{"status":"200","us":""}"#, Some(vec![])),
            (r#"{"status":"200","us":"502, -"}"#, Some(vec![502])),
            (r#"{"status":"200","urt":"0.001"}"#, None),
        ] {
            let entry = parse(line.as_bytes()).expect(line);
            assert_eq!((entry.status, entry.upstream_statuses), (200, upstream), "{line}");
        }
    }

    #[test]
    fn invalid_utf8_in_a_field_that_is_not_read_does_no_harm() {
        let line = b"{\"status\":\"200\",\"us\":\"200\",\"route\":\"/\xff\xfe\"}";
        assert_eq!(parse(line).unwrap().status, 200);
        let line = b"::1 - - [t] \"GET /\xff HTTP/1.1\" 200 1 \"\xff\" \"-\"";
        assert_eq!(parse(line).unwrap().status, 200);
    }

    #[test]
    fn what_is_neither_format_is_not_read() {
        for line in [
            "",
            "200",
            "{}",
            "{",
            r#"{"status":"20"}"#,
            r#"{"status":"2000"}"#,
            r#"{"status":"+20"}"#,
            r#"{"status":null}"#,
            r#"{"status":"200","us":"ok"}"#,
            r#"{"status":"200","urt":"fast"}"#,
            r#"{"status":"200","urt":"-1"}"#,
            r#"{"status":"200","us":"200""#,
            r#"::1 - - [t] "GET / HTTP/1.1""#,
            r#"::1 - - [t] "GET / HTTP/1.1" 200"#,
            r#"::1 - - [t] "GET / HTTP/1.1" 200 x"#,
            r#"::1 - - [t] "GET / HTTP/1.1" 20 1"#,
            r#"::1 - - t "GET / HTTP/1.1" 200 1"#,
            r#"2026/11/22 16:00:00 [error] 7#7: *1 connect() failed (111)"#,
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&line);
            parse(&[b"{\"status\":\"".as_slice(), &line].concat());
            parse(&[b"x [t] \"".as_slice(), &line].concat());
        }
    }
}
