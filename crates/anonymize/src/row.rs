//! One row of an allowed table: from the dump's JSON to sanitized JSON.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::cell::Cell;
use crate::key::{SampleKey, TextKey};
use crate::manifest::Tally;
use crate::path::RowId;
use crate::policy::{Column, Domain, Policy, Published, Rule, Table};
use crate::text::TextMaker;
use crate::value::{Plain, read_entries};
use crate::{Defect, PseudonymKey, Pseudonymizer, json};
use dataset::Work;

/// All that a rule needs beside the value: made once a run.
pub(crate) struct Tools<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) domains: Vec<Pseudonymizer>,
    pub(crate) text_key: TextKey,
    pub(crate) text_maker: TextMaker,
    sample_key: SampleKey,
}

impl<'p> Tools<'p> {
    pub(crate) fn new(policy: &'p Policy, key: &PseudonymKey) -> Self {
        let domain = |domain: &Domain| Pseudonymizer::new(key, &domain.name, &domain.prefix);
        Self {
            policy,
            domains: policy.domains.iter().map(domain).collect(),
            text_key: TextKey::new(key),
            text_maker: TextMaker::new(),
            sample_key: SampleKey::new(key),
        }
    }
}

/// A sanitized row. Nothing but the rules of this module can make one.
#[derive(Clone, Debug)]
pub(crate) struct Clean {
    pub(crate) json: Vec<u8>,
    pub(crate) work: Option<Work>,
    /// Smaller is earlier in the sample: published works first, then by keyed hash.
    pub(crate) rank: (bool, u64),
}

/// What is wrong with a row, and in which listed column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RowDefect {
    pub(crate) column: Option<usize>,
    pub(crate) defect: Defect,
}

impl From<Defect> for RowDefect {
    fn from(defect: Defect) -> Self {
        Self { column: None, defect }
    }
}

/// Applies a table's rules to the JSON of one row, and counts what was done.
pub(crate) fn clean(
    raw: &str,
    table: &Table,
    tools: &Tools<'_>,
    tally: &mut Tally,
) -> Result<Clean, RowDefect> {
    if !raw.trim_ascii().starts_with('{') {
        return Err(Defect::NotObject.into());
    }
    let cells = Cells::read(raw, table, tally)?;
    let id = cells.scalar(table.id)?;
    let id = id.id().map_err(cells.at(table.id))?.ok_or(Defect::NoId)?;
    let row = cells.token(table.id, id, tools);
    let json = cells.write(&row, tools, tally)?;
    let published = cells.is_published()?;
    let work = cells.work(row, published, tools)?;
    Ok(Clean { json, work, rank: (!published, tools.sample_key.rank(id)) })
}

/// The raw values of the listed columns, by the column's index.
struct Cells<'a, 't> {
    table: &'t Table,
    raw: Vec<Option<&'a str>>,
}

impl<'a, 't> Cells<'a, 't> {
    fn read(raw: &'a str, table: &'t Table, tally: &mut Tally) -> Result<Self, RowDefect> {
        let mut cells = Self { table, raw: vec![None; table.columns.len()] };
        let mut unlisted: BTreeSet<Cow<'a, str>> = BTreeSet::new();
        let mut repeated = None;
        let result = read_entries(raw, |name, value| match table.column(&name) {
            Some(index) if cells.raw[index].replace(value).is_some() => {
                repeated = Some(index);
                Err(Defect::Duplicate)
            }
            Some(_) => Ok(()),
            None if unlisted.insert(name) => Ok(()),
            None => Err(Defect::Duplicate),
        });
        result.map_err(|defect| RowDefect { column: repeated, defect })?;
        unlisted.iter().for_each(|name| tally.dropped.add(name, 1));
        Ok(cells)
    }

    /// Names the column in a defect of its value.
    fn at(&self, column: usize) -> impl Fn(Defect) -> RowDefect + use<> {
        move |defect| RowDefect { column: Some(column), defect }
    }

    fn scalar(&self, column: usize) -> Result<Plain<'a>, RowDefect> {
        self.raw[column].map_or(Ok(Plain::Null), Plain::read_scalar).map_err(self.at(column))
    }

    fn token(&self, column: usize, id: &str, tools: &Tools<'_>) -> String {
        match self.table.columns[column].rule {
            Some(Rule::Pseudonym(domain)) => tools.domains[domain].token(id),
            _ => unreachable!("a policy names only columns with a pseudonym as ids"),
        }
    }

    fn write(&self, row: &str, tools: &Tools<'_>, tally: &mut Tally) -> Result<Vec<u8>, RowDefect> {
        let ids = self.ids();
        let mut out = vec![b'{'];
        for (index, column) in self.table.columns.iter().enumerate() {
            let Some(raw) = self.raw[index] else { continue };
            let Some(rule) = &column.rule else {
                tally.dropped.add(&column.name, 1);
                continue;
            };
            if out.len() > 1 {
                out.push(b',');
            }
            json::text(&column.name, &mut out);
            out.push(b':');
            let mut cell = Cell::new(&self.table.name, row, &column.name, &ids, tools, tally);
            cell.write(rule, raw, &mut out).map_err(self.at(index))?;
        }
        out.push(b'}');
        Ok(out)
    }

    /// The identifiers in the row's own columns. One that is none is an error where it is written.
    fn ids(&self) -> Vec<RowId> {
        let id = |(column, raw): (&Column, &Option<&str>)| match column.rule {
            Some(Rule::Pseudonym(domain)) => {
                let value = Plain::read_scalar((*raw)?).ok()?;
                Some((value.id().ok()??.to_owned(), domain))
            }
            _ => None,
        };
        self.table.columns.iter().zip(&self.raw).filter_map(id).collect()
    }

    fn is_published(&self) -> Result<bool, RowDefect> {
        let Some(Published { column, values, deleted }) = &self.table.published else {
            return Ok(true);
        };
        let status = match self.scalar(*column)? {
            Plain::Text(status) => status.to_lowercase(),
            Plain::Bool(status) => status.to_string(),
            Plain::Number(status) => status.to_owned(),
            _ => return Ok(false),
        };
        let is_deleted = match deleted {
            Some(deleted) => self.scalar(*deleted)? != Plain::Null,
            None => false,
        };
        Ok(!is_deleted && values.iter().any(|value| value.to_lowercase() == status))
    }

    fn work(
        &self,
        profile_id: String,
        published: bool,
        tools: &Tools<'_>,
    ) -> Result<Option<Work>, RowDefect> {
        let Some(work) = &self.table.work else { return Ok(None) };
        let token = |column: Option<usize>| {
            let Some(column) = column else { return Ok(None) };
            let value = self.scalar(column)?;
            let id = value.id().map_err(self.at(column))?;
            Ok::<_, RowDefect>(id.map(|id| self.token(column, id, tools)))
        };
        Ok(Some(Work {
            kind: work.kind.clone(),
            table: self.table.name.clone(),
            profile_id,
            owner_user_id: token(work.owner)?,
            work_code: token(work.code)?,
            published,
        }))
    }
}
