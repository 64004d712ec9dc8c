//! What was measured, as a table and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::tools::{Tool, Tools};

/// All figures, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(super) struct Results {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    figure: String,
    unit: &'static str,
    cells: BTreeMap<Tool, Cell>,
}

/// One figure of one tool: its rounds, and what went wrong in others.
#[derive(Debug, Default)]
struct Cell {
    values: Vec<f64>,
    problems: Vec<String>,
}

impl Results {
    pub(super) fn add(
        &mut self,
        figure: &str,
        unit: &'static str,
        tool: Tool,
        value: Result<f64, String>,
    ) {
        let at = self.rows.iter().position(|row| row.figure == figure).unwrap_or_else(|| {
            self.rows.push(Row { figure: figure.to_owned(), unit, cells: BTreeMap::new() });
            self.rows.len() - 1
        });
        let cell = self.rows[at].cells.entry(tool).or_default();
        match value {
            Ok(value) => cell.values.push(value),
            Err(problem) => cell.problems.push(problem),
        }
    }

    /// Medians; behind each of the peers', in brackets, ours as a multiple of it.
    pub(super) fn table(&self) -> String {
        let mut table = "| figure, median |".to_owned();
        Tool::ALL.iter().for_each(|tool| table += &format!(" {} |", tool.name()));
        table += &format!("\n|{}\n", " --- |".repeat(Tool::ALL.len() + 1));
        for row in &self.rows {
            // Writing to a String cannot fail.
            let _ = write!(table, "| {}, {} |", row.figure, row.unit);
            Tool::ALL.iter().for_each(|&tool| table += &format!(" {} |", row.show(tool)));
            table += "\n";
        }
        table + &self.problems()
    }

    /// What went wrong, each problem of a tool once.
    fn problems(&self) -> String {
        let mut told = BTreeSet::new();
        let mut text = String::new();
        for row in &self.rows {
            for (tool, cell) in &row.cells {
                for problem in &cell.problems {
                    if told.insert((tool, problem)) {
                        let _ = write!(text, "\n{}, {}: {problem}", row.figure, tool.name());
                    }
                }
            }
        }
        if text.is_empty() { text } else { text + "\n" }
    }

    pub(super) fn json(&self, machine: &str, tools: &Tools) -> Value {
        let versions: BTreeMap<_, _> =
            Tool::ALL.iter().map(|&tool| (tool.name(), tools.version(tool))).collect();
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        json!({ "machine": machine, "versions": versions, "figures": rows })
    }
}

impl Row {
    fn show(&self, tool: Tool) -> String {
        let Some(cell) = self.cells.get(&tool) else { return "–".to_owned() };
        let Some(value) = median(&cell.values) else { return "failed".to_owned() };
        let ours = self.cells.get(&Tool::Ours).and_then(|ours| median(&ours.values));
        match ours.filter(|_| tool != Tool::Ours && value > 0.0) {
            Some(ours) => format!("{} ({:.2})", short(value), ours / value),
            None => short(value),
        }
    }

    fn json(&self) -> Value {
        let cells = self.cells.iter().map(|(tool, cell)| {
            let Cell { values, problems } = cell;
            let median = median(values);
            (
                tool.name().to_owned(),
                json!({ "median": median, "rounds": values, "problems": problems }),
            )
        });
        let cells: serde_json::Map<_, _> = cells.collect();
        json!({ "figure": self.figure, "unit": self.unit, "tools": cells })
    }
}

/// Three digits that say something.
fn short(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// The middle value; of an even number, the mean of the middle two.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_medians_ratios_and_what_failed() {
        let mut results = Results::default();
        for (ours, wrk) in [(3.0, 12.0), (900.0, 10.0), (4.0, 8.0)] {
            results.add("CPU", "µs", Tool::Ours, Ok(ours));
            results.add("CPU", "µs", Tool::Wrk, Ok(wrk));
        }
        results.add("CPU", "µs", Tool::Oha, Err("it is missing".to_owned()));
        let table = results.table();
        assert!(table.contains("| CPU, µs | 4.00 | 10.0 (0.40) | – | failed | – | – |"), "{table}");
        assert!(table.contains("CPU, oha: it is missing"), "{table}");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
