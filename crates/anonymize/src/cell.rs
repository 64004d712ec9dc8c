//! One cell of a row: its rule applied to its value.

use rand_chacha::ChaCha8Rng;
use serde_json::value::RawValue;

use crate::manifest::Tally;
use crate::path::{PathMap, RowId};
use crate::policy::{Nested, Rule};
use crate::row::Tools;
use crate::text::TextMaker;
use crate::value::{Plain, elements, read_entries};
use crate::{Defect, json};

/// The longest path. Each of its segments may become a token, which is longer than most segments.
const MAX_PATH_BYTES: usize = 8 << 10;

/// How deep the arrays and objects inside a JSON column may lie.
const MAX_DEPTH: usize = 64;

type Result = std::result::Result<(), Defect>;

/// Where the value stands, and what is needed to write it.
pub(crate) struct Cell<'c, 'p> {
    table: &'c str,
    row: &'c str,
    column: &'c str,
    ids: &'c [RowId],
    /// Made on first need: most columns have no text.
    rng: Option<ChaCha8Rng>,
    tools: &'c Tools<'p>,
    tally: &'c mut Tally,
}

impl<'c, 'p> Cell<'c, 'p> {
    /// `row` is the row's pseudonym: texts depend on it, and on nothing else of the row.
    pub(crate) fn new(
        table: &'c str,
        row: &'c str,
        column: &'c str,
        ids: &'c [RowId],
        tools: &'c Tools<'p>,
        tally: &'c mut Tally,
    ) -> Self {
        Self { table, row, column, ids, rng: None, tools, tally }
    }

    /// Appends the sanitized value.
    pub(crate) fn write(&mut self, rule: &Rule, raw: &str, out: &mut Vec<u8>) -> Result {
        self.tally.did(rule);
        match rule {
            Rule::Json(nested) => self.json(nested, raw, 0, out),
            rule => self.scalar(rule, raw, out),
        }
    }

    fn scalar(&mut self, rule: &Rule, raw: &str, out: &mut Vec<u8>) -> Result {
        let value = &Plain::read_scalar(raw)?;
        let domains = &self.tools.domains;
        match rule {
            Rule::Keep(values) => return self.keep(values.as_deref(), value, out),
            Rule::Count => json::optional_number(value.integer()?, out),
            Rule::Time => json::optional_number(micros(value)?, out),
            Rule::Text => json::optional_text(text(value)?.map(|text| self.synthetic(text)), out),
            Rule::Pseudonym(domain) => {
                json::optional_text(value.id()?.map(|id| domains[*domain].token(id)), out);
            }
            Rule::Path(domain) => {
                let paths =
                    PathMap { default: *domain, ids: self.ids, policy: self.tools.policy, domains };
                let path = text(value)?;
                if path.is_some_and(|path| path.len() > MAX_PATH_BYTES) {
                    return Err(Defect::TooLong);
                }
                json::optional_text(path.map(|path| paths.map(path)), out);
            }
            Rule::Json(_) => unreachable!("JSON is not read as a plain value"),
        }
        Ok(())
    }

    fn keep(&mut self, values: Option<&[String]>, value: &Plain<'_>, out: &mut Vec<u8>) -> Result {
        match value {
            Plain::Null => json::null(out),
            Plain::Bool(_) | Plain::Number(_) | Plain::Text(_) if !is_listed(value, values)? => {
                self.tally.unlisted_values.add(self.column, 1);
                json::null(out);
            }
            Plain::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
            // Beyond the range of a float, most readers would refuse the whole dataset.
            Plain::Number(digits) if digits.parse().is_ok_and(f64::is_finite) => {
                json::optional_number(Some(digits), out);
            }
            Plain::Text(text) => json::text(text, out),
            _ => return Err(Defect::NotScalar),
        }
        Ok(())
    }

    fn synthetic(&mut self, original: &str) -> String {
        let seed = || self.tools.text_key.seed(self.table, self.row, self.column);
        let rng = self.rng.get_or_insert_with(|| TextMaker::generator(seed()));
        let mut text = String::new();
        self.tools.text_maker.append(original, rng, &mut text);
        text
    }

    /// A JSON value, plain or inside a text, written the way it was found.
    fn json(&mut self, rules: &Nested, raw: &str, depth: usize, out: &mut Vec<u8>) -> Result {
        match Plain::read(raw)? {
            Plain::Null => json::null(out),
            Plain::Text(text) if text.is_empty() => json::text("", out),
            Plain::Text(text) => {
                let inner: &RawValue =
                    serde_json::from_str(&text).map_err(|_| Defect::NestedJson)?;
                let mut inner_out = Vec::new();
                self.part(rules, inner.get(), depth + 1, &mut inner_out)?;
                json::text(std::str::from_utf8(&inner_out).expect("only UTF-8 is written"), out);
            }
            Plain::Array(raw) | Plain::Object(raw) => self.part(rules, raw, depth + 1, out)?,
            Plain::Bool(_) | Plain::Number(_) => return Err(Defect::NestedJson),
        }
        Ok(())
    }

    /// One value inside JSON. What fits no rule becomes null and is counted, never by its name: a
    /// key inside JSON can itself be data.
    fn part(&mut self, rules: &Nested, raw: &str, depth: usize, out: &mut Vec<u8>) -> Result {
        if depth > MAX_DEPTH {
            return Err(Defect::TooDeep);
        }
        match (rules, Plain::read(raw)?) {
            (_, Plain::Null) => json::null(out),
            (_, Plain::Array(raw)) => self.array(rules, raw, depth, out)?,
            (Nested::Keys(keys), Plain::Object(raw)) => self.object(keys, raw, depth, out)?,
            (Nested::Keys(_), _) => self.drop_part(out),
            (Nested::Items(rule), _) => self.item(rule, raw, depth, out)?,
        }
        Ok(())
    }

    fn array(&mut self, rules: &Nested, raw: &str, depth: usize, out: &mut Vec<u8>) -> Result {
        out.push(b'[');
        for (index, element) in elements(raw)?.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.part(rules, element.get(), depth + 1, out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn item(&mut self, rule: &Rule, raw: &str, depth: usize, out: &mut Vec<u8>) -> Result {
        let result = match rule {
            Rule::Json(nested) => self.json(nested, raw, depth, out),
            // A list of values is as good as one value.
            rule => match Plain::read(raw)? {
                Plain::Array(raw) => return self.list(rule, raw, depth, out),
                _ => self.scalar(rule, raw, out),
            },
        };
        match result {
            Err(defect) if defect.is_unfit() => self.drop_part(out),
            other => return other,
        }
        Ok(())
    }

    fn list(&mut self, rule: &Rule, raw: &str, depth: usize, out: &mut Vec<u8>) -> Result {
        if depth >= MAX_DEPTH {
            return Err(Defect::TooDeep);
        }
        out.push(b'[');
        for (index, element) in elements(raw)?.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.item(rule, element.get(), depth + 1, out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn object(
        &mut self,
        keys: &[(String, Rule)],
        raw: &str,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result {
        let values = self.listed(keys, raw)?;
        out.push(b'{');
        let start = out.len();
        for ((name, rule), value) in keys.iter().zip(values) {
            let Some(raw) = value else { continue };
            if out.len() > start {
                out.push(b',');
            }
            json::text(name, out);
            out.push(b':');
            self.item(rule, raw, depth, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    /// The values of the listed keys, in the policy's order; the others are only counted.
    fn listed<'a>(
        &mut self,
        keys: &[(String, Rule)],
        raw: &'a str,
    ) -> std::result::Result<Vec<Option<&'a str>>, Defect> {
        let mut values = vec![None; keys.len()];
        let mut unlisted = 0;
        read_entries(raw, |key, value| {
            match keys.binary_search_by(|(name, _)| name.as_str().cmp(&key)) {
                Ok(index) if values[index].replace(value).is_some() => Err(Defect::Duplicate),
                Ok(_) => Ok(()),
                Err(_) => {
                    unlisted += 1;
                    Ok(())
                }
            }
        })?;
        self.tally.dropped_nested.add(self.column, unlisted);
        Ok(values)
    }

    fn drop_part(&mut self, out: &mut Vec<u8>) {
        self.tally.dropped_nested.add(self.column, 1);
        json::null(out);
    }
}

/// Whether `keep` allows the value: by its spelling where values are listed, or else if not text.
fn is_listed(value: &Plain<'_>, values: Option<&[String]>) -> std::result::Result<bool, Defect> {
    let spelling: &str = match value {
        Plain::Bool(true) => "true",
        Plain::Bool(false) => "false",
        Plain::Number(digits) => digits,
        Plain::Text(_) if values.is_none() => return Err(Defect::KeptText),
        Plain::Text(text) => text,
        _ => return Ok(false),
    };
    Ok(values.is_none_or(|values| values.iter().any(|value| value == spelling)))
}

fn text<'v>(value: &'v Plain<'_>) -> std::result::Result<Option<&'v str>, Defect> {
    match value {
        Plain::Null => Ok(None),
        Plain::Text(text) => Ok(Some(text)),
        _ => Err(Defect::NotText),
    }
}

fn micros<'v>(value: &'v Plain<'_>) -> std::result::Result<Option<&'v str>, Defect> {
    let digits = value.integer()?;
    match digits.map(str::parse::<i64>) {
        Some(Err(_)) => Err(Defect::NotInteger),
        _ => Ok(digits),
    }
}
