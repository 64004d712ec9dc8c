//! The manifest of a run as a file: canonical JSON, so that equal runs give equal bytes.
//!
//! Canonical means: keys sorted by their bytes, no space, whole numbers only, one newline at the
//! end. `self` is the BLAKE3 of the canonical text without `self`: it finds every changed byte, but
//! it is no signature, as whoever changes the file can compute it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the `format` field of every manifest says.
pub(crate) const FORMAT: &str = "genarrative-works-manifest";

/// The version that this build reads and writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// A manifest has some thousand lines at most.
pub(crate) const BYTES_MAX: u64 = 16 << 20;

const SELF: &str = "self";

/// What a run read, did and wrote, in names, numbers and hashes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManifestFile {
    /// The certificate of the search for leaks.
    pub(crate) audit: Value,
    /// Table, column, action. An action is the rule's word in the policy; a pseudonym's domain
    /// follows after a space, and after another its form where that is not a token:
    /// `pseudonym user`, `pseudonym work-code code`.
    pub(crate) columns: BTreeMap<String, BTreeMap<String, String>>,
    /// Tables and columns that the policy does not know.
    pub(crate) drift: Value,
    /// What is said of the dump.
    pub(crate) dump: Value,
    pub(crate) format: String,
    pub(crate) format_version: u32,
    pub(crate) key_id: String,
    /// By `dataset`, `sample` and `import`.
    pub(crate) outputs: BTreeMap<String, OutputFile>,
    pub(crate) policy: PolicyHash,
    /// Whether the dataset has real ids, and is private.
    pub(crate) real_ids: bool,
    pub(crate) tables: BTreeMap<String, TableCounts>,
}

/// A file that the run wrote.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutputFile {
    pub(crate) bytes: u64,
    /// In hexadecimal digits.
    pub(crate) blake3: String,
}

/// Names the policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyHash {
    pub(crate) blake3: String,
}

/// What became of one allowed table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableCounts {
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    /// By column.
    pub(crate) dropped_cells: BTreeMap<String, u64>,
    /// Counts that nothing is checked against.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

impl OutputFile {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, blake3: blake3::hash(bytes).to_hex().to_string() }
    }
}

impl ManifestFile {
    /// The file's text, with `self`.
    pub(crate) fn to_text(&self) -> Result<String, &'static str> {
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else {
            return Err("it cannot be written as JSON");
        };
        members.insert(SELF.to_owned(), own_hash(&members)?.into());
        document(&members)
    }

    /// Reads a manifest, and refuses one of which any byte is not as it was written.
    pub(crate) fn from_text(text: &[u8]) -> Result<Self, &'static str> {
        // serde's own error text quotes what it read.
        let Ok(Value::Object(mut members)) = serde_json::from_slice(text) else {
            return Err("it is not JSON");
        };
        if members.get("format") != Some(&FORMAT.into()) {
            return Err("it is not a manifest of extract");
        }
        if members.get("formatVersion") != Some(&FORMAT_VERSION.into()) {
            return Err("it is of another version; this build reads version 1");
        }
        if document(&members)?.as_bytes() != text {
            return Err("it is not canonical JSON, so somebody has edited it");
        }
        let stated = members.remove(SELF);
        if stated != Some(own_hash(&members)?.into()) {
            return Err("its own hash does not fit, so somebody has edited it");
        }
        serde_json::from_value(Value::Object(members))
            .map_err(|_| "a field is missing, unknown or of the wrong type")
    }
}

fn own_hash(members: &Map<String, Value>) -> Result<String, &'static str> {
    Ok(blake3::hash(document(members)?.as_bytes()).to_hex().to_string())
}

fn document(members: &Map<String, Value>) -> Result<String, &'static str> {
    let mut text = String::new();
    object(members, &mut text)?;
    text.push('\n');
    Ok(text)
}

/// The order of a map may follow a feature of serde_json that any crate can turn on, so that keys
/// are sorted here.
fn object(members: &Map<String, Value>, out: &mut String) -> Result<(), &'static str> {
    let sorted: BTreeMap<_, _> = members.iter().collect();
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        string(key, out);
        out.push(':');
        canonical(value, out)?;
    }
    out.push('}');
    Ok(())
}

fn canonical(value: &Value, out: &mut String) -> Result<(), &'static str> {
    match value {
        Value::Object(members) => return object(members, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out)?;
            }
            out.push(']');
        }
        Value::String(text) => string(text, out),
        Value::Number(number) if !(number.is_u64() || number.is_i64()) => {
            return Err("it has a number that is not whole");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            write!(out, "{value}").expect("a string in memory can be appended to");
        }
    }
    Ok(())
}

fn string(text: &str, out: &mut String) {
    write!(out, "{}", Value::from(text)).expect("a string in memory can be appended to");
}

/// Where the manifest of an output is: `works.local.json` has `works.manifest.local.json`, which
/// the same lines of a `.gitignore` cover.
pub(crate) fn path_beside(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let endings = [".local.json", ".json"];
    let stem = endings.iter().find_map(|ending| Some((name.strip_suffix(ending)?, *ending)));
    let (stem, ending) = stem.unwrap_or((&name, ".json"));
    output.with_file_name(format!("{stem}.manifest{ending}"))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

    use serde_json::json;

    use super::*;

    /// A manifest of one table with one row.
    pub(crate) fn small(dataset: &[u8]) -> ManifestFile {
        let action = |name: &str, action: &str| (name.to_owned(), action.to_owned());
        let columns = BTreeMap::from([
            action("profile_id", "pseudonym profile"),
            action("owner_user_id", "pseudonym user"),
            action("public_work_code", "pseudonym work-code code"),
            action("title", "text"),
            action("source_session_id", "drop"),
        ]);
        ManifestFile {
            audit: json!({"hits": 0, "decoys": {"tried": 100, "hit": 0}}),
            columns: BTreeMap::from([("t".to_owned(), columns)]),
            drift: json!({"unknownTables": {"名": -1}}),
            dump: Value::Null,
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            key_id: "0011223344556677".to_owned(),
            outputs: BTreeMap::from([("dataset".to_owned(), OutputFile::of(dataset))]),
            policy: PolicyHash { blake3: "00".repeat(32) },
            real_ids: false,
            tables: BTreeMap::from([(
                "t".to_owned(),
                TableCounts {
                    rows_in: 2,
                    rows_out: 1,
                    more: Map::from_iter([("zeroed".to_owned(), 3.into())]),
                    ..TableCounts::default()
                },
            )]),
        }
    }

    #[test]
    fn a_manifest_is_read_back_and_its_form_is_fixed() {
        let manifest = small(b"abc");
        let text = manifest.to_text().unwrap();
        assert_eq!(ManifestFile::from_text(text.as_bytes()).unwrap(), manifest);
        assert!(text.starts_with(
            "{\"audit\":{\"decoys\":{\"hit\":0,\"tried\":100},\"hits\":0},\"columns\":{\"t\":{\"owner_user_id\":\"pseudonym user\","
        ));
        assert!(text.contains("\"outputs\":{\"dataset\":{\"blake3\":\"6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85\",\"bytes\":3}}"));
        assert!(text.ends_with(
            "\"tables\":{\"t\":{\"droppedCells\":{},\"rowsIn\":2,\"rowsOut\":1,\"zeroed\":3}}}\n"
        ));
    }

    #[test]
    fn every_changed_or_missing_byte_is_found() {
        let text = small(b"abc").to_text().unwrap();
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] ^= 1;
            assert!(ManifestFile::from_text(&changed).is_err(), "byte {index}");
            assert!(ManifestFile::from_text(&text.as_bytes()[..index]).is_err(), "cut at {index}");
        }
        for more in [format!("{text}\n"), format!(" {text}"), text.replacen(':', ": ", 1)] {
            assert!(ManifestFile::from_text(more.as_bytes()).is_err(), "{more}");
        }
    }

    #[test]
    fn a_manifest_of_something_else_is_called_that() {
        let manifest = small(b"");
        let error = |manifest: ManifestFile| {
            ManifestFile::from_text(manifest.to_text().unwrap().as_bytes()).unwrap_err()
        };
        assert!(
            error(ManifestFile { format: "other".to_owned(), ..manifest.clone() })
                .contains("not a manifest")
        );
        assert!(error(ManifestFile { format_version: 2, ..manifest.clone() }).contains("version"));
        let audit = json!({"share": 0.5});
        assert!(ManifestFile { audit, ..manifest }.to_text().is_err());
    }

    #[test]
    fn a_manifest_stands_beside_its_output_and_is_ignored_with_it() {
        for (output, expected) in [
            ("a/works-list.local.json", "a/works-list.manifest.local.json"),
            ("works.json", "works.manifest.json"),
            ("works", "works.manifest.json"),
            ("a.b/works.json.txt", "a.b/works.json.txt.manifest.json"),
        ] {
            assert_eq!(path_beside(Path::new(output)), Path::new(expected));
        }
    }
}
