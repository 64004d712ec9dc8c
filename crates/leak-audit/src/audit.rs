//! Drives the walks over the dump and the passes over the outputs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Read};

use serde::Serialize;

use crate::collect::{Aim, Collector, Counts, Taken};
use crate::decoy::{self, Decoys};
use crate::error::{AuditError, Hit};
use crate::exact::Exact;
use crate::filter::Filter;
use crate::grammar::{Column, Grammar, Rules};
use crate::json::Broken;
use crate::part::Part;
use crate::place::Rows;
use crate::reader::{At, Reader, Sink};
use crate::search::{self, Needles, Seen};
use crate::threads;
use crate::verdict::{Leak, Limits, MAX_HITS, Verdict};

/// How an audit works.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The memory for what is searched for, in bytes (24 MiB). What does not fit takes more walks
    /// and passes.
    pub memory_bytes: usize,
    /// Makes the decoys; the same seed gives the same certificate. No secret of a seed is needed.
    pub seed: [u8; 32],
    /// How many threads read and search an output (1).
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 24 << 20, seed: [0; 32], threads: 1 }
    }
}

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

/// How the secrets were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// As texts, all of them.
    Exact,
    /// As hashes first, and as texts where one of these was met.
    FilterAndConfirmation,
}

/// What was searched for and where, and that nothing was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Certificate {
    /// How the secrets were kept.
    pub method: Method,
    /// Strings of the dump that were searched for. One that is there twice counts twice.
    pub secrets: u64,
    /// Strings of the dump that are public words.
    pub exempt_words: u64,
    /// Strings of the dump of fewer than four characters.
    pub too_short: u64,
    /// The bytes of all outputs.
    pub output_bytes: u64,
    /// Their strings.
    pub output_strings: u64,
    /// Strings, and parts of paths, that are public words.
    pub output_words: u64,
    /// Strings, and parts of paths, that are tokens.
    pub output_tokens: u64,
    /// The characters searched for every secret.
    pub searched_characters: u64,
    /// Secrets found: 0, or there would be no certificate.
    pub hits: u64,
    /// Distinct secrets met in synthetic text or codes that are short enough to be there by chance.
    pub coincidences: u64,
    /// How many of these the decoys explain at most.
    pub explained: u64,
    /// Distinct secrets met that are expected there, being shorter still.
    pub common: u64,
    /// Distinct secrets met that consist of kept characters only.
    pub kept_only: u64,
    /// Decoys searched for.
    pub decoys: u64,
    /// Decoys met.
    pub decoy_hits: u64,
    /// How often the dump was walked.
    pub walks: u64,
    /// How often the outputs were read.
    pub passes: u64,
}

/// Searches outputs for the secrets of a dump.
#[derive(Debug)]
pub struct Audit {
    grammar: Grammar,
    options: Options,
}

impl Audit {
    /// An audit of outputs that may say what `grammar` allows.
    pub fn new(grammar: Grammar, options: Options) -> Self {
        Self { grammar, options }
    }

    /// Calls `walk` for the secrets, at least once and with the same strings each time, and reads
    /// the outputs.
    ///
    /// # Errors
    ///
    /// [`AuditError::Leak`] and [`AuditError::Unexplained`] where an output says too much; the
    /// others where that cannot be told.
    pub fn run<E>(
        self,
        walk: &mut dyn FnMut(&mut Collector<'_>) -> Result<(), E>,
        outputs: &mut [Output<'_>],
    ) -> Result<Certificate, AuditError<E>> {
        let rules = Rules::new(self.grammar, &self.options.seed);
        let run = Run {
            rules: &rules,
            memory: self.options.memory_bytes.min(1 << 31),
            threads: self.options.threads.max(1),
            walk,
            outputs,
            counts: None,
            read: None,
            unknown_keys: (0, Vec::new()),
            verdict: Verdict::default(),
            walks: 0,
            passes: 0,
        };
        run.all()
    }
}

type Walk<'a, E> = &'a mut dyn FnMut(&mut Collector<'_>) -> Result<(), E>;

struct Run<'a, 'o, E> {
    rules: &'a Rules,
    memory: usize,
    threads: usize,
    walk: Walk<'a, E>,
    outputs: &'a mut [Output<'o>],
    /// After the first walk.
    counts: Option<Counts>,
    /// After the first pass.
    read: Option<(u64, search::Counts)>,
    unknown_keys: (u64, Vec<At>),
    verdict: Verdict,
    walks: u64,
    passes: u64,
}

impl<'a, E> Run<'a, '_, E> {
    fn all(mut self) -> Result<Certificate, AuditError<E>> {
        let exact = Exact::new(self.exact_bytes(), Part::default());
        let decoys = Decoys::new(self.memory);
        let mut taken = self.walk(Aim::Exact(exact), Some(decoys))?;
        let decoys = taken.decoys.take().unwrap_or_else(|| Decoys::new(0));
        let method = match taken.aim {
            Aim::Exact(mut exact) | Aim::Confirm(_, mut exact) => {
                for decoy in decoys.texts().filter_map(|text| decoy::hashed(self.rules, text)) {
                    exact.insert_decoy(decoy);
                }
                self.search_exactly(exact)?;
                Method::Exact
            }
            Aim::Filter(filter) => {
                self.rounds(filter, taken.rest, &decoys)?;
                Method::FilterAndConfirmation
            }
        };
        self.conclude(method, &decoys)
    }

    fn filter_bytes(&self) -> usize {
        self.memory / 3 * 2
    }

    fn exact_bytes(&self) -> usize {
        self.memory / 3
    }

    fn walk<'f>(&mut self, aim: Aim<'f>, decoys: Option<Decoys>) -> Result<Taken<'f>, AuditError<E>>
    where
        'a: 'f,
    {
        let taken = Taken::new(self.rules, aim, decoys, self.filter_bytes());
        let mut collector = Collector::new(taken);
        (self.walk)(&mut collector).map_err(AuditError::Walk)?;
        let taken = collector.into_taken();
        self.walks += 1;
        if *self.counts.get_or_insert(taken.counts) != taken.counts {
            return Err(AuditError::Changed);
        }
        Ok(taken)
    }

    /// Searches for part after part of the secrets.
    fn rounds(
        &mut self,
        filter: Filter,
        mut rest: Vec<Part>,
        decoys: &Decoys,
    ) -> Result<(), AuditError<E>> {
        let mut filter = Some(filter);
        loop {
            let mut round = match (filter.take(), rest.pop()) {
                (Some(filter), part) => {
                    rest.extend(part);
                    filter
                }
                (None, Some(part)) => {
                    let filter = Filter::new(self.filter_bytes(), part);
                    let taken = self.walk(Aim::Filter(filter), None)?;
                    rest.extend(taken.rest);
                    let Aim::Filter(filter) = taken.aim else { return Ok(()) };
                    filter
                }
                (None, None) => return Ok(()),
            };
            for decoy in decoys.texts().filter_map(|text| decoy::hashed(self.rules, text)) {
                rest.extend(round.insert(decoy.anchor));
            }
            round.seal();
            self.search(Needles::Filter(&round))?;
            if round.is_marked() {
                self.confirm(&round, decoys)?;
            } else {
                let is_inside = |text: &&str| {
                    decoy::hashed(self.rules, text)
                        .is_some_and(|decoy| round.contains(decoy.anchor))
                };
                self.verdict.decoys += decoys.texts().filter(is_inside).count() as u64;
            }
        }
    }

    /// Searches for the secrets of which the outputs have the anchors.
    fn confirm(&mut self, filter: &Filter, decoys: &Decoys) -> Result<(), AuditError<E>> {
        let mut rest = vec![Part::default()];
        while let Some(part) = rest.pop() {
            let mut exact = Exact::new(self.exact_bytes(), part);
            let decoys = decoys.texts().filter_map(|text| decoy::hashed(self.rules, text));
            // They are there before the walk, which tells those that are secrets.
            for decoy in decoys.filter(|decoy| filter.contains(decoy.anchor)) {
                exact.insert_decoy(decoy);
            }
            let taken = self.walk(Aim::Confirm(filter, exact), None)?;
            rest.extend(taken.rest);
            if let Aim::Confirm(_, exact) = taken.aim {
                self.search_exactly(exact)?;
            }
        }
        Ok(())
    }

    fn search_exactly(&mut self, mut exact: Exact) -> Result<(), AuditError<E>> {
        exact.seal();
        let seen = self.search(Needles::Exact(&exact))?;
        let read = self.read.map_or_else(search::Counts::default, |(_, counts)| counts);
        let limits = Limits::new(&read, self.counts.map_or(0, |counts| counts.secrets));
        self.verdict.judge(self.rules, limits, &exact, &seen);
        Ok(())
    }

    /// Reads all outputs once.
    fn search(&mut self, needles: Needles<'_>) -> Result<HashMap<u32, Seen>, AuditError<E>> {
        let (rules, mut bytes, mut unknown_keys) = (self.rules, 0, (0, Vec::new()));
        let outputs = &mut *self.outputs;
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

    fn conclude(mut self, method: Method, decoys: &Decoys) -> Result<Certificate, AuditError<E>> {
        let total = self.verdict.leak_count + self.unknown_keys.0;
        if total > 0 {
            return Err(AuditError::Leak { hits: self.hits()?, total });
        }
        let verdict = &self.verdict;
        // Decoys that turned out to be secrets measured nothing; the others stand for their share.
        let share = decoys.share() * decoys.len().max(1) as f64 / verdict.decoys.max(1) as f64;
        let (coincidences, decoy_hits) = (verdict.coincidences, verdict.decoy_hits);
        let explained = verdict.explained(share);
        if coincidences > explained {
            return Err(AuditError::Unexplained { coincidences, explained, decoy_hits });
        }
        let counts = self.counts.unwrap_or_default();
        let (output_bytes, read) = self.read.unwrap_or_default();
        Ok(Certificate {
            method,
            secrets: counts.secrets,
            exempt_words: counts.words,
            too_short: counts.too_short,
            output_bytes,
            output_strings: read.strings,
            output_words: read.words,
            output_tokens: read.tokens,
            searched_characters: read.text_characters
                + read.code_characters
                + read.other_characters,
            hits: 0,
            coincidences,
            explained,
            common: verdict.common,
            kept_only: verdict.kept,
            decoys: verdict.decoys,
            decoy_hits,
            walks: self.walks,
            passes: self.passes,
        })
    }

    /// The first hits with their places, for which the outputs are read once more.
    fn hits(&mut self) -> Result<Vec<Hit>, AuditError<E>> {
        let keys = self.unknown_keys.1.iter().map(|at| (*at, None));
        let leaks = self.verdict.leaks.iter().map(|leak| (leak.at, Some(*leak)));
        let mut found: Vec<(At, Option<Leak>)> = keys.chain(leaks).collect();
        found.sort_by_key(|(at, _)| *at);
        found.truncate(MAX_HITS);
        let mut hits = Vec::new();
        for (number, output) in self.outputs.iter_mut().enumerate() {
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
