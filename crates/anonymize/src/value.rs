//! One value of a dump, with the wrappings of its encoding taken off.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Defect;

/// How many wrappings a value may have; more is not an encoding but an attack.
const MAX_WRAPS: usize = 8;

/// A value as the rules see it. Numbers keep their digits as they were written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plain<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    /// The raw JSON of an array.
    Array(&'a str),
    /// The raw JSON of an object.
    Object(&'a str),
}

impl<'a> Plain<'a> {
    /// Reads a value whose syntax is known to be right, and takes off what only encodes it:
    /// `{"some":x}`, `{"none":[]}` and `{"__timestamp_micros_since_unix_epoch__":x}` and its like.
    pub(crate) fn read(mut raw: &'a str) -> Result<Self, Defect> {
        for _ in 0..MAX_WRAPS {
            raw = raw.trim_ascii();
            if !raw.starts_with('{') {
                return Self::unwrapped(raw);
            }
            match Single::read(raw)? {
                Some(Single { key, .. }) if key == "none" => return Ok(Self::Null),
                Some(Single { key, value }) if is_wrapping(&key) => raw = value,
                _ => return Ok(Self::Object(raw)),
            }
        }
        Err(Defect::TooDeep)
    }

    /// Like [`read`](Self::read), and `{"Published":{}}`, a choice without content, is its name.
    pub(crate) fn read_scalar(raw: &'a str) -> Result<Self, Defect> {
        let plain = Self::read(raw)?;
        if let Self::Object(raw) = plain
            && let Some(Single { key, value }) = Single::read(raw)?
            && is_empty(value)
        {
            return Ok(Self::Text(key));
        }
        Ok(plain)
    }

    fn unwrapped(raw: &'a str) -> Result<Self, Defect> {
        Ok(match raw.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text(text(raw)?),
            Some(b'[') => Self::Array(raw),
            _ => Self::Number(raw),
        })
    }

    /// What an identifier is hashed as: `7` and `"7"` are the same id. `None` for no id at all.
    pub(crate) fn id(&self) -> Result<Option<&str>, Defect> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text.as_ref()).filter(|text| !text.is_empty())),
            Self::Number(digits) if is_integer(digits) => Ok(Some(digits)),
            _ => Err(Defect::NotId),
        }
    }

    /// The digits of a whole number, also of one that is written as text.
    pub(crate) fn integer(&self) -> Result<Option<&str>, Defect> {
        match self {
            Self::Null => Ok(None),
            Self::Number(digits) if is_integer(digits) => Ok(Some(digits)),
            Self::Text(digits) if is_integer(digits) => Ok(Some(digits)),
            _ => Err(Defect::NotInteger),
        }
    }
}

/// Whether these are the digits of a whole number that JSON allows and that other readers take.
pub(crate) fn is_integer(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let leads = unsigned.len() == 1 || !unsigned.starts_with('0');
    leads && (1..=100).contains(&unsigned.len()) && unsigned.bytes().all(|b| b.is_ascii_digit())
}

fn is_wrapping(key: &str) -> bool {
    key == "some" || (key.len() > 4 && key.starts_with("__") && key.ends_with("__"))
}

fn is_empty(raw: &str) -> bool {
    let inner = |open, close| raw.trim_ascii().strip_prefix(open)?.strip_suffix(close);
    inner('[', ']')
        .or_else(|| inner('{', '}'))
        .is_some_and(|inner: &str| inner.trim_ascii().is_empty())
}

/// Decodes a JSON text. A lone surrogate is the one thing that correct syntax can still hide.
fn text(raw: &str) -> Result<Cow<'_, str>, Defect> {
    serde_json::from_str(raw).map(|Key(text)| text).map_err(|_| Defect::Encoding)
}

/// A text that is borrowed where it has no escapes, which a plain `Cow` never is.
#[derive(Deserialize)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The one entry of an object that has one.
struct Single<'a> {
    key: Cow<'a, str>,
    value: &'a str,
}

impl<'a> Single<'a> {
    fn read(raw: &'a str) -> Result<Option<Self>, Defect> {
        let mut entries = Vec::new();
        let more = read_entries(raw, |key, value| {
            entries.push(Self { key, value });
            if entries.len() > 1 { Err(Defect::NotScalar) } else { Ok(()) }
        });
        match more {
            Err(Defect::NotScalar) => Ok(None),
            Err(defect) => Err(defect),
            Ok(()) => Ok(entries.pop()),
        }
    }
}

/// Hands each entry of an object to `entry`, up to the first that it refuses.
pub(crate) fn read_entries<'a>(
    raw: &'a str,
    entry: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Defect>,
) -> Result<(), Defect> {
    let mut refused = None;
    let visitor = Entries { entry, refused: &mut refused };
    let result = serde_json::Deserializer::from_str(raw).deserialize_map(visitor);
    match (result, refused) {
        (_, Some(defect)) => Err(defect),
        (Err(_), None) => Err(Defect::Encoding),
        (Ok(()), None) => Ok(()),
    }
}

struct Entries<'r, F> {
    entry: F,
    refused: &'r mut Option<Defect>,
}

impl<'a, F> Visitor<'a> for Entries<'_, F>
where
    F: FnMut(Cow<'a, str>, &'a str) -> Result<(), Defect>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let value: &'a RawValue = map.next_value()?;
            if let Err(defect) = (self.entry)(key, value.get()) {
                *self.refused = Some(defect);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// The elements of a JSON array.
pub(crate) fn elements(raw: &str) -> Result<Vec<&RawValue>, Defect> {
    serde_json::from_str(raw).map_err(|_| Defect::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Plain<'_> {
        Plain::Text(value.into())
    }

    #[test]
    fn every_encoding_gives_the_plain_value() {
        let cases = [
            ("null", Plain::Null),
            (r#"{"none":[]}"#, Plain::Null),
            (r#"{"none":{}}"#, Plain::Null),
            (r#"{"some":{"none":[]}}"#, Plain::Null),
            (r#" { "some" : "a" } "#, text("a")),
            (r#"{"s\u006fme":"\u0061"}"#, text("a")),
            (r#"{"some":{"__timestamp_micros_since_unix_epoch__":17}}"#, Plain::Number("17")),
            (r#"{"__identity__":"0xc2"}"#, text("0xc2")),
            ("340282366920938463463374607431768211455", {
                Plain::Number("340282366920938463463374607431768211455")
            }),
            ("true", Plain::Bool(true)),
            ("[1]", Plain::Array("[1]")),
            ("{}", Plain::Object("{}")),
            (r#"{"some":1,"more":2}"#, Plain::Object(r#"{"some":1,"more":2}"#)),
            (r#"{"a":1}"#, Plain::Object(r#"{"a":1}"#)),
        ];
        for (raw, expected) in cases {
            assert_eq!(Plain::read(raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn a_choice_without_content_is_its_name() {
        assert_eq!(Plain::read_scalar(r#"{"Published":[]}"#), Ok(text("Published")));
        assert_eq!(Plain::read_scalar(r#"{"some":{"Draft":{ }}}"#), Ok(text("Draft")));
        assert!(matches!(Plain::read_scalar(r#"{"Rejected":"why"}"#), Ok(Plain::Object(_))));
    }

    #[test]
    fn endless_wrapping_and_lone_surrogates_are_defects() {
        let wrapped = format!("{}1{}", "{\"some\":".repeat(20), "}".repeat(20));
        assert_eq!(Plain::read(&wrapped), Err(Defect::TooDeep));
        assert_eq!(Plain::read(r#""\ud800""#), Err(Defect::Encoding));
        assert_eq!(Plain::read(r#"{"\ud800":1}"#), Err(Defect::Encoding));
    }

    #[test]
    fn only_whole_numbers_are_whole_numbers() {
        for digits in ["0", "-0", "7", "-12", "123456789012345678901234567890"] {
            assert!(is_integer(digits), "{digits}");
        }
        for digits in ["", "-", "01", "-01", "1.0", "1e3", "+1", " 1", "١", &"9".repeat(101)] {
            assert!(!is_integer(digits), "{digits}");
        }
    }
}
