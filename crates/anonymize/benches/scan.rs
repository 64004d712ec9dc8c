//! Time to skip private tables, beside serde_json's `IgnoredAny` over the same bytes.
//!
//! Every dump is private but for one empty table. It is in memory, and the extraction copies it to
//! its buffer as it would from a file; `IgnoredAny` reads it in place. Both run in turns in one
//! process, so that their ratio holds on a busy machine as well.

use std::fmt::Write;
use std::hint::black_box;
use std::io::sink;
use std::time::{Duration, Instant};

use anonymize::{DatasetWriter, Policy, PseudonymKey, anonymize};
use serde::de::IgnoredAny;
use synthetic_dump::Spec;

const BYTES: usize = 64 << 20;
const ROUNDS: usize = 9;

type Make = fn() -> Vec<u8>;

/// As many rows as fill the dump, in one private table.
fn dump(mut row: impl FnMut(u64, &mut String)) -> Vec<u8> {
    let mut text = String::from("{\"tables\":[{\"name\":\"puzzle_work_profile\",\"rows\":[]},");
    text.push_str("{\"name\":\"user_account\",\"rows\":[");
    let mut index = 0;
    while text.len() < BYTES {
        text.push_str(if index == 0 { "" } else { "," });
        row(index, &mut text);
        index += 1;
    }
    text.push_str("]}]}");
    text.into_bytes()
}

/// Short rows with many brackets: names, times and tokens, 23 bytes a bracket.
fn short() -> Vec<u8> {
    let mut dump = Vec::new();
    let spec = Spec::fixture().rows("puzzle_work_profile", 0).rows("custom_world_profile", 0);
    spec.denied_rows((BYTES / 19 / 250) as u64).write(&mut dump).expect("memory takes every byte");
    dump
}

/// Rows as large as those of works: prose, paths, JSON inside texts.
fn works() -> Vec<u8> {
    let mut dump = Vec::new();
    let spec = Spec::fixture().rows("custom_world_profile", 0).denied_rows(0);
    let spec = spec.rows("puzzle_work_profile", (BYTES / 1_350) as u64);
    spec.write(&mut dump).expect("memory takes every byte");
    let text = String::from_utf8(dump).expect("a dump is UTF-8");
    text.replace("{\"name\":\"puzzle_work_profile\"", "{\"name\":\"ai_task_copy\"").into_bytes()
}

fn prose() -> Vec<u8> {
    let words = "雨巷里的猫咪总在午后醒来，沿着旧墙慢慢走向河边的灯火。".repeat(12);
    dump(|index, out| {
        let _ = write!(
            out,
            "{{\"id\":\"chunk_{index:012x}\",\"position\":{index},\"text\":\"{words}\"}}"
        );
    })
}

fn escaped() -> Vec<u8> {
    let words = "\\u96e8\\u5df7\\u91cc\\u7684 \\\"\\u732b\\u54aa\\\"\\n".repeat(12);
    dump(|index, out| {
        let _ = write!(out, "{{\"id\":\"chunk_{index:012x}\",\"text\":\"{words}\"}}");
    })
}

/// Rows of 71 bytes with their comma.
fn numbers() -> Vec<u8> {
    dump(|index, out| {
        let (a, b) = (index % 90 + 10, index * 7_919 % 9_000 + 1_000);
        let _ = write!(
            out,
            "{{\"id\":{:08},\"day\":{:05},\"plays\":{b},\"likes\":{a},\"world\":{b},\"x\":1.5}}",
            index % 90_000_000 + 10_000_000,
            index % 9_000 + 10_000,
        );
    })
}

fn pretty() -> Vec<u8> {
    let mut dump = Vec::new();
    let spec = Spec::fixture().rows("puzzle_work_profile", 0).rows("custom_world_profile", 0);
    let rows = (BYTES / 19 / 400) as u64;
    spec.denied_rows(rows).write(&mut dump).expect("memory takes every byte");
    let tree: serde_json::Value = serde_json::from_slice(&dump).expect("the dump is JSON");
    serde_json::to_vec_pretty(&tree).expect("memory takes every byte")
}

fn brackets() -> Vec<u8> {
    dump(|_, out| out.push_str("[],{},[{}],[[[[]]]]"))
}

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
    let policy = Policy::builtin();
    let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8)).expect("a key");
    println!("scan: private tables, median of {ROUNDS}, GB/s");
    let dumps: [(&str, Make); 7] = [
        ("short rows", short),
        ("rows of works", works),
        ("long prose", prose),
        ("escaped prose", escaped),
        ("small numbers", numbers),
        ("pretty-printed", pretty),
        ("brackets only", brackets),
    ];
    for (name, make) in dumps {
        let dump = make();
        let (mut skip, mut ignore) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            skip.push(time(|| {
                let mut writer = DatasetWriter::new(sink(), &policy, &key);
                let manifest = anonymize(dump.as_slice(), &policy, &key, &mut writer);
                black_box(manifest.expect("the dump is whole"));
            }));
            ignore.push(time(|| {
                let nothing: IgnoredAny = serde_json::from_slice(&dump).expect("the dump is JSON");
                black_box(nothing);
            }));
        }
        let speed = |seconds: f64| dump.len() as f64 / 1e9 / seconds;
        let (skip, ignore) = (speed(median_seconds(skip)), speed(median_seconds(ignore)));
        println!("  {name:18} {skip:>5.2}  IgnoredAny {ignore:>5.2}  ratio {:>4.1}", skip / ignore);
    }
}
