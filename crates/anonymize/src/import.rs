//! A sanitized row in the dump's own shape and encoding, so that it can be imported like the dump.

use std::ops::Range;

use crate::Defect;
use crate::json;
use crate::policy::Table;
use crate::read::{Reader, Result};
use crate::rows::CleanRows;
use crate::shape::{Cell, Found};
use crate::value::{Content, Plain, Value, Want, Wrap};

/// The marks that SpacetimeDB knows. Another is not repeated: it could be made of data.
pub(crate) const MARKS: [&str; 5] = [
    "__connection_id__",
    "__identity__",
    "__time_duration_micros__",
    "__timestamp_micros_since_unix_epoch__",
    "__uuid__",
];

/// The tags of `pear` snapshots.
pub(crate) const PEARS: [&str; 4] = ["bigint", "bytes", "identity", "timestamp"];

/// Appends the row whose sanitized values stand at `places` in the JSON written last. On a defect,
/// says in which column.
pub(crate) fn append(
    table: &Table,
    found: &Found<'_>,
    places: &[Range<usize>],
    out: &mut CleanRows,
) -> std::result::Result<(), (usize, Defect)> {
    let CleanRows { json, import, .. } = out;
    let named = found.order.first().is_none_or(|(name, _)| name.is_some());
    import.push(if named { b'{' } else { b'[' });
    let start = import.len();
    for (name, index) in &found.order {
        let (column, Some(cell)) = (&table.columns[*index], &found.cells[*index]) else { continue };
        if !column.rule.is_written() {
            continue;
        }
        if import.len() > start {
            import.push(b',');
        }
        let clean = &json[places[*index].clone()];
        let written = name.map_or(Ok(()), |name| {
            // Only the policy's names and their camel case lead to a column.
            json::text(&name.decode()?, import);
            import.push(b':');
            Ok(())
        });
        let written = written.and_then(|()| value(cell, column.rule.want(), clean, import));
        written.map_err(|defect| (*index, defect))?;
    }
    import.push(if named { b'}' } else { b']' });
    Ok(())
}

/// Puts every layer of the original's encoding around the sanitized value again.
fn value(cell: &Cell<'_>, want: Want, clean: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut layers = Vec::new();
    let value = Value::read(&mut Reader::new(cell.raw), want, cell.kind, Some(&mut layers))?;
    layers.reverse();
    let is_nothing = clean == b"null";
    if is_nothing && value.plain != Plain::Null {
        // What became null is nothing, where the column may hold nothing.
        let option = layers.iter().rposition(|layer| matches!(layer, Wrap::Some | Wrap::SomeIndex));
        layers.truncate(option.map_or(0, |option| option + 1));
        if let Some(last) = layers.last_mut() {
            *last = nothing(*last);
        }
    }
    let mut ends = Vec::new();
    for layer in &layers {
        open(layer, clean, out, &mut ends)?;
    }
    let is_digits = !matches!(clean.first(), None | Some(b'"' | b'n' | b't' | b'f' | b'[' | b'{'));
    match layers.last() {
        Some(layer) if is_whole(layer) => {}
        _ if is_digits && matches!(value.plain, Plain::Text(_)) => {
            out.push(b'"');
            out.extend_from_slice(clean);
            out.push(b'"');
        }
        _ => out.extend_from_slice(clean),
    }
    for end in ends.iter().rev() {
        out.extend_from_slice(end);
    }
    Ok(())
}

fn nothing<'a>(layer: Wrap<'a>) -> Wrap<'a> {
    match layer {
        Wrap::Some => Wrap::None { content: Content::Array },
        _ => Wrap::NoneIndex { content: Content::Array },
    }
}

/// Whether the layer stands for the whole value, so that nothing is inside it.
fn is_whole(layer: &Wrap<'_>) -> bool {
    !matches!(layer, Wrap::Some | Wrap::SomeIndex | Wrap::One | Wrap::Mark(_) | Wrap::Pear(_))
}

/// Appends what stands before the value, and notes what stands after it.
fn open(
    layer: &Wrap<'_>,
    clean: &[u8],
    out: &mut Vec<u8>,
    ends: &mut Vec<&'static [u8]>,
) -> Result<()> {
    let known =
        |names: &[&'static str], name: &str| names.iter().find(|known| **known == name).copied();
    let mut put = |parts: &[&[u8]], end| {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        ends.push(end);
    };
    match layer {
        Wrap::Some => put(&[b"{\"some\":"], b"}"),
        Wrap::SomeIndex => put(&[b"[0,"], b"]"),
        Wrap::One => put(&[b"["], b"]"),
        Wrap::Mark(mark) => {
            if let Some(mark) = known(&MARKS, &mark.decode()?) {
                put(&[b"{\"", mark.as_bytes(), b"\":"], b"}");
            }
        }
        Wrap::Pear(pear) => {
            if let Some(pear) = known(&PEARS, &pear.decode()?) {
                put(&[b"{\"__pear\":\"", pear.as_bytes(), b"\",\"v\":"], b"}");
            }
        }
        Wrap::None { content } => put(&[b"{\"none\":", content.empty()], b"}"),
        Wrap::NoneIndex { content } => put(&[b"[1,", content.empty()], b"]"),
        Wrap::Variant { content } => put(&[b"{", clean, b":", content.empty()], b"}"),
        Wrap::Tag { content } => {
            put(&[b"{\"tag\":", clean, b",\"value\":", content.empty()], b"}");
        }
        Wrap::VariantIndex { index, content } => {
            put(&[b"[", index.to_string().as_bytes(), b",", content.empty()], b"]");
        }
    }
    Ok(())
}
