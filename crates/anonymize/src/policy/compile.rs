//! From the policy as written to one that cannot be wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{
    CountFile, DomainFile, FormFile, NestedFile, PathsFile, PolicyFile, RuleFile, ShiftFile,
    TableFile, TextFile, WorkFile,
};
use super::{
    Column, Domain, Key, Keys, MAX_NAME_BYTES, Nested, Paths, Policy, Published, Rule,
    SEED_DENIED_COLUMNS, SEED_DENIED_TABLES, Shift, Spellings, Table, VERSION, Words, Work,
    spelling,
};
use crate::glob::Glob;
use crate::{AnonymizeError, Form, json};

type Result<T> = std::result::Result<T, AnonymizeError>;

/// How deep JSON rules may lie in one another.
const MAX_RULE_DEPTH: usize = 16;

/// The longest shift of times: ten years.
const MAX_SHIFT_DAYS: u32 = 3_650;

pub(super) fn compile(file: PolicyFile) -> Result<Policy> {
    if file.version != VERSION {
        return Err(wrong("version", format!("this build reads version {VERSION}")));
    }
    let deny = deny(file.deny);
    let domains = domains(file.domains)?;
    let tables = file.tables.into_iter().map(|file| {
        let columns = Columns::of(&file);
        Scope { deny: &deny, domains: &domains, columns: &columns }.table(file)
    });
    let tables = tables.collect::<Result<Vec<_>>>()?;
    let (names, patterns, paths) = (names(&tables)?, patterns(&domains), paths(file.paths)?);
    Ok(Policy { names, tables, deny, domains, patterns, paths })
}

/// The longest first, so that the first that fits decides.
fn patterns(domains: &[Domain]) -> Vec<(Glob, usize)> {
    let mut patterns = Vec::new();
    for (index, domain) in domains.iter().enumerate() {
        patterns.extend(domain.patterns.iter().map(|pattern| (pattern, index)));
    }
    patterns.sort_by_key(|(pattern, index)| (usize::MAX - pattern.len(), *index));
    patterns.into_iter().map(|(pattern, index)| (Glob::new(pattern), index)).collect()
}

fn wrong(place: impl Into<String>, reason: impl Into<String>) -> AnonymizeError {
    // A name may hold a line break, an error may not.
    let line = |text: String| text.replace(char::is_control, " ");
    AnonymizeError::Policy { place: line(place.into()), reason: line(reason.into()) }
}

/// The tables that were denied from the start stay so, whatever the file says.
fn deny(mut deny: Vec<String>) -> Vec<String> {
    deny.extend(SEED_DENIED_TABLES.map(str::to_owned));
    deny.sort();
    deny.dedup();
    deny
}

fn names(tables: &[Table]) -> Result<BTreeMap<String, usize>> {
    let mut names = BTreeMap::new();
    for (index, table) in tables.iter().enumerate() {
        for name in table.spellings() {
            if names.insert(name.to_owned(), index).is_some() {
                return Err(wrong(format!("table {name}"), "this name or alias occurs twice"));
            }
        }
    }
    if names.is_empty() {
        return Err(wrong("table", "a policy without a table would extract nothing"));
    }
    add_camel_aliases(tables, &mut names);
    Ok(names)
}

/// Dumps of TypeScript clients spell names differently. A spelling that would fit two tables, or is
/// another table's own, is nobody's alias.
fn add_camel_aliases(tables: &[Table], names: &mut BTreeMap<String, usize>) {
    let mut aliases: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (index, table) in tables.iter().enumerate() {
        for name in table.spellings() {
            aliases.entry(spelling::camel(name)).or_default().insert(index);
        }
    }
    for (alias, owners) in aliases {
        if let (1, Some(owner)) = (owners.len(), owners.first()) {
            names.entry(alias).or_insert(*owner);
        }
    }
}

fn paths(file: PathsFile) -> Result<Paths> {
    let check = |word: &String| word.contains('/') || !is_printable(word);
    if file.words.iter().chain(&file.extensions).any(check) {
        return Err(wrong("paths", "a word or extension is empty, too long or has a slash"));
    }
    let extensions = file.extensions.into_iter().map(|extension| extension.to_lowercase());
    Ok(Paths {
        words: Words::new(file.words.into_iter().collect()),
        extensions: extensions.collect(),
    })
}

fn domains(file: BTreeMap<String, DomainFile>) -> Result<Vec<Domain>> {
    let mut prefixes = BTreeSet::new();
    let domain = |(name, file): (String, DomainFile)| {
        let place = || format!("domains.{name}");
        if !is_prefix(&file.prefix) {
            return Err(wrong(place(), "the prefix must be lower-case letters, digits and dashes"));
        }
        if !prefixes.insert(file.prefix.clone()) {
            return Err(wrong(place(), "another domain has the same prefix"));
        }
        let form = match file.form {
            FormFile::Token => Form::Token,
            FormFile::Code => Form::Code,
            FormFile::Number => Form::Number,
        };
        Ok(Domain { prefix: file.prefix, form, patterns: file.patterns, name })
    };
    file.into_iter().map(domain).collect()
}

fn is_prefix(prefix: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&prefix.len()) && prefix.bytes().all(is_part)
}

fn is_printable(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// The columns of one table, sorted by name, and whether each has a pseudonym.
struct Columns(BTreeMap<String, bool>);

impl Columns {
    /// Columns that only decide whether a work is published are read, but not written.
    fn of(file: &TableFile) -> Self {
        let listed = file.columns.iter();
        let is_id = |rule: &RuleFile| matches!(rule, RuleFile::Pseudonym(_));
        let mut columns: BTreeMap<_, _> =
            listed.map(|(name, rule)| (name.clone(), is_id(rule))).collect();
        if let Some(published) = &file.published {
            for name in [Some(&published.column), published.deleted.as_ref()].into_iter().flatten()
            {
                columns.entry(name.clone()).or_insert(false);
            }
        }
        Self(columns)
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.0.keys().position(|known| known == name)
    }

    fn id(&self, place: impl Into<String>, name: &str) -> Result<usize> {
        match (self.index(name), self.0.get(name)) {
            (Some(index), Some(true)) => Ok(index),
            _ => Err(wrong(place, "it must name a column with a pseudonym")),
        }
    }
}

/// What a table's rules may refer to.
struct Scope<'a> {
    deny: &'a [String],
    domains: &'a [Domain],
    columns: &'a Columns,
}

impl Scope<'_> {
    fn table(&self, file: TableFile) -> Result<Table> {
        let place = format!("table {}", file.name);
        self.check_names(&place, &file)?;
        let columns = self.columns(&place, file.columns)?;
        let index = |name: &String| self.columns.index(name).expect("it is among the columns");
        let published = file.published.map(|file| Published {
            column: index(&file.column),
            deleted: file.deleted.as_ref().map(index),
            values: file.values.iter().map(|value| value.to_lowercase()).collect(),
        });
        let id = self.columns.id(format!("{place}.id"), &file.id)?;
        let work = file.work.map(|work| self.work(&place, work)).transpose()?;
        let names = spellings(&place, columns.iter().map(|column| &column.name))?;
        Ok(Table { name: file.name, aliases: file.aliases, id, work, published, columns, names })
    }

    fn work(&self, place: &str, file: WorkFile) -> Result<Work> {
        let id = |field: &str, name: Option<String>| {
            name.map(|name| self.columns.id(format!("{place}.{field}"), &name)).transpose()
        };
        let owner = id("work.owner_user_id", file.owner_user_id)?;
        Ok(Work { code: id("work.work_code", file.work_code)?, owner, kind: file.kind })
    }

    fn check_names(&self, place: &str, file: &TableFile) -> Result<()> {
        for name in file.aliases.iter().chain([&file.name]) {
            if !is_printable(name) || name == dataset::NORMALIZED_WORKS {
                return Err(wrong(place, "a name is empty, too long or reserved"));
            }
            refuse(name, self.deny.iter().map(String::as_str))?;
        }
        let published = file.published.iter();
        let read = published.flat_map(|file| [Some(&file.column), file.deleted.as_ref()]);
        read.flatten().try_for_each(|name| refuse(name, SEED_DENIED_COLUMNS.into_iter()))
    }

    /// The columns sorted by name, which is also their order in the output.
    fn columns(&self, place: &str, mut rules: BTreeMap<String, RuleFile>) -> Result<Vec<Column>> {
        let column = |name: &String| {
            let place = format!("{place}.columns.{name}");
            let rule = match rules.remove(name) {
                Some(rule) => self.named_rule(&place, name, name, rule, 0)?,
                None => Rule::Read,
            };
            Ok(Column { name: name.clone(), key: json_key(name), seed: seed(name), rule })
        };
        self.columns.0.keys().map(column).collect()
    }

    fn named_rule(
        &self,
        place: &str,
        path: &str,
        name: &str,
        rule: RuleFile,
        depth: usize,
    ) -> Result<Rule> {
        if !is_printable(name) {
            return Err(wrong(place, "a name is empty or too long"));
        }
        if !matches!(rule, RuleFile::Drop) {
            refuse(name, SEED_DENIED_COLUMNS.into_iter())?;
        }
        self.rule(place, path, rule, depth)
    }

    fn rule(&self, place: &str, path: &str, file: RuleFile, depth: usize) -> Result<Rule> {
        Ok(match file {
            RuleFile::Drop => Rule::Drop,
            RuleFile::Keep(values) => Rule::Keep(values),
            RuleFile::Count(None) => Rule::Count(None),
            RuleFile::Count(Some(CountFile { digits: 0 })) => {
                return Err(wrong(place, "at least one digit must stay"));
            }
            RuleFile::Count(Some(CountFile { digits })) => Rule::Count(Some(digits)),
            RuleFile::Time(shift) => {
                Rule::Time(shift.map(|shift| self.shift(place, &shift)).transpose()?)
            }
            RuleFile::Text(None) => Rule::Text,
            RuleFile::Text(Some(TextFile::Keep)) => Rule::KeptText,
            RuleFile::Pseudonym(domain) => Rule::Pseudonym(self.domain(place, &domain)?),
            RuleFile::Path(domain) => Rule::Path(self.domain(place, &domain)?),
            RuleFile::Json(nested) => Rule::Json(self.nested(place, path, nested, depth)?),
        })
    }

    fn shift(&self, place: &str, file: &ShiftFile) -> Result<Shift> {
        if !(1..=MAX_SHIFT_DAYS).contains(&file.shift_days) {
            return Err(wrong(place, format!("shift_days must be from 1 to {MAX_SHIFT_DAYS}")));
        }
        Ok(Shift { days: file.shift_days, by: self.columns.id(format!("{place}.by"), &file.by)? })
    }

    fn domain(&self, place: &str, name: &str) -> Result<usize> {
        let found = self.domains.iter().position(|domain| domain.name == name);
        found.ok_or_else(|| wrong(place, format!("there is no domain \"{name}\"")))
    }

    fn nested(&self, place: &str, path: &str, file: NestedFile, depth: usize) -> Result<Nested> {
        if depth == MAX_RULE_DEPTH {
            return Err(wrong(place, format!("rules are nested deeper than {MAX_RULE_DEPTH}")));
        }
        let keys = match file {
            NestedFile::Items(rule) => {
                let rule = self.rule(place, path, *rule, depth + 1)?;
                return Ok(Nested::Items(Box::new(rule)));
            }
            NestedFile::Keys(keys) => keys,
        };
        let key = |(name, rule): (String, RuleFile)| {
            let (place, path) = (format!("{place}.{name}"), format!("{path}.{name}"));
            let rule = self.named_rule(&place, &path, &name, rule, depth + 1)?;
            Ok(Key { key: json_key(&name), place: path, name, rule })
        };
        let list = keys.into_iter().map(key).collect::<Result<Vec<_>>>()?;
        let names = spellings(place, list.iter().map(|key| &key.name))?;
        Ok(Nested::Keys(Keys { list, names }))
    }
}

fn json_key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    json::text(name, &mut key);
    key.push(b':');
    key
}

/// FNV-1a: the name alone decides, so that a column keeps its texts whatever stands beside it.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Each name as it is, and in the camel case of dumps that the TypeScript SDK wrote.
fn spellings<'n>(place: &str, names: impl Iterator<Item = &'n String>) -> Result<Spellings> {
    let names: Vec<_> = names.collect();
    let mut known: BTreeMap<String, usize> =
        names.iter().enumerate().map(|(index, name)| ((*name).clone(), index)).collect();
    for (index, name) in names.iter().enumerate() {
        let camel = spelling::camel(name);
        // A name that is listed itself belongs to nobody else.
        if names.contains(&&camel) {
            continue;
        }
        if known.insert(camel, index).is_some() {
            return Err(wrong(
                place,
                format!("\"{name}\" and another name are the same in camel case"),
            ));
        }
    }
    Ok(Spellings(known.into_iter().collect()))
}

/// A different spelling of the same name must not slip through.
fn refuse<'p>(name: &str, patterns: impl Iterator<Item = &'p str>) -> Result<()> {
    match spelling::is_one_of(name, patterns) {
        Some(pattern) => {
            Err(AnonymizeError::PolicyDenied { name: name.to_owned(), pattern: pattern.to_owned() })
        }
        None => Ok(()),
    }
}
