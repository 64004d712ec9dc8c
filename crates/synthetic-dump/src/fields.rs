//! The ways in which a dump writes one value.

use serde_json::{Value, json};

use crate::source::Source;

const EPOCH_MICROS: u64 = 1_767_225_600_000_000;
const YEAR_MICROS: u64 = 31_536_000_000_000;

/// A moment of 2026, in microseconds since the Unix epoch.
pub(crate) fn micros(source: &mut Source<'_>) -> u64 {
    EPOCH_MICROS + source.below(YEAR_MICROS)
}

pub(crate) fn timestamp(micros: u64) -> Value {
    json!({ "__timestamp_micros_since_unix_epoch__": micros })
}

pub(crate) fn some(value: impl Into<Value>) -> Value {
    json!({ "some": value.into() })
}

pub(crate) fn none() -> Value {
    json!({ "none": [] })
}

pub(crate) fn option(value: Option<Value>) -> Value {
    value.map_or_else(none, some)
}

/// JSON inside a JSON string, as the `*_json` columns hold it.
pub(crate) fn nested(value: &Value) -> Value {
    Value::String(value.to_string())
}

/// An asset's path, now and then as a whole URL with the owner in its query.
pub(crate) fn asset_path(
    source: &mut Source<'_>,
    folder: &str,
    asset: &str,
    owner: &str,
) -> String {
    let path = format!("/{folder}/{asset}/cover.webp");
    if source.chance(80) {
        return path;
    }
    let canary = source.canary("query");
    format!("https://assets.genarrative.example{path}?owner={owner}&token={canary}")
}
