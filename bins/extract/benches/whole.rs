//! `extract` as its users run it, on a dump of 400 MB of which four fifths are private tables,
//! beside a Node script that does the same without checks. Prints wall time and peak memory.
//!
//! `DUMP_BYTES` sets the size of the dump; where it is over 500 MB the Node script can't read it
//! and is left out. `ROUNDS` sets how often each is run; the median counts.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints and may panic")]

use std::env;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use synthetic_dump::Spec;

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn main() {
    let bytes = number("DUMP_BYTES", 400_000_000);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = Place { dump: folder.path().join("dump.json"), folder: folder.path().into() };
    let file = BufWriter::new(File::create(&place.dump).unwrap());
    let bytes = Spec::fixture().target_bytes(bytes).write(file).unwrap();
    println!("extract: {} MB dump, {} threads", bytes / 1_000_000, threads());

    let rounds = number("ROUNDS", 3) as usize;
    let mut rows: Vec<(&str, Command)> = vec![
        ("extract", place.extract(&[])),
        ("extract --audit full", place.extract(&["--audit", "full"])),
        ("extract --threads 1", place.extract(&["--threads", "1"])),
    ];
    if bytes < 500_000_000 {
        rows.push(("node, JSON.parse", place.node()));
    }
    let mut runs = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (index, (name, command)) in rows.iter_mut().enumerate() {
            runs[index].extend(run(name, command));
        }
    }
    let medians: Vec<_> = runs.iter_mut().map(|runs| median(runs)).collect();
    let node = medians.get(3).copied().flatten();
    for ((name, _), median) in rows.iter().zip(medians) {
        let Some(Run { wall, peak_kib }) = median else { continue };
        let rate = bytes as f64 / 1e6 / wall.as_secs_f64();
        let ratio = node.map_or(0.0, |node| node.wall.as_secs_f64() / wall.as_secs_f64());
        println!(
            "  {name:<22} {:>8.3} s {rate:>7.0} MB/s {:>6} MiB peak {ratio:>6.1} x node",
            wall.as_secs_f64(),
            peak_kib / 1024
        );
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

struct Place {
    dump: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn extract(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_extract"));
        command.arg("--input").arg(&self.dump);
        command.arg("--output").arg(self.folder.join("works-list.local.json"));
        command.arg("--key-file").arg(self.folder.join("bench.key")).args(more);
        command
    }

    fn node(&self) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/extract.mjs");
        let mut command = Command::new("node");
        command.arg("--max-old-space-size=16000").arg(script);
        command.arg(&self.dump).arg(self.folder.join("node.local.json"));
        command
    }
}

#[derive(Clone, Copy)]
struct Run {
    wall: Duration,
    peak_kib: u64,
}

/// `None` where the command is not on this machine.
fn run(name: &str, command: &mut Command) -> Option<Run> {
    let start = Instant::now();
    let Ok(child) = command.stdout(Stdio::null()).spawn() else {
        println!("  {name}: not on this machine");
        return None;
    };
    let (success, peak_kib) = watch(child);
    assert!(success, "{name} failed");
    Some(Run { wall: start.elapsed(), peak_kib })
}

/// Waits for the end, and reads the highest resident size as Linux tells it; 0 elsewhere.
fn watch(mut child: Child) -> (bool, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        if let Some(status) = child.try_wait().unwrap() {
            return (status.success(), peak);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn median(runs: &mut [Run]) -> Option<Run> {
    runs.sort_by_key(|run| run.wall);
    runs.get(runs.len() / 2).copied()
}
