//! The outputs, and the passes over them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use crate::error::{AuditError, Hit};
use crate::exact::Exact;
use crate::grammar::{Column, Rules};
use crate::index::{Filling, Index};
use crate::json::Broken;
use crate::part::Part;
use crate::place::Rows;
use crate::reader::{At, Reader, Sink};
use crate::search::{Counts, Needles, Seen};
use crate::threads;
use crate::verdict::{Leak, MAX_HITS};

/// An output to be read.
pub struct Output<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    /// How its rows are written.
    pub rows: Rows,
    /// Opens it from its start, each time it is called.
    pub open: &'a mut dyn FnMut() -> io::Result<Box<dyn Read>>,
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All outputs of a run, and what reading them gave.
pub(crate) struct Outputs<'a, 'o> {
    pub(crate) rules: &'a Rules,
    pub(crate) threads: usize,
    pub(crate) list: &'a mut [Output<'o>],
    /// After the first pass: the bytes, and what was in them.
    pub(crate) read: Option<(u64, Counts)>,
    pub(crate) unknown_keys: (u64, Vec<At>),
    pub(crate) passes: u64,
}

impl<'a, 'o> Outputs<'a, 'o> {
    pub(crate) fn new(rules: &'a Rules, threads: usize, list: &'a mut [Output<'o>]) -> Self {
        Self { rules, threads, list, read: None, unknown_keys: (0, Vec::new()), passes: 0 }
    }

    /// What the outputs hold of the first of as few parts as there can be. Adds the others.
    pub(crate) fn index<E>(
        &mut self,
        bytes: usize,
        rest: &mut Vec<Part>,
    ) -> Result<Index, AuditError<E>> {
        let mut index = self.index_part(Index::new(bytes, Part::default()))?;
        if index.is_crowded() {
            let characters = self.read.map_or(0, |(_, counts)| counts.searched_characters());
            let mut parts = Part::all(index.parts(characters));
            index.restart(parts.pop().unwrap_or_default());
            rest.append(&mut parts);
            index = self.index_part(index)?;
        }
        Ok(index)
    }

    /// Fills an index for its part.
    pub(crate) fn index_part<E>(&mut self, index: Index) -> Result<Index, AuditError<E>> {
        let filling = Mutex::new(Filling::new(index));
        self.pass(Needles::Index(&filling))?;
        Ok(filling.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
    }

    /// Searches for secrets.
    pub(crate) fn search<E>(&mut self, exact: &Exact) -> Result<HashMap<u32, Seen>, AuditError<E>> {
        self.pass(Needles::Exact(exact))
    }

    /// Reads all outputs once.
    fn pass<E>(&mut self, needles: Needles<'_>) -> Result<HashMap<u32, Seen>, AuditError<E>> {
        let (rules, mut bytes, mut unknown_keys) = (self.rules, 0, (0, Vec::new()));
        let outputs = &mut *self.list;
        let (searched, result) = threads::search(rules, needles, self.threads, |sink| {
            for (number, output) in outputs.iter_mut().enumerate() {
                let mut reader = Reader::new(rules, output.rows, number as u32, sink);
                bytes += read(output, &mut reader)?;
                unknown_keys.0 += reader.unknown_keys.0;
                unknown_keys.1.append(&mut reader.unknown_keys.1);
            }
            Ok(())
        });
        result?;
        self.passes += 1;
        if self.read.is_none() {
            unknown_keys.1.truncate(MAX_HITS);
            self.unknown_keys = unknown_keys;
            self.read = Some((bytes, searched.counts));
        }
        Ok(searched.seen)
    }

    /// The first hits with their places, for which the outputs are read once more.
    pub(crate) fn hits<E>(&mut self, leaks: &[Leak]) -> Result<Vec<Hit>, AuditError<E>> {
        let keys = self.unknown_keys.1.iter().map(|at| (*at, None));
        let leaks = leaks.iter().map(|leak| (leak.at, Some(*leak)));
        let mut found: Vec<(At, Option<Leak>)> = keys.chain(leaks).collect();
        found.sort_by_key(|(at, _)| *at);
        found.truncate(MAX_HITS);
        let mut hits = Vec::new();
        for (number, output) in self.list.iter_mut().enumerate() {
            let number = number as u32;
            let here: Vec<_> = found.iter().filter(|(at, _)| at.output == number).collect();
            let mut places = BTreeMap::new();
            if !here.is_empty() {
                let mut nowhere = Nowhere;
                let mut reader = Reader::new(self.rules, output.rows, number, &mut nowhere);
                reader.locate(here.iter().map(|(at, _)| at.number));
                read(output, &mut reader)?;
                places = reader.wanted;
            }
            let hit = |(at, leak): &&(At, Option<Leak>)| hit(output.name, &places, *at, *leak);
            hits.extend(here.iter().map(hit));
        }
        Ok(hits)
    }
}

fn hit(output: &str, places: &BTreeMap<u64, String>, at: At, leak: Option<Leak>) -> Hit {
    Hit {
        output: output.to_owned(),
        place: places.get(&at.number).cloned().unwrap_or_default(),
        offset: at.offset,
        origin: leak.and_then(|leak| leak.entry.origin),
        characters: leak.map_or(0, |leak| leak.characters),
        times: leak.map_or(1, |leak| leak.times),
    }
}

fn read<S: Sink, E>(
    output: &mut Output<'_>,
    reader: &mut Reader<'_, S>,
) -> Result<u64, AuditError<E>> {
    let name = || output.name.to_owned();
    let input = (output.open)().map_err(|source| AuditError::Read { output: name(), source })?;
    reader.read(input).map_err(|(offset, broken)| match broken {
        Broken::Io(source) => AuditError::Read { output: name(), source },
        Broken::Syntax(what) => AuditError::Output { output: name(), offset, what },
    })
}

/// Takes strings and does nothing with them.
struct Nowhere;

impl Sink for Nowhere {
    fn text(&mut self, _: Column, _: At, _: &[u8]) {}
}
