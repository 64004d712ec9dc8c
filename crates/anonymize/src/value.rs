//! One value of a dump, with the wrappings of its encoding taken off.

use std::borrow::Cow;

use crate::Defect;
use crate::identity::{self, canonical};
use crate::layout::Kind;
use crate::read::{Raw, Reader, Result, Text};

/// How many wrappings a value may have; more is not an encoding but an attack.
const MAX_WRAPS: usize = 8;

/// The mark under which an identity of 256 bits stands.
const IDENTITY: &str = "__identity__";

/// What a rule wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A text, a number, true or false.
    Scalar,
    /// The same, or which of several variants it is.
    Choice,
    /// Anything: arrays and objects stand for themselves.
    Json,
}

/// A value as the rules see it. Numbers keep their digits as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Text<'a>),
    /// The name of a variant that has content, which is left out.
    Choice(Text<'a>),
    /// A variant by its number, in a dump that does not say what its numbers mean.
    Unnamed,
    /// The raw JSON of an array.
    Array(&'a str),
    /// The raw JSON of an object.
    Object(&'a str),
}

/// A plain value, and whether its wrapping says that it is an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) plain: Plain<'a>,
    identity: bool,
}

/// One layer of an encoding, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrap<'a> {
    /// `{"some":x}`
    Some,
    /// `{"none":…}`
    None { content: Content },
    /// `[0,x]`, where that is an option.
    SomeIndex,
    /// `[1,[]]` or `[1,{}]`, where that is an option.
    NoneIndex { content: Content },
    /// `[x]`
    One,
    /// `{"__timestamp_micros_since_unix_epoch__":x}` and its like.
    Mark(Text<'a>),
    /// `{"__pear":"bigint","v":x}`, with its kind.
    Pear(Text<'a>),
    /// `{"Published":…}`
    Variant { content: Content },
    /// `{"tag":"Published","value":…}`
    Tag { content: Content },
    /// `[n,…]`
    VariantIndex { index: usize, content: Content },
}

/// What a variant has beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Array,
    Object,
    Text,
}

impl Content {
    fn of(raw: Raw<'_>) -> Self {
        match raw {
            Raw::Object(_) => Self::Object,
            Raw::Text(_) => Self::Text,
            _ => Self::Array,
        }
    }

    /// The same with nothing in it.
    pub(crate) fn empty(self) -> &'static [u8] {
        match self {
            Self::Array => b"[]",
            Self::Object => b"{}",
            Self::Text => b"\"\"",
        }
    }
}

/// How one layer was taken off.
enum Step<'a> {
    Into(Wrap<'a>, Raw<'a>, Option<&'a Kind>),
    Last(Wrap<'a>, Plain<'a>),
    Plain(Plain<'a>),
}

impl<'a> Value<'a> {
    /// The value of a column. `kind` is its type, where the dump says it.
    pub(crate) fn of_column(raw: Raw<'a>, want: Want, kind: Option<&'a Kind>) -> Result<Self> {
        Self::of_column_with(raw, want, kind, |_| {})
    }

    /// Like [`of_column`](Self::of_column), and tells each layer.
    pub(crate) fn of_column_with(
        mut raw: Raw<'a>,
        want: Want,
        mut kind: Option<&'a Kind>,
        mut layer: impl FnMut(Wrap<'a>),
    ) -> Result<Self> {
        let mut identity = false;
        for _ in 0..=MAX_WRAPS {
            let step = match (raw, kind) {
                (_, Some(Kind::Plain)) => Step::Plain(plain(raw)),
                (Raw::Array(array), Some(kind)) => typed(array, kind)?,
                (Raw::Array(array), None) => untyped(array, want)?,
                (Raw::Object(object), _) => wrapped(object, want)?,
                _ => Step::Plain(plain(raw)),
            };
            match step {
                Step::Into(wrap, inner, inner_kind) => {
                    identity |= is_identity(wrap, kind);
                    layer(wrap);
                    (raw, kind) = (inner, inner_kind);
                }
                Step::Last(wrap, plain) => {
                    layer(wrap);
                    return Ok(Self { plain, identity });
                }
                Step::Plain(plain) => return Ok(Self { plain, identity }),
            }
        }
        Err(Defect::TooDeep)
    }

    /// A value inside JSON, where an array is always an array.
    pub(crate) fn of_part(raw: Raw<'a>, want: Want) -> Result<Self> {
        match raw {
            // Inside an object that wraps one, it is read as in a column.
            Raw::Object(_) => Self::of_column(raw, want, None),
            raw => Ok(Self { plain: plain(raw), identity: false }),
        }
    }

    /// What an identifier is hashed as: `7` and `"7"` are the same id, and so are the spellings of
    /// an identity. `None` for no id at all.
    pub(crate) fn id(&self) -> Result<Option<Cow<'a, str>>> {
        let text = match self.plain {
            Plain::Null => return Ok(None),
            Plain::Text(text) => text.decode()?,
            Plain::Number(digits) if is_integer(digits) => Cow::Borrowed(digits),
            _ => return Err(Defect::NotId),
        };
        if text.is_empty() {
            return Ok(None);
        }
        let from_decimal = if self.identity { identity::from_decimal(&text) } else { None };
        Ok(Some(from_decimal.map_or_else(|| canonical(text), Cow::Owned)))
    }

    /// The digits of a whole number, also of one that is written as text.
    pub(crate) fn integer(&self) -> Result<Option<Cow<'a, str>>> {
        let digits = match self.plain {
            Plain::Null => return Ok(None),
            Plain::Number(digits) => Cow::Borrowed(digits),
            Plain::Text(text) => text.decode()?,
            _ => return Err(Defect::NotInteger),
        };
        if is_integer(&digits) { Ok(Some(digits)) } else { Err(Defect::NotInteger) }
    }

    /// The text, where it is text or nothing.
    pub(crate) fn text(&self) -> Result<Option<Text<'a>>> {
        match self.plain {
            Plain::Null => Ok(None),
            Plain::Text(text) => Ok(Some(text)),
            _ => Err(Defect::NotText),
        }
    }
}

fn plain(raw: Raw<'_>) -> Plain<'_> {
    match raw {
        Raw::Null => Plain::Null,
        Raw::Bool(value) => Plain::Bool(value),
        Raw::Number(digits) => Plain::Number(digits),
        Raw::Text(text) => Plain::Text(text),
        Raw::Array(array) => Plain::Array(array),
        Raw::Object(object) => Plain::Object(object),
    }
}

fn is_identity(wrap: Wrap<'_>, kind: Option<&Kind>) -> bool {
    match wrap {
        Wrap::Mark(mark) => mark.says(IDENTITY),
        Wrap::Pear(pear) => pear.says("identity"),
        Wrap::One => matches!(kind, Some(Kind::Marked(mark, _)) if mark == IDENTITY),
        _ => false,
    }
}

/// An array whose type the dump says.
fn typed<'a>(array: &'a str, kind: &'a Kind) -> Result<Step<'a>> {
    let parts = Few::of_array(array)?;
    Ok(match (kind, parts.0) {
        (Kind::Option(kind), [Some(Raw::Number("0")), Some(some), None]) => {
            Step::Into(Wrap::SomeIndex, some, Some(kind))
        }
        (Kind::Option(_), [Some(Raw::Number("1")), Some(none), None]) if is_empty(none) => {
            Step::Last(Wrap::NoneIndex { content: Content::of(none) }, Plain::Null)
        }
        (Kind::Sum(variants), [Some(Raw::Number(index)), Some(content), None]) => {
            let index: usize = index.parse().map_err(|_| Defect::OtherKind)?;
            let (name, _) = variants.get(index).ok_or(Defect::OtherKind)?;
            let wrap = Wrap::VariantIndex { index, content: Content::of(content) };
            Step::Last(wrap, choice(Text::plain(name), content))
        }
        (Kind::Marked(_, kind), [Some(content), None, None]) => {
            Step::Into(Wrap::One, content, Some(kind))
        }
        _ => return Err(Defect::OtherKind),
    })
}

/// An array of a column without a type: the rule decides what it can be.
fn untyped(array: &str, want: Want) -> Result<Step<'_>> {
    let parts = Few::of_array(array)?;
    Ok(match (parts.0, want) {
        ([Some(Raw::Number("0")), Some(text @ Raw::Text(_)), None], Want::Json) => {
            Step::Into(Wrap::SomeIndex, text, None)
        }
        ([Some(Raw::Number("1")), Some(none), None], Want::Json | Want::Scalar)
            if is_empty(none) =>
        {
            Step::Last(Wrap::NoneIndex { content: Content::of(none) }, Plain::Null)
        }
        ([Some(one), None, None], Want::Scalar | Want::Choice) => Step::Into(Wrap::One, one, None),
        ([Some(Raw::Number("0")), Some(some), None], Want::Scalar) => {
            Step::Into(Wrap::SomeIndex, some, None)
        }
        ([Some(Raw::Number("0")), Some(some), None], Want::Choice) if !is_empty(some) => {
            Step::Into(Wrap::SomeIndex, some, None)
        }
        // Nothing, or the variant of that number? The dump does not say.
        ([Some(Raw::Number(_)), Some(_), None], Want::Choice) => Step::Plain(Plain::Unnamed),
        _ => Step::Plain(Plain::Array(array)),
    })
}

/// An object, which may be a wrapping by its keys.
fn wrapped(object: &str, want: Want) -> Result<Step<'_>> {
    let entries = Few::of_object(object)?;
    let step = match entries.0 {
        [Some((key, value)), None, None] => single(key, value, want)?,
        [Some(one), Some(other), None] if want != Want::Json || is_pear(one.0, other.0) => {
            pair(one, other).or_else(|| pair(other, one))
        }
        _ => None,
    };
    Ok(step.unwrap_or(Step::Plain(Plain::Object(object))))
}

fn single<'a>(key: Text<'a>, value: Raw<'a>, want: Want) -> Result<Option<Step<'a>>> {
    let name = key.decode()?;
    Ok(match &*name {
        "some" => Some(Step::Into(Wrap::Some, value, None)),
        "none" => Some(Step::Last(Wrap::None { content: Content::of(value) }, Plain::Null)),
        name if is_mark(name) => Some(Step::Into(Wrap::Mark(key), value, None)),
        _ if want == Want::Choice || (want == Want::Scalar && is_empty(value)) => {
            Some(Step::Last(Wrap::Variant { content: Content::of(value) }, choice(key, value)))
        }
        _ => None,
    })
}

fn is_pear(one: Text<'_>, other: Text<'_>) -> bool {
    one.says("__pear") || other.says("__pear")
}

fn pair<'a>(one: (Text<'a>, Raw<'a>), other: (Text<'a>, Raw<'a>)) -> Option<Step<'a>> {
    let Raw::Text(name) = one.1 else { return None };
    if one.0.says("tag") && other.0.says("value") {
        let wrap = Wrap::Tag { content: Content::of(other.1) };
        return Some(Step::Last(wrap, choice(name, other.1)));
    }
    let is_pear = one.0.says("__pear") && other.0.says("v");
    is_pear.then_some(Step::Into(Wrap::Pear(name), other.1, None))
}

/// Without content, a variant is as good as its name.
fn choice<'a>(name: Text<'a>, content: Raw<'a>) -> Plain<'a> {
    if is_empty(content) { Plain::Text(name) } else { Plain::Choice(name) }
}

pub(crate) fn is_mark(key: &str) -> bool {
    key.len() > 4 && key.starts_with("__") && key.ends_with("__")
}

fn is_empty(raw: Raw<'_>) -> bool {
    let (Raw::Array(raw) | Raw::Object(raw)) = raw else { return false };
    raw[1..raw.len() - 1].trim_ascii().is_empty()
}

/// The first parts of an array or object; the third says only that there are more than two.
struct Few<T>([Option<T>; 3]);

impl<'a> Few<Raw<'a>> {
    fn of_array(array: &'a str) -> Result<Self> {
        let mut reader = Reader::new(array);
        reader.pass(b'[')?;
        let (mut few, mut first) = ([None; 3], true);
        for part in &mut few {
            if !reader.next_element(&mut first)? {
                break;
            }
            *part = Some(reader.value()?);
        }
        Ok(Self(few))
    }
}

impl<'a> Few<(Text<'a>, Raw<'a>)> {
    fn of_object(object: &'a str) -> Result<Self> {
        let mut reader = Reader::new(object);
        reader.pass(b'{')?;
        let (mut few, mut first) = ([None; 3], true);
        for part in &mut few {
            let Some(key) = reader.next_key(&mut first)? else { break };
            *part = Some((key, reader.value()?));
        }
        Ok(Self(few))
    }
}

/// Whether these are the digits of a whole number that JSON allows and that other readers take.
pub(crate) fn is_integer(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let leads = unsigned.len() == 1 || !unsigned.starts_with('0');
    leads && (1..=100).contains(&unsigned.len()) && unsigned.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
