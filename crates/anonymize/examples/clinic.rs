//! Anonymizes a dump that has nothing to do with works: the tables of a small clinic.
//!
//! `cargo run -p anonymize --example clinic` prints the sanitized rows and what was left out.

use std::io::{self, Write};

use anonymize::{AnonymizeError, CleanRow, Policy, PseudonymKey, Sink, TableStart, anonymize};

const POLICY: &str = r#"
version = 1

[paths]
words = ["scans", "head"]
extensions = ["png"]

[domains.patient]
prefix = "patient"

[domains.insurance]
prefix = "insurance"
form = "code"

[[table]]
name = "patients"
id = "id"
[table.columns]
id = { pseudonym = "patient" }
insurance_no = { pseudonym = "insurance" }
name = "text"
born = "drop"

[[table]]
name = "visits"
id = "patient"
[table.columns]
patient = { pseudonym = "patient" }
at = { time = { shift_days = 30, by = "patient" } }
cost_cents = { count = { digits = 2 } }
ward = { keep = ["A", "B", "C"] }
findings = { json = { keys = { note = "text", image = { path = "patient" } } } }
"#;

const DUMP: &str = r#"{
"patients": [
  {"id": 4711, "insurance_no": "KV-93847561", "name": "Ada Lovelace", "born": "1815-12-10"},
  {"id": 4712, "insurance_no": "KV-55501234", "name": "林知秋", "born": "1990-02-03", "blood": "0+"}],
"visits": [
  {"patient": 4711, "at": 1783790679306661, "cost_cents": 12345, "ward": "B",
   "findings": {"note": "looks fine", "image": "/scans/4711/head.png", "doctor": "Who"}}],
"staff": [{"name": "Gregory House", "pager": "555-0199"}]
}"#;

/// Prints each row as it comes.
struct Print<W>(W);

impl<W: Write> Sink for Print<W> {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        writeln!(self.0, "{}:", table.name())
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        writeln!(self.0, "  {}", String::from_utf8_lossy(row.json()))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn main() -> Result<(), AnonymizeError> {
    print(&mut io::stdout().lock())
}

pub(crate) fn print(out: &mut impl Write) -> Result<(), AnonymizeError> {
    let policy = Policy::from_toml(POLICY)?;
    // A fixed key keeps the example repeatable; take 32 bytes from the system's random source.
    let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8))?;
    let manifest = anonymize(DUMP.as_bytes(), &policy, &key, &mut Print(&mut *out))?;
    writeln!(out, "left out: {:?}", manifest.unknown_tables).map_err(AnonymizeError::Write)
}
