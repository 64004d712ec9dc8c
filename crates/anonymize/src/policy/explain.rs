//! What a policy says, in words: for people who ask, for manifests, and for a search of outputs.

use std::collections::BTreeSet;
use std::fmt;

use super::{Column, Domain, Nested, Policy, Rule, SEED_DENIED_COLUMNS, Table, spelling};
use crate::Form;
use crate::path::HOST_WORDS;

/// What a policy does to one column, or to one key inside a JSON column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleLine<'p> {
    /// The table's name in the policy.
    pub table: &'p str,
    /// The column, and after a dot each key down to the value: `levels_json.level_name`.
    pub column: String,
    /// What becomes of the value.
    pub action: Action<'p>,
}

/// What becomes of a value. Its `Display` is the rule's word, and what belongs to it after spaces:
/// `pseudonym user`, `pseudonym work-code code`, `text keep`, `count 2`, `time shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action<'p> {
    /// It is left out. Where it is only read, this decides whether a work is published.
    Drop,
    /// It is kept if it is listed, or if it is a number or a truth value.
    Keep(&'p [String]),
    /// A whole number, rounded to so many digits where they are given.
    Count(Option<usize>),
    /// A moment, shifted by up to so many days where they are given.
    Time(Option<u32>),
    /// Synthetic text.
    Text,
    /// The original text, because the policy asks for it.
    KeptText,
    /// A pseudonym of this domain, in this form.
    Pseudonym(&'p str, Form),
    /// A path, whose ids become pseudonyms.
    Path(&'p str),
    /// JSON with rules of its own for what is inside.
    Json,
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop => f.write_str("drop"),
            Self::Keep(_) => f.write_str("keep"),
            Self::Count(None) => f.write_str("count"),
            Self::Count(Some(digits)) => write!(f, "count {digits}"),
            Self::Time(None) => f.write_str("time"),
            Self::Time(Some(_)) => f.write_str("time shift"),
            Self::Text => f.write_str("text"),
            Self::KeptText => f.write_str("text keep"),
            Self::Pseudonym(domain, Form::Token) => write!(f, "pseudonym {domain}"),
            Self::Pseudonym(domain, Form::Code) => write!(f, "pseudonym {domain} code"),
            Self::Pseudonym(domain, Form::Number) => write!(f, "pseudonym {domain} number"),
            Self::Path(domain) => write!(f, "path {domain}"),
            Self::Json => f.write_str("json"),
        }
    }
}

impl Policy {
    /// Every rule, table by table, with those inside JSON columns after the column's own.
    pub fn rules(&self) -> Vec<RuleLine<'_>> {
        let mut lines = Vec::new();
        for table in &self.tables {
            for Column { name, rule, .. } in &table.columns {
                self.add_rule(table, name.clone(), rule, &mut lines);
            }
        }
        lines
    }

    fn add_rule<'p>(
        &'p self,
        table: &'p Table,
        column: String,
        rule: &'p Rule,
        lines: &mut Vec<RuleLine<'p>>,
    ) {
        match rule {
            Rule::Json(Nested::Items(items)) => return self.add_rule(table, column, items, lines),
            Rule::Json(Nested::Keys(keys)) => {
                let nested = keys.list.iter().map(|key| (format!("{column}.{}", key.name), key));
                let nested: Vec<_> = nested.collect();
                lines.push(RuleLine { table: &table.name, column, action: Action::Json });
                for (column, key) in nested {
                    self.add_rule(table, column, &key.rule, lines);
                }
                return;
            }
            _ => {}
        }
        lines.push(RuleLine { table: &table.name, column, action: self.action(rule) });
    }

    fn action<'p>(&'p self, rule: &'p Rule) -> Action<'p> {
        match rule {
            Rule::Drop | Rule::Read => Action::Drop,
            Rule::Keep(values) => Action::Keep(values.as_deref().unwrap_or_default()),
            Rule::Count(digits) => Action::Count(*digits),
            Rule::Time(shift) => Action::Time(shift.map(|shift| shift.days)),
            Rule::Text => Action::Text,
            Rule::KeptText => Action::KeptText,
            Rule::Pseudonym(domain) => {
                let Domain { name, form, .. } = &self.domains[*domain];
                Action::Pseudonym(name, *form)
            }
            Rule::Path(domain) => Action::Path(&self.domains[*domain].name),
            Rule::Json(_) => Action::Json,
        }
    }

    /// The columns of a table whose values are needed, also those that only decide whether a work is
    /// published.
    pub fn read_columns(&self, table: &str) -> Vec<&str> {
        let Some(index) = self.table(table) else { return Vec::new() };
        let columns = self.tables[index].columns.iter();
        let read = columns.filter(|column| column.rule != Rule::Drop);
        read.map(|column| column.name.as_str()).collect()
    }

    /// The columns that hold the ids of which routes are made, with their tables.
    pub fn route_columns(&self) -> Vec<(&str, &str)> {
        let routes = |table: &'_ Table| {
            (0..table.columns.len()).filter(|column| table.is_route(*column)).collect::<Vec<_>>()
        };
        let named = self.tables.iter().flat_map(|table| {
            let name = |column: usize| (table.name.as_str(), table.columns[column].name.as_str());
            routes(table).into_iter().map(name)
        });
        named.collect()
    }

    /// The names under which a dump may have an allowed table: its own, its aliases, and both in
    /// camel case.
    pub fn table_spellings(&self, table: &str) -> Vec<&str> {
        let Some(index) = self.table(table) else { return Vec::new() };
        let names = self.names.iter().filter(|(_, known)| **known == index);
        names.map(|(name, _)| name.as_str()).collect()
    }

    /// Every word that the policy itself brings into an output: names of tables, columns and keys,
    /// values that `keep` lists, words and extensions of paths, kinds of works, and the host of
    /// URLs. Somebody who searches an output for private texts must not take these for one.
    pub fn public_words(&self) -> BTreeSet<&str> {
        let mut words: BTreeSet<&str> = self.names.keys().map(String::as_str).collect();
        words.extend(self.paths.words.iter().map(String::as_str));
        words.extend(self.paths.extensions.iter().map(String::as_str));
        words.extend(HOST_WORDS);
        for table in &self.tables {
            words.extend(table.work.iter().map(|work| work.kind.as_str()));
            words.extend(table.names.0.iter().map(|(name, _)| name.as_str()));
            table.columns.iter().for_each(|column| add_words(&column.rule, &mut words));
        }
        words
    }

    /// The prefixes of the pseudonyms that are tokens: `<prefix>-` and 16 characters of base32.
    pub fn token_prefixes(&self) -> impl Iterator<Item = &str> {
        self.domains.iter().map(|domain| domain.prefix.as_str())
    }

    /// Says in a few lines what happens to a column, or to a key inside one after a dot, and why.
    pub fn explain(&self, table: &str, column: &str) -> String {
        let Some(index) = self.table(table) else {
            return match spelling::is_one_of(table, self.deny.iter().map(String::as_str)) {
                Some(pattern) => format!(
                    "{table} is denied by \"{pattern}\": none of it is read, and no policy can allow it\n"
                ),
                None => format!(
                    "{table} is unknown: the policy lists no such table, so none of it is read\n"
                ),
            };
        };
        let table = &self.tables[index];
        let rules = self.rules();
        let rule = rules.iter().find(|rule| rule.table == table.name && rule.column == column);
        let place = format!("{}.{column}", table.name);
        let text = match rule {
            Some(rule) => format!("{place}: {}\n{}\n", rule.action, self.reason(table, rule)),
            None => unlisted(&place, column, &rules, table),
        };
        text + &self.roles(table, column)
    }

    fn reason(&self, table: &Table, rule: &RuleLine<'_>) -> String {
        match rule.action {
            Action::Drop if is_denied(&rule.column) => {
                "left out: session columns are never written, and no policy can change that".into()
            }
            Action::Drop => "left out, because the policy says so; the cells are counted".into(),
            Action::Keep([]) => "a number or true/false stays as it is; text is refused".into(),
            Action::Keep(values) => format!(
                "stays as it is where it is one of {}; any other value becomes null and is counted",
                values.join(", ")
            ),
            Action::Count(None) => "a whole number, digit for digit".into(),
            Action::Count(Some(digits)) => {
                format!("a whole number, rounded to {digits} significant digits")
            }
            Action::Time(None) => "a moment in microseconds, as it is".into(),
            Action::Time(Some(days)) => format!(
                "a moment in microseconds, shifted by up to {days} days, by the same span for every row of the same {}",
                shifted_by(table, &rule.column)
            ),
            Action::Text => "synthetic text: same number of characters and bytes, same scripts, made from where it stands and not from what it says".into(),
            Action::KeptText => "the original text, because the policy asks for it".into(),
            Action::Pseudonym(domain, form) => self.pseudonym(domain, form),
            Action::Path(domain) => format!(
                "a path: listed words and extensions stay, ids become pseudonyms (of the domain that their form or their row tells, else {domain}); host, query and fragment are dropped"
            ),
            Action::Json => "JSON, plain or inside text: only listed keys are read, each with its own rule".into(),
        }
    }

    fn pseudonym(&self, name: &str, form: Form) -> String {
        let domain = self.domains.iter().find(|domain| domain.name == name);
        let prefix = domain.map_or("", |domain| domain.prefix.as_str());
        let shape = match form {
            Form::Token => format!("\"{prefix}-\" and 16 characters"),
            Form::Code => {
                "another code with the same prefix and length, or a token where it is no such code"
                    .into()
            }
            Form::Number => {
                "another number of the same length, or a token where it is no such number".into()
            }
        };
        let mut others: Vec<String> = self
            .rules()
            .into_iter()
            .filter(|rule| matches!(rule.action, Action::Pseudonym(other, _) if other == name))
            .map(|rule| format!("{}.{}", rule.table, rule.column))
            .collect();
        others.dedup();
        format!(
            "a keyed pseudonym: {shape}; equal values are equal in the whole domain {name}: {}",
            others.join(", ")
        )
    }

    /// What else the table does with the column.
    fn roles(&self, table: &Table, column: &str) -> String {
        let is = |index: Option<usize>| index.is_some_and(|i| table.columns[i].name == column);
        let mut roles = String::new();
        let mut add = |applies: bool, role: &str| {
            if applies {
                roles.push_str(role);
                roles.push('\n');
            }
        };
        add(
            is(Some(table.id)),
            "it is the row's id: texts, the sample and the works list follow it",
        );
        if let Some(work) = &table.work {
            add(is(work.owner), "it is the work's ownerUserId in normalizedWorks");
            add(is(work.code), "it is the work's workCode in normalizedWorks");
        }
        if let Some(published) = &table.published {
            add(is(Some(published.column)), "it decides whether a work is published");
            add(is(published.deleted), "a work that has it is not published");
        }
        roles
    }
}

fn is_denied(column: &str) -> bool {
    spelling::is_one_of(column, SEED_DENIED_COLUMNS.into_iter()).is_some()
}

fn shifted_by<'t>(table: &'t Table, column: &str) -> &'t str {
    let column = table.columns.iter().find(|known| known.name == column);
    match column.map(|column| &column.rule) {
        Some(Rule::Time(Some(shift))) => &table.columns[shift.by].name,
        _ => "author",
    }
}

fn unlisted(place: &str, column: &str, rules: &[RuleLine<'_>], table: &Table) -> String {
    if is_denied(column) {
        return format!(
            "{place}: drop\nleft out: session columns are never written, and no policy can change that\n"
        );
    }
    let known: Vec<_> =
        rules.iter().filter(|rule| rule.table == table.name).map(|rule| &*rule.column).collect();
    format!(
        "{place}: unknown\nleft out and counted, because the policy lists no such column; it lists {}\n",
        known.join(", ")
    )
}

fn add_words<'p>(rule: &'p Rule, words: &mut BTreeSet<&'p str>) {
    match rule {
        Rule::Keep(Some(values)) => words.extend(values.iter().map(String::as_str)),
        Rule::Json(Nested::Items(items)) => add_words(items, words),
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
    fn every_column_is_explained() {
        let policy = Policy::builtin();
        let cases = [
            (
                "puzzle_work_profile",
                "profile_id",
                "pseudonym profile\na keyed pseudonym: \"profile-\" and 16",
            ),
            ("puzzle_work_profile", "profile_id", "it is the row's id"),
            ("puzzleWorkProfile", "owner_user_id", "custom_world_profile.owner_user_id"),
            ("puzzle_work_profile", "public_work_code", "pseudonym work-code code"),
            ("puzzle_work_profile", "publication_status", "it decides whether"),
            ("puzzle_work_profile", "levels_json", ": json\n"),
            ("puzzle_work_profile", "levels_json.level_name", "synthetic text"),
            ("puzzle_work_profile", "theme_tags_json", ": text\n"),
            ("puzzle_work_profile", "source_session_id", "never written"),
            ("puzzle_work_profile", "sourceSessionId", "never written"),
            ("puzzle_work_profile", "mood", "unknown\nleft out and counted"),
            ("user_account", "email", "denied by \"user_account\""),
            ("profileRedeemCode", "x", "denied by \"profile_redeem_*\""),
            ("orders", "x", "unknown: the policy lists no such table"),
        ];
        for (table, column, expected) in cases {
            let text = policy.explain(table, column);
            assert!(text.contains(expected), "{table}.{column} gave: {text}");
        }
        for rule in policy.rules() {
            let text = policy.explain(rule.table, &rule.column);
            assert!(!text.contains("unknown"), "{text}");
        }
    }

    #[test]
    fn public_words_are_the_policys_own() {
        let policy = Policy::builtin();
        let words = policy.public_words();
        for word in ["cover", "webp", "published", "levelName", "puzzleWorkProfile", "cdn.invalid"]
        {
            assert!(words.contains(word), "{word}");
        }
        assert_eq!(policy.table_spellings("puzzle_work_profile").len(), 2);
        assert!(policy.token_prefixes().any(|prefix| prefix == "user"));
    }
}
