//! `loadtest shape check`: saved bodies, judged as a run would judge them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use probe::{Limits, Probe, Shape};

use super::bodies::{self, BODY_BYTES_MAX};
use crate::failure::Failure;
use crate::output;

/// How many distinct violations of a body are printed.
const VIOLATIONS_MAX: usize = 1_000;

#[derive(Default)]
struct Tally {
    conforming: usize,
    violating: usize,
    unreadable: usize,
}

pub(crate) fn run(shape: &str, paths: &[PathBuf]) -> Result<u8, Failure> {
    bodies::check_paths(paths)?;
    let shape = read_shape(shape)?;
    // A file is judged at leisure, so that depth and length are bounded by what a probe can do.
    let mut probe = Probe::new(Limits {
        body_bytes_max: BODY_BYTES_MAX,
        depth_max: usize::MAX,
        violations_max: VIOLATIONS_MAX,
        ..Limits::default()
    });
    let (mut tally, mut body) = (Tally::default(), Vec::new());
    for path in paths {
        match bodies::read(path, &mut body) {
            Err(error) => {
                tally.unreadable += 1;
                output::warn(&format!("cannot read {}: {error}", path.display()));
            }
            Ok(()) => match probe.check(&shape, &body) {
                [] => tally.conforming += 1,
                violations => {
                    tally.violating += 1;
                    output::print(&lines(path, violations))?;
                }
            },
        }
    }
    output::print(&summary(&tally))?;
    Ok(u8::from(tally.conforming < paths.len()))
}

/// The built-in shape of this name, or else the one of this file, as in a plan.
fn read_shape(name: &str) -> Result<Shape, Failure> {
    let source = match probe::gallery::shape_source(name) {
        Some(source) => source.as_bytes().to_vec(),
        None => fs::read(name).map_err(|source| {
            let path = Path::new(name);
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            Failure::ReadShape { path, source }
        })?,
    };
    Shape::from_json(&source).map_err(|problem| Failure::Shape { name: name.to_owned(), problem })
}

fn lines(path: &Path, violations: &[probe::Violation]) -> String {
    let mut lines = String::new();
    for violation in violations {
        let _infallible = writeln!(lines, "{}: {violation}", path.display());
    }
    if violations.len() == VIOLATIONS_MAX {
        let _infallible =
            writeln!(lines, "{}: no more than {VIOLATIONS_MAX} are shown", path.display());
    }
    lines
}

fn summary(tally: &Tally) -> String {
    let all = tally.conforming + tally.violating + tally.unreadable;
    let bodies = if all == 1 { "body" } else { "bodies" };
    let mut line =
        format!("{all} {bodies}: {} conforming, {} violating", tally.conforming, tally.violating);
    if tally.unreadable > 0 {
        let _infallible = write!(line, ", {} unreadable", tally.unreadable);
    }
    line + "\n"
}
