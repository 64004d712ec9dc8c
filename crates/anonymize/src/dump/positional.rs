//! Turns a row that is an array into the object that the rules read.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::layout::{Kind, Slot};
use crate::{Defect, json};

/// Names the elements of a row, and writes what encodes them the way an object would have it.
pub(super) fn to_object(raw: &str, slots: &[Slot]) -> Result<String, Defect> {
    let values: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| Defect::Syntax)?;
    if values.len() != slots.len() {
        return Err(Defect::RowLength);
    }
    let mut object = vec![b'{'];
    for (slot, value) in slots.iter().zip(values).filter(|(slot, _)| !slot.name.is_empty()) {
        if object.len() > 1 {
            object.push(b',');
        }
        json::text(&slot.name, &mut object);
        object.push(b':');
        let kind = slot.kind.as_ref().unwrap_or(&Kind::Plain);
        object.extend_from_slice(plain(value.get(), kind)?.as_bytes());
    }
    object.push(b'}');
    Ok(String::from_utf8(object).expect("it is made of texts"))
}

fn plain<'a>(raw: &'a str, kind: &Kind) -> Result<Cow<'a, str>, Defect> {
    let raw = raw.trim_ascii();
    match kind {
        Kind::Plain => Ok(raw.into()),
        // A writer that takes off what encodes a value does so in every row.
        _ if !raw.starts_with('[') => Ok(raw.into()),
        Kind::Option(some) => match choice(raw)? {
            (0, value) => plain(value, some),
            (1, _) => Ok("null".into()),
            _ => Err(Defect::NotScalar),
        },
        Kind::Sum(variants) => {
            let (tag, value) = choice(raw)?;
            let (name, kind) = variants.get(tag).ok_or(Defect::NotScalar)?;
            Ok(named(name, &plain(value, kind)?).into())
        }
        Kind::Marked(mark, kind) => {
            let elements: [&RawValue; 1] =
                serde_json::from_str(raw).map_err(|_| Defect::NotScalar)?;
            Ok(named(mark, &plain(elements[0].get(), kind)?).into())
        }
    }
}

/// `[n, x]`.
fn choice(raw: &str) -> Result<(usize, &str), Defect> {
    let (tag, value): (usize, &RawValue) =
        serde_json::from_str(raw).map_err(|_| Defect::NotScalar)?;
    Ok((tag, value.get()))
}

fn named(name: &str, value: &str) -> String {
    let mut object = vec![b'{'];
    json::text(name, &mut object);
    object.push(b':');
    object.extend_from_slice(value.as_bytes());
    object.push(b'}');
    String::from_utf8(object).expect("it is made of texts")
}
