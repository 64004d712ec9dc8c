//! Sanitized rows, many in few allocations.

use std::borrow::Cow;
use std::ops::Range;

use dataset::Work;
use serde::Serialize;

use crate::read::Text;

/// Sanitized rows as bytes. Nothing but the rules of this crate can fill it.
#[derive(Default)]
pub(crate) struct CleanRows {
    pub(crate) json: Vec<u8>,
    pub(crate) import: Vec<u8>,
    entries: Vec<Entry>,
}

/// One row in the bytes.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) table: usize,
    pub(crate) json: Range<usize>,
    /// Empty where no such form was asked for.
    pub(crate) import: Range<usize>,
    /// Smaller is earlier in the sample: published works first, then by keyed hash.
    pub(crate) rank: (bool, u64),
    pub(crate) work: Option<WorkEntry>,
}

/// Where the row's bytes hold what makes it a work.
#[derive(Clone)]
pub(crate) struct WorkEntry {
    pub(crate) profile_id: Range<usize>,
    pub(crate) owner_user_id: Option<Range<usize>>,
    pub(crate) work_code: Option<Range<usize>>,
    pub(crate) published: bool,
}

impl CleanRows {
    /// Forgets the rows and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.json.clear();
        self.import.clear();
        self.entries.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Forgets what was written after these lengths.
    pub(crate) fn truncate(&mut self, json: usize, import: usize) {
        self.json.truncate(json);
        self.import.truncate(import);
    }

    /// A view of one row, with the names that its policy gives to its table and kind of work.
    pub(crate) fn row<'a>(&'a self, row: usize, table: &'a str, kind: &'a str) -> CleanRow<'a> {
        CleanRow { table, kind, rows: self, entry: &self.entries[row] }
    }
}

/// A row to which every rule was applied. Only this crate can make one.
#[derive(Clone, Copy)]
pub struct CleanRow<'a> {
    table: &'a str,
    kind: &'a str,
    rows: &'a CleanRows,
    entry: &'a Entry,
}

impl std::fmt::Debug for CleanRow<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CleanRow").field("table", &self.table).finish_non_exhaustive()
    }
}

impl<'a> CleanRow<'a> {
    /// The table's name in the policy.
    pub fn table(&self) -> &'a str {
        self.table
    }

    /// The row as a JSON object in UTF-8, on one line, its columns sorted by name.
    pub fn json(&self) -> &'a [u8] {
        &self.rows.json[self.entry.json.clone()]
    }

    /// The row in the dump's own shape and encoding, where that was asked for.
    pub fn import_json(&self) -> Option<&'a [u8]> {
        Some(&self.rows.import[self.entry.import.clone()]).filter(|json| !json.is_empty())
    }

    /// The row's entry in the works list, where the policy makes it a work.
    pub fn work(&self) -> Option<WorkRef<'a>> {
        let work = self.entry.work.as_ref()?;
        let json = self.json();
        let text = |range: &Range<usize>| {
            let raw = std::str::from_utf8(&json[range.clone()]).expect("ids are written as UTF-8");
            Text::written(raw).decode().expect("what this crate escapes can be read")
        };
        Some(WorkRef {
            kind: self.kind,
            table: self.table,
            profile_id: text(&work.profile_id),
            owner_user_id: work.owner_user_id.as_ref().map(text),
            work_code: work.work_code.as_ref().map(text),
            published: work.published,
        })
    }

    pub(crate) fn kind(&self) -> &'a str {
        self.kind
    }

    /// What decides the row's place in a sample. Rows with the same id are told apart by what they
    /// say, so that no tie depends on the dump.
    pub(crate) fn order(&self) -> ((bool, u64), &'a [u8]) {
        (self.entry.rank, self.json())
    }

    /// A copy that outlives the other rows.
    pub(crate) fn to_rows(self) -> CleanRows {
        let json = self.json().to_vec();
        let import = self.import_json().unwrap_or_default().to_vec();
        let (table, rank, work) = (self.entry.table, self.entry.rank, self.entry.work.clone());
        let entry = Entry { table, json: 0..json.len(), import: 0..import.len(), rank, work };
        CleanRows { json, import, entries: vec![entry] }
    }
}

/// What a load test needs of one work, borrowed from its row. It is written as [`Work`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkRef<'a> {
    /// The kind of work, such as `puzzle`.
    pub kind: &'a str,
    /// The table that the work's row stands in.
    pub table: &'a str,
    /// The work's profile id as its row has it: a pseudonym, unless real ids were asked for.
    pub profile_id: Cow<'a, str>,
    /// The owner's user id in the same way, where the row has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_user_id: Option<Cow<'a, str>>,
    /// The public work code in the same way, where the row has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_code: Option<Cow<'a, str>>,
    /// Whether the public routes show the work.
    pub published: bool,
}

impl From<WorkRef<'_>> for Work {
    fn from(work: WorkRef<'_>) -> Self {
        Self {
            kind: work.kind.to_owned(),
            table: work.table.to_owned(),
            profile_id: work.profile_id.into_owned(),
            owner_user_id: work.owner_user_id.map(Cow::into_owned),
            work_code: work.work_code.map(Cow::into_owned),
            published: work.published,
        }
    }
}
