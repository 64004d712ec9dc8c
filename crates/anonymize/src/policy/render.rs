//! The compiled policy in words: what a manifest, an audit and a hash say of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Domain, Nested, Policy, Rule, Table, VERSION};
use crate::{Form, import, path};

/// What the policy says of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnRule<'p> {
    /// The table's name in the policy.
    pub table: &'p str,
    /// The column's name in the policy.
    pub column: &'p str,
    /// The rule as a policy file writes it, on one line. `"read"` is a column that is in no output,
    /// but decides whether a work counts as published.
    pub action: String,
}

impl Policy {
    /// All listed columns with their rules, by table and then by name.
    pub fn rules(&self) -> impl Iterator<Item = ColumnRule<'_>> {
        self.tables.iter().flat_map(move |table| {
            table.columns.iter().map(move |column| ColumnRule {
                table: &table.name,
                column: &column.name,
                action: self.action(table, &column.rule),
            })
        })
    }

    /// The names under which a dump may have the table: its own, then its aliases. None for a table
    /// that is not allowed.
    pub fn spellings(&self, table: &str) -> impl Iterator<Item = &str> {
        let table = self.table(table).map(|index| &self.tables[index]);
        table
            .into_iter()
            .flat_map(|table| [&table.name].into_iter().chain(&table.aliases))
            .map(String::as_str)
    }

    /// Every word that may be in an output because the policy or the encoding has it, and not
    /// because a dump does: names, words of paths, extensions, values to keep, kinds of works.
    pub fn public_words(&self) -> BTreeSet<&str> {
        let mut words: BTreeSet<&str> = import::WORDS.into_iter().chain(path::HOST_WORDS).collect();
        let paths = self.paths.words.iter().chain(&self.paths.extensions);
        words.extend(paths.map(String::as_str));
        for table in &self.tables {
            words.extend(table.spellings());
            words.extend(table.work.iter().map(|work| work.kind.as_str()));
            words.extend(table.names.0.iter().map(|(name, _)| name.as_str()));
            table.columns.iter().for_each(|column| add_words(&column.rule, &mut words));
        }
        words
    }

    /// What the tokens of each domain start with, without the dash that follows.
    pub fn token_prefixes(&self) -> impl Iterator<Item = &str> {
        self.domains.iter().map(|domain| domain.prefix.as_str())
    }

    /// Names the policy: 64 hexadecimal digits that change with what it does, and not with its
    /// comments or the order of its entries.
    pub fn hash(&self) -> String {
        blake3::hash(self.canonical().as_bytes()).to_hex().to_string()
    }

    /// All that the policy says, in one order and spelling.
    fn canonical(&self) -> String {
        let mut text = format!("version {VERSION}\n");
        line(&mut text, format_args!("deny {:?}", sorted(&self.deny)));
        line(&mut text, format_args!("words {:?}", sorted(&self.paths.words)));
        line(&mut text, format_args!("extensions {:?}", sorted(&self.paths.extensions)));
        for Domain { name, prefix, form, patterns } in &self.domains {
            let patterns = sorted(patterns);
            line(&mut text, format_args!("domain {name:?} {prefix:?} {form:?} {patterns:?}"));
        }
        for table in &self.tables {
            self.canonical_table(table, &mut text);
        }
        text
    }

    fn canonical_table(&self, table: &Table, text: &mut String) {
        let name = |column: usize| table.columns[column].name.as_str();
        let aliases: BTreeSet<_> = table.aliases.iter().collect();
        line(text, format_args!("table {:?} {aliases:?} id {:?}", table.name, name(table.id)));
        if let Some(work) = &table.work {
            let (owner, code) = (work.owner.map(name), work.code.map(name));
            line(text, format_args!("work {:?} {owner:?} {code:?}", work.kind));
        }
        if let Some(published) = &table.published {
            let values: BTreeSet<_> = published.values.iter().collect();
            let (column, deleted) = (name(published.column), published.deleted.map(name));
            line(text, format_args!("published {column:?} {values:?} {deleted:?}"));
        }
        for column in &table.columns {
            let action = self.action(table, &column.rule);
            line(text, format_args!("column {:?} {action}", column.name));
        }
    }

    /// A rule as a policy file writes it, on one line.
    pub(super) fn action(&self, table: &Table, rule: &Rule) -> String {
        let domain = |domain: &usize| &self.domains[*domain].name;
        match rule {
            Rule::Drop => "\"drop\"".to_owned(),
            Rule::Read => "\"read\"".to_owned(),
            Rule::Keep(None) => "\"keep\"".to_owned(),
            Rule::Keep(Some(values)) => format!("{{ keep = {values:?} }}"),
            Rule::Count(None) => "\"count\"".to_owned(),
            Rule::Count(Some(digits)) => format!("{{ count = {{ digits = {digits} }} }}"),
            Rule::Time(None) => "\"time\"".to_owned(),
            Rule::Time(Some(shift)) => {
                let (days, by) = (shift.days, &table.columns[shift.by].name);
                format!("{{ time = {{ shift_days = {days}, by = {by:?} }} }}")
            }
            Rule::Text => "\"text\"".to_owned(),
            Rule::KeptText => "{ text = \"keep\" }".to_owned(),
            Rule::Pseudonym(index) => format!("{{ pseudonym = {:?} }}", domain(index)),
            Rule::Path(index) => format!("{{ path = {:?} }}", domain(index)),
            Rule::Json(nested) => format!("{{ json = {} }}", self.nested_action(table, nested)),
        }
    }

    fn nested_action(&self, table: &Table, nested: &Nested) -> String {
        match nested {
            Nested::Items(rule) => format!("{{ items = {} }}", self.action(table, rule)),
            Nested::Keys(keys) => {
                let key =
                    |key: &super::Key| format!("{} = {}", key.name, self.action(table, &key.rule));
                let keys: Vec<_> = keys.list.iter().map(key).collect();
                format!("{{ keys = {{ {} }} }}", keys.join(", "))
            }
        }
    }
}

impl Domain {
    /// What its pseudonyms look like.
    pub(super) fn form_in_words(&self) -> String {
        let token = format!("`{}-` and 16 letters and digits", self.prefix);
        match self.form {
            Form::Token => token,
            Form::Code => format!(
                "another code with the same prefix, length and kind of characters; what is no such code becomes {token}"
            ),
            Form::Number => format!(
                "another number with as many digits, or below a million like the original; what is no such number becomes {token}"
            ),
        }
    }

    pub(super) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

fn sorted<'p>(words: impl IntoIterator<Item = &'p String>) -> BTreeSet<&'p String> {
    words.into_iter().collect()
}

pub(super) fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string in memory can be appended to");
}

fn add_words<'p>(rule: &'p Rule, words: &mut BTreeSet<&'p str>) {
    match rule {
        Rule::Keep(Some(values)) => words.extend(values.iter().map(String::as_str)),
        Rule::Json(Nested::Items(rule)) => add_words(rule, words),
        Rule::Json(Nested::Keys(keys)) => {
            words.extend(keys.names.0.iter().map(|(name, _)| name.as_str()));
            keys.list.iter().for_each(|key| add_words(&key.rule, words));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_rules_are_written_as_in_its_file() {
        let policy = Policy::builtin();
        let action = |table: &str, column: &str| {
            let mut rules = policy.rules();
            rules.find(|rule| rule.table == table && rule.column == column).unwrap().action
        };
        assert_eq!(action("puzzle_work_profile", "owner_user_id"), "{ pseudonym = \"user\" }");
        assert_eq!(action("puzzle_work_profile", "source_session_id"), "\"drop\"");
        assert_eq!(action("match3d_work_profile", "tags_json"), "{ json = { items = \"text\" } }");
        let spellings: Vec<_> = policy.spellings("match_3_d_work_profile").collect();
        assert_eq!(spellings, ["match3d_work_profile", "match_3_d_work_profile"]);
        assert_eq!(policy.spellings("user_account").count(), 0);
    }

    #[test]
    fn every_rule_can_be_read_back_as_it_is_written() {
        let rules = "id = { pseudonym = \"d\" }\na = { keep = [\"x\", \"\\\"\"] }\nb = { count = { digits = 2 } }
c = { time = { shift_days = 30, by = \"id\" } }\ne = { text = \"keep\" }\nf = \"keep\"\ng = \"drop\"
h = { json = { keys = { k = { json = { items = { path = \"d\" } } }, l = \"drop\" } } }\n";
        let file = |rules: &str| {
            let head =
                "version = 1\n[domains.d]\nprefix = \"d\"\n[[table]]\nname = \"t\"\nid = \"id\"\n";
            Policy::from_toml(&format!("{head}[table.columns]\n{rules}")).unwrap()
        };
        let policy = file(rules);
        let written = policy.rules().map(|rule| format!("{} = {}\n", rule.column, rule.action));
        let again = file(&written.collect::<String>());
        assert_eq!(policy.canonical(), again.canonical());
        assert!(policy.rules().any(|rule| rule.action == "{ count = { digits = 2 } }"));
    }

    #[test]
    fn the_hash_is_of_what_the_policy_does() {
        let hash = |text: &str| Policy::from_toml(text).unwrap().hash();
        let builtin = Policy::BUILTIN_TOML;
        assert_eq!(hash(builtin), hash(&format!("# another comment\n{builtin}")));
        assert_eq!(
            hash(builtin),
            hash(&builtin.replace("\"api\", \"assets\"", "\"assets\", \"api\""))
        );
        for (from, to) in [
            ("play_count = \"count\"", "play_count = \"drop\""),
            ("\"api\", ", ""),
            ("form = \"code\"", "form = \"token\""),
            ("\"npc-*\", ", ""),
            ("values = [\"published\"]", "values = [\"draft\"]"),
            ("kind = \"puzzle\"", "kind = \"puzzles\""),
        ] {
            assert!(builtin.contains(from), "{from}");
            assert_ne!(hash(builtin), hash(&builtin.replacen(from, to, 1)), "{from}");
        }
        assert_eq!(hash(builtin).len(), 64);
    }

    #[test]
    fn public_words_are_all_that_the_policy_writes() {
        let policy = Policy::builtin();
        let words = policy.public_words();
        for word in [
            "cover",
            "webp",
            "published",
            "machina",
            "puzzle",
            "match_3_d_work_profile",
            "levels_json",
            "levelsJson",
            "level_name",
            "playable_npcs",
            "description",
            "cdn.invalid",
            "some",
        ] {
            assert!(words.contains(word), "{word}");
        }
        assert!(!words.contains("user") && !words.contains("user_*"));
        assert!(policy.token_prefixes().any(|prefix| prefix == "author-code"));
    }
}
