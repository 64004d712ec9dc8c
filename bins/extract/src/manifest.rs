//! The manifest of a run: what was read, done, searched and written, without any value.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek};

use anonymize::{Found, Manifest, Policy, TableManifest};
use serde_json::{Map, Value, json};

use crate::audit::Searched;
use crate::manifest_file::{
    FORMAT, FORMAT_VERSION, ManifestFile, OutputFile, PolicyHash, TableCounts,
};

/// All that a manifest is made of.
pub(crate) struct Parts<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) manifest: &'a Manifest,
    pub(crate) found: &'a [Found],
    pub(crate) dump_bytes: u64,
    pub(crate) searched: &'a Searched,
    pub(crate) real_ids: bool,
    pub(crate) outputs: BTreeMap<String, OutputFile>,
}

impl Parts<'_> {
    pub(crate) fn into_file(self) -> Result<ManifestFile, serde_json::Error> {
        let mut audit = serde_json::to_value(&self.searched.certificate)?;
        if let Value::Object(members) = &mut audit {
            members.insert("deniedTables".to_owned(), self.searched.denied_tables.into());
        }
        let tables = self.manifest.tables.iter();
        Ok(ManifestFile {
            audit,
            columns: columns(self.policy, self.real_ids),
            drift: drift(self.manifest),
            dump: json!({
                "bytes": self.dump_bytes,
                "deniedTables": self.manifest.denied_tables,
                "layout": self.found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            key_id: self.manifest.key_id.clone(),
            outputs: self.outputs,
            policy: PolicyHash { blake3: self.policy.hash() },
            real_ids: self.real_ids,
            tables: tables
                .map(|table| Ok((table.name.clone(), counts(table)?)))
                .collect::<Result<_, serde_json::Error>>()?,
        })
    }
}

/// The columns that kept their ids say so behind their rule.
fn columns(policy: &Policy, real_ids: bool) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut columns: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for table in policy.table_names() {
        columns.insert(table.to_owned(), BTreeMap::new());
    }
    for rule in policy.rules() {
        let columns = columns.entry(rule.table.to_owned()).or_default();
        columns.insert(rule.column.clone(), rule.action.to_string());
    }
    for (table, column) in policy.route_columns().into_iter().filter(|_| real_ids) {
        let action = columns.get_mut(table).and_then(|columns| columns.get_mut(column));
        action.into_iter().for_each(|action| action.push_str(" real"));
    }
    columns
}

fn drift(manifest: &Manifest) -> Value {
    let unknown = manifest.tables.iter().filter(|table| !table.unknown_columns.is_empty());
    let unknown: BTreeMap<_, _> =
        unknown.map(|table| (&table.name, &table.unknown_columns)).collect();
    json!({ "unknownColumns": unknown, "unknownTables": manifest.unknown_tables })
}

fn counts(table: &TableManifest) -> Result<TableCounts, serde_json::Error> {
    let mut more = Map::new();
    more.insert("actions".to_owned(), serde_json::to_value(&table.actions)?);
    more.insert("droppedNested".to_owned(), serde_json::to_value(&table.dropped_nested)?);
    more.insert("present".to_owned(), table.present.into());
    more.insert("unlistedValues".to_owned(), serde_json::to_value(&table.unlisted_values)?);
    Ok(TableCounts {
        rows_in: table.rows_in,
        rows_out: table.rows_out,
        dropped_cells: table.dropped_columns.clone(),
        more,
    })
}

/// Length and hash of what was written, read back from the file.
pub(crate) fn output_file(file: &File) -> io::Result<OutputFile> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut file, &mut hasher)?;
    Ok(OutputFile { bytes, blake3: hasher.finalize().to_hex().to_string() })
}
