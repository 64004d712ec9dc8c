//! One value of a dump, with the wrappings of its encoding taken off.

use std::borrow::Cow;

use crate::Defect;
use crate::identity::{self, canonical};
use crate::layout::Kind;
use crate::number;
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
#[repr(usize)]
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

/// A plain value, and what its wrapping says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) plain: Plain<'a>,
    mark: Mark,
}

/// What the wrapping of a value says that matters beyond the layers themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Mark {
    Nothing,
    Identity,
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

/// The layers of a value, the innermost first, where somebody wants to know them.
pub(crate) type Layers<'l, 'a> = Option<&'l mut Vec<Wrap<'a>>>;

impl<'a> Value<'a> {
    /// Reads the value of a column. `kind` is its type, where the dump says it.
    #[inline]
    pub(crate) fn read(
        reader: &mut Reader<'a>,
        want: Want,
        kind: Option<&'a Kind>,
        layers: Layers<'_, 'a>,
    ) -> Result<Self> {
        match reader.peek() {
            b'{' if kind.is_none() && layers.is_none() => match Self::read_common(reader) {
                Some(value) => Ok(value),
                None => Layer { want, depth: 0, layers }.read(reader, kind),
            },
            b'[' | b'{' => Layer { want, depth: 0, layers }.read(reader, kind),
            _ => reader.value().map(|raw| Self::plain(plain(raw))),
        }
    }

    /// The most frequent encodings, as they are most often written: options and moments. Where
    /// anything is different, nothing is passed, and the value is to be read with all care.
    fn read_common(reader: &mut Reader<'a>) -> Option<Self> {
        let start = *reader;
        if reader.pass_bytes(b"{\"none\":[]}") {
            return Some(Self::plain(Plain::Null));
        }
        let some = reader.pass_bytes(b"{\"some\":");
        let moment = reader.pass_bytes(b"{\"__timestamp_micros_since_unix_epoch__\":");
        let value = if matches!(reader.peek(), b'[' | b'{') { None } else { reader.value().ok() };
        if let Some(value) = value
            && (!moment || reader.pass_bytes(b"}"))
            && (!some || reader.pass_bytes(b"}"))
        {
            return Some(Self::plain(plain(value)));
        }
        *reader = start;
        None
    }

    /// Reads a value inside JSON, where an array is always an array.
    pub(crate) fn of_part(raw: Raw<'a>, want: Want) -> Result<Self> {
        match raw {
            // Inside an object that wraps one, it is read as in a column.
            Raw::Object(raw) => Self::read(&mut Reader::new(raw), want, None, None),
            raw => Ok(Self::plain(plain(raw))),
        }
    }

    fn marked(self, identity: bool) -> Self {
        if identity { Self { mark: Mark::Identity, ..self } } else { self }
    }

    fn plain(plain: Plain<'a>) -> Self {
        Self { plain, mark: Mark::Nothing }
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
        let from_decimal =
            if self.mark == Mark::Identity { identity::from_decimal(&text) } else { None };
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

/// Takes off one layer after the other, as long as each turns out to be one.
struct Layer<'l, 'a> {
    want: Want,
    depth: usize,
    layers: Layers<'l, 'a>,
}

impl<'a> Layer<'_, 'a> {
    #[inline]
    fn read(&mut self, reader: &mut Reader<'a>, kind: Option<&'a Kind>) -> Result<Value<'a>> {
        let start = *reader;
        let known = self.layers.as_ref().map_or(0, |layers| layers.len());
        let unwrapped = match (reader.peek(), kind) {
            (_, Some(Kind::Plain)) => None,
            (b'{', _) => self.object(reader)?,
            (b'[', Some(kind)) => Some(self.typed(reader, kind)?),
            (b'[', None) => self.untyped(reader)?,
            _ => None,
        };
        match unwrapped {
            Some(value) => Ok(value),
            None => {
                *reader = start;
                self.layers.iter_mut().for_each(|layers| layers.truncate(known));
                reader.value().map(|raw| Value::plain(plain(raw)))
            }
        }
    }

    /// What is inside a layer.
    fn inner(&mut self, reader: &mut Reader<'a>, kind: Option<&'a Kind>) -> Result<Value<'a>> {
        if self.depth == MAX_WRAPS {
            return Err(Defect::TooDeep);
        }
        self.depth += 1;
        self.read(reader, kind)
    }

    fn took(&mut self, wrap: Wrap<'a>, value: Value<'a>) -> Value<'a> {
        if let Some(layers) = &mut self.layers {
            layers.push(wrap);
        }
        value
    }

    fn last(&mut self, wrap: Wrap<'a>, plain: Plain<'a>) -> Value<'a> {
        self.took(wrap, Value::plain(plain))
    }

    /// An array whose type the dump says.
    #[inline(never)]
    fn typed(&mut self, reader: &mut Reader<'a>, kind: &'a Kind) -> Result<Value<'a>> {
        reader.pass(b'[')?;
        if let Kind::Marked(mark, kind) = kind {
            let value = self.inner(reader, Some(kind))?;
            reader.pass(b']').map_err(|_| Defect::OtherKind)?;
            return Ok(self.took(Wrap::One, value.marked(mark == IDENTITY)));
        }
        let Ok(Raw::Number(index)) = reader.value() else { return Err(Defect::OtherKind) };
        reader.pass(b',').map_err(|_| Defect::OtherKind)?;
        let value = match (kind, index) {
            (Kind::Option(kind), "0") => {
                let value = self.inner(reader, Some(kind))?;
                self.took(Wrap::SomeIndex, value)
            }
            (Kind::Option(_), "1") => match reader.value()? {
                none if is_empty(none) => {
                    self.last(Wrap::NoneIndex { content: Content::of(none) }, Plain::Null)
                }
                _ => return Err(Defect::OtherKind),
            },
            (Kind::Sum(variants), _) => {
                let index: usize = index.parse().map_err(|_| Defect::OtherKind)?;
                let (name, _) = variants.get(index).ok_or(Defect::OtherKind)?;
                let raw = reader.value()?;
                let wrap = Wrap::VariantIndex { index, content: Content::of(raw) };
                self.last(wrap, choice(Text::plain(name), raw))
            }
            _ => return Err(Defect::OtherKind),
        };
        reader.pass(b']').map_err(|_| Defect::OtherKind)?;
        Ok(value)
    }

    /// An array of a column without a type: the rule decides what it can be.
    #[inline(never)]
    fn untyped(&mut self, reader: &mut Reader<'a>) -> Result<Option<Value<'a>>> {
        let Raw::Array(array) = reader.value()? else { return Ok(None) };
        let (wrap, inner) = match (first_parts(array)?, self.want) {
            ([Some(Raw::Number("0")), Some(text @ Raw::Text(_)), None], Want::Json) => {
                (Wrap::SomeIndex, text)
            }
            ([Some(Raw::Number("1")), Some(none), None], Want::Json | Want::Scalar)
                if is_empty(none) =>
            {
                let wrap = Wrap::NoneIndex { content: Content::of(none) };
                return Ok(Some(self.last(wrap, Plain::Null)));
            }
            ([Some(one), None, None], Want::Scalar | Want::Choice) => (Wrap::One, one),
            ([Some(Raw::Number("0")), Some(some), None], Want::Scalar) => (Wrap::SomeIndex, some),
            ([Some(Raw::Number("0")), Some(some), None], Want::Choice) if !is_empty(some) => {
                (Wrap::SomeIndex, some)
            }
            // Nothing, or the variant of that number? The dump does not say.
            ([Some(Raw::Number(_)), Some(_), None], Want::Choice) => {
                return Ok(Some(Value::plain(Plain::Unnamed)));
            }
            _ => return Ok(Some(Value::plain(Plain::Array(array)))),
        };
        let value = match inner {
            Raw::Array(inner) | Raw::Object(inner) => self.inner(&mut Reader::new(inner), None)?,
            inner => Value::plain(plain(inner)),
        };
        Ok(Some(self.took(wrap, value)))
    }

    /// An object, which may be a layer by its keys.
    fn object(&mut self, reader: &mut Reader<'a>) -> Result<Option<Value<'a>>> {
        let start = *reader;
        reader.pass(b'{')?;
        let mut first = true;
        let Some(key) = reader.next_key(&mut first)? else { return Ok(None) };
        let name = key.decode()?;
        let value = match &*name {
            "some" => {
                let value = self.inner(reader, None)?;
                (Wrap::Some, value)
            }
            "none" => {
                let wrap = Wrap::None { content: Content::of(reader.value()?) };
                (wrap, Value::plain(Plain::Null))
            }
            name if is_mark(name) => {
                let value = self.inner(reader, None)?;
                (Wrap::Mark(key), value.marked(name == IDENTITY))
            }
            "tag" | "value" | "__pear" | "v" => {
                *reader = start;
                return self.pair(reader);
            }
            _ if self.want == Want::Json => return Ok(None),
            _ => {
                let raw = reader.value()?;
                if self.want == Want::Scalar && !is_empty(raw) {
                    return Ok(None);
                }
                (Wrap::Variant { content: Content::of(raw) }, Value::plain(choice(key, raw)))
            }
        };
        if reader.peek() != b'}' {
            return Ok(None);
        }
        reader.pass(b'}')?;
        Ok(Some(self.took(value.0, value.1)))
    }

    /// `{"tag":…,"value":…}` or `{"__pear":…,"v":…}`, in either order.
    #[inline(never)]
    fn pair(&mut self, reader: &mut Reader<'a>) -> Result<Option<Value<'a>>> {
        reader.pass(b'{')?;
        let mut entries = [None; 3];
        let mut first = true;
        for entry in &mut entries {
            let Some(key) = reader.next_key(&mut first)? else { break };
            *entry = Some((key, reader.value()?));
        }
        let [Some(one), Some(other), None] = entries else { return Ok(None) };
        let (one, other) =
            if matches!(one.0.raw(), "value" | "v") { (other, one) } else { (one, other) };
        let Raw::Text(name) = one.1 else { return Ok(None) };
        if one.0.says("tag") && other.0.says("value") && self.want != Want::Json {
            let wrap = Wrap::Tag { content: Content::of(other.1) };
            return Ok(Some(self.last(wrap, choice(name, other.1))));
        }
        if !(one.0.says("__pear") && other.0.says("v")) {
            return Ok(None);
        }
        let value = Value::plain(plain(other.1)).marked(name.says("identity"));
        Ok(Some(self.took(Wrap::Pear(name), value)))
    }
}

/// The first parts of an array; the third says only that there are more than two.
fn first_parts(array: &str) -> Result<[Option<Raw<'_>>; 3]> {
    let mut reader = Reader::new(array);
    reader.pass(b'[')?;
    let (mut parts, mut first) = ([None; 3], true);
    for part in &mut parts {
        if !reader.next_element(&mut first)? {
            break;
        }
        *part = Some(reader.value()?);
    }
    Ok(parts)
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

/// Whether these are the digits of a whole number that JSON allows and that other readers take.
pub(crate) fn is_integer(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let leads = unsigned.len() == 1 || !unsigned.starts_with('0');
    leads && (1..=100).contains(&unsigned.len()) && number::is_digits(unsigned.as_bytes())
}

#[cfg(test)]
mod tests;
