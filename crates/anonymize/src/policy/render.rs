//! The compiled policy in one spelling, for its hash.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Domain, Nested, Policy, Rule, Table, VERSION};

impl Policy {
    /// Names the policy: 64 hexadecimal digits that change with what it does, and not with its
    /// comments or the order of its entries.
    pub fn hash(&self) -> String {
        blake3::hash(self.canonical().as_bytes()).to_hex().to_string()
    }

    /// All that the policy says, in one order and spelling.
    fn canonical(&self) -> String {
        let mut text = format!("version {VERSION}\n");
        line(&mut text, format_args!("deny {:?}", sorted(&self.deny)));
        line(&mut text, format_args!("words {:?}", sorted(self.paths.words.iter())));
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
            let action = self.rule_text(table, &column.rule);
            line(text, format_args!("column {:?} {action}", column.name));
        }
    }

    /// A rule as a policy file writes it, on one line.
    fn rule_text(&self, table: &Table, rule: &Rule) -> String {
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
            Rule::Json(nested) => format!("{{ json = {} }}", self.nested_text(table, nested)),
        }
    }

    fn nested_text(&self, table: &Table, nested: &Nested) -> String {
        match nested {
            Nested::Items(rule) => format!("{{ items = {} }}", self.rule_text(table, rule)),
            Nested::Keys(keys) => {
                let key = |key: &super::Key| {
                    format!("{} = {}", key.name, self.rule_text(table, &key.rule))
                };
                let keys: Vec<_> = keys.list.iter().map(key).collect();
                format!("{{ keys = {{ {} }} }}", keys.join(", "))
            }
        }
    }
}

fn sorted<'p>(words: impl IntoIterator<Item = &'p String>) -> BTreeSet<&'p String> {
    words.into_iter().collect()
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string in memory can be appended to");
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let table = &policy.tables[0];
        let text = |column: &super::super::Column| {
            format!("{} = {}\n", column.name, policy.rule_text(table, &column.rule))
        };
        let again = file(&table.columns.iter().map(text).collect::<String>());
        assert_eq!(policy.canonical(), again.canonical());
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
}
