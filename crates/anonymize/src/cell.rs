//! One cell of a row: its rule applied to its value.

use crate::json;
use crate::manifest::{Kinds, Tally};
use crate::nested;
use crate::number::append_rounded;
use crate::path::{PathMap, RowId};
use crate::policy::{Column, Rule, Shift};
use crate::read::{Marks, Result, Text};
use crate::row::Tools;
use crate::text::Draws;
use crate::token::TokenCache;
use crate::value::{Plain, Value};
use crate::{Defect, Form};

/// The longest path. Each of its segments may become a token, which is longer than most segments.
const MAX_PATH_BYTES: usize = 8 << 10;

/// Memory for what is decoded or written on the way, used again and again.
#[derive(Default)]
pub(crate) struct Scratch {
    bytes: Vec<Vec<u8>>,
    marks: Vec<Marks>,
}

impl Scratch {
    /// Empty memory; give it back with [`keep_bytes`](Self::keep_bytes).
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = self.bytes.pop().unwrap_or_default();
        bytes.clear();
        bytes
    }

    pub(crate) fn keep_bytes(&mut self, bytes: Vec<u8>) {
        self.bytes.push(bytes);
    }

    /// The marks of a text; give them back with [`keep_marks`](Self::keep_marks).
    pub(crate) fn marks(&mut self, text: &str) -> Marks {
        let mut marks = self.marks.pop().unwrap_or_default();
        marks.find(text);
        marks
    }

    pub(crate) fn keep_marks(&mut self, marks: Marks) {
        self.marks.push(marks);
    }
}

/// Writes the cells of one row.
pub(crate) struct Cells<'c, 'p> {
    tools: &'c Tools<'p>,
    tokens: &'c mut TokenCache,
    pub(crate) scratch: &'c mut Scratch,
    pub(crate) tally: &'c mut Tally,
    ids: &'c [RowId<'c>],
    /// Which of the ids is the row's.
    id: usize,
    seed: u64,
    /// The column that is being written, and the texts drawn for it.
    pub(crate) column: usize,
    draws: Draws,
}

impl<'c, 'p> Cells<'c, 'p> {
    /// `seed` follows from the row's pseudonym: texts depend on it, and on nothing else of the row.
    pub(crate) fn new(
        tools: &'c Tools<'p>,
        tokens: &'c mut TokenCache,
        scratch: &'c mut Scratch,
        tally: &'c mut Tally,
        ids: &'c [RowId<'c>],
        id: usize,
        seed: u64,
    ) -> Self {
        let draws = Draws::new(seed, 0);
        Self { tools, tokens, scratch, tally, ids, id, seed, column: 0, draws }
    }

    /// Counts a value of a listed column.
    pub(crate) fn saw(&mut self, column: usize, kinds: Kinds) {
        self.tally.saw(column, kinds);
    }

    /// Appends the sanitized value of a column.
    pub(crate) fn write(
        &mut self,
        index: usize,
        column: &Column,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.column = index;
        self.draws = Draws::new(self.seed, column.seed);
        match &column.rule {
            Rule::Json(rules) => nested::json(self, rules, value, 0, out),
            Rule::Pseudonym(domain) => {
                // The row's ids were read before, since its paths may hold them.
                match self.ids.iter().find(|id| id.column == index) {
                    Some(id) => self.pseudonym(*domain, &id.id, value, out),
                    None => json::null(out),
                }
                Ok(())
            }
            rule => self.scalar(rule, value, out),
        }
    }

    /// Appends a value whose rule is not for JSON.
    pub(crate) fn scalar(
        &mut self,
        rule: &Rule,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match rule {
            Rule::Keep(values) => self.keep(values.as_deref(), value, out),
            Rule::Count(digits) => count(*digits, value, out),
            Rule::Time(shift) => self.time(*shift, value, out),
            Rule::Text => self.text(value, out, |cells, text, out| {
                cells.tools.text_maker.append(text, &mut cells.draws, out);
                Ok(())
            }),
            Rule::KeptText => self.text(value, out, |_, text, out| {
                json::escape(text.as_bytes(), out);
                Ok(())
            }),
            Rule::Path(domain) => {
                self.text(value, out, |cells, text, out| cells.path(*domain, text, out))
            }
            Rule::Pseudonym(domain) => {
                match value.id()? {
                    Some(id) => self.pseudonym(*domain, &id, value, out),
                    None => json::null(out),
                }
                Ok(())
            }
            Rule::Drop | Rule::Read | Rule::Json(_) => unreachable!("these have no plain value"),
        }
    }

    /// A number stays a number where its pseudonym is one.
    fn pseudonym(&mut self, domain: usize, id: &str, value: &Value<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(b'"');
        self.tokens.append(&self.tools.domains, domain, id, out);
        // A code of digits is none, even if it was written as one: it may start with a zero.
        let is_number = matches!(value.plain, Plain::Number(_))
            && self.tools.policy.domains[domain].form == Form::Number
            && out[start + 1..].iter().all(u8::is_ascii_digit);
        if is_number {
            out.remove(start);
        } else {
            out.push(b'"');
        }
    }

    /// Appends a text in quotes, written by `body`, or null where there is none.
    fn text(
        &mut self,
        value: &Value<'_>,
        out: &mut Vec<u8>,
        body: impl FnOnce(&mut Self, &str, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let Some(text) = value.text()? else {
            json::null(out);
            return Ok(());
        };
        out.push(b'"');
        self.decoded(text, |cells, text| body(cells, text, out))?;
        out.push(b'"');
        Ok(())
    }

    /// Lends a text without its escapes.
    pub(crate) fn decoded(
        &mut self,
        text: Text<'_>,
        with: impl FnOnce(&mut Self, &str) -> Result<()>,
    ) -> Result<()> {
        let mut buffer = self.scratch.bytes();
        let result = text.decode_in(&mut buffer).and_then(|text| with(self, text));
        self.scratch.keep_bytes(buffer);
        result
    }

    fn path(&mut self, domain: usize, path: &str, out: &mut Vec<u8>) -> Result<()> {
        if path.len() > MAX_PATH_BYTES {
            return Err(Defect::TooLong);
        }
        let (policy, domains) = (self.tools.policy, &self.tools.domains);
        let mut map =
            PathMap { default: domain, ids: self.ids, policy, domains, tokens: self.tokens };
        map.append(path, out);
        Ok(())
    }

    fn keep(
        &mut self,
        values: Option<&[String]>,
        value: &Value<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let start = out.len();
        if !write_kept(values, value, out)? {
            out.truncate(start);
            json::null(out);
            self.tally.column(self.column).unlisted_values += 1;
        }
        Ok(())
    }

    fn time(&mut self, shift: Option<Shift>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<()> {
        let Some(digits) = value.integer()? else {
            json::null(out);
            return Ok(());
        };
        // So few digits, perhaps with a sign, are in range.
        if shift.is_none() && digits.len() <= 18 {
            out.extend_from_slice(digits.as_bytes());
            return Ok(());
        }
        let micros: i64 = digits.parse().map_err(|_| Defect::NotInteger)?;
        let Some(shift) = shift else {
            out.extend_from_slice(digits.as_bytes());
            return Ok(());
        };
        let shifted = self.shift(shift).checked_mul(1_000_000);
        let shifted = shifted.and_then(|shift| micros.checked_add(shift));
        let shifted = shifted.ok_or(Defect::NotInteger)?;
        out.extend_from_slice(shifted.to_string().as_bytes());
        Ok(())
    }

    /// The seconds by which the author's times are shifted; without an author, the row's own.
    fn shift(&mut self, shift: Shift) -> i64 {
        let author = self.ids.iter().find(|id| id.column == shift.by);
        let author = author.unwrap_or(&self.ids[self.id]);
        let mut name = self.scratch.bytes();
        self.tokens.append(&self.tools.domains, author.domain, &author.id, &mut name);
        let seconds = self.tools.shifts.seconds(&name, shift.days);
        self.scratch.keep_bytes(name);
        seconds
    }
}

/// Appends a value as it is; `false` where the list does not have it.
fn write_kept(values: Option<&[String]>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let is_listed =
        |spelling: &str| values.is_none_or(|values| values.iter().any(|value| value == spelling));
    match value.plain {
        Plain::Null => json::null(out),
        Plain::Bool(value) => {
            let spelling = if value { "true" } else { "false" };
            out.extend_from_slice(spelling.as_bytes());
            return Ok(is_listed(spelling));
        }
        Plain::Number(digits) => {
            // Beyond the range of a float, most readers would refuse the whole dataset.
            if is_listed(digits) && !digits.parse().is_ok_and(f64::is_finite) {
                return Err(Defect::NotScalar);
            }
            out.extend_from_slice(digits.as_bytes());
            return Ok(is_listed(digits));
        }
        Plain::Text(_) | Plain::Choice(_) if values.is_none() => return Err(Defect::KeptText),
        Plain::Text(text) | Plain::Choice(text) => {
            let text = text.decode()?;
            json::text(&text, out);
            return Ok(is_listed(&text));
        }
        Plain::Unnamed => return Ok(false),
        Plain::Array(_) | Plain::Object(_) => return Err(Defect::NotScalar),
    }
    Ok(true)
}

fn count(significant: Option<usize>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<()> {
    match (value.integer()?, significant) {
        (None, _) => json::null(out),
        (Some(digits), None) => out.extend_from_slice(digits.as_bytes()),
        (Some(digits), Some(significant)) => append_rounded(&digits, significant, out),
    }
    Ok(())
}
