//! The search of the written outputs for what must not be in them, before they get their names.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek};

use anonymize::{
    Action, Anonymizer, Form, IMPORT_WORDS, Policy, Privacy, Private, PrivatePlace, information,
};
use dataset::{FORMAT, NORMALIZED_WORKS};
use leak_audit::{
    Ahead, Audit, AuditError, Certificate, Collector, Column, Grammar, Hit, Kind, Options, Origin,
    Output, Rows,
};

use crate::args::AuditScope;
use crate::error::ExtractError;
use crate::follow::{Follower, Progress};
use crate::source::Sources;

/// A dump up to this size is searched for the texts of private tables too without being asked.
const AUTO_DENIED_BYTES: u64 = 256_000_000;

/// An output of at least this size is read while it is written: the private texts behind a smaller
/// one may fit into the memory of the search, which then reads it once, and later.
const WORTH_FOLLOWING: u64 = 16 << 20;

/// The most hits that an error names.
const SHOWN_HITS: usize = 5;

/// What a dataset says by itself, beside the policy's own words.
const DATASET_WORDS: [&str; 12] = [
    "format",
    "formatVersion",
    "keyId",
    "realIds",
    "tables",
    "counts",
    "kind",
    "table",
    "profileId",
    "ownerUserId",
    "workCode",
    "published",
];

/// What the audit needs to know of the run.
pub(crate) struct Plan<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) anonymizer: Anonymizer<'a>,
    pub(crate) key_id: String,
    pub(crate) real_ids: bool,
    pub(crate) scope: AuditScope,
    pub(crate) threads: usize,
}

/// A written file, with the word for it and how its rows stand.
pub(crate) struct Written<'a> {
    pub(crate) name: &'static str,
    pub(crate) file: &'a File,
    /// For rows that are arrays: the columns of each table.
    pub(crate) positions: Option<&'a [(String, Vec<String>)]>,
}

/// What was searched.
pub(crate) struct Searched {
    pub(crate) certificate: Certificate,
    pub(crate) denied_tables: bool,
}

/// An output that is still being written.
pub(crate) struct Growing<'a> {
    pub(crate) name: &'static str,
    pub(crate) file: &'a File,
    pub(crate) progress: &'a Progress,
}

/// An audit that has read its outputs while they were written.
pub(crate) struct Begun {
    audit: Audit,
    ahead: Ahead,
}

/// Reads the outputs a little behind their writer. Nothing where the first is too small for that,
/// or cannot be read, which the search will say.
pub(crate) fn begin(audit: Audit, growing: &[Growing<'_>]) -> Option<Begun> {
    if !growing.first()?.progress.reaches(WORTH_FOLLOWING) {
        return None;
    }
    let open = |output: &Growing<'_>| -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Follower::new(output.file, output.progress)?))
    };
    let mut opens: Vec<_> = growing.iter().map(|output| move || open(output)).collect();
    let named = growing.iter().zip(&mut opens);
    let named = named.map(|(output, open)| Output { name: output.name, rows: Rows::Named, open });
    let ahead = audit.read_ahead::<Infallible>(&mut named.collect::<Vec<_>>()).ok()?;
    Some(Begun { audit, ahead })
}

/// An audit of outputs whose rows are arrays where `written` says so.
pub(crate) fn audit(plan: &Plan<'_>, written: &[Written<'_>]) -> Audit {
    let mut options = Options::default();
    options.threads = plan.threads.min(2);
    Audit::new(grammar(plan, written), options)
}

/// Searches the outputs. An error says where a private text is, and never what it is.
pub(crate) fn search(
    plan: &Plan<'_>,
    sources: &mut Sources,
    written: &[Written<'_>],
    begun: Option<Begun>,
) -> Result<Searched, ExtractError> {
    let denied_tables = plan.scope == AuditScope::Full || sources.bytes() <= AUTO_DENIED_BYTES;
    let mut names = Names::default();
    let mut walk = |collector: &mut Collector<'_>| {
        let mut shown = Shown { collector, names: &mut names, origin: NOWHERE };
        let mut dumps = sources.dumps(plan.policy);
        plan.anonymizer.show_private(&mut dumps, denied_tables, &mut shown)
    };
    let mut opens: Vec<_> = written.iter().map(|output| move || open(output.file)).collect();
    let mut outputs: Vec<_> = written
        .iter()
        .zip(&mut opens)
        .map(|(output, open)| Output {
            name: output.name,
            rows: if output.positions.is_some() { Rows::Positional } else { Rows::Named },
            open,
        })
        .collect();
    let (audit, ahead) = match whole(begun, written) {
        Some(Begun { audit, ahead }) => (audit, Some(ahead)),
        None => (audit(plan, written), None),
    };
    let found = audit.run_after(ahead, &mut walk, &mut outputs);
    drop(outputs);
    match found {
        Ok(certificate) => Ok(Searched { certificate, denied_tables }),
        Err(AuditError::Walk(error)) => Err(sources.error(error)),
        Err(AuditError::Leak { hits, total }) => {
            Err(ExtractError::Audit(leak(&hits, total, &names)))
        }
        Err(other) => Err(ExtractError::Audit(other.to_string())),
    }
}

/// What was read while it was written counts only if nothing was written after that.
fn whole(begun: Option<Begun>, written: &[Written<'_>]) -> Option<Begun> {
    let bytes = |output: &Written<'_>| output.file.metadata().ok().map(|file| file.len());
    let total = written.iter().map(bytes).sum::<Option<u64>>();
    begun.filter(|begun| total == Some(begun.ahead.bytes()))
}

fn open(file: &File) -> io::Result<Box<dyn Read>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(Box::new(file))
}

/// What the outputs may say: the words of policy and formats, tokens, and what chance can make in
/// the columns where something is made by chance.
fn grammar(plan: &Plan<'_>, written: &[Written<'_>]) -> Grammar {
    let policy = plan.policy;
    let mut grammar = Grammar::new(information)
        .words(policy.public_words())
        .words(DATASET_WORDS)
        .words(IMPORT_WORDS.iter().copied())
        .words([FORMAT, NORMALIZED_WORKS, &plan.key_id])
        .token_prefixes(policy.token_prefixes());
    for rule in policy.rules() {
        let column = match rule.action {
            Action::Text => Column::Text,
            Action::KeptText => Column::Kept,
            Action::Pseudonym(_, Form::Code | Form::Number) => Column::Code,
            _ => Column::Strict,
        };
        grammar = grammar.column(rule.table, &rule.column, column);
    }
    grammar = grammar.column(NORMALIZED_WORKS, "workCode", Column::Code);
    if plan.real_ids {
        for field in ["profileId", "ownerUserId", "workCode"] {
            grammar = grammar.column(NORMALIZED_WORKS, field, Column::Kept);
        }
        for (table, column) in policy.route_columns() {
            grammar = grammar.column(table, column, Column::Kept);
        }
    }
    for (table, columns) in written.iter().filter_map(|output| output.positions).flatten() {
        grammar = grammar.positions(table, columns);
    }
    grammar
}

const NOWHERE: Origin = Origin { kind: Kind::Sensitive, table: 0, column: 0, offset: 0 };

/// Names of tables and columns by number. Names of tables that are not allowed could be data.
#[derive(Default)]
struct Names {
    list: Vec<Option<String>>,
    numbers: HashMap<String, u32>,
    /// By number what came after it: most rows have the same columns in the same order.
    next: Vec<u32>,
    last: u32,
}

impl Names {
    fn number(&mut self, name: Option<&str>) -> u32 {
        let Some(name) = name else { return 0 };
        let guess = self.next.get(self.last as usize).copied().unwrap_or_default();
        let is_guess = self.name(guess) == Some(name);
        let number = if is_guess { guess } else { self.look_up(name) };
        if let Some(next) = self.next.get_mut(self.last as usize) {
            *next = number;
        }
        self.last = number;
        number
    }

    fn look_up(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        if self.list.is_empty() {
            (self.list, self.next) = (vec![None], vec![0]);
        }
        if self.list.len() >= 10_000 {
            return 0;
        }
        let number = self.list.len() as u32;
        self.list.push(Some(name.to_owned()));
        self.next.push(0);
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: u32) -> Option<&str> {
        self.list.get(number as usize)?.as_deref()
    }
}

/// Hands what the dump shows to the collector.
struct Shown<'c, 'a> {
    collector: &'c mut Collector<'a>,
    names: &'c mut Names,
    origin: Origin,
}

impl Shown<'_, '_> {
    /// Rows of one table follow one another.
    fn table(&mut self, name: Option<&str>) -> u32 {
        let last = self.origin.table;
        if self.names.name(last) == name {
            last
        } else {
            name.map_or(0, |name| self.names.look_up(name))
        }
    }
}

impl Private for Shown<'_, '_> {
    fn place(&mut self, place: &PrivatePlace<'_>) {
        self.origin = Origin {
            kind: match place.privacy {
                Privacy::Denied => Kind::Denied,
                Privacy::Dropped => Kind::Dropped,
                Privacy::Sensitive => Kind::Sensitive,
            },
            table: self.table(place.table),
            column: self.names.number(place.column),
            offset: place.offset,
        };
    }

    fn json(&mut self, piece: &[u8]) {
        self.collector.json(self.origin, piece);
    }

    fn end(&mut self) {
        self.collector.json_end(self.origin);
    }
}

/// One line that says what is where, and what to do.
fn leak(hits: &[Hit], total: u64, names: &Names) -> String {
    let mut text = match total {
        1 => "a private text of the dump is in an output".to_owned(),
        _ => format!("{total} private texts of the dump are in the outputs"),
    };
    for hit in hits.iter().take(SHOWN_HITS) {
        let Hit { output, place, offset, characters, .. } = hit;
        text += &match hit.origin {
            Some(origin) => format!(
                "; {output} at {place}, byte {offset}: {characters} characters {}",
                from(&origin, names)
            ),
            None => format!("; {output} at {place}, byte {offset}: a key that no rule lists"),
        };
    }
    text + "; change the rule of that column"
}

fn from(origin: &Origin, names: &Names) -> String {
    let what = match origin.kind {
        Kind::Denied => "a table that is not allowed",
        Kind::Dropped => "a dropped column",
        Kind::Sensitive => "a sensitive column",
    };
    let table = names.name(origin.table).filter(|name| looks_like_schema(name));
    let column = names.name(origin.column);
    let place = match (table, column) {
        (Some(table), Some(column)) => format!("{table}.{column}, "),
        (Some(table), None) => format!("{table}, "),
        _ => String::new(),
    };
    format!("of {place}{what}, near byte {} of the dump", origin.offset)
}

/// A table that is not allowed may have a name made of data.
fn looks_like_schema(name: &str) -> bool {
    name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().filter(u8::is_ascii_digit).count() < 4
}
