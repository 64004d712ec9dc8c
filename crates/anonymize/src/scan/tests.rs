#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{self, Read};

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::*;

/// A reader that gives its bytes in pieces of these lengths, over and over.
struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.1[self.2 % self.1.len()].min(buffer.len());
        self.2 += 1;
        self.0.read(&mut buffer[..size])
    }
}

#[derive(Default)]
struct Seen(Vec<u8>);

impl Watch for Seen {
    const WANTS_SKIPPED: bool = true;

    fn skipped_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// All that a scanner tells of a document that is an array: its elements as they were cut out and
/// where they began, what a watch saw when the whole was skipped, how many elements were counted,
/// and how it ended.
type Told = (Vec<(Place, Vec<u8>)>, Vec<u8>, Option<u64>, Option<String>);

fn tell(document: &[u8], pieces: &[usize], capacity: usize) -> Told {
    let scanner = || {
        let input = Pieces(document, pieces.to_vec(), 0);
        Scanner::with_capacity(capacity, input, Seen::default()).unwrap()
    };
    let (mut cut, mut skip) = (scanner(), scanner());
    let mut elements = Vec::new();
    let error = cut_elements(&mut cut, &mut elements).err().map(|error| error.to_string());
    skip.start_watch();
    let count = skip.skip_value().ok().flatten();
    skip.end_watch();
    (elements, skip.watch.0, count, error)
}

fn cut_elements<R: Read, W: Watch>(
    scanner: &mut Scanner<R, W>,
    elements: &mut Vec<(Place, Vec<u8>)>,
) -> Result<()> {
    scanner.expect(b'[')?;
    let mut is_first = true;
    while scanner.element(&mut is_first, b']')? {
        let place = scanner.place();
        let span = scanner.cut(1 << 20)?;
        elements.push((place, scanner.bytes(span).0.to_vec()));
    }
    Ok(())
}

fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just("\"\"".to_owned()),
        "\"([ -!#-\\[\\]-~é界😀]|\\\\[nt\"\\\\/]|\\\\u00e9|\\\\ud83d\\\\ude00){0,90}\"",
        (1..140_usize).prop_map(|count| format!("\"{}\"", "\\\\".repeat(count))),
        (1..140_usize).prop_map(|count| format!("\"x{}\\\"\"", "\\\\".repeat(count))),
    ];
    let leaf = prop_oneof![
        text.clone(),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let space = "[ \n\r\t]{0,3}";
        let entry = (text.clone(), space, inner.clone())
            .prop_map(|(key, space, value)| format!("{space}{key}{space}:{space}{value}{space}"));
        let list = prop::collection::vec((inner, space), 0..6)
            .prop_map(|items| items.into_iter().map(|(item, space)| space + &item).collect());
        prop_oneof![
            prop::collection::vec(entry, 0..6).prop_map(|all| format!("{{{}}}", all.join(","))),
            list.prop_map(|all: Vec<String>| format!("[{}]", all.join(","))),
        ]
    })
}

fn array() -> impl Strategy<Value = String> {
    prop::collection::vec(value(), 0..12).prop_map(|all| format!("[{}]", all.join(",\n")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn elements_are_those_that_serde_finds(document in array()) {
        let expected: Vec<&RawValue> = serde_json::from_str(&document).unwrap();
        let (elements, seen, count, error) = tell(document.as_bytes(), &[1 << 20], 1 << 20);
        let found: Vec<_> = elements.iter().map(|(_, raw)| raw.as_slice()).collect();
        prop_assert_eq!(found, expected.iter().map(|raw| raw.get().as_bytes()).collect::<Vec<_>>());
        prop_assert_eq!((count, error), (Some(expected.len() as u64), None));
        prop_assert_eq!(seen, document.as_bytes());
    }

    #[test]
    fn pieces_and_buffers_of_any_size_make_no_difference(
        document in array(),
        random in prop::collection::vec(1..200_usize, 1..20),
        cut in 0..400_usize,
    ) {
        let document = &document.as_bytes()[..document.len().saturating_sub(cut / 4)];
        let whole = tell(document, &[1 << 20], 1 << 20);
        for size in [1, 2, 3, 7, 61, 63, 64, 65, 127, 1000] {
            prop_assert_eq!(&tell(document, &[size], 1 << 20), &whole, "pieces of {}", size);
            prop_assert_eq!(&tell(document, &[1 << 20], size), &whole, "buffer of {}", size);
        }
        prop_assert_eq!(&tell(document, &random, 100), &whole);
    }

    #[test]
    fn no_bytes_make_it_panic_and_what_serde_takes_it_takes(
        bytes in prop::collection::vec(prop::sample::select(b"[]{}\"\\,:1e. \nnulltrue\xff\xef\xbb\xbf".to_vec()), 0..200),
    ) {
        let document = [b"[".as_slice(), &bytes, b"]"].concat();
        let whole = tell(&document, &[1 << 20], 1 << 20);
        prop_assert_eq!(&tell(&document, &[1, 5, 2], 3), &whole);
        let mut scanner = Scanner::new(document.as_slice(), Unwatched).unwrap();
        let skipped = scanner.skip_value();
        if serde_json::from_slice::<IgnoredAny>(&document).is_ok() {
            prop_assert!(skipped.is_ok());
            prop_assert_eq!(scanner.offset(), document.len() as u64);
        }
    }
}

#[test]
fn lines_are_counted_near_the_start_and_not_behind_a_mark() {
    let mut scanner = Scanner::with_capacity(4, &b"\xef\xbb\xbf1\n\n 23"[..], Unwatched).unwrap();
    let place = |scanner: &mut Scanner<_, _>| {
        let place = scanner.place();
        (place.offset, place.line, place.line_column)
    };
    assert_eq!(place(&mut scanner), (3, Some(1), Some(1)));
    scanner.skip_value().unwrap();
    scanner.peek().unwrap();
    assert_eq!(place(&mut scanner), (7, Some(3), Some(2)));
    let far = [b"\"".as_slice(), &vec![b'\n'; 16 << 20], b"\" 1"].concat();
    let mut scanner = Scanner::new(far.as_slice(), Unwatched).unwrap();
    scanner.skip_value().unwrap();
    assert_eq!(place(&mut scanner), (far.len() as u64 - 2, None, None));
}

#[test]
fn what_is_kept_has_a_bound_in_and_beyond_the_buffer() {
    let document = format!("[\"{}\"]", "x".repeat(100));
    for capacity in [7, 64, 1000] {
        let scanner = || {
            let mut scanner =
                Scanner::with_capacity(capacity, document.as_bytes(), Unwatched).unwrap();
            scanner.expect(b'[').unwrap();
            scanner
        };
        assert!(scanner().cut(102).is_ok(), "{capacity}");
        let error = scanner().cut(101).unwrap_err();
        assert!(
            matches!(error, AnonymizeError::Dump { defect: Defect::TooLong, .. }),
            "{capacity}"
        );
    }
}

#[test]
fn texts_are_decoded_or_named_broken() {
    let cases: [(&[u8], Decoded); 7] = [
        (br#""""#, Ok(String::new())),
        (br#""us\u0065r\n""#, Ok("user\n".into())),
        ("\"界\"".as_bytes(), Ok("界".into())),
        (br#""\ud800""#, Err(Defect::Encoding)),
        (b"\"\xff\"", Err(Defect::Syntax)),
        (b"\"\n\"", Err(Defect::Syntax)),
        (br#""0123456789abc""#, Err(Defect::TooLong)),
    ];
    for (raw, expected) in cases {
        for capacity in [1, 3, 100] {
            let raw = [raw, b":7"].concat();
            let mut scanner = Scanner::with_capacity(capacity, &raw[..], Unwatched).unwrap();
            assert_eq!(scanner.name(12).unwrap(), expected);
            assert_eq!(scanner.peek().unwrap(), Some(b'7'));
        }
    }
}
