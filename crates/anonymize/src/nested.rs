//! JSON columns: rules for the values and keys inside.

use crate::Defect;
use crate::cell::Cells;
use crate::json;
use crate::policy::{Key, Keys, Nested, Rule};
use crate::read::{Raw, Reader, Result, Text};
use crate::value::{Plain, Value, is_mark};

/// How deep the arrays and objects inside a JSON column may lie.
const MAX_DEPTH: usize = 64;

/// A JSON value, plain or inside a text, written the way it was found.
pub(crate) fn json(
    cells: &mut Cells<'_, '_>,
    rules: &Nested,
    value: &Value<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    match value.plain {
        Plain::Null => json::null(out),
        Plain::Text(text) if text.is_empty() => json::text("", out),
        Plain::Text(text) => {
            let mut inner = cells.scratch.bytes();
            let written =
                cells.decoded(text, |cells, text| in_text(cells, rules, text, depth, &mut inner));
            if written.is_ok() {
                out.push(b'"');
                json::escape(&inner, out);
                out.push(b'"');
            }
            cells.scratch.keep_bytes(inner);
            return written;
        }
        Plain::Array(raw) | Plain::Object(raw) => {
            part(cells, rules, &mut Reader::new(raw), depth + 1, out)?;
        }
        _ => return Err(Defect::NestedJson),
    }
    Ok(())
}

/// JSON that stands in a text has not been looked at before.
fn in_text(
    cells: &mut Cells<'_, '_>,
    rules: &Nested,
    text: &str,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let marks = cells.scratch.marks(text);
    let mut reader = Reader::with_marks(text, &marks);
    let written = part(cells, rules, &mut reader, depth + 1, out).and_then(|()| reader.end());
    cells.scratch.keep_marks(marks);
    written.map_err(|defect| if defect == Defect::Syntax { Defect::NestedJson } else { defect })
}

/// One value inside JSON. What fits no rule becomes null and is counted, never by its name: a key
/// inside JSON can itself be data.
fn part(
    cells: &mut Cells<'_, '_>,
    rules: &Nested,
    reader: &mut Reader<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Defect::TooDeep);
    }
    match (rules, reader.peek()) {
        (_, b'[') => array(reader, out, |reader, out| part(cells, rules, reader, depth + 1, out)),
        (Nested::Keys(keys), b'{') => object(cells, rules, keys, reader, depth, out),
        (Nested::Keys(_), _) => {
            match reader.value()? {
                Raw::Null => json::null(out),
                _ => drop_part(cells, out),
            }
            Ok(())
        }
        (Nested::Items(rule), _) => item(cells, rule, reader.value()?, depth, out),
    }
}

fn array<'a>(
    reader: &mut Reader<'a>,
    out: &mut Vec<u8>,
    mut element: impl FnMut(&mut Reader<'a>, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    reader.pass(b'[')?;
    out.push(b'[');
    let mut first = true;
    while {
        let is_first = first;
        let more = reader.next_element(&mut first)?;
        if more && !is_first {
            out.push(b',');
        }
        more
    } {
        element(reader, out)?;
    }
    out.push(b']');
    Ok(())
}

/// One value with a rule of its own.
fn item(
    cells: &mut Cells<'_, '_>,
    rule: &Rule,
    raw: Raw<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    let written = Value::of_part(raw, rule.want()).and_then(|value| match (rule, value.plain) {
        (Rule::Json(rules), _) => json(cells, rules, &value, depth, out),
        // A list of values is as good as one value.
        (_, Plain::Array(raw)) => list(cells, rule, raw, depth, out),
        _ => cells.scalar(rule, &value, out),
    });
    match written {
        Err(defect) if defect.is_unfit() => {
            out.truncate(start);
            drop_part(cells, out);
            Ok(())
        }
        written => written,
    }
}

fn list(
    cells: &mut Cells<'_, '_>,
    rule: &Rule,
    raw: &str,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    if depth >= MAX_DEPTH {
        return Err(Defect::TooDeep);
    }
    array(&mut Reader::new(raw), out, |reader, out| {
        item(cells, rule, reader.value()?, depth + 1, out)
    })
}

fn object(
    cells: &mut Cells<'_, '_>,
    rules: &Nested,
    keys: &Keys,
    reader: &mut Reader<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let (mut few, mut many) = ([None; FEW_KEYS], Vec::new());
    let values = if keys.list.len() <= FEW_KEYS {
        &mut few[..]
    } else {
        many.resize(keys.list.len(), None);
        &mut many
    };
    let unlisted = match listed(keys, reader, values)? {
        Listed::Values(unlisted) => unlisted,
        Listed::Nothing => {
            json::null(out);
            return Ok(());
        }
        Listed::Wrapped(raw) => return wrapped(cells, rules, raw, depth, out),
    };
    cells.tally.column(cells.column).dropped_nested += unlisted;
    out.push(b'{');
    let start = out.len();
    for (key, value) in keys.list.iter().zip(values) {
        let Some(raw) = *value else { continue };
        if key.rule == Rule::Drop {
            cells.tally.drop_key(&key.place);
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        out.extend_from_slice(&key.key);
        item(cells, &key.rule, raw, depth, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// What stood inside a wrapping.
fn wrapped(
    cells: &mut Cells<'_, '_>,
    rules: &Nested,
    raw: Raw<'_>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    match raw {
        Raw::Array(raw) | Raw::Object(raw) => {
            part(cells, rules, &mut Reader::new(raw), depth + 1, out)?;
        }
        Raw::Null => json::null(out),
        _ => drop_part(cells, out),
    }
    Ok(())
}

/// The values of up to this many listed keys are held without asking for memory.
const FEW_KEYS: usize = 16;

enum Listed<'a> {
    /// How many other keys there are.
    Values(u64),
    /// `{"some":x}` and its like.
    Wrapped(Raw<'a>),
    /// `{"none":…}`
    Nothing,
}

/// Reads an object, and sorts out the values of the listed keys.
fn listed<'a>(
    keys: &Keys,
    reader: &mut Reader<'a>,
    values: &mut [Option<Raw<'a>>],
) -> Result<Listed<'a>> {
    let mut unlisted = 0;
    let mut wrapping: Option<(Text<'a>, Raw<'a>)> = None;
    let (mut first, mut count, mut expected) = (true, 0, 0);
    reader.pass(b'{')?;
    loop {
        let is_next = |key: &Key| reader.pass_key(&mut first, &key.key);
        if keys.list.get(expected).is_some_and(is_next) {
            count += 1;
            if values[expected].replace(reader.value()?).is_some() {
                return Err(Defect::Duplicate);
            }
            expected += 1;
            continue;
        }
        let Some(key) = reader.next_key(&mut first)? else { break };
        let name = key.decode()?;
        let value = reader.value()?;
        count += 1;
        match keys.find_near(&name, expected) {
            Some(index) if values[index].replace(value).is_some() => return Err(Defect::Duplicate),
            Some(index) => expected = index + 1,
            None => {
                unlisted += 1;
                wrapping = Some((key, value));
            }
        }
    }
    match wrapping {
        Some((key, value)) if count == 1 => Ok(match &*key.decode()? {
            "none" => Listed::Nothing,
            name if name == "some" || is_mark(name) => Listed::Wrapped(value),
            _ => Listed::Values(unlisted),
        }),
        _ => Ok(Listed::Values(unlisted)),
    }
}

fn drop_part(cells: &mut Cells<'_, '_>, out: &mut Vec<u8>) {
    cells.tally.column(cells.column).dropped_nested += 1;
    json::null(out);
}
