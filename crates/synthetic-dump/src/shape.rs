//! The ways in which a dump may be laid out.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use serde_json::{Map, Value, json};

/// How a dump is laid out. Rows and values are the same in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// `{"tables":[{"name":"t","rows":[{…}]}]}`
    #[default]
    Tables,
    /// `{"tables":{"t":[{…}]}}`
    TablesMap,
    /// `{"t":[{…}]}`
    Map,
    /// `{"t":{"indexes":[],"rows":[{…}]}}`
    Objects,
    /// `{"ok":true,"data":{"tables":[…]}}`
    Wrapped,
    /// `{"tables":[{"name":"t","columns":["a"],"rows":[[…]]}]}`
    Columns,
    /// `{"t":{"schema":{"elements":[…]},"rows":[[…]]}}`, values by position
    Schema,
    /// `{"tables":[{"rows":[{…}],"table_name":"t"}]}`: keys sorted, so the name comes last
    Sorted,
    /// `{"tables":[{"rows":[[…]],"schema":{…},"table":"t"}]}`
    SortedSchema,
    /// `{"tables":[{"name":"t","rows":["{…}"]}]}`: each row a text
    Texts,
    /// `{"tables":[{"name":"t","rowsJson":"[{…}]"}]}`: all rows one text
    OneText,
    /// A line `{"table":"t","row":{…}}` for each row
    Pieces,
    /// The same with the rows of all tables mixed, keys sorted
    MixedPieces,
    /// A line `{"t":{"deletes":[],"inserts":[{…}]}}` for each table
    Updates,
    /// `{"InitialSubscription":{"database_update":{"tables":[…]}}}` with rows as texts
    Subscription,
    /// `[{"schema":…,"rows":[[…]]}]`: the first work table as an SQL answer, without its name
    Sql,
    /// `[{…}]`: the rows of the first work table, without its name
    Rows,
    /// `{…}` for each row of the first work table, a line each
    Ndjson,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 18] = [
        Self::Tables,
        Self::TablesMap,
        Self::Map,
        Self::Objects,
        Self::Wrapped,
        Self::Columns,
        Self::Schema,
        Self::Sorted,
        Self::SortedSchema,
        Self::Texts,
        Self::OneText,
        Self::Pieces,
        Self::MixedPieces,
        Self::Updates,
        Self::Subscription,
        Self::Sql,
        Self::Rows,
        Self::Ndjson,
    ];

    /// Whether it holds the first work table alone, without its name.
    pub fn is_one_table(self) -> bool {
        matches!(self, Self::Sql | Self::Rows | Self::Ndjson)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::TablesMap => "tables-map",
            Self::Map => "map",
            Self::Objects => "objects",
            Self::Wrapped => "wrapped",
            Self::Columns => "columns",
            Self::Schema => "schema",
            Self::Sorted => "sorted",
            Self::SortedSchema => "sorted-schema",
            Self::Texts => "texts",
            Self::OneText => "one-text",
            Self::Pieces => "pieces",
            Self::MixedPieces => "mixed-pieces",
            Self::Updates => "updates",
            Self::Subscription => "subscription",
            Self::Sql => "sql",
            Self::Rows => "rows",
            Self::Ndjson => "ndjson",
        }
    }

    /// What stands before the first table.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::TablesMap => {
                "{\"schema_version\":1,\"exported_at_micros\":1783790679306661,\"tables\":{"
            }
            Self::Map | Self::Objects | Self::Schema => "{\"schema_version\":1,",
            Self::Wrapped => "{\"ok\":true,\"data\":{\"tables\":[",
            Self::Pieces | Self::MixedPieces | Self::Updates | Self::Ndjson => "",
            Self::Subscription => "{\"InitialSubscription\":{\"database_update\":{\"tables\":[",
            Self::Sql | Self::Rows => "[",
            _ => "{\"schema_version\":1,\"exported_at_micros\":1783790679306661,\"tables\":[",
        }
    }

    /// What stands behind the last table.
    pub(crate) fn tail(self) -> &'static str {
        match self {
            Self::TablesMap => "\n}}\n",
            Self::Map | Self::Objects | Self::Schema => "\n}\n",
            Self::Wrapped => "\n]}}\n",
            Self::Pieces | Self::MixedPieces | Self::Updates | Self::Ndjson => "\n",
            Self::Subscription => "\n]}}}\n",
            Self::Sql | Self::Rows => "\n]\n",
            _ => "\n]}\n",
        }
    }

    /// What stands between two tables, or two rows in pieces.
    pub(crate) fn between_tables(self) -> &'static str {
        match self {
            Self::Pieces | Self::MixedPieces | Self::Updates => "",
            _ => ",",
        }
    }

    /// Whether the parts of a table are lines of their own.
    pub(crate) fn is_pieces(self) -> bool {
        matches!(self, Self::Pieces | Self::MixedPieces)
    }

    /// What stands before a table's first row. The columns are those of this row.
    pub(crate) fn table_head(self, name: &str, row: &Map<String, Value>) -> String {
        match self {
            Self::Tables | Self::Wrapped | Self::Texts => {
                format!("{{\"name\":\"{name}\",\"rows\":[")
            }
            Self::TablesMap | Self::Map => format!("\"{name}\":["),
            Self::Objects => format!("\"{name}\":{{\"indexes\":[],\"rows\":["),
            Self::Columns => {
                let columns = json!(row.keys().collect::<Vec<_>>());
                format!("{{\"name\":\"{name}\",\"columns\":{columns},\"rows\":[")
            }
            Self::Schema => format!("\"{name}\":{{\"schema\":{},\"rows\":[", schema(row)),
            Self::Sorted | Self::SortedSchema => "{\"rows\":[".to_owned(),
            Self::OneText => format!("{{\"name\":\"{name}\",\"rowsJson\":\"["),
            Self::Updates => format!("{{\"{name}\":{{\"deletes\":[],\"inserts\":["),
            Self::Subscription => {
                format!("{{\"table_name\":\"{name}\",\"updates\":[{{\"deletes\":[],\"inserts\":[")
            }
            Self::Sql => format!("{{\"schema\":{},\"rows\":[", schema(row)),
            Self::Pieces | Self::MixedPieces | Self::Rows | Self::Ndjson => String::new(),
        }
    }

    /// What stands behind a table's last row.
    pub(crate) fn table_tail(self, name: &str, row: &Map<String, Value>) -> String {
        match self {
            Self::TablesMap | Self::Map => "]".to_owned(),
            Self::Sorted => format!("],\"table_name\":\"{name}\"}}"),
            Self::SortedSchema => format!("],\"schema\":{},\"table\":\"{name}\"}}", schema(row)),
            Self::OneText => "]\"}".to_owned(),
            Self::Updates => "]}}".to_owned(),
            Self::Subscription => "]}]}".to_owned(),
            Self::Pieces | Self::MixedPieces | Self::Rows | Self::Ndjson => String::new(),
            _ => "]}".to_owned(),
        }
    }

    /// What stands before a row.
    pub(crate) fn before_row(self, is_first: bool) -> &'static str {
        match (self, is_first) {
            (Self::OneText, true) | (Self::Ndjson, true) => "",
            (Self::OneText, false) => ",",
            (_, true) => "\n",
            (Self::Ndjson | Self::Pieces | Self::MixedPieces, false) => "\n",
            (_, false) => ",\n",
        }
    }

    /// Writes one row.
    pub(crate) fn row(
        self,
        mut out: impl Write,
        table: &str,
        row: &Map<String, Value>,
    ) -> io::Result<()> {
        match self {
            Self::Columns => serde_json::to_writer(out, &row.values().collect::<Vec<_>>())?,
            Self::Schema | Self::SortedSchema | Self::Sql => {
                serde_json::to_writer(out, &row.values().map(by_position).collect::<Vec<_>>())?;
            }
            Self::Texts | Self::Subscription => {
                serde_json::to_writer(out, &serde_json::to_string(row)?)?;
            }
            Self::OneText => {
                let text = serde_json::to_string(&serde_json::to_string(row)?)?;
                out.write_all(&text.as_bytes()[1..text.len() - 1])?;
            }
            Self::Pieces => {
                write!(out, "{{\"table\":\"{table}\",\"row\":")?;
                serde_json::to_writer(&mut out, row)?;
                out.write_all(b"}")?;
            }
            Self::MixedPieces => {
                out.write_all(b"{\"row\":")?;
                serde_json::to_writer(&mut out, row)?;
                write!(out, ",\"table\":\"{table}\"}}")?;
            }
            _ => serde_json::to_writer(out, row)?,
        }
        Ok(())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|shape| shape.word() == word);
        found.ok_or_else(|| format!("the shapes are {}", Self::ALL.map(Self::word).join(", ")))
    }
}

/// The SATS schema of a table, as its first row shows it.
fn schema(row: &Map<String, Value>) -> Value {
    let element = |(name, value): (&String, &Value)| json!({ "name": { "some": name }, "algebraic_type": algebraic_type(value) });
    json!({ "elements": row.iter().map(element).collect::<Vec<_>>() })
}

fn algebraic_type(value: &Value) -> Value {
    match single(value) {
        Some(("some", some)) => option(&algebraic_type(some)),
        Some(("none", _)) => option(&json!({ "I64": [] })),
        Some((mark, marked)) if mark.starts_with("__") => json!({ "Product": { "elements": [
            { "name": { "some": mark }, "algebraic_type": algebraic_type(marked) },
        ] } }),
        _ => json!({ "String": [] }),
    }
}

fn option(some: &Value) -> Value {
    json!({ "Sum": { "variants": [
        { "name": { "some": "some" }, "algebraic_type": some },
        { "name": { "some": "none" }, "algebraic_type": { "Product": { "elements": [] } } },
    ] } })
}

/// A value as an SQL answer has it: without names.
fn by_position(value: &Value) -> Value {
    match single(value) {
        Some(("some", some)) => json!([0, by_position(some)]),
        Some(("none", _)) => json!([1, []]),
        Some((mark, marked)) if mark.starts_with("__") => json!([by_position(marked)]),
        _ => value.clone(),
    }
}

fn single(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(key, value)| (key.as_str(), value))
}
