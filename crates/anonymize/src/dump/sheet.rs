//! The rows of one table on their way to the handler.

use std::borrow::Cow;
use std::sync::Arc;

use super::columns::Columns;
use super::options::Found;
use super::{Handler, MAX_ROW_BYTES, RowAt};
use crate::layout::Layout;
use crate::origin::Origin;
use crate::policy::Table;
use crate::scan::closes_at_end;
use crate::{AnonymizeError, Defect};

/// A table whose rows are being handed over.
pub(super) struct Sheet<'p> {
    pub(super) table: usize,
    rules: &'p Table,
    columns: Option<Columns>,
    origin: Arc<Origin>,
    /// Known from the first row on.
    layout: Option<Arc<Layout>>,
    pub(super) rows: u64,
    texts: bool,
}

impl<'p> Sheet<'p> {
    pub(super) fn new(
        table: usize,
        rules: &'p Table,
        columns: Option<Columns>,
        origin: Origin,
    ) -> Self {
        let origin = Arc::new(origin);
        Self { table, rules, columns, origin, layout: None, rows: 0, texts: false }
    }

    /// Notes the columns that stand beside a later piece. Every piece must have the same.
    pub(super) fn also(&mut self, columns: Option<Columns>) -> Result<(), Defect> {
        let agrees = match (&self.columns, &columns) {
            (Some(before), Some(now)) => before.agrees(now),
            (None, Some(_)) => self.rows == 0,
            (_, None) => true,
        };
        if !agrees {
            return Err(Defect::Columns);
        }
        self.columns = self.columns.take().or(columns);
        Ok(())
    }

    /// Hands one row over.
    pub(super) fn row<H: Handler>(
        &mut self,
        raw: &[u8],
        at: &RowAt,
        handler: &mut H,
    ) -> Result<(), AnonymizeError> {
        let text = self.decoded(raw).map_err(|defect| self.error(at, defect))?;
        let raw = self.unwrapped(&text);
        let is_array = match raw.first() {
            Some(b'[') => true,
            Some(b'{') => false,
            _ => return Err(self.error(at, Defect::NotObject)),
        };
        if self.layout.is_none() {
            let layout = self.first_layout(is_array).map_err(|defect| self.error(at, defect))?;
            handler.table(self.table, &layout, &self.origin)?;
            self.layout = Some(layout);
        }
        if is_array != self.has_arrays() {
            return Err(self.error(at, Defect::RowKind));
        }
        handler.row(raw, at)?;
        self.rows += 1;
        Ok(())
    }

    /// The table has ended.
    pub(super) fn end<H: Handler>(
        mut self,
        handler: &mut H,
        found: &mut Found,
    ) -> Result<(), AnonymizeError> {
        if self.rows > 0 {
            let seen = if self.has_arrays() { &mut found.arrays } else { &mut found.objects };
            *seen = true;
            found.texts |= self.texts;
        }
        if self.layout.is_none() {
            let layout = self.layout.insert(Arc::new(Layout::Named));
            handler.table(self.table, layout, &self.origin)?;
        }
        handler.table_end()
    }

    fn has_arrays(&self) -> bool {
        matches!(self.layout.as_deref(), Some(Layout::Positional(_)))
    }

    fn error(&self, at: &RowAt, defect: Defect) -> AnonymizeError {
        AnonymizeError::Dump { place: at.place(&self.rules.name), defect }
    }

    fn first_layout(&self, is_array: bool) -> Result<Arc<Layout>, Defect> {
        let layout = match (is_array, &self.columns) {
            (false, _) => Layout::Named,
            (true, Some(columns)) => columns.layout(self.rules),
            (true, None) => return Err(Defect::NoColumns),
        };
        Ok(Arc::new(layout))
    }

    /// A row that is a text with the row inside is decoded, once.
    fn decoded<'a>(&mut self, raw: &'a [u8]) -> Result<Cow<'a, [u8]>, Defect> {
        if raw.first() != Some(&b'"') {
            return Ok(raw.into());
        }
        self.texts = true;
        let text: String = serde_json::from_slice(raw).map_err(|_| Defect::Encoding)?;
        if text.len() > MAX_ROW_BYTES as usize {
            return Err(Defect::TooLong);
        }
        Ok(text.trim_ascii().as_bytes().to_vec().into())
    }

    /// Takes off `{"row":…}`, unless the table has such a column.
    fn unwrapped<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        match inside_row(raw) {
            Some(inner) if self.rules.column("row").is_none() => inner,
            _ => raw,
        }
    }
}

fn inside_row(raw: &[u8]) -> Option<&[u8]> {
    let rest = raw.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"row\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?;
    let inner = rest.trim_ascii().strip_suffix(b"}")?.trim_ascii();
    closes_at_end(inner).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::inside_row;

    #[test]
    fn only_a_lone_row_is_unwrapped() {
        let cases: [(&str, Option<&str>); 7] = [
            (r#"{"row":[1,2]}"#, Some("[1,2]")),
            (r#"{ "row" : {"a":"}"} } "#, Some(r#"{"a":"}"}"#)),
            (r#"{"row":{},"b":{}}"#, None),
            (r#"{"row":7}"#, None),
            (r#"{"row":"[]"}"#, None),
            (r#"{"rows":[]}"#, None),
            (r#"[{"row":{}}]"#, None),
        ];
        for (raw, expected) in cases {
            assert_eq!(inside_row(raw.as_bytes()), expected.map(str::as_bytes), "{raw}");
        }
    }
}
