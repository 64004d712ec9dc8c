//! Time to clean the rows of an allowed table, beside what it takes to parse them to value trees.
//!
//! The rows are in memory, and both work on the same ones in turns in one process, so that their
//! ratio holds on a busy machine as well. The last lines are whole runs of the public interface
//! over a dump of these rows: finding them, cleaning them, and handing them over in order.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use anonymize::{Anonymizer, CleanRow, Dump, Policy, PseudonymKey, Sink, TableStart, bench};
use serde_json::value::RawValue;
use synthetic_dump::Spec;

const TABLE: &str = "puzzle_work_profile";
const ROWS: u64 = 20_000;
const ROUNDS: usize = 11;

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median_seconds(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// The rows of one table, as they stand in the dump.
fn rows(dump: &str) -> Vec<&str> {
    #[derive(serde::Deserialize)]
    struct Table<'d> {
        name: &'d str,
        #[serde(borrow)]
        rows: Vec<&'d RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Dump<'d> {
        #[serde(borrow)]
        tables: Vec<Table<'d>>,
    }
    let dump: Dump<'_> = serde_json::from_str(dump).expect("the dump is JSON");
    let table = dump.tables.into_iter().find(|table| table.name == TABLE);
    table.expect("the dump has the table").rows.into_iter().map(RawValue::get).collect()
}

/// Counts the bytes of the rows.
struct Count(usize);

impl Sink for Count {
    fn table(&mut self, _: &TableStart<'_>) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        self.0 += row.json().len();
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The wall time of a whole run with so many threads that clean rows.
fn run(dump: &str, threads: usize, policy: &Policy, key: &PseudonymKey) -> Duration {
    time(|| {
        let mut sink = Count(0);
        let dump = Dump::once(dump.as_bytes());
        let run = Anonymizer::new(policy, key).threads(threads).run(&mut [dump], &mut sink);
        run.expect("the dump is clean");
        assert!(sink.0 > 0, "there are rows");
    })
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let mut dump = Vec::new();
    let spec = Spec::fixture().rows(TABLE, ROWS);
    spec.write(&mut dump).expect("memory takes every byte");
    let dump = String::from_utf8(dump).expect("a dump is UTF-8");
    let rows = rows(&dump);
    let bytes: usize = rows.iter().map(|row| row.len()).sum();
    let policy = Policy::builtin();
    let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8)).expect("a key");

    let list = rows.join(",");
    let dump = format!("{{\"tables\":[{{\"name\":\"{TABLE}\",\"rows\":[{list}]}}]}}");

    let (mut clean, mut import, mut parse) = (Vec::new(), Vec::new(), Vec::new());
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        clean.push(time(|| {
            black_box(bench::clean_rows(&rows, TABLE, &policy, &key, false).expect("clean rows"));
        }));
        import.push(time(|| {
            black_box(bench::clean_rows(&rows, TABLE, &policy, &key, true).expect("clean rows"));
        }));
        parse.push(time(|| {
            for row in &rows {
                black_box(serde_json::from_str::<serde_json::Value>(row).expect("a row is JSON"));
            }
        }));
        one.push(run(&dump, 1, &policy, &key));
        two.push(run(&dump, 2, &policy, &key));
    }
    println!("rows: {ROWS} of {} bytes, median of {ROUNDS}, wall time", bytes / rows.len());
    let reference = median_seconds(parse);
    for (name, seconds) in [
        ("cleaned", median_seconds(clean)),
        ("cleaned, importable too", median_seconds(import)),
        ("serde_json::Value", reference),
        ("run, one thread", median_seconds(one)),
        ("run, two threads", median_seconds(two)),
    ] {
        println!(
            "  {name:<24} {:>6.0} MB/s {:>6.0} ns a row  {:.2} times the speed of the value tree",
            bytes as f64 / 1e6 / seconds,
            seconds * 1e9 / rows.len() as f64,
            reference / seconds
        );
    }
}
