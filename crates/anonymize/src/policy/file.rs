//! The policy as it is written in its TOML file, before anything is checked against anything.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) deny: Vec<String>,
    #[serde(default)]
    pub(super) paths: PathsFile,
    #[serde(default)]
    pub(super) domains: BTreeMap<String, DomainFile>,
    #[serde(default, rename = "table")]
    pub(super) tables: Vec<TableFile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathsFile {
    #[serde(default)]
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) extensions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainFile {
    pub(super) prefix: String,
    #[serde(default, rename = "match")]
    pub(super) patterns: Vec<String>,
    #[serde(default)]
    pub(super) form: FormFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormFile {
    #[default]
    Token,
    Code,
    Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) id: String,
    pub(super) work: Option<WorkFile>,
    pub(super) published: Option<PublishedFile>,
    pub(super) columns: BTreeMap<String, RuleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkFile {
    pub(super) kind: String,
    pub(super) owner_user_id: Option<String>,
    pub(super) work_code: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishedFile {
    pub(super) column: String,
    pub(super) values: Vec<String>,
    pub(super) deleted: Option<String>,
}

#[derive(Debug)]
pub(super) enum RuleFile {
    Drop,
    Keep(Option<Vec<String>>),
    Count(Option<CountFile>),
    Time(Option<ShiftFile>),
    Text(Option<TextFile>),
    Pseudonym(String),
    Path(String),
    Json(NestedFile),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountFile {
    pub(super) digits: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShiftFile {
    pub(super) shift_days: u32,
    pub(super) by: String,
}

/// The one thing that text may be beside synthetic.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TextFile {
    Keep,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum NestedFile {
    Items(Box<RuleFile>),
    Keys(BTreeMap<String, RuleFile>),
}

/// A rule is a word or a table with one entry, which no derived form can express.
impl<'de> Deserialize<'de> for RuleFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleVisitor)
    }
}

const RULES: &[&str] = &["drop", "keep", "count", "time", "text", "pseudonym", "path", "json"];
const TABLES: &[&str] = &["keep", "count", "time", "text", "pseudonym", "path", "json"];

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = RuleFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule such as \"count\" or { pseudonym = \"user\" }")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<RuleFile, E> {
        match word {
            "drop" => Ok(RuleFile::Drop),
            "keep" => Ok(RuleFile::Keep(None)),
            "count" => Ok(RuleFile::Count(None)),
            "time" => Ok(RuleFile::Time(None)),
            "text" => Ok(RuleFile::Text(None)),
            "pseudonym" | "path" | "json" => {
                Err(E::custom(format!("`{word}` needs more than a word, such as {{ {word} = … }}")))
            }
            _ => Err(E::unknown_variant(word, RULES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleFile, A::Error> {
        let one = "a rule has exactly one entry, such as { pseudonym = \"user\" }";
        let key: String = map.next_key()?.ok_or_else(|| de::Error::custom(one))?;
        let rule = match key.as_str() {
            "keep" => RuleFile::Keep(Some(map.next_value()?)),
            "count" => RuleFile::Count(Some(map.next_value()?)),
            "time" => RuleFile::Time(Some(map.next_value()?)),
            "text" => RuleFile::Text(Some(map.next_value()?)),
            "pseudonym" => RuleFile::Pseudonym(map.next_value()?),
            "path" => RuleFile::Path(map.next_value()?),
            "json" => RuleFile::Json(map.next_value()?),
            _ => return Err(de::Error::unknown_field(&key, TABLES)),
        };
        match map.next_key::<String>()? {
            None => Ok(rule),
            Some(_) => Err(de::Error::custom(one)),
        }
    }
}
