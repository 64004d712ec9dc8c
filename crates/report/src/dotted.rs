//! Rows of the form `name...: value more`, aligned as k6 aligns them.

use crate::page::{Line, Page, Piece, Style};

/// One row: a name and its values.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    cells: Vec<Cell>,
    /// Rows align their columns with rows of the same kind only.
    labelled: bool,
}

#[derive(Clone, Debug)]
struct Cell {
    label: String,
    value: String,
}

impl Row {
    /// A row of plain values; all but the first are shown faintly.
    pub(crate) fn plain(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Self {
        let cell = |value| Cell { label: String::new(), value };
        Row { name: name.into(), cells: values.into_iter().map(cell).collect(), labelled: false }
    }

    /// A row of values that each have a label: `avg=1ms`.
    pub(crate) fn labelled(
        name: impl Into<String>,
        values: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let cell = |(label, value)| Cell { label: format!("{label}="), value };
        Row { name: name.into(), cells: values.into_iter().map(cell).collect(), labelled: true }
    }

    /// The name and the values, for where nothing is aligned.
    pub(crate) fn parts(&self) -> (&str, String) {
        let cells = self.cells.iter().map(|cell| format!("{}{}", cell.label, cell.value));
        (self.name.trim(), cells.collect::<Vec<_>>().join(" "))
    }

    fn name_width(&self) -> usize {
        self.name.chars().count()
    }
}

impl Cell {
    fn width(&self) -> usize {
        self.label.chars().count() + self.value.chars().count()
    }

    fn piece(&self, style: Style, width: usize) -> Piece {
        let label = Piece::new(Style::Plain, &self.label);
        label.and(style, &self.value).padded(width)
    }
}

/// Adds the rows, `indent` characters from the left.
pub(crate) fn push(page: &mut Page, indent: usize, rows: &[Row]) {
    // k6 leaves at least three dots.
    let name_width = rows.iter().map(Row::name_width).max().unwrap_or(0) + 3;
    for row in rows {
        let dots = ".".repeat(name_width - row.name_width()) + ":";
        let name = Piece::new(Style::Plain, &row.name).and(Style::Faint, dots);
        let mut line = Line::new(indent).hanging(indent + name_width + 2).piece(name);
        if let [only] = row.cells.as_slice()
            && !row.labelled
        {
            // It is aligned with nothing, so that a long one may be broken.
            page.push(line.words(Style::Value, &only.value));
            continue;
        }
        for (column, cell) in row.cells.iter().enumerate() {
            let first = column == 0 || row.labelled;
            let style = if first { Style::Value } else { Style::FaintValue };
            line = line.piece(cell.piece(style, column_width(rows, row.labelled, column)));
        }
        page.push(line);
    }
}

fn column_width(rows: &[Row], labelled: bool, column: usize) -> usize {
    let alike = rows.iter().filter(|row| row.labelled == labelled);
    alike.filter_map(|row| row.cells.get(column)).map(Cell::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_columns_are_aligned() {
        let mut page = Page::default();
        let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let rows = [
            Row::plain("a", text(&["1", "0.5/s"])),
            Row::labelled("long", [("avg".to_owned(), "12.25ms".to_owned())]),
            Row::plain("  { b }", text(&["1234"])),
        ];
        push(&mut page, 4, &rows);
        let shown = page.render(false, None);
        assert_eq!(
            shown,
            "    a.........: 1    0.5/s\n    long......: avg=12.25ms\n      { b }...: 1234\n"
        );
    }
}
