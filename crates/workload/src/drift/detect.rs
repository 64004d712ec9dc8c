//! From samples of bodies to drifts. All of it is arithmetic on counts.
//!
//! A field drifts when its values become of another kind and stay so for three seconds at least. The
//! difficulty is to stay silent where values merely vary:
//!
//! - A share has to become complete, or to rise by a quarter of many values.
//! - Where bodies hardly change from second to second, as those of a list, that is enough. Where each
//!   second shows another work, a few works in a row may be alike by chance. How likely that is
//!   follows from how often single seconds are so at other times, and it has to be very unlikely.

use std::collections::{BTreeMap, BTreeSet};

use metrics::{Drift, DriftKind};
use probe::{FieldProfile, FieldTally};

use super::Samples;

/// A drift shows in so many sampled seconds, and lasts so many seconds, at least.
const SECONDS_MIN: u64 = 3;
/// At and above this share, values count as all of them; below one minus it, as none.
const ALL: f64 = 0.95;
/// What was more common than this before did not become so.
const BEFORE_MAX: f64 = 0.7;
/// A share of so many values is compared, with this margin, where it is not complete.
const VALUES_MIN: f64 = 20.0;
const MARGIN: f64 = 0.25;
/// So many more or fewer items are a lot, if it is twice or half as many.
const ITEMS_MARGIN: f64 = 4.0;
/// The seconds at the beginning that an ever-changing endpoint is compared with.
const REFERENCE_SECONDS: usize = 5;
/// How many drifts of a path and kind may be chance, in the mean of all runs.
const CHANCE_MAX: f64 = 1e-4;

/// What was sampled of an endpoint.
pub(crate) struct Sampled<'a> {
    pub(crate) endpoint: &'a str,
    /// Whether every request asks for the same, so that bodies should be alike.
    pub(crate) is_fixed: bool,
    /// One for each worker and scenario.
    pub(crate) samples: Vec<&'a Samples>,
}

pub(super) fn drifts(sampled: &Sampled<'_>) -> Vec<Drift> {
    let mut seconds: BTreeMap<u64, Vec<&FieldProfile>> = BTreeMap::new();
    for (second, profile) in sampled.samples.iter().flat_map(|samples| samples.iter()) {
        seconds.entry(second).or_default().push(profile);
    }
    let profiles = || seconds.values().flatten();
    let paths: BTreeSet<&str> =
        profiles().flat_map(|profile| profile.fields().map(|(path, _)| path)).collect();
    let is_partial = profiles().any(|profile| profile.is_partial());
    let is_steady = sampled.is_fixed && sampled.samples.iter().all(|samples| is_steady(samples));
    let of_path = |path| {
        let cells = seconds.iter().map(|(&second, profiles)| cell(second, profiles, path));
        let history = History { cells: cells.collect(), is_partial, is_steady };
        let drift = move |(what, run): (DriftKind, Run)| Drift {
            endpoint: sampled.endpoint.to_owned(),
            path: String::from(path),
            what,
            from_second: run.from,
            until_second: run.until,
            share: run.share,
        };
        history.drifts().into_iter().map(drift).collect::<Vec<_>>()
    };
    let mut drifts: Vec<_> = paths.into_iter().flat_map(of_path).collect();
    drifts.sort_by_key(|drift| drift.from_second);
    drifts
}

/// Whether bodies change so seldom that a change means something. One in eight seconds may bring
/// another work.
fn is_steady(samples: &Samples) -> bool {
    let (changes, seconds) = samples.changes();
    changes <= 2 + seconds / 8
}

/// The values at a path in one second, and how many more there could have been.
#[derive(Clone, Copy, Debug)]
struct Cell {
    second: u64,
    tally: FieldTally,
    absent: u64,
}

fn cell(second: u64, profiles: &[&FieldProfile], path: &str) -> Cell {
    let parent = path.rsplit_once('/').filter(|(_, name)| *name != "*").map(|(parent, _)| parent);
    let (mut tally, mut objects) = (FieldTally::default(), 0);
    for profile in profiles {
        tally.add(&profile.get(path));
        // That an object is empty says already that its fields are not there.
        let around = parent.map(|parent| profile.get(parent)).unwrap_or_default();
        objects += around.objects.saturating_sub(around.empty);
    }
    Cell { second, tally, absent: objects.saturating_sub(tally.values()) }
}

impl Cell {
    /// How many values there are or could be.
    fn size(&self) -> u64 {
        self.tally.values() + self.absent
    }

    /// A share of all that could be there; none where nothing could.
    fn share(&self, count: u64) -> Option<f64> {
        (self.size() > 0).then(|| count as f64 / self.size() as f64)
    }

    fn of_type(&self, name: &str) -> u64 {
        match name {
            "boolean" => self.tally.booleans,
            "number" => self.tally.numbers,
            "string" => self.tally.strings,
            "array" => self.tally.arrays,
            _ => self.tally.objects,
        }
    }

    /// Values that say something.
    fn full(&self) -> u64 {
        self.tally.values() - self.tally.nulls - self.tally.empty
    }

    /// Items of an array in the mean.
    fn length(&self) -> Option<f64> {
        let arrays = self.tally.arrays;
        (arrays > 0).then(|| self.tally.items as f64 / arrays as f64)
    }
}

const TYPES: [&str; 5] = ["boolean", "number", "string", "array", "object"];

/// Seconds in a row that are changed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    from: u64,
    until: Option<u64>,
    /// Of the values that are so meanwhile, in the middle of all seconds.
    share: f64,
}

/// A path in all sampled seconds.
struct History {
    cells: Vec<Cell>,
    is_partial: bool,
    is_steady: bool,
}

impl History {
    fn drifts(&self) -> Vec<(DriftKind, Run)> {
        let mut drifts = Vec::new();
        let rise = |count: fn(&Cell) -> u64| self.rises(move |cell| cell.share(count(cell)));
        let mut add = |what, runs: Vec<Run>| drifts.extend(runs.into_iter().map(|run| (what, run)));
        add(DriftKind::BecameNull, rise(|cell| cell.tally.nulls));
        let empty = rise(|cell| cell.tally.empty);
        let appeared = self.appearances();
        let lengths = self.lengths(&[&empty[..], &appeared].concat());
        add(DriftKind::BecameEmpty, empty);
        if !self.is_partial {
            add(DriftKind::Disappeared, rise(|cell| cell.absent));
        }
        add(DriftKind::Appeared, appeared);
        drifts.extend(self.changed_types());
        drifts.extend(lengths);
        drifts
    }

    /// Where a share becomes complete, or much greater.
    fn rises(&self, share: impl Fn(&Cell) -> Option<f64>) -> Vec<Run> {
        self.runs(&share, |reference, now, cell| {
            let is_complete = now >= ALL && reference <= BEFORE_MAX;
            let is_many = cell.size() as f64 >= VALUES_MIN && now - reference >= MARGIN;
            is_complete || is_many
        })
    }

    /// Where there was next to nothing at first, and then is.
    fn appearances(&self) -> Vec<Run> {
        let full = |cell: &Cell| cell.share(cell.full());
        self.runs(&full, |reference, now, _| reference <= 1.0 - ALL && now >= BEFORE_MAX)
    }

    /// Where values are of another type than most were.
    fn changed_types(&self) -> Vec<(DriftKind, Run)> {
        let share = |name, cell: &Cell| {
            let values = cell.tally.values() - cell.tally.nulls;
            (values > 0).then(|| cell.of_type(name) as f64 / values as f64)
        };
        let reference = |name| self.reference(&|cell: &Cell| share(name, cell)).unwrap_or(0.0);
        let usual = TYPES.into_iter().max_by(|a, b| reference(a).total_cmp(&reference(b)));
        let Some(from) = usual.filter(|name| reference(name) > 0.0) else { return Vec::new() };
        let others = TYPES.into_iter().filter(|name| *name != from);
        others
            .flat_map(|to| {
                let runs = self.rises(move |cell| share(to, cell));
                runs.into_iter().map(move |run| (DriftKind::ChangedType { from, to }, run))
            })
            .collect()
    }

    /// Where arrays become much shorter or longer. That they became empty, or have items at all, is
    /// `told` already and says more.
    fn lengths(&self, told: &[Run]) -> Vec<(DriftKind, Run)> {
        let Some(from) = self.reference(&Cell::length) else { return Vec::new() };
        let differs = |reference: f64, now: f64, cell: &Cell| {
            let is_lot = (now - reference).abs() >= ITEMS_MARGIN
                || (cell.tally.arrays as f64 >= VALUES_MIN && reference.max(now) >= 1.0);
            is_lot && cell.tally.empty < cell.tally.arrays
        };
        let shorter = self.runs(&Cell::length, |reference, now, cell| {
            now * 2.0 <= reference && differs(reference, now, cell)
        });
        let longer = self.runs(&Cell::length, |reference, now, cell| {
            now >= reference * 2.0 && differs(reference, now, cell)
        });
        let is_new = |run: &Run| !told.iter().any(|told| overlaps(told, run));
        let changed = |runs: Vec<Run>, what: fn(f64, f64) -> DriftKind| {
            let runs = runs.into_iter().filter(is_new);
            runs.map(|run| (what(from, run.share), Run { share: 1.0, ..run })).collect::<Vec<_>>()
        };
        let mut all = changed(shorter, |from, to| DriftKind::Shortened { from, to });
        all.extend(changed(longer, |from, to| DriftKind::Lengthened { from, to }));
        all
    }

    /// What a measure is at first: in the first second of a steady endpoint, or else in the mean of
    /// several.
    fn reference(&self, measure: &impl Fn(&Cell) -> Option<f64>) -> Option<f64> {
        let seconds = if self.is_steady { 1 } else { REFERENCE_SECONDS };
        let first: Vec<f64> = self.cells.iter().filter_map(measure).take(seconds).collect();
        (first.len() == seconds).then(|| first.iter().sum::<f64>() / seconds as f64)
    }

    /// The seconds in a row, after the reference, whose measure is changed and that cannot be
    /// chance.
    fn runs(
        &self,
        measure: &impl Fn(&Cell) -> Option<f64>,
        is_changed: impl Fn(f64, f64, &Cell) -> bool,
    ) -> Vec<Run> {
        let Some(reference) = self.reference(measure) else { return Vec::new() };
        // Whether each measured second is changed. A second without values says nothing.
        let measured: Vec<(u64, f64, bool)> = self
            .cells
            .iter()
            .filter_map(|cell| measure(cell).map(|now| (cell, now)))
            .map(|(cell, now)| (cell.second, now, is_changed(reference, now, cell)))
            .collect();
        let changed = measured.iter().filter(|(_, _, changed)| *changed).count();
        let end = measured.last().map(|(second, _, _)| *second);
        measured
            .chunk_by(|(_, _, a), (_, _, b)| a == b)
            .filter(|run| run[0].2 && self.is_no_chance(run.len(), changed, measured.len()))
            .filter(|run| run[run.len() - 1].0 - run[0].0 + 1 >= SECONDS_MIN)
            .map(|run| {
                let until = run[run.len() - 1].0;
                let until = (Some(until) != end).then_some(until);
                Run { from: run[0].0, until, share: middle(run.iter().map(|(_, now, _)| *now)) }
            })
            .collect()
    }

    /// Whether `length` changed seconds in a row, of `changed` among `all`, mean something. Without
    /// a drift, a second would be changed as often as those outside are, at most as far as so few
    /// seconds tell, and so many in a row would come `all × share^length` times.
    fn is_no_chance(&self, length: usize, changed: usize, all: usize) -> bool {
        let outside = (all - length + 2) as f64;
        let share = (changed - length + 1) as f64 / outside;
        let share_max = share + 2.0 * (share * (1.0 - share) / outside).sqrt();
        let power = i32::try_from(length).unwrap_or(i32::MAX);
        let is_unlikely = all as f64 * share_max.powi(power) < CHANCE_MAX;
        length as u64 >= SECONDS_MIN && (self.is_steady || is_unlikely)
    }
}

fn overlaps(a: &Run, b: &Run) -> bool {
    let end = |run: &Run| run.until.unwrap_or(u64::MAX);
    a.from <= end(b) && b.from <= end(a)
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests;
