//! The dataset as it is written in the file, and the checks between it and a [`Dataset`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::error::Category;

use crate::{Dataset, DatasetError, FORMAT, FORMAT_VERSION, NORMALIZED_WORKS, Row, Work};

/// Read first, so that a file of another kind is called that and not "field missing".
#[derive(Deserialize)]
struct Header {
    format: Option<serde_json::Value>,
    #[serde(rename = "formatVersion")]
    format_version: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DatasetFile {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "formatVersion")]
    _format_version: u32,
    key_id: String,
    #[serde(default)]
    real_ids: bool,
    tables: BTreeMap<String, Vec<Row>>,
    normalized_works: Vec<Work>,
    counts: BTreeMap<String, u64>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Dataset, DatasetError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    check_header(&parse(bytes)?)?;
    let file: DatasetFile = parse(bytes)?;
    check_counts(&file)?;
    check_works(&file)?;
    let DatasetFile { key_id, real_ids, tables, normalized_works: works, .. } = file;
    Ok(Dataset { key_id, real_ids, tables, works })
}

/// serde's own error text quotes values, so only its position and category are kept.
fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DatasetError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => DatasetError::Layout { line, column },
            Category::Eof => DatasetError::Truncated { line, column },
            Category::Io | Category::Syntax => DatasetError::Syntax { line, column },
        }
    })
}

fn check_header(header: &Header) -> Result<(), DatasetError> {
    if header.format.as_ref().and_then(|format| format.as_str()) != Some(FORMAT) {
        return Err(DatasetError::Format);
    }
    let found = header.format_version.as_ref().and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != u64::from(FORMAT_VERSION) {
        return Err(DatasetError::Version { found, supported: FORMAT_VERSION });
    }
    Ok(())
}

fn check_counts(file: &DatasetFile) -> Result<(), DatasetError> {
    let works = (NORMALIZED_WORKS, file.normalized_works.len());
    let tables = file.tables.iter().map(|(name, rows)| (name.as_str(), rows.len()));
    for (name, found) in tables.chain([works]) {
        let (stated, found) = (file.counts.get(name).copied().unwrap_or(0), found as u64);
        if stated != found {
            return Err(DatasetError::Count { name: name.to_owned(), stated, found });
        }
    }
    // A count without its table: nothing but a cut or an edit can have removed the rows.
    for (name, &stated) in &file.counts {
        if stated > 0 && name != NORMALIZED_WORKS && !file.tables.contains_key(name) {
            return Err(DatasetError::Count { name: name.clone(), stated, found: 0 });
        }
    }
    Ok(())
}

fn check_works(file: &DatasetFile) -> Result<(), DatasetError> {
    for (index, work) in file.normalized_works.iter().enumerate() {
        if !file.tables.contains_key(&work.table) {
            return Err(DatasetError::UnknownTable { index });
        }
        for field in ["profileId", "ownerUserId", "workCode"] {
            let usable = |id: &str| !id.is_empty() && !id.chars().any(char::is_control);
            if !work.field(field).is_none_or(usable) {
                return Err(DatasetError::WorkId { index, field });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"t":[{"id":"p"}]},
"normalizedWorks":[{"kind":"puzzle","table":"t","profileId":"p","ownerUserId":"u","published":true}],
"counts":{"t":1,"normalizedWorks":1}}"#;

    fn error(file: &str) -> DatasetError {
        read(file.as_bytes()).expect_err("this file must be refused")
    }

    #[test]
    fn a_whole_file_is_read_with_or_without_a_byte_order_mark() {
        let dataset = read(SMALL.as_bytes()).unwrap();
        assert_eq!(dataset.rows("t").len(), 1);
        assert!(dataset.rows("absent").is_empty());
        assert_eq!(dataset.works()[0].owner_user_id.as_deref(), Some("u"));
        assert_eq!(read(format!("\u{feff}{SMALL}").as_bytes()).unwrap(), dataset);
    }

    #[test]
    fn a_file_says_itself_that_it_has_real_ids() {
        let marked = |mark: &str| SMALL.replace("\"k\",", &format!("\"k\",{mark}"));
        for (mark, has_real_ids) in
            [("", false), ("\"realIds\":false,", false), ("\"realIds\":true,", true)]
        {
            assert_eq!(read(marked(mark).as_bytes()).unwrap().has_real_ids(), has_real_ids);
        }
        for mark in ["\"realIds\":1,", "\"realIds\":true,\"realIds\":false,", "\"real_ids\":true,"]
        {
            let error = read(marked(mark).as_bytes()).expect_err(mark);
            assert!(matches!(error, DatasetError::Layout { line: 1, .. }), "{mark}: {error:?}");
        }
    }

    #[test]
    fn the_busiest_owner_is_the_first_among_equals() {
        let work = |owner: &str| {
            format!(
                r#"{{"kind":"k","table":"t","profileId":"p","ownerUserId":"{owner}","published":true}}"#
            )
        };
        let busiest = |owners: &[&str]| {
            let works: Vec<_> = owners.iter().map(|owner| work(owner)).collect();
            let (start, _) = SMALL.split_once("\"normalizedWorks\"").unwrap();
            let counts = format!(r#""counts":{{"t":1,"normalizedWorks":{}}}"#, owners.len());
            let file = format!(r#"{start}"normalizedWorks":[{}],{counts}}}"#, works.join(","));
            read(file.as_bytes()).unwrap().busiest_owner().map(str::to_owned)
        };
        assert_eq!(busiest(&["z", "b", "a", "b", "z"]).as_deref(), Some("z"));
        assert_eq!(busiest(&["z", "b", "a", "b"]).as_deref(), Some("b"));
        assert_eq!(busiest(&[]), None);
    }

    #[test]
    fn every_truncation_is_an_error() {
        for end in 0..SMALL.len() {
            assert!(read(&SMALL.as_bytes()[..end]).is_err(), "cut at {end} was accepted");
        }
        assert!(matches!(error(&SMALL[..60]), DatasetError::Truncated { .. }));
    }

    #[test]
    fn each_defect_has_its_own_error() {
        type Expected = fn(&DatasetError) -> bool;
        let cases: [(&str, &str, Expected); 8] = [
            ("genarrative-works", "other", |e| *e == DatasetError::Format),
            ("\"formatVersion\":1", "\"formatVersion\":2", |e| {
                *e == DatasetError::Version { found: 2, supported: 1 }
            }),
            ("\"t\":1", "\"t\":2", |e| {
                matches!(e, DatasetError::Count { stated: 2, found: 1, .. })
            }),
            ("\"normalizedWorks\":1", "\"normalizedWorks\":0", |e| {
                matches!(e, DatasetError::Count { stated: 0, found: 1, .. })
            }),
            ("\"t\":1", "\"t\":1,\"gone\":7", |e| {
                matches!(e, DatasetError::Count { stated: 7, found: 0, .. })
            }),
            ("\"table\":\"t\"", "\"table\":\"x\"", |e| {
                *e == DatasetError::UnknownTable { index: 0 }
            }),
            ("\"ownerUserId\":\"u\"", "\"ownerUserId\":\"\"", |e| {
                *e == DatasetError::WorkId { index: 0, field: "ownerUserId" }
            }),
            ("\"published\":true", "\"published\":3", |e| {
                matches!(e, DatasetError::Layout { line: 3, .. })
            }),
        ];
        for (from, to, expected) in cases {
            let error = error(&SMALL.replacen(from, to, 1));
            assert!(expected(&error), "{from} -> {to} gave {error:?}");
        }
    }

    #[test]
    fn errors_never_quote_a_value() {
        let secret = "alice@secret.example";
        for file in [
            format!("\"{secret}\""),
            format!("{{\"format\":\"{secret}\"}}"),
            format!("{{\"format\":\"{secret}\" \"{secret}\"}}"),
            SMALL.replace("\"published\":true", &format!("\"published\":\"{secret}\"")),
            SMALL.replace("\"published\"", &format!("\"{secret}\"")),
        ] {
            let error = error(&file);
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }
}
