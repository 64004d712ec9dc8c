//! How many works a list has.

use probe::{Limits, Probe, Shape};

/// A list that is empty, bare or in its place, with an envelope or without.
const EMPTY: &[u8] = br##"{
  "$defs": {
    "none": {"type": "array", "maxItems": 0},
    "named": {"anyOf": [
      {"required": ["items"], "properties": {"items": {"$ref": "#/$defs/none"}}},
      {"required": ["entries"], "properties": {"entries": {"$ref": "#/$defs/none"}}},
      {"required": ["works"], "properties": {"works": {"$ref": "#/$defs/none"}}}
    ]},
    "list": {"anyOf": [
      {"$ref": "#/$defs/none"},
      {"type": "object", "$ref": "#/$defs/named"}
    ]}
  },
  "anyOf": [
    {"$ref": "#/$defs/list"},
    {"type": "object", "required": ["data"], "properties": {"data": {"$ref": "#/$defs/list"}}}
  ]
}"##;

/// A response without a work is its envelope, which is short. Longer ones are not looked at.
const EMPTY_BYTES_MAX: usize = 4096;

/// Counts the works of lists. It reads a short body a second time, until the probe that judges it
/// tells how many items it has seen: then this whole file goes.
pub(crate) struct ItemCount {
    probe: Probe,
    empty: Option<Shape>,
}

impl ItemCount {
    pub(crate) fn new() -> Self {
        ItemCount { probe: Probe::new(Limits::default()), empty: Shape::from_json(EMPTY).ok() }
    }

    /// The number of works in a body that has the shape of a list. All that is told apart so far is
    /// none and some: 1 stands for one or more.
    pub(crate) fn of_list(&mut self, body: &[u8]) -> Option<usize> {
        let empty = self.empty.as_ref()?;
        let is_empty = body.len() <= EMPTY_BYTES_MAX && self.probe.check(empty, body).is_empty();
        Some(usize::from(!is_empty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_empty_wherever_it_stands() {
        let mut count = ItemCount::new();
        for (body, expected) in [
            (r#"{"data":{"items":[]},"meta":{"requestId":"r"}}"#, 0),
            (r#"{"data":{"entries":[]}}"#, 0),
            (r#"{"data":[]}"#, 0),
            (r#"{"works":[]}"#, 0),
            ("[]", 0),
            (r#"{"data":{"items":[{"profileId":"p"}]}}"#, 1),
            (r#"{"items":[1]}"#, 1),
            ("[1]", 1),
            (r#"{"data":{"more":[]}}"#, 1),
        ] {
            assert_eq!(count.of_list(body.as_bytes()), Some(expected), "{body}");
        }
        let long = format!(r#"{{"items":[],"more":"{}"}}"#, "x".repeat(EMPTY_BYTES_MAX));
        assert_eq!(count.of_list(long.as_bytes()), Some(1));
    }
}
