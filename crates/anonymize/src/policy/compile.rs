//! From the policy as written to one that cannot be wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{
    DomainFile, NestedFile, PathsFile, PolicyFile, PublishedFile, RuleFile, TableFile,
};
use super::{
    Column, Domain, MAX_NAME_BYTES, Nested, Paths, Policy, Published, Rule, SEED_DENIED_COLUMNS,
    SEED_DENIED_TABLES, Table, VERSION, Work, spelling,
};
use crate::AnonymizeError;

type Result<T> = std::result::Result<T, AnonymizeError>;

/// How deep JSON rules may lie in one another.
const MAX_RULE_DEPTH: usize = 16;

pub(super) fn compile(file: PolicyFile) -> Result<Policy> {
    if file.version != VERSION {
        return Err(wrong("version", format!("this build reads version {VERSION}")));
    }
    let deny = deny(file.deny);
    let domains = domains(file.domains)?;
    let scope = Scope { deny: &deny, domains: &domains };
    let tables = file.tables.into_iter().map(|table| scope.table(table));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    Ok(Policy { names: names(&tables)?, tables, deny, domains, paths: paths(file.paths)? })
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
    Ok(Paths { words: file.words.into_iter().collect(), extensions: extensions.collect() })
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
        Ok(Domain { prefix: file.prefix, patterns: file.patterns, name })
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

/// What a table's rules may refer to.
struct Scope<'a> {
    deny: &'a [String],
    domains: &'a [Domain],
}

impl Scope<'_> {
    fn table(&self, file: TableFile) -> Result<Table> {
        let place = format!("table {}", file.name);
        self.check_names(&place, &file)?;
        let mut columns = self.columns(&place, file.columns)?;
        if let Some(published) = &file.published {
            add_unlisted(&mut columns, published)?;
        }
        let find = |name: &str| columns.binary_search_by(|column| column.name.as_str().cmp(name));
        let id = |field: &str, name: &str| match find(name) {
            Ok(index) if matches!(columns[index].rule, Some(Rule::Pseudonym(_))) => Ok(index),
            _ => Err(wrong(format!("{place}.{field}"), "it must name a column with a pseudonym")),
        };
        let optional = |field: &str, name: &Option<String>| {
            name.as_ref().map(|name| id(field, name)).transpose()
        };
        let work = |work: super::file::WorkFile| {
            let owner = optional("work.owner_user_id", &work.owner_user_id)?;
            Ok(Work { code: optional("work.work_code", &work.work_code)?, owner, kind: work.kind })
        };
        let published = file.published.map(|file| Published {
            column: find(&file.column).expect("the column was added above"),
            deleted: file.deleted.map(|name| find(&name).expect("the column was added above")),
            values: file.values,
        });
        let (id, work) = (id("id", &file.id)?, file.work.map(work).transpose()?);
        Ok(Table { name: file.name, aliases: file.aliases, id, work, published, columns })
    }

    fn check_names(&self, place: &str, file: &TableFile) -> Result<()> {
        for name in file.aliases.iter().chain([&file.name]) {
            if !is_printable(name) || name == dataset::NORMALIZED_WORKS {
                return Err(wrong(place, "a name is empty, too long or reserved"));
            }
            refuse(name, self.deny.iter().map(String::as_str))?;
        }
        Ok(())
    }

    /// The columns sorted by name, which is also their order in the output.
    fn columns(&self, place: &str, file: BTreeMap<String, RuleFile>) -> Result<Vec<Column>> {
        let column = |(name, rule): (String, RuleFile)| {
            let place = format!("{place}.columns.{name}");
            let rule = Some(self.named_rule(&place, &name, rule, 0)?);
            Ok(Column { name, rule })
        };
        file.into_iter().map(column).collect()
    }

    fn named_rule(&self, place: &str, name: &str, rule: RuleFile, depth: usize) -> Result<Rule> {
        if !is_printable(name) {
            return Err(wrong(place, "a name is empty or too long"));
        }
        refuse(name, SEED_DENIED_COLUMNS.into_iter())?;
        self.rule(place, rule, depth)
    }

    fn rule(&self, place: &str, file: RuleFile, depth: usize) -> Result<Rule> {
        Ok(match file {
            RuleFile::Keep(values) => Rule::Keep(values),
            RuleFile::Count => Rule::Count,
            RuleFile::Time => Rule::Time,
            RuleFile::Text => Rule::Text,
            RuleFile::Pseudonym(domain) => Rule::Pseudonym(self.domain(place, &domain)?),
            RuleFile::Path(domain) => Rule::Path(self.domain(place, &domain)?),
            RuleFile::Json(nested) => Rule::Json(self.nested(place, nested, depth)?),
        })
    }

    fn domain(&self, place: &str, name: &str) -> Result<usize> {
        let found = self.domains.iter().position(|domain| domain.name == name);
        found.ok_or_else(|| wrong(place, format!("there is no domain \"{name}\"")))
    }

    fn nested(&self, place: &str, file: NestedFile, depth: usize) -> Result<Nested> {
        if depth == MAX_RULE_DEPTH {
            return Err(wrong(place, format!("rules are nested deeper than {MAX_RULE_DEPTH}")));
        }
        let keys = match file {
            NestedFile::Items(rule) => {
                return Ok(Nested::Items(Box::new(self.rule(place, *rule, depth + 1)?)));
            }
            NestedFile::Keys(keys) => keys,
        };
        let key = |(name, rule): (String, RuleFile)| {
            let place = format!("{place}.{name}");
            let rule = self.named_rule(&place, &name, rule, depth + 1)?;
            Ok((name, rule))
        };
        Ok(Nested::Keys(keys.into_iter().map(key).collect::<Result<_>>()?))
    }
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

/// Columns that only decide whether a work is published are read, but not written.
fn add_unlisted(columns: &mut Vec<Column>, published: &PublishedFile) -> Result<()> {
    for name in [Some(&published.column), published.deleted.as_ref()].into_iter().flatten() {
        refuse(name, SEED_DENIED_COLUMNS.into_iter())?;
        if let Err(index) = columns.binary_search_by(|column| column.name.cmp(name)) {
            columns.insert(index, Column { name: name.clone(), rule: None });
        }
    }
    Ok(())
}
