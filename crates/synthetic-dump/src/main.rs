//! Writes a synthetic dump to a file or to standard output.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use synthetic_dump::{Shape, Spec, WORK_TABLES};

/// Makes a synthetic private dump: the same arguments give the same bytes.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Seed of every value.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Rows of a work table, as TABLE=COUNT; may be repeated. Unnamed tables are as in the fixture.
    #[arg(long, value_name = "TABLE=COUNT", value_parser = rows, conflicts_with = "size")]
    rows: Vec<(String, u64)>,
    /// Rows in each private table.
    #[arg(long, value_name = "COUNT", default_value_t = 3, conflicts_with = "size")]
    denied_rows: u64,
    /// About this many bytes instead, such as 400M or 4G (decimal): one fifth works, the rest private.
    #[arg(long, value_name = "BYTES", value_parser = size)]
    size: Option<u64>,
    /// How the dump is laid out: tables, tables-map, map, objects, wrapped, columns, schema, sorted,
    /// sorted-schema, texts, one-text, pieces, mixed-pieces, updates, subscription, sql, rows or
    /// ndjson.
    #[arg(long, default_value_t)]
    shape: Shape,
    /// Where to write; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match write(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "synthetic-dump: {}: {error}", args.output.display());
            ExitCode::FAILURE
        }
    }
}

fn write(args: &Args) -> io::Result<()> {
    let spec = spec(args);
    if args.output.as_os_str() == "-" {
        spec.write(BufWriter::with_capacity(1 << 20, io::stdout().lock()))?;
    } else {
        spec.write(BufWriter::with_capacity(1 << 20, File::create(&args.output)?))?;
    }
    Ok(())
}

fn spec(args: &Args) -> Spec {
    let spec = Spec::fixture().seed(args.seed).shape(args.shape).denied_rows(args.denied_rows);
    let spec = args.rows.iter().fold(spec, |spec, (table, count)| spec.rows(table, *count));
    match args.size {
        Some(bytes) => spec.target_bytes(bytes),
        None => spec,
    }
}

fn rows(argument: &str) -> Result<(String, u64), String> {
    let (table, count) = argument.split_once('=').ok_or("write TABLE=COUNT")?;
    if !WORK_TABLES.contains(&table) {
        return Err(format!("the work tables are {}", WORK_TABLES.join(", ")));
    }
    let count = count.parse().map_err(|_| "COUNT is a whole number")?;
    Ok((table.to_owned(), count))
}

fn size(argument: &str) -> Result<u64, String> {
    let digits = argument.trim_end_matches(['k', 'M', 'G']);
    let unit = match &argument[digits.len()..] {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err("the units are k, M and G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a whole number, such as 400M")?;
    number.checked_mul(unit).ok_or_else(|| "that is too many bytes".to_owned())
}
