//! `extract verify`: holds a dataset against the manifest of its run, without key and dump.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use dataset::{Dataset, Row, Work};
use serde_json::Value;

use crate::error::ExtractError;
use crate::manifest_file::{self, ManifestFile, OutputFile};

/// The name of the whole output; the others have a part of it, or another form.
const DATASET: &str = "dataset";
const IMPORT: &str = "import";

/// What was checked, one line each, and whether all of it holds.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) text: String,
    pub(crate) passed: bool,
}

impl Verdict {
    fn check(&mut self, what: &str, result: &Result<(), String>) {
        let line = match result {
            Ok(()) => format!("ok: {what}\n"),
            Err(reason) => format!("FAILED: {what}: {reason}\n"),
        };
        self.text.push_str(&line);
        self.passed &= result.is_ok();
    }

    fn end(mut self) -> Self {
        self.text.push_str(if self.passed { "PASS\n" } else { "FAIL\n" });
        self
    }
}

/// Reads both files and checks one against the other.
pub(crate) fn verify(dataset: &Path, manifest: Option<&Path>) -> Result<Verdict, ExtractError> {
    let beside = || manifest_file::path_beside(dataset);
    let manifest = manifest.map_or_else(beside, Path::to_owned);
    let text = read_manifest(&manifest)?;
    let bytes = fs::read(dataset).map_err(|source| {
        let advice = "name the dataset or sample to verify";
        ExtractError::Open { path: dataset.to_owned(), source, advice }
    })?;
    Ok(judge(&bytes, &text))
}

fn read_manifest(path: &PathBuf) -> Result<Vec<u8>, ExtractError> {
    let mut text = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(manifest_file::BYTES_MAX + 1).read_to_end(&mut text));
    let long = || io::Error::other("it is too long for a manifest");
    let read = read
        .and_then(|read| (read as u64 <= manifest_file::BYTES_MAX).then_some(()).ok_or_else(long));
    read.map_err(|source| {
        let advice = "name the manifest of the run with --manifest";
        ExtractError::Open { path: path.clone(), source, advice }
    })?;
    Ok(text)
}

fn judge(bytes: &[u8], manifest: &[u8]) -> Verdict {
    let mut verdict = Verdict { text: String::new(), passed: true };
    let manifest = match ManifestFile::from_text(manifest) {
        Ok(manifest) => manifest,
        Err(reason) => {
            verdict.check("the manifest is whole", &Err(reason.to_owned()));
            return verdict.end();
        }
    };
    verdict.check("the manifest is whole", &Ok(()));
    let output = which_output(bytes, &manifest);
    let what = match output {
        Some(name) => format!("the bytes are those of the run's {name}"),
        None => "the bytes are those of an output of the run".to_owned(),
    };
    verdict.check(&what, &output.map(drop).ok_or_else(|| "length or BLAKE3 differ".to_owned()));
    // The import file has the form of its dump; its bytes say all that can be said.
    if output != Some(IMPORT) {
        judge_rows(bytes, &manifest, output.unwrap_or(DATASET), &mut verdict);
    }
    verdict.end()
}

fn which_output<'m>(bytes: &[u8], manifest: &'m ManifestFile) -> Option<&'m str> {
    let found = OutputFile::of(bytes);
    manifest.outputs.iter().find(|(_, stated)| **stated == found).map(|(name, _)| name.as_str())
}

fn judge_rows(bytes: &[u8], manifest: &ManifestFile, output: &str, verdict: &mut Verdict) {
    let dataset = match Dataset::from_json(bytes) {
        Ok(dataset) => dataset,
        Err(error) => return verdict.check("it is a dataset", &Err(error.to_string())),
    };
    verdict.check("it is a dataset", &Ok(()));
    let same_key = dataset.key_id() == manifest.key_id;
    let other = || "it was made with another key".to_owned();
    verdict.check("the key id is the manifest's", &same_key.then_some(()).ok_or_else(other));
    verdict.check("the numbers of rows are the manifest's", &rows(&dataset, manifest, output));
    verdict.check("every column is listed", &columns(&dataset, manifest));
    verdict.check("every pseudonym looks like one", &pseudonyms(&dataset, manifest));
    verdict.check("every work has its row", &works(&dataset, manifest));
}

/// A sample has some of the rows.
fn rows(dataset: &Dataset, manifest: &ManifestFile, output: &str) -> Result<(), String> {
    let mut problems = Problems::default();
    for (table, rows) in dataset.tables() {
        let stated = manifest.tables.get(table).map_or(0, |table| table.rows_out);
        let found = rows.len() as u64;
        if found > stated || (output == DATASET && found != stated) {
            problems.add(&format!("{table} has {found} of {stated}"));
        }
    }
    for (table, counts) in &manifest.tables {
        if counts.rows_out > 0 && !dataset.tables().contains_key(table) {
            problems.add(&format!("{table} is missing"));
        }
    }
    problems.result()
}

fn columns(dataset: &Dataset, manifest: &ManifestFile) -> Result<(), String> {
    let mut problems = Problems::default();
    for (table, rows) in dataset.tables() {
        let actions = manifest.columns.get(table);
        let is_listed = |column: &str| {
            actions.and_then(|actions| actions.get(column)).is_some_and(|action| action != "drop")
        };
        for (index, row) in rows.iter().enumerate() {
            // The name may be anything, so that only its place is told.
            if !row.keys().all(|column| is_listed(column)) {
                problems.add(&format!("{table} row {index} has another"));
            }
        }
    }
    problems.result()
}

fn pseudonyms(dataset: &Dataset, manifest: &ManifestFile) -> Result<(), String> {
    let mut problems = Problems::default();
    for (table, column) in pseudonym_columns(manifest, is_token_action) {
        for (index, row) in dataset.rows(table).iter().enumerate() {
            let is_token = match row.get(column) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => looks_like_token(text),
                Some(_) => false,
            };
            if !is_token {
                problems.add(&format!("{table}.{column} row {index} does not"));
            }
        }
    }
    problems.result()
}

fn pseudonym_columns(
    manifest: &ManifestFile,
    matches: fn(&str) -> bool,
) -> impl Iterator<Item = (&str, &str)> {
    manifest.columns.iter().flat_map(move |(table, actions)| {
        let columns = actions.iter().filter(move |(_, action)| matches(action));
        columns.map(move |(column, _)| (table.as_str(), column.as_str()))
    })
}

fn is_pseudonym_action(action: &str) -> bool {
    action.split(' ').next() == Some("pseudonym")
}

/// With a form behind its domain, a pseudonym looks like the original.
fn is_token_action(action: &str) -> bool {
    is_pseudonym_action(action) && action.split(' ').count() <= 2
}

/// A prefix, and 16 characters of base32 behind a dash.
fn looks_like_token(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
    text.rsplit_once('-').is_some_and(|(prefix, digits)| {
        !prefix.is_empty() && digits.len() == 16 && digits.bytes().all(is_digit)
    })
}

/// All ids of a work are in one row of its table.
fn works(dataset: &Dataset, manifest: &ManifestFile) -> Result<(), String> {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, column) in pseudonym_columns(manifest, is_pseudonym_action) {
        columns.entry(table).or_default().push(column);
    }
    let mut tables = HashMap::new();
    let mut problems = Problems::default();
    for (index, work) in dataset.works().iter().enumerate() {
        let table = work.table.as_str();
        let columns = columns.get(table).map_or(&[][..], Vec::as_slice);
        let rows = dataset.rows(table);
        let by_id = tables.entry(table).or_insert_with(|| rows_by_id(rows, columns));
        let candidates = by_id.get(&work.profile_id).map_or(&[][..], Vec::as_slice);
        if !candidates.iter().any(|&row| has_ids(&rows[row], columns, work)) {
            problems.add(&format!("work {index} of {table} has none"));
        }
    }
    problems.result()
}

fn rows_by_id(rows: &[Row], columns: &[&str]) -> HashMap<String, Vec<usize>> {
    let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for id in ids(row, columns) {
            by_id.entry(id).or_default().push(index);
        }
    }
    by_id
}

/// An id may be a number in the row, and is text in the list of works.
fn ids<'r>(row: &'r Row, columns: &'r [&str]) -> impl Iterator<Item = String> + 'r {
    columns.iter().filter_map(|column| match row.get(*column)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

fn has_ids(row: &Row, columns: &[&str], work: &Work) -> bool {
    let mut others = [&work.owner_user_id, &work.work_code].into_iter().flatten();
    others.all(|id| ids(row, columns).any(|found| found == *id))
}

/// The first problems in words, and the number of the others.
#[derive(Default)]
struct Problems {
    text: String,
    count: u64,
}

impl Problems {
    const SHOWN_MAX: u64 = 5;

    fn add(&mut self, problem: &str) {
        self.count += 1;
        if self.count <= Self::SHOWN_MAX {
            let separator = if self.count == 1 { "" } else { "; " };
            // A table's name of an edited file may be anything.
            let problem: String = problem.chars().take(200).collect();
            write!(self.text, "{separator}{}", problem.escape_debug())
                .expect("a string in memory can be appended to");
        }
    }

    fn result(self) -> Result<(), String> {
        match self.count {
            0 => Ok(()),
            count if count > Self::SHOWN_MAX => {
                Err(format!("{}; and {} more", self.text, count - Self::SHOWN_MAX))
            }
            _ => Err(self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

    use super::*;
    use crate::manifest_file::tests::small;

    const FILE: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"0011223344556677",
"tables":{"t":[
{"owner_user_id":"user-vrbofwpdmtvohghz","profile_id":"profile-7nn7hm73wbvs4l3q","public_work_code":"PZ-73","title":"x"}
]},
"normalizedWorks":[
{"kind":"puzzle","table":"t","profileId":"profile-7nn7hm73wbvs4l3q","ownerUserId":"user-vrbofwpdmtvohghz","workCode":"PZ-73","published":true}
],
"counts":{"t":1,"normalizedWorks":1}}
"#;

    /// The verdict on a changed file whose manifest was made for it, but for its bytes.
    fn judged(file: &str, change: impl FnOnce(&mut ManifestFile)) -> Verdict {
        let mut manifest = small(file.as_bytes());
        change(&mut manifest);
        judge(file.as_bytes(), manifest.to_text().unwrap().as_bytes())
    }

    #[track_caller]
    fn fails(file: &str, expected: &str) {
        assert_ne!(file, FILE);
        let verdict = judged(file, |_| {});
        assert!(!verdict.passed && verdict.text.ends_with("FAIL\n"), "{}", verdict.text);
        let failed: Vec<_> =
            verdict.text.lines().filter(|line| line.starts_with("FAILED")).collect();
        assert!(failed[0].contains(expected), "{}", verdict.text);
        assert!(!verdict.text.contains("CANARY"), "{}", verdict.text);
    }

    #[test]
    fn what_the_run_wrote_passes() {
        let verdict = judged(FILE, |_| {});
        assert!(verdict.passed, "{}", verdict.text);
        assert_eq!(verdict.text.lines().count(), 9);
        assert!(verdict.text.contains("ok: the bytes are those of the run's dataset\n"));
        assert!(verdict.text.ends_with("ok: every work has its row\nPASS\n"));
    }

    #[test]
    fn a_changed_byte_fails_wherever_it_is() {
        let manifest = small(FILE.as_bytes()).to_text().unwrap();
        for index in 0..FILE.len() {
            let mut file = FILE.as_bytes().to_vec();
            file[index] ^= 1;
            assert!(!judge(&file, manifest.as_bytes()).passed, "byte {index}");
        }
        assert!(!judge(FILE.as_bytes(), &manifest.as_bytes()[1..]).passed);
    }

    #[test]
    fn each_check_finds_its_own_fault() {
        fails(&FILE.replacen("0011", "0012", 1), "another key");
        fails(&FILE.replacen("\"title\"", "\"CANARY\"", 1), "t row 0 has another");
        fails(&FILE.replacen("\"title\"", "\"source_session_id\"", 1), "t row 0 has another");
        fails(&FILE.replace("user-vrbofwpdmtvohghz", "user_CANARY"), "t.owner_user_id row 0");
        fails(&FILE.replacen("PZ-73", "CANARY", 1), "work 0 of t has none");
        fails(&FILE.replacen("\"profileId\":\"p", "\"profileId\":\"CANARY", 1), "work 0 of t");
        fails(&FILE.replacen("genarrative-works", "CANARY", 1), "not a dataset");
        fails(&FILE.replace(":1", ":CANARY"), "not valid JSON");
        let second = FILE.replacen("\n]}", ",\n{}\n]}", 1).replace("{\"t\":1", "{\"t\":2");
        fails(&second, "t has 2 of 1");
    }

    #[test]
    fn a_table_without_its_rows_is_missing() {
        let file = FILE.replace("{\"t\":1", "{\"u\":1").replace("\"t\"", "\"u\"");
        fails(&file, "u has 1 of 0; t is missing");
    }

    #[test]
    fn a_sample_has_fewer_rows_and_an_import_another_form() {
        let rename = |name: &'static str| {
            move |manifest: &mut ManifestFile| {
                let output = manifest.outputs.remove("dataset").unwrap();
                manifest.outputs.insert(name.to_owned(), output);
                manifest.tables.get_mut("t").unwrap().rows_out = 9;
            }
        };
        let sample = judged(FILE, rename("sample"));
        assert!(sample.passed && sample.text.contains("the run's sample"), "{}", sample.text);
        assert!(!judged(FILE, rename("dataset")).passed);
        let import = judged("{}", rename("import"));
        assert!(import.passed && import.text.lines().count() == 3, "{}", import.text);
        assert!(!judged("{}", rename("sample")).passed);
    }

    #[test]
    fn many_problems_are_counted_and_few_are_shown() {
        let mut problems = Problems::default();
        (0..9).for_each(|index| problems.add(&format!("p{index}")));
        assert_eq!(problems.result(), Err("p0; p1; p2; p3; p4; and 4 more".to_owned()));
    }
}
