//! Time to turn a dump into a dataset, beside what it takes to parse the dump to a value tree.
//!
//! The dump is in memory and the two run in turns in one process, so that their ratio holds on a
//! busy machine as well. The value tree holds the whole dump; the extraction one row.

use std::hint::black_box;
use std::io::sink;
use std::time::{Duration, Instant};

use anonymize::{DatasetWriter, Policy, PseudonymKey, anonymize};
use synthetic_dump::Spec;

const DUMP_BYTES: u64 = 64 << 20;
const ROUNDS: usize = 5;

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median_seconds(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let mut dump = Vec::new();
    let spec = Spec::fixture().target_bytes(DUMP_BYTES);
    spec.write(&mut dump).expect("memory takes every byte");
    let policy = Policy::builtin();
    let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8)).expect("a key");

    let (mut extract, mut parse) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        extract.push(time(|| {
            let mut writer = DatasetWriter::new(sink(), &policy, &key);
            let manifest = anonymize(dump.as_slice(), &policy, &key, &mut writer);
            black_box(manifest.expect("the dump is whole"));
        }));
        parse.push(time(|| {
            let tree: serde_json::Value = serde_json::from_slice(&dump).expect("the dump is JSON");
            black_box(tree);
        }));
    }
    let (extract, parse) = (median_seconds(extract), median_seconds(parse));
    let megabytes = dump.len() as f64 / 1e6;
    println!("extract: {megabytes:.0} MB dump, median of {ROUNDS}");
    println!("  extracted                {:>6.0} MB/s", megabytes / extract);
    println!(
        "  serde_json::Value, parse {:>6.0} MB/s  {:.2} times the speed",
        megabytes / parse,
        extract / parse
    );
}
