//! Sanitized rows as a dump of their own, in the shape of the dump that they came from.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::CleanRow;
use crate::dump::Container;
use crate::import::MARKS;
use crate::layout::Kind;
use crate::policy::Rule;
use crate::sink::{InDump, Sink, TableStart};

/// All that an [`ImportWriter`]'s file says by itself, beside the names of tables and columns and
/// the values that a rule keeps: its keys, and the marks that dumps put around values.
pub const IMPORT_WORDS: &[&str] = &[
    "schema_version",
    "version",
    "format_version",
    "tables",
    "name",
    "table",
    "table_name",
    "columns",
    "schema",
    "elements",
    "algebraic_type",
    "Sum",
    "variants",
    "Product",
    "rows",
    "row",
    "some",
    "none",
    "tag",
    "value",
    "__connection_id__",
    "__identity__",
    "__time_duration_micros__",
    "__timestamp_micros_since_unix_epoch__",
    "__uuid__",
    "__pear",
    "v",
    "bigint",
    "bytes",
    "identity",
    "timestamp",
];

/// How the tables stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `{"tables":[{"name":"t","rows":[…]}]}`
    List,
    /// `{"tables":{"t":[…]}}`
    TablesMap,
    /// `{"t":[…]}`
    TopMap,
    /// `{"table":"t","row":…}` a line
    Pieces,
    /// A row a line
    Lines,
}

impl Form {
    fn of(start: InDump<'_>) -> Self {
        let is_named = start.slots().is_none();
        match start.origin.container {
            Container::TablesMap => Self::TablesMap,
            Container::TopMap => Self::TopMap,
            // Other readers could not tell which columns the rows have kept.
            Container::Lines if start.is_only_dump && is_named => Self::Lines,
            Container::Pieces | Container::Lines => Self::Pieces,
            Container::List | Container::Lone | Container::Sql | Container::Rows => Self::List,
        }
    }

    fn has_lines(self) -> bool {
        matches!(self, Self::Pieces | Self::Lines)
    }

    /// What stands before the tables, after the versions and before the last brackets.
    fn opening(self) -> &'static str {
        match self {
            Self::List => "\"tables\":[",
            Self::TablesMap => "\"tables\":{",
            Self::TopMap | Self::Pieces | Self::Lines => "",
        }
    }

    fn closing(self) -> &'static str {
        match self {
            Self::List => "\n]}\n",
            Self::TablesMap => "\n}}\n",
            Self::TopMap => "\n}\n",
            Self::Pieces | Self::Lines => "",
        }
    }
}

/// The file as a whole, which the first table decides.
#[derive(Debug)]
struct File {
    form: Form,
    name_key: &'static str,
    /// Whether a comma must stand before the next table.
    is_begun: bool,
}

/// The table that is being written.
#[derive(Debug)]
struct Open {
    rows: u64,
    /// What stands before each row, where a row is a line.
    prefix: String,
    /// What stands behind the rows.
    end: &'static str,
}

/// Writes the allowed tables that the dump has in the dump's own shape, one row a line, so that
/// they can be imported as the dump can.
///
/// The run must be told to make such rows ([`Anonymizer::import`](crate::Anonymizer::import)). Where
/// rows are arrays, the file lists their `columns`, and a `schema` with the types of which the dump
/// said that they wrap their values; a variant that the rule of its column does not keep has no
/// name there. An SQL answer, bare rows and a single table become a list of tables, since a file
/// must say which tables it has; rows in pieces become lines. What a dump may have around its
/// tables is left out, apart from a `schema_version`, `version` or `format_version` that stands
/// before them. The first of several dumps decides for all.
///
/// ```
/// use anonymize::{Anonymizer, Dump, ImportWriter, Policy, PseudonymKey};
///
/// let policy = Policy::builtin();
/// let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8))?;
/// let dump = r#"{"version": 3, "big_fish_work_profile": [
///     {"profile_id": "p", "play_count": {"some": 7}, "secret": 1}], "user_account": [{}]}"#;
/// let mut writer = ImportWriter::new(Vec::new());
/// Anonymizer::new(&policy, &key).import(true).run(&mut [Dump::once(dump.as_bytes())], &mut writer)?;
/// assert_eq!(
///     String::from_utf8_lossy(&writer.into_inner()),
///     "{\"version\":3,\n\"big_fish_work_profile\":[\n\
///      {\"profile_id\":\"profile-oxy3qanm7el6mmqc\",\"play_count\":{\"some\":7}}\n]\n}\n",
/// );
/// # Ok::<(), anonymize::AnonymizeError>(())
/// ```
#[derive(Debug)]
pub struct ImportWriter<W> {
    out: W,
    file: Option<File>,
    open: Option<Open>,
    positions: Vec<(String, Vec<String>)>,
}

impl<W: Write> ImportWriter<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self { out, file: None, open: None, positions: Vec::new() }
    }

    /// The columns of the tables whose rows are arrays, by the table's name in the policy.
    pub fn positions(&self) -> &[(String, Vec<String>)] {
        &self.positions
    }

    /// Gives back the writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn begin(&mut self, start: InDump<'_>) -> io::Result<File> {
        let form = Form::of(start);
        let name_key = start.origin.name_key;
        let name_key = name_key.unwrap_or(if form == Form::Pieces { "table" } else { "name" });
        if !form.has_lines() {
            self.out.write_all(b"{")?;
            for (index, (key, version)) in start.origin.versions.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(self.out, "{comma}\"{key}\":{version}")?;
            }
            let is_comma = form != Form::TopMap && !start.origin.versions.is_empty();
            write!(self.out, "{}{}", if is_comma { "," } else { "" }, form.opening())?;
        }
        let is_begun = form == Form::TopMap && !start.origin.versions.is_empty();
        Ok(File { form, name_key, is_begun })
    }

    fn close_table(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let is_line = open.rows > 0 && !open.end.is_empty();
        write!(self.out, "{}{}", if is_line { "\n" } else { "" }, open.end)
    }
}

impl<W: Write> Sink for ImportWriter<W> {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        let none = || io::Error::other("only tables of a dump itself have the dump's shape");
        let start = table.in_dump().ok_or_else(none)?;
        self.close_table()?;
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.begin(start)?,
        };
        let columns = columns(start);
        let (prefix, end) = around(&file, &start.origin.name, columns.as_deref());
        let (prefix, before) = if file.form.has_lines() {
            (prefix, String::new())
        } else {
            let comma = if file.is_begun { "," } else { "" };
            (String::new(), format!("{comma}\n{prefix}"))
        };
        self.out.write_all(before.as_bytes())?;
        file.is_begun = true;
        if let Some(columns) = table.columns() {
            let columns = columns.into_iter().map(str::to_owned).collect();
            self.positions.push((table.name().to_owned(), columns));
        }
        (self.file, self.open) = (Some(file), Some(Open { rows: 0, prefix, end }));
        Ok(())
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        let none = || io::Error::other("the run was not told to make rows in the dump's shape");
        let json = row.import_json().ok_or_else(none)?;
        let form = self.file.as_ref().map(|file| file.form);
        let (Some(open), Some(form)) = (&mut self.open, form) else { return Err(none()) };
        let comma: &[u8] = if open.rows > 0 { b",\n" } else { b"\n" };
        open.rows += 1;
        self.out.write_all(if form.has_lines() { open.prefix.as_bytes() } else { comma })?;
        self.out.write_all(json)?;
        match form {
            Form::Lines => self.out.write_all(b"\n"),
            Form::Pieces => self.out.write_all(b"}\n"),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.close_table()?;
        let closing = self.file.take().map_or("{\"tables\":[]}\n", |file| file.form.closing());
        self.out.write_all(closing.as_bytes())?;
        self.out.flush()
    }
}

/// What stands before a table's rows, or before each where a row is a line, and what behind.
fn around(file: &File, name: &str, columns: Option<&str>) -> (String, &'static str) {
    let (name, key) = (Value::from(name), file.name_key);
    let columns_or_nothing = columns.unwrap_or_default();
    match (file.form, columns) {
        (Form::List, _) => (format!("{{\"{key}\":{name},{columns_or_nothing}\"rows\":["), "]}"),
        (Form::TablesMap | Form::TopMap, None) => (format!("{name}:["), "]"),
        (Form::TablesMap | Form::TopMap, Some(columns)) => {
            (format!("{name}:{{{columns}\"rows\":["), "]}")
        }
        (Form::Pieces, _) => (format!("{{\"{key}\":{name},{columns_or_nothing}\"row\":"), ""),
        (Form::Lines, _) => (String::new(), ""),
    }
}

/// The columns of rows that are arrays, as members of an object.
fn columns(start: InDump<'_>) -> Option<String> {
    let names: Vec<&str> = start.slots()?.map(|(slot, _)| slot.name.as_str()).collect();
    let element = |name: &str, kind: Option<Value>| match kind {
        Some(kind) => json!({"name": {"some": name}, "algebraic_type": kind}),
        None => json!({"name": {"some": name}}),
    };
    let kinds: Vec<_> =
        start.slots()?.map(|(slot, rule)| said(slot.kind.as_ref()?, rule)).collect();
    let mut members = format!("\"columns\":{},", json!(names));
    if kinds.iter().any(Option::is_some) {
        let elements = names.iter().zip(kinds).map(|(name, kind)| element(name, kind));
        let elements: Vec<Value> = elements.collect();
        members += &format!("\"schema\":{},", json!({ "elements": elements }));
    }
    Some(members)
}

/// A type as a schema says it, where it decides how a value is read. A mark that SpacetimeDB does
/// not know could be made of data; a column with such a type has none.
fn said(kind: &Kind, rule: &Rule) -> Option<Value> {
    let is_known = |mut kind: &Kind| loop {
        match kind {
            Kind::Option(inner) => kind = inner,
            Kind::Marked(mark, inner) if MARKS.contains(&mark.as_str()) => kind = inner,
            Kind::Marked(..) => return false,
            Kind::Sum(_) | Kind::Plain => return true,
        }
    };
    if is_known(kind) { algebraic_type(kind, rule) } else { None }
}

fn algebraic_type(kind: &Kind, rule: &Rule) -> Option<Value> {
    let nothing = || json!({"Product": {"elements": []}});
    let member = |name: &str, kind: &Kind| match algebraic_type(kind, rule) {
        Some(kind) => json!({"name": {"some": name}, "algebraic_type": kind}),
        None => json!({"name": {"some": name}}),
    };
    let is_kept = |name: &String| match rule {
        Rule::Keep(Some(values)) => values.contains(name),
        _ => false,
    };
    let variant = |(name, _): &(String, Kind)| {
        let name = if is_kept(name) { json!({ "some": name }) } else { json!({"none": []}) };
        json!({"name": name, "algebraic_type": nothing()})
    };
    match kind {
        Kind::Plain => None,
        Kind::Option(some) => {
            let none = json!({"name": {"some": "none"}, "algebraic_type": nothing()});
            Some(json!({"Sum": {"variants": [member("some", some), none]}}))
        }
        Kind::Marked(mark, inner) => Some(json!({"Product": {"elements": [member(mark, inner)]}})),
        Kind::Sum(variants) => {
            let variants: Vec<Value> = variants.iter().map(variant).collect();
            Some(json!({"Sum": {"variants": variants}}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::PEARS;
    use crate::origin::{NAME_KEYS, VERSION_KEYS};

    #[test]
    fn every_key_and_mark_is_among_the_words() {
        let all = [&NAME_KEYS[..], &VERSION_KEYS, &MARKS, &PEARS].concat();
        let missing: Vec<_> = all.iter().filter(|word| !IMPORT_WORDS.contains(word)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
