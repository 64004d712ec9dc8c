use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

/// Builds a value tree, so that every text is decoded and every part is looked at.
fn tree(raw: Raw<'_>) -> Result<Value> {
    let (Raw::Array(text) | Raw::Object(text)) = raw else {
        return Ok(match raw {
            Raw::Null => Value::Null,
            Raw::Bool(value) => value.into(),
            Raw::Text(text) => text.decode()?.into_owned().into(),
            _ => unreachable!("numbers are compared by their digits"),
        });
    };
    let mut reader = Reader::new(text);
    let mut first = true;
    if matches!(raw, Raw::Array(_)) {
        reader.pass(b'[')?;
        let mut parts = Vec::new();
        while reader.next_element(&mut first)? {
            parts.push(any(reader.value()?)?);
        }
        return reader.end().map(|()| parts.into());
    }
    reader.pass(b'{')?;
    let mut parts = serde_json::Map::new();
    while let Some(key) = reader.next_key(&mut first)? {
        let key = key.decode()?.into_owned();
        parts.insert(key, any(reader.value()?)?);
    }
    reader.end().map(|()| parts.into())
}

/// Numbers become texts with a mark, because a value tree would round them.
fn any(raw: Raw<'_>) -> Result<Value> {
    match raw {
        Raw::Number(digits) => Ok(format!("number {digits}").into()),
        raw => tree(raw),
    }
}

fn ours(text: &str) -> Result<Value> {
    let mut marks = Marks::default();
    marks.find(text);
    let whole = |mut reader: Reader<'_>| {
        let raw = reader.value()?;
        reader.end()?;
        any(raw)
    };
    let (found, searched) = (whole(Reader::with_marks(text, &marks)), whole(Reader::new(text)));
    assert_eq!(found, searched, "{text}");
    found
}

/// Every entry of an object, also those whose key comes again.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'a> serde::Deserialize<'a> for Entries<'a> {
    fn deserialize<D: serde::Deserializer<'a>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Visitor;

        impl<'a> serde::de::Visitor<'a> for Visitor {
            type Value = Entries<'a>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'a>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

fn theirs(text: &str) -> std::result::Result<Value, serde_json::Error> {
    let raw: &RawValue = serde_json::from_str(text)?;
    let text = raw.get().trim();
    Ok(match text.as_bytes()[0] {
        b'[' => {
            let parts: Vec<&RawValue> = serde_json::from_str(text)?;
            parts
                .into_iter()
                .map(|part| theirs(part.get()))
                .collect::<std::result::Result<_, _>>()?
        }
        b'{' => {
            let Entries(parts) = serde_json::from_str(text)?;
            let part = |(key, part): (String, &RawValue)| Ok((key, theirs(part.get())?));
            let parts: std::result::Result<serde_json::Map<_, _>, serde_json::Error> =
                parts.into_iter().map(part).collect();
            parts?.into()
        }
        b'"' | b'n' | b't' | b'f' => serde_json::from_str(text)?,
        _ => format!("number {text}").into(),
    })
}

fn check(text: &str) {
    match (ours(text), theirs(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{text}: {ours:?} but {theirs:?}"),
    }
}

const ROW: &str = r#"{"profile_id":{"some":"p-1"},"n":[0,-1.5e+3,123456789012345678901234567890],
 "t\u0069tle":"雨巷\"\\\/\b\f\n\r\t\ud83d\ude00\u4e2d","a":[],"o":{ },"b":[true,false,null,[[{"x":[]}]]]}"#;

#[test]
fn a_row_reads_as_it_does_elsewhere() {
    check(ROW);
    assert!(ours(ROW).is_ok());
}

#[test]
fn every_cut_and_every_changed_byte_is_judged_as_elsewhere() {
    for end in (0..ROW.len()).filter(|end| ROW.is_char_boundary(*end)) {
        check(&ROW[..end]);
    }
    for at in (0..ROW.len()).filter(|at| ROW.as_bytes()[*at].is_ascii()) {
        for byte in [b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b'0', b'-', b'u', b'\n', 1] {
            let mut bytes = ROW.as_bytes().to_vec();
            bytes[at] = byte;
            check(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "truex",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "[}",
        "{]",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\u{1}\"",
        "\"a\nb\"",
        "\"",
        "\"\\\"",
        "1 1",
        "[] []",
        "\u{0}",
    ] {
        assert!(ours(text).is_err(), "{text}");
        check(text);
    }
}

#[test]
fn surrogates_are_refused_where_they_are_decoded_and_nowhere_else() {
    for text in
        [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800\ud800""#, r#""\ud800x""#]
    {
        let mut reader = Reader::new(text);
        let Ok(Raw::Text(value)) = reader.value() else { panic!("{text} is JSON") };
        assert_eq!(value.decode(), Err(Defect::Encoding));
        assert_eq!(value.decode_in(&mut Vec::new()), Err(Defect::Encoding));
    }
}

#[test]
fn depth_has_a_limit_and_no_stack() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Reader::new(&deep(MAX_DEPTH)).value().is_ok());
    assert_eq!(Reader::new(&deep(MAX_DEPTH + 1)).value(), Err(Defect::TooDeep));
    assert_eq!(Reader::new(&"[{\"a\":".repeat(100_000)).value(), Err(Defect::TooDeep));
}

#[test]
fn quotes_are_found_at_every_place_of_a_block() {
    let mut marks = Marks::default();
    for length in 0..200 {
        for mark in ['"', '\\'] {
            let text = format!("{}{mark}{}", "#".repeat(length), "\"#".repeat(9));
            marks.find(&text);
            assert_eq!(Reader::with_marks(&text, &marks).mark(), Ok(length));
            assert_eq!(Reader::new(&text).mark(), Ok(length));
            marks.find(&text[..length]);
            assert_eq!(Reader::with_marks(&text[..length], &marks).mark(), Err(Defect::Syntax));
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let text = ".{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?";
    let leaf =
        prop_oneof![text.clone(), number, "true|false|null", "\"(\\\\u[0-9a-fA-F]{4}){1,3}\""];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let entry =
            (text.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|parts| format!("[{}]", parts.join(", "))),
            prop::collection::vec(entry, 0..6)
                .prop_map(|parts| format!("{{\n{}}}", parts.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn values_are_those_of_another_reader(text in json()) {
        check(&text);
    }

    #[test]
    fn changed_values_are_judged_as_by_another_reader(
        text in json(), at: prop::sample::Index, with in "[\\[\\]{}\",:\\\\ 0-9a-u\n\u{1}中-]{0,3}", cut in 0..3_usize
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let end = (at + cut).min(characters.len());
        characters.splice(at..end, with.chars());
        check(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn any_text_at_all_is_judged_as_by_another_reader(text in ".{0,30}") {
        check(&text);
    }
}
