//! What must not be found in an output, shown piece by piece to whoever searches for it.

use std::sync::Arc;

use crate::dump::{Handler, RowAt};
use crate::layout::Layout;
use crate::origin::Origin;
use crate::policy::{Policy, Rule, Table};
use crate::read::{Reader, Text};
use crate::scan::Watch;
use crate::{AnonymizeError, Defect};

/// Takes what the policy does not let through as it is, in the order of the dump.
pub trait Private {
    /// The next piece belongs to this place.
    fn place(&mut self, place: &PrivatePlace<'_>);

    /// Raw JSON of that place, as the dump has it. Pieces end anywhere, also inside a text.
    fn json(&mut self, piece: &[u8]);

    /// The place has ended: a text that began there has ended too.
    fn end(&mut self);
}

/// Where something private stands in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrivatePlace<'a> {
    /// What becomes of it.
    pub privacy: Privacy,
    /// The table as the policy names it, or as the dump does where it is not allowed. `None` where
    /// the dump did not say it yet.
    pub table: Option<&'a str>,
    /// The listed column. `None` in a table that is not allowed, and in unlisted columns.
    pub column: Option<&'a str>,
    /// The bytes of the dump before it, or before its row.
    pub offset: u64,
}

/// What becomes of something private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// It is in a table that is not allowed.
    Denied,
    /// Its column is dropped.
    Dropped,
    /// It is written in another form.
    Sensitive,
}

/// Walks through a dump. Tables that are not allowed are shown where `DENIED`.
pub(crate) struct Walk<'w, const DENIED: bool> {
    policy: &'w Policy,
    private: &'w mut dyn Private,
    table: usize,
    layout: Arc<Layout>,
    /// The keys of the row before, as they are written, each with its column: most rows have the
    /// same keys in the same order.
    keys: Vec<(String, Option<usize>)>,
    is_watching: bool,
}

/// The keys that are remembered, and how long one may be. More would be data.
const MAX_KEYS: usize = 256;
const MAX_KEY: usize = 64;

impl<'w, const DENIED: bool> Walk<'w, DENIED> {
    pub(crate) fn new(policy: &'w Policy, private: &'w mut dyn Private) -> Self {
        let (layout, keys) = (Arc::default(), Vec::new());
        Self { policy, private, table: 0, layout, keys, is_watching: false }
    }

    /// Ends the table that was being skipped, if one was.
    fn end_watch(&mut self) {
        if std::mem::take(&mut self.is_watching) {
            self.private.end();
        }
    }

    fn cells(&mut self, raw: &[u8], offset: u64) -> Result<(), Defect> {
        let text = simdutf8::basic::from_utf8(raw).map_err(|_| Defect::Syntax)?;
        let table = &self.policy.tables[self.table];
        let layout = Arc::clone(&self.layout);
        let (mut reader, mut first) = (Reader::new(text), true);
        match &*layout {
            Layout::Named => {
                reader.pass(b'{')?;
                let mut place = 0;
                while let Some(key) = reader.next_key(&mut first)? {
                    let column = self.column(table, key, place)?;
                    place += 1;
                    self.cell(table, column, reader.raw_value()?, offset);
                    if column.is_none() {
                        self.show(Privacy::Dropped, table, None, offset, &quoted(key.raw()));
                    }
                }
            }
            Layout::Positional(slots) => {
                let mut slots = slots.iter();
                reader.pass(b'[')?;
                while reader.next_element(&mut first)? {
                    let column = slots.next().and_then(|slot| slot.column);
                    self.cell(table, column, reader.raw_value()?, offset);
                }
            }
        }
        reader.end()
    }

    /// The column of a key that stands at this place of its row.
    fn column(
        &mut self,
        table: &Table,
        key: Text<'_>,
        place: usize,
    ) -> Result<Option<usize>, Defect> {
        if let Some((known, column)) = self.keys.get(place)
            && known == key.raw()
        {
            return Ok(*column);
        }
        let column = table.column(&key.decode()?);
        if place < MAX_KEYS && key.raw().len() <= MAX_KEY {
            self.keys.resize_with(self.keys.len().max(place + 1), Default::default);
            self.keys[place] = (key.raw().to_owned(), column);
        }
        Ok(column)
    }

    fn cell(&mut self, table: &Table, column: Option<usize>, raw: &str, offset: u64) {
        let column = column.map(|column| &table.columns[column]);
        let privacy = match column.map(|column| &column.rule) {
            None | Some(Rule::Drop | Rule::Read) => Privacy::Dropped,
            // These are digits, which an output may hold.
            Some(Rule::Count(_) | Rule::Time(_)) => return,
            Some(_) => Privacy::Sensitive,
        };
        let name = column.map(|column| column.name.as_str());
        self.show(privacy, table, name, offset, raw);
    }

    fn show(
        &mut self,
        privacy: Privacy,
        table: &Table,
        column: Option<&str>,
        offset: u64,
        raw: &str,
    ) {
        // Only texts are searched for, and what has no quote has none.
        if !raw.starts_with('"') && !raw.contains('"') {
            return;
        }
        let table = Some(table.name.as_str());
        self.private.place(&PrivatePlace { privacy, table, column, offset });
        self.private.json(raw.as_bytes());
        self.private.end();
    }
}

fn quoted(key: &str) -> String {
    format!("\"{key}\"")
}

impl<const DENIED: bool> Watch for Walk<'_, DENIED> {
    const WANTS_SKIPPED: bool = DENIED;

    fn skipped_bytes(&mut self, bytes: &[u8]) {
        self.private.json(bytes);
    }
}

impl<const DENIED: bool> Handler for Walk<'_, DENIED> {
    fn table(
        &mut self,
        table: usize,
        layout: &Arc<Layout>,
        _: &Arc<Origin>,
    ) -> Result<(), AnonymizeError> {
        self.end_watch();
        (self.table, self.layout) = (table, Arc::clone(layout));
        self.keys.clear();
        Ok(())
    }

    fn row(&mut self, raw: &[u8], at: &RowAt) -> Result<(), AnonymizeError> {
        self.end_watch();
        self.cells(raw, at.offset).map_err(|defect| {
            let place = at.place(&self.policy.tables[self.table].name);
            AnonymizeError::Dump { place, defect }
        })
    }

    fn table_end(&mut self) -> Result<(), AnonymizeError> {
        Ok(())
    }

    fn skipped(&mut self, _: &str, _: u64) {
        self.end_watch();
    }

    fn watching(&mut self, table: Option<&str>, offset: u64) {
        self.end_watch();
        let privacy = Privacy::Denied;
        self.private.place(&PrivatePlace { privacy, table, column: None, offset });
        self.is_watching = true;
    }
}
