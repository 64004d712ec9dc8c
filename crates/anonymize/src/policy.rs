//! What may leave a dump and in which form: the rules as data.

mod compile;
mod explain;
mod file;
mod render;
mod spelling;

use std::collections::{BTreeMap, HashSet};

pub use self::explain::{Action, RuleLine};
use crate::glob::Glob;
use crate::token::{BuildFold, same};
use crate::value::Want;
use crate::{AnonymizeError, Form};

/// The version of the policy file that this build reads.
const VERSION: u32 = 1;

/// The longest name of a table, column, word or key, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 128;

/// The tables that may never be read, as the kit's first users listed them.
const SEED_DENIED_TABLES: [&str; 17] = [
    "user_account",
    "auth_identity",
    "refresh_session",
    "auth_store_snapshot",
    "profile_wallet_ledger",
    "profile_redeem_*",
    "profile_invite_*",
    "public_work_play_daily_stat",
    "profile_played_world",
    "puzzle_runtime_run",
    "profile_save_archive",
    "runtime_snapshot",
    "ai_task",
    "ai_task_stage",
    "ai_text_chunk",
    "asset_object",
    "asset_entity_binding",
];

/// The columns that may never be read, in any table and at any depth.
const SEED_DENIED_COLUMNS: [&str; 2] = ["source_session_id", "source_agent_session_id"];

/// A whitelist of tables and columns with a rule for each, checked as a whole.
///
/// What a policy does not list is dropped and counted. The file's form is described by the comments
/// of [`Policy::BUILTIN_TOML`].
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) tables: Vec<Table>,
    names: BTreeMap<String, usize>,
    deny: Vec<String>,
    pub(crate) domains: Vec<Domain>,
    /// The patterns of all domains with the domain's index, the longest first.
    patterns: Vec<(Glob, usize)>,
    pub(crate) paths: Paths,
}

impl Policy {
    /// The policy for the six work tables, as TOML with comments.
    pub const BUILTIN_TOML: &str = include_str!("policy/builtin.toml");

    /// The policy for the six work tables.
    pub fn builtin() -> Self {
        Self::from_toml(Self::BUILTIN_TOML).expect("a test reads the built-in policy")
    }

    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// [`AnonymizeError::PolicySyntax`] with the line, where the text is not such a file;
    /// [`AnonymizeError::Policy`] where its parts do not fit together;
    /// [`AnonymizeError::PolicyDenied`] where it allows what must stay private.
    pub fn from_toml(text: &str) -> Result<Self, AnonymizeError> {
        let file = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        compile::compile(file)
    }

    /// The names of the allowed tables, in the order of the policy.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// The allowed table with exactly this name or alias.
    pub(crate) fn table(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Whether the table is known to be private. Others that are not allowed are unknown.
    pub(crate) fn is_denied(&self, name: &str) -> bool {
        spelling::is_one_of(name, self.deny.iter().map(String::as_str)).is_some()
    }

    /// The domain of an id inside a path: the one with the longest pattern that fits. Of equally
    /// long patterns, the domain that comes first by name.
    pub(crate) fn domain_of(&self, id: &str) -> Option<usize> {
        let fitting = self.patterns.iter().find(|(pattern, _)| pattern.matches(id));
        fitting.map(|(_, domain)| *domain)
    }
}

/// One line, where toml would draw a picture of several.
fn syntax(text: &str, error: &toml::de::Error) -> AnonymizeError {
    let message = error.message().replace('\n', " ");
    let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
    AnonymizeError::PolicySyntax(match line {
        Some(line) => format!("line {line}: {message}"),
        None => message,
    })
}

/// A kind of identity, whose values are joined among themselves and with no others.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) form: Form,
    patterns: Vec<String>,
}

/// What may stay as it is inside a path.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) words: Words,
    pub(crate) extensions: HashSet<String, BuildFold>,
}

/// Words that are looked for more often than found.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    words: HashSet<String, BuildFold>,
    /// For each first byte, the lengths that words with it have, a bit each.
    lengths: Vec<u64>,
}

impl Words {
    fn new(words: HashSet<String, BuildFold>) -> Self {
        let mut lengths = vec![0; 256];
        for word in &words {
            let first = word.bytes().next().unwrap_or_default();
            lengths[usize::from(first)] |= Self::length(word);
        }
        Self { words, lengths }
    }

    fn length(word: &str) -> u64 {
        1 << word.len().min(63)
    }

    pub(crate) fn contains(&self, word: &str) -> bool {
        let first = word.bytes().next().unwrap_or_default();
        self.lengths[usize::from(first)] & Self::length(word) != 0 && self.words.contains(word)
    }

    fn iter(&self) -> impl Iterator<Item = &String> {
        self.words.iter()
    }
}

/// An allowed table. Columns are named by their index in `columns`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    aliases: Vec<String>,
    pub(crate) id: usize,
    pub(crate) work: Option<Work>,
    pub(crate) published: Option<Published>,
    /// Sorted by name.
    pub(crate) columns: Vec<Column>,
    names: Spellings,
}

impl Table {
    fn spellings(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().chain([&self.name]).map(String::as_str)
    }

    /// Whether the column's ids make up the routes to a work.
    pub(crate) fn is_route(&self, column: usize) -> bool {
        let is_of = |work: &Work| [Some(self.id), work.owner, work.code].contains(&Some(column));
        self.work.as_ref().is_some_and(is_of)
    }

    /// The column with this name, in either spelling.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }
}

/// The names of columns or keys as a dump may spell them, sorted, each with its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spellings(Vec<(String, usize)>);

impl Spellings {
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let place = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(self.0[place].1)
    }
}

/// What makes a row an entry of the works list.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) kind: String,
    pub(crate) owner: Option<usize>,
    pub(crate) code: Option<usize>,
}

/// When a work counts as published.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) column: usize,
    /// In lower case.
    pub(crate) values: Vec<String>,
    pub(crate) deleted: Option<usize>,
}

/// A column that is read.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The name as a key of JSON, with its colon.
    pub(crate) key: Vec<u8>,
    /// Tells the texts of the columns apart.
    pub(crate) seed: u64,
    pub(crate) rule: Rule,
}

/// What becomes of a value. A domain or another column is named by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Drop,
    /// It only decides whether a work is published.
    Read,
    Keep(Option<Vec<String>>),
    /// The number of significant digits, where it is rounded.
    Count(Option<usize>),
    Time(Option<Shift>),
    Text,
    KeptText,
    Pseudonym(usize),
    Path(usize),
    Json(Nested),
}

impl Rule {
    pub(crate) fn is_written(&self) -> bool {
        !matches!(self, Self::Drop | Self::Read)
    }

    /// How a value of this rule is read.
    pub(crate) fn want(&self) -> Want {
        match self {
            Self::Json(_) => Want::Json,
            Self::Keep(_) | Self::Read | Self::Drop => Want::Choice,
            _ => Want::Scalar,
        }
    }
}

/// How the times of one author are shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    pub(crate) days: u32,
    /// The column that names the author.
    pub(crate) by: usize,
}

/// What becomes of the parts of a JSON value. Arrays are walked through at every level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nested {
    Items(Box<Rule>),
    Keys(Keys),
}

/// The listed keys of objects inside JSON, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) list: Vec<Key>,
    names: Spellings,
}

impl Keys {
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    /// Like [`find`](Self::find), with a guess: most objects have their keys in the same order.
    pub(crate) fn find_near(&self, name: &str, expected: usize) -> Option<usize> {
        let is_name = |key: &Key| same(key.name.as_bytes(), name.as_bytes());
        if self.list.get(expected).is_some_and(is_name) { Some(expected) } else { self.find(name) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// The column and the keys down to this one, with dots between.
    pub(crate) place: String,
    /// The name as a key of JSON, with its colon.
    pub(crate) key: Vec<u8>,
    pub(crate) rule: Rule,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "version = 1
[domains.user]
prefix = \"u\"
match = [\"user_*\"]
[domains.admin]
prefix = \"a\"
match = [\"user_admin_*\"]
[[table]]
name = \"notes\"
aliases = [\"note\"]
id = \"id\"
published = { column = \"state\", values = [\"on\"] }
[table.columns]
id = { pseudonym = \"user\" }
text = \"text\"
";

    fn error(from: &str, to: &str) -> AnonymizeError {
        assert!(SMALL.contains(from), "{from} is not in the policy");
        Policy::from_toml(&SMALL.replacen(from, to, 1)).expect_err(to)
    }

    #[test]
    fn the_builtin_policy_has_the_six_tables_in_order() {
        let policy = Policy::builtin();
        let names: Vec<_> = policy.table_names().collect();
        let expected = [
            "puzzle_work_profile",
            "custom_world_profile",
            "match3d_work_profile",
            "square_hole_work_profile",
            "big_fish_work_profile",
            "visual_novel_work_profile",
        ];
        assert_eq!(names, expected);
        assert_eq!(policy.table("match_3_d_work_profile"), policy.table("match3d_work_profile"));
        assert_eq!(policy.table("PUZZLE_WORK_PROFILE"), None);
        assert_eq!(policy.table("puzzle_work_profile "), None);
        assert!(policy.is_denied("profile_redeem_code") && !policy.is_denied("something_else"));
    }

    #[test]
    fn the_longest_pattern_decides_the_domain() {
        let policy = Policy::from_toml(SMALL).unwrap();
        let prefix = |id| policy.domain_of(id).map(|index| policy.domains[index].prefix.as_str());
        assert_eq!(prefix("user_1"), Some("u"));
        assert_eq!(prefix("user_admin_1"), Some("a"));
        assert_eq!(prefix("x"), None);
    }

    #[test]
    fn denied_tables_and_columns_are_refused_in_every_spelling() {
        for name in
            ["user_account", "profile_redeem_code", "UserAccount", "ai-task", "profileInviteX"]
        {
            let error = error("\"notes\"", &format!("\"{name}\""));
            assert!(matches!(error, AnonymizeError::PolicyDenied { .. }), "{name}: {error}");
        }
        assert!(matches!(
            error("\"note\"", "\"refresh_session\""),
            AnonymizeError::PolicyDenied { .. }
        ));
        for column in ["source_session_id", "sourceAgentSessionId"] {
            let top = error("text =", &format!("{column} ="));
            let nested = format!("{{ json = {{ keys = {{ {column} = \"text\" }} }} }}");
            let nested = error("\"text\"\n", &format!("{nested}\n"));
            let published = error("\"state\"", &format!("\"{column}\""));
            for error in [top, nested, published] {
                assert!(matches!(error, AnonymizeError::PolicyDenied { .. }), "{error}");
            }
        }
    }

    #[test]
    fn a_policy_may_deny_more() {
        let more = SMALL.replace("version = 1", "version = 1\ndeny = [\"no*\"]");
        assert!(matches!(Policy::from_toml(&more), Err(AnonymizeError::PolicyDenied { .. })));
    }

    #[test]
    fn every_mistake_is_named_in_one_line() {
        let cases = [
            ("version = 1", "version = 2", "version: this build reads version 1"),
            ("version = 1", "", "missing field `version`"),
            ("version = 1", "version = 1\ncolour = 2", "line 2: unknown field `colour`"),
            ("\"text\"\n", "\"texts\"\n", "line 15: unknown variant `texts`"),
            ("\"text\"\n", "\"path\"\n", "needs more than a word"),
            ("\"text\"\n", "{ path = \"x\" }\n", "there is no domain \"x\""),
            ("\"text\"\n", "{ path = \"user\", keep = [] }\n", "exactly one entry"),
            ("\"text\"\n", "{ drop = 1 }\n", "unknown field `drop`"),
            ("\"text\"\n", "{ json = { item = \"text\" } }\n", "unknown variant `item`"),
            (
                "id = \"id\"",
                "id = \"text\"",
                "table notes.id: it must name a column with a pseudonym",
            ),
            ("id = \"id\"", "id = \"gone\"", "it must name a column with a pseudonym"),
            ("\"note\"", "\"notes\"", "occurs twice"),
            ("\"notes\"", "\"normalizedWorks\"", "reserved"),
            ("\"notes\"", "\"\"", "empty"),
            ("prefix = \"u\"", "prefix = \"a\"", "same prefix"),
            ("prefix = \"u\"", "prefix = \"U/\"", "lower-case"),
            ("[[table]]", "[paths]\nword = []\n[[table]]", "unknown field `word`"),
            ("values = [\"on\"]", "values = 3", "line 12: invalid type"),
        ];
        for (from, to, expected) in cases {
            let error = error(from, to);
            assert!(error.is_configuration());
            let text = error.to_string();
            assert!(text.contains(expected), "{to} gave: {text}");
            assert!(!text.contains('\n'), "{text}");
        }
        assert!(Policy::from_toml("version = 1").is_err());
    }
}
