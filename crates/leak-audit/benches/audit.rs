//! How fast secrets are collected and an output is searched, in CPU time of one thread.
//!
//! `cargo bench --profile dist -p leak-audit --bench audit`
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]
#![allow(clippy::print_stdout, reason = "it is there to print")]

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{self, Read};
use std::time::Duration;
#[cfg(not(target_os = "linux"))]
use std::time::Instant;

use leak_audit::{Audit, Collector, Column, Grammar, Kind, Options, Origin, Output, Rows};

const BYTES: usize = 64 << 20;
const RUNS: usize = 5;
const HAN: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里";

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    fn han(&mut self, length: usize) -> String {
        let characters: Vec<char> = HAN.chars().collect();
        // The smaller of two draws: the first characters are the more frequent.
        let mut draw = || (self.next() % 50).min(self.next() % 50) as usize;
        (0..length).map(|_| characters[draw()]).collect()
    }

    fn token(&mut self) -> String {
        let digits = b"abcdefghijklmnopqrstuvwxyz234567";
        (0..16).map(|_| char::from(digits[(self.next() % 32) as usize])).collect()
    }
}

/// Rows of a denied table: ids, times, a prompt and a nested list.
fn dump() -> Vec<u8> {
    let mut random = Random(1);
    let mut out = b"[".to_vec();
    while out.len() < BYTES {
        let (id, user, prompt) = (random.next(), random.next() % 1_000_000, random.han(180));
        let row = format!(
            "{{\"created_at\":{{\"__timestamp_micros_since_unix_epoch__\":17725{id:016}}},\"detail\":{{\"chunks\":[\"{}\",\"{}\"],\"prompt\":\"{prompt}\",\"tokens\":640}},\"id\":\"ai-task-{id:016x}\",\"user_id\":\"user_{user:08x}\"}},\n",
            random.han(60),
            random.han(90),
        );
        out.extend_from_slice(row.as_bytes());
    }
    out.extend_from_slice(b"0]");
    out
}

/// Rows as the anonymizer writes them.
fn output() -> Vec<u8> {
    let mut random = Random(2);
    let mut out = b"{\"tables\":{\"t\":[".to_vec();
    while out.len() < BYTES {
        let row = format!(
            "\n{{\"author\":\"user-{}\",\"count\":{},\"created_at\":1780380410398189,\"id\":\"work-{}\",\"src\":\"/assets/asset-{}/cover.webp\",\"status\":\"published\",\"summary\":\"{}\",\"tags\":\"[\\\"{}\\\",\\\"{}\\\"]\",\"title\":\"{}\"}},",
            random.token(),
            random.next() % 10_000,
            random.token(),
            random.token(),
            random.han(60),
            random.han(2),
            random.han(3),
            random.han(9),
        );
        out.extend_from_slice(row.as_bytes());
    }
    out.pop();
    out.extend_from_slice(b"]}}");
    out
}

fn chance(character: char) -> Option<f64> {
    HAN.contains(character).then_some(5.0)
}

fn grammar() -> Grammar {
    let strict = ["author", "count", "created_at", "id", "src", "status"];
    let text = ["summary", "tags", "title"];
    let grammar = Grammar::new(chance)
        .words(["tables", "assets", "cover", "webp", "published"])
        .token_prefixes(["user", "work", "asset"]);
    let grammar = strict.iter().fold(grammar, |g, name| g.column("t", name, Column::Strict));
    text.iter().fold(grammar, |g, name| g.column("t", name, Column::Text))
}

/// The CPU time of this thread, which other work on the machine does not change much.
#[cfg(target_os = "linux")]
fn now() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(times.split(' ').next().unwrap().parse().unwrap())
}

/// Elsewhere the time on the clock, in which other work counts too.
#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

const ORIGIN: Origin = Origin { kind: Kind::Denied, table: 0, column: 0, offset: 0 };

/// The median time of both steps: the walk, and the rest.
fn time(walk: &dyn Fn(&mut Collector<'_>), output: &[u8], threads: usize) -> (Duration, Duration) {
    let mut times: Vec<(Duration, Duration)> =
        (0..RUNS).map(|_| once(walk, output, threads)).collect();
    times.sort_by_key(|(walk, _)| *walk);
    let first = times[RUNS / 2].0;
    times.sort_by_key(|(_, rest)| *rest);
    (first, times[RUNS / 2].1)
}

fn once(walk: &dyn Fn(&mut Collector<'_>), output: &[u8], threads: usize) -> (Duration, Duration) {
    let copy: &'static [u8] = Box::leak(output.to_vec().into_boxed_slice());
    let mut open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(copy)) };
    let mut outputs = [Output { name: "out", rows: Rows::Named, open: &mut open }];
    let mut options = Options::default();
    options.threads = threads;
    let mut walked = Duration::ZERO;
    let mut timed = |collector: &mut Collector<'_>| -> Result<(), Infallible> {
        let start = now();
        walk(collector);
        walked += now() - start;
        Ok(())
    };
    let start = now();
    let verdict = Audit::new(grammar(), options).run(&mut timed, &mut outputs);
    let all = now() - start;
    match black_box(verdict) {
        Ok(certificate) => print!("[{} walks, {} passes] ", certificate.walks, certificate.passes),
        Err(error) => print!("[{error}] "),
    }
    (walked, all.saturating_sub(walked))
}

fn show(name: &str, bytes: usize, time: Duration) {
    println!("\n{name}: {:.2} GB/s", bytes as f64 / time.as_secs_f64() / 1e9);
}

/// What other readers need for the same bytes on the same machine at the same time.
fn references(dump: &[u8], output: &[u8]) {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..RUNS {
        let start = now();
        black_box(memchr::memchr_iter(b'\n', black_box(dump)).count());
        times[0].push(now() - start);
        let start = now();
        black_box(str::from_utf8(black_box(output)).is_ok());
        times[1].push(now() - start);
        let start = now();
        black_box(serde_json::from_slice::<serde::de::IgnoredAny>(black_box(output)).is_ok());
        times[2].push(now() - start);
    }
    let names = [
        "reference: counting lines",
        "reference: std's UTF-8 check",
        "reference: serde_json, skipping",
    ];
    for ((name, mut times), bytes) in names.into_iter().zip(times).zip([dump, output, output]) {
        times.sort();
        show(name, bytes.len(), times[RUNS / 2]);
    }
}

fn main() {
    let (dump, output) = (dump(), output());
    references(&dump, &output);
    let everything = |collector: &mut Collector<'_>| {
        dump.chunks(1 << 20).for_each(|piece| collector.json(ORIGIN, piece));
        collector.json_end(ORIGIN);
    };
    let (walk, rest) = time(&everything, &output, 1);
    show("collecting the dump, filter", dump.len(), walk);
    show("searching the output (one pass and confirmations), large dump", output.len(), rest);
    let few = |collector: &mut Collector<'_>| {
        (0..20_000).for_each(|n| collector.text(ORIGIN, &format!("secret {n}")));
    };
    for threads in [1, 2] {
        let (_, rest) = time(&few, &output, threads);
        show(
            &format!("searching the output, small dump, threads: {threads} (first only)"),
            output.len(),
            rest,
        );
    }
}
