//! Which columns stand for the elements of rows that are arrays, and how their values are encoded.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Defect;
use crate::layout::{Kind, Layout, Slot};
use crate::policy::Table;

/// The columns of one table as the dump lists them, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(Vec<(String, Option<Kind>)>);

impl Columns {
    /// Columns of which only the names are known.
    pub(super) fn named(names: &[String]) -> Result<Self, Defect> {
        Self(names.iter().map(|name| (name.clone(), None)).collect()).checked()
    }

    /// Reads `["a"]`, `[{"name":"a"}]`, `[{"name":{"some":"a"}}]` or, with types, the schema
    /// `{"elements":[{"name":{"some":"a"},"algebraic_type":…}]}`.
    pub(super) fn read(raw: &[u8]) -> Result<Self, Defect> {
        let value: Value = serde_json::from_slice(raw).map_err(|_| Defect::Columns)?;
        let elements = value.get("elements").or(value.get("columns")).unwrap_or(&value);
        let elements = elements.as_array().ok_or(Defect::Columns)?;
        let columns = elements.iter().map(column).collect::<Option<_>>();
        Self(columns.ok_or(Defect::Columns)?).checked()
    }

    /// A value of a row would be in doubt if two columns had its name.
    fn checked(self) -> Result<Self, Defect> {
        let mut names = BTreeSet::new();
        let mut given = self.0.iter().map(|(name, _)| name).filter(|name| !name.is_empty());
        if given.all(|name| names.insert(name)) { Ok(self) } else { Err(Defect::Duplicate) }
    }

    /// Whether two lists name the same columns.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.0.iter().map(|(name, _)| name).eq(other.0.iter().map(|(name, _)| name))
    }

    pub(super) fn layout(&self, table: &Table) -> Layout {
        let slot = |(name, kind): &(String, Option<Kind>)| Slot {
            name: name.clone(),
            column: table.column(name),
            kind: kind.clone(),
        };
        Layout::Positional(self.0.iter().map(slot).collect())
    }
}

fn column(element: &Value) -> Option<(String, Option<Kind>)> {
    if let Some(name) = element.as_str() {
        return Some((name.to_owned(), None));
    }
    let name = name(element.get("name")?)?;
    Some((name, element.get("algebraic_type").map(kind)))
}

/// A name, which SATS writes as an option; empty where there is none.
fn name(value: &Value) -> Option<String> {
    if let Some(name) = value.as_str().or(value.get("some").and_then(Value::as_str)) {
        return Some(name.to_owned());
    }
    value.get("none").map(|_| String::new())
}

/// What a SATS type says about reading a value. A type that is not known changes nothing.
fn kind(algebraic_type: &Value) -> Kind {
    sum(algebraic_type).or_else(|| marked(algebraic_type)).unwrap_or(Kind::Plain)
}

fn sum(algebraic_type: &Value) -> Option<Kind> {
    let mut variants = members(algebraic_type, "Sum", "variants")?;
    if let [(some, _), (none, _)] = variants.as_slice()
        && some == "some"
        && none == "none"
    {
        return Some(Kind::Option(Box::new(variants.swap_remove(0).1)));
    }
    Some(Kind::Sum(variants))
}

fn marked(algebraic_type: &Value) -> Option<Kind> {
    let mut elements = members(algebraic_type, "Product", "elements")?;
    let (mark, kind) = elements.pop().filter(|_| elements.is_empty())?;
    let is_mark = mark.len() > 4 && mark.starts_with("__") && mark.ends_with("__");
    is_mark.then(|| Kind::Marked(mark, Box::new(kind)))
}

/// Names and types of what a sum or product is made of.
fn members(algebraic_type: &Value, of: &str, list: &str) -> Option<Vec<(String, Kind)>> {
    let members = algebraic_type.get(of)?.get(list)?.as_array()?;
    let member = |member: &Value| {
        Some((name(member.get("name")?)?, member.get("algebraic_type").map_or(Kind::Plain, kind)))
    };
    members.iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(kind: Kind) -> Option<Kind> {
        Some(kind)
    }

    #[test]
    fn columns_are_read_in_every_spelling() {
        let plain = Columns(vec![("a".into(), None), ("b".into(), None)]);
        for raw in [
            r#"["a","b"]"#,
            r#"[{"name":"a"},{"name":"b"}]"#,
            r#"[{"name":{"some":"a"}},{"name":{"some":"b"}}]"#,
            r#"{"columns":["a",{"name":"b"}]}"#,
            r#"{"elements":["a","\u0062"]}"#,
        ] {
            assert_eq!(Columns::read(raw.as_bytes()), Ok(plain.clone()), "{raw}");
        }
        let unnamed = r#"[{"name":{"none":[]}},{"name":{"none":[]}}]"#;
        assert!(Columns::read(unnamed.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_list_of_columns_is_a_defect() {
        for raw in ["", "7", "{}", "[7]", "[[]]", r#"[{"name":7}]"#, r#"{"elements":{}}"#] {
            assert_eq!(Columns::read(raw.as_bytes()), Err(Defect::Columns), "{raw}");
        }
        for raw in [r#"["a","\u0061"]"#, r#"[{"name":"a"},{"name":{"some":"a"}}]"#] {
            assert_eq!(Columns::read(raw.as_bytes()), Err(Defect::Duplicate), "{raw}");
        }
    }

    #[test]
    fn types_say_how_values_are_encoded() {
        let micros = "__timestamp_micros_since_unix_epoch__";
        let at = format!(
            r#"{{"Product":{{"elements":[{{"name":{{"some":"{micros}"}},"algebraic_type":{{"I64":[]}}}}]}}}}"#
        );
        let option = |some: &str| {
            format!(
                r#"{{"Sum":{{"variants":[{{"name":{{"some":"some"}},"algebraic_type":{some}}},{{"name":{{"some":"none"}},"algebraic_type":{{"Product":{{"elements":[]}}}}}}]}}}}"#
            )
        };
        let choice =
            r#"{"Sum":{"variants":[{"name":{"some":"On"},"algebraic_type":{"String":[]}}]}}"#;
        let marked = Kind::Marked(micros.into(), Box::new(Kind::Plain));
        let cases = [
            (r#"{"String":[]}"#.to_owned(), Kind::Plain),
            (r#"{"Product":{"elements":[]}}"#.to_owned(), Kind::Plain),
            (r#"{"Ref":7}"#.to_owned(), Kind::Plain),
            (r#""String""#.to_owned(), Kind::Plain),
            (option(r#"{"U32":[]}"#), Kind::Option(Box::new(Kind::Plain))),
            (option(&at), Kind::Option(Box::new(marked.clone()))),
            (at, marked),
            (choice.to_owned(), Kind::Sum(vec![("On".into(), Kind::Plain)])),
        ];
        for (raw, expected) in cases {
            let schema =
                format!(r#"{{"elements":[{{"name":{{"some":"a"}},"algebraic_type":{raw}}}]}}"#);
            let columns = Columns::read(schema.as_bytes()).unwrap();
            assert_eq!(columns.0, [("a".to_owned(), some(expected))], "{raw}");
        }
    }
}
