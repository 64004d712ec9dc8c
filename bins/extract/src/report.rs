//! What is printed at the end: counts and names, never a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use anonymize::TableManifest;

use crate::args::is_standard;
use crate::error::ExtractError;
use crate::output;
use crate::run::Done;
use crate::settings::Source;

/// Prints a text; a reader that has seen enough of it is no error.
pub(crate) fn print(text: &str, out: &mut dyn Write) -> Result<(), ExtractError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(ExtractError::Report),
    }
}

pub(crate) fn render(done: &Done<'_>) -> String {
    let mut text = String::new();
    counts(&mut text, &done.counts);
    if let Some(sample) = &done.sample_counts {
        text.push_str("\nsample:\n");
        counts(&mut text, sample);
    }
    left_out(&mut text, done);
    evidence(&mut text, done);
    files(&mut text, done);
    text
}

/// How the dump was laid out, and what the outputs were searched for.
fn evidence(text: &mut String, done: &Done<'_>) {
    text.push('\n');
    for found in &done.found {
        line(text, format_args!("dump: {found}"));
    }
    line(text, format_args!("read: {} bytes", done.dump_bytes));
    let certificate = &done.searched.certificate;
    let tables = match (done.searched.denied_tables, &done.settings.source) {
        (_, Source::Database(_)) => "private tables were not read",
        (true, _) => "private tables included",
        (false, _) => "private tables not included; --audit full includes them",
    };
    line(
        text,
        format_args!(
            "audit: none of {} private texts is in the outputs ({tables}); {} decoys searched for, {} met by chance, beside {} short texts",
            certificate.secrets,
            certificate.decoys,
            certificate.decoy_hits,
            certificate.coincidences
        ),
    );
}

fn counts(text: &mut String, counts: &[(String, u64)]) {
    for (name, count) in counts {
        line(text, format_args!("{name}: {count}"));
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string in memory can be appended to");
}

fn left_out(text: &mut String, done: &Done<'_>) {
    let manifest = &done.manifest;
    let columns = |part: fn(&TableManifest) -> &BTreeMap<String, u64>| {
        let tables = manifest.tables.iter();
        let name = |table: &TableManifest, column: &str| format!("{}.{column}", table.name);
        let entries = tables.flat_map(|table| {
            part(table).iter().map(move |(column, count)| (name(table, column), *count))
        });
        entries.collect::<Vec<_>>()
    };
    let tables = |tables: &BTreeMap<String, u64>| {
        tables.iter().map(|(name, count)| (name.clone(), *count)).collect::<Vec<_>>()
    };
    section(text, "dropped columns (cells)", &columns(|table| &table.dropped_columns));
    section(text, "unknown columns, dropped (cells)", &columns(|table| &table.unknown_columns));
    section(text, "dropped inside JSON columns (values)", &columns(|table| &table.dropped_nested));
    section(text, "unlisted values made null", &columns(|table| &table.unlisted_values));
    section(text, "denied tables (rows skipped)", &tables(&manifest.denied_tables));
    section(text, "unknown tables (rows skipped)", &tables(&manifest.unknown_tables));
    if done.passed_over > 0 {
        line(text, format_args!("\ntables passed over without a look: {}", done.passed_over));
    }
    if !done.absent.is_empty() {
        line(text, format_args!("\nnot in the database: {}", done.absent.join(", ")));
    }
    if done.unlisted_columns > 0 {
        let count = done.unlisted_columns;
        line(text, format_args!("\nunlisted columns left in the database: {count}"));
    }
}

fn section(text: &mut String, title: &str, entries: &[(String, u64)]) {
    if entries.is_empty() {
        return;
    }
    line(text, format_args!("\n{title}:"));
    for (name, count) in entries {
        line(text, format_args!("  {name}: {count}"));
    }
}

fn files(text: &mut String, done: &Done<'_>) {
    let settings = done.settings;
    text.push('\n');
    if !is_standard(&settings.output) {
        line(text, format_args!("dataset: {}", settings.output.display()));
    }
    for (what, path) in [
        ("sample", &settings.sample_output),
        ("import", &settings.import_output),
        ("manifest", &settings.manifest),
        ("lock made now", &settings.lock.as_ref().map(|lock| lock.path.clone())),
    ] {
        if let Some(path) = path.as_ref().filter(|_| what != "lock made now" || done.lock_is_new) {
            line(text, format_args!("{what}: {}", path.display()));
        }
    }
    if settings.real_ids {
        text.push_str("warning: this dataset has the real ids of its routes; keep it as private as the dump\n");
    }
    key(text, done);
    for (flag, path) in settings.files_written().filter(|(_, path)| !is_standard(path)) {
        if output::is_open_to_all(cli::folder(path)) {
            line(
                text,
                format_args!("warning: everybody can replace {flag}: its folder is open to all"),
            );
        }
    }
}

fn key(text: &mut String, done: &Done<'_>) {
    let id = &done.manifest.key_id;
    match done.settings.key_file() {
        None => line(text, format_args!("key: {id} (ephemeral, not kept)")),
        Some(path) if done.key_is_new => {
            let advice = "keep it private, and keep it for the same pseudonyms";
            line(text, format_args!("key: {id} ({}, made now: {advice})", path.display()));
        }
        Some(path) => line(text, format_args!("key: {id} ({})", path.display())),
    }
    if done.manifest.public_key {
        text.push_str("warning: this key is public, so its pseudonyms protect nothing; use it for synthetic dumps only\n");
    }
}
