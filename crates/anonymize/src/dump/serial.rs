//! Cleans the rows of a dump one after another.

use std::sync::Arc;

use super::positional::to_object;
use super::{Handler, RowAt};
use crate::layout::Layout;
use crate::manifest::{Manifest, Tallies};
use crate::row::{self, RowDefect, Tools};
use crate::scan::Watch;
use crate::sink::{CleanRow, Sink};
use crate::{AnonymizeError, Defect, Place, Policy, PseudonymKey};

/// Applies the policy to each row, and pushes what comes out into a sink.
pub(super) struct Serial<'r> {
    policy: &'r Policy,
    tools: Tools<'r>,
    sink: &'r mut dyn Sink,
    tallies: Tallies,
    table: usize,
    layout: Arc<Layout>,
}

impl<'r> Serial<'r> {
    pub(super) fn new(policy: &'r Policy, key: &PseudonymKey, sink: &'r mut dyn Sink) -> Self {
        let (tools, tallies) = (Tools::new(policy, key), Tallies::new(policy));
        Self { policy, tools, sink, tallies, table: 0, layout: Arc::default() }
    }

    pub(super) fn finish(self, key: &PseudonymKey) -> Result<Manifest, AnonymizeError> {
        self.sink.finish().map_err(AnonymizeError::Write)?;
        Ok(self.tallies.into_manifest(self.policy, key))
    }

    fn clean(&mut self, raw: &[u8]) -> Result<row::Clean, RowDefect> {
        let raw = std::str::from_utf8(raw).map_err(|_| Defect::Syntax)?;
        serde_json::from_str::<serde::de::IgnoredAny>(raw).map_err(|_| Defect::Syntax)?;
        let (table, tally) =
            (&self.policy.tables[self.table], &mut self.tallies.tables[self.table]);
        match &*self.layout {
            Layout::Named => row::clean(raw, table, &self.tools, tally),
            Layout::Positional(slots) => {
                row::clean(&to_object(raw, slots)?, table, &self.tools, tally)
            }
        }
    }
}

impl Watch for Serial<'_> {
    const WANTS_SKIPPED: bool = false;

    fn skipped_bytes(&mut self, _: &[u8]) {}
}

impl Handler for Serial<'_> {
    fn table(&mut self, table: usize, layout: &Arc<Layout>) -> Result<(), AnonymizeError> {
        (self.table, self.layout) = (table, Arc::clone(layout));
        self.tallies.tables[table].present = true;
        self.sink.table(&self.policy.tables[table].name).map_err(AnonymizeError::Write)
    }

    fn row(&mut self, raw: &[u8], at: &RowAt) -> Result<(), AnonymizeError> {
        self.tallies.tables[self.table].rows_in += 1;
        let table = &self.policy.tables[self.table];
        let clean = self.clean(raw).map_err(|RowDefect { column, defect }| {
            let column = column.map(|column| table.columns[column].name.clone());
            let place = Place { column, ..at.place(&table.name) };
            AnonymizeError::Dump { place, defect }
        })?;
        self.tallies.works += u64::from(clean.work.is_some());
        self.tallies.tables[self.table].rows_out += 1;
        self.sink.row(&CleanRow::new(&table.name, &clean)).map_err(AnonymizeError::Write)
    }

    fn table_end(&mut self) -> Result<(), AnonymizeError> {
        Ok(())
    }

    fn skipped(&mut self, name: &str, rows: u64) {
        let denied = self.policy.is_denied(name);
        let names = if denied { &mut self.tallies.denied } else { &mut self.tallies.unknown };
        names.insert(name, rows);
    }

    fn watching(&mut self, _: Option<&str>, _: u64) {}
}
