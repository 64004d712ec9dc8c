//! Drives the walks over the dump and the passes over the outputs.

use std::{fmt, thread};

use serde::Serialize;

use crate::collect::{Aim, Collector, Counts, Taken, Taker};
use crate::decoy::{self, Decoys};
use crate::error::AuditError;
use crate::exact::Exact;
use crate::grammar::{Grammar, Rules};
use crate::hands::hands;
use crate::index::Index;
use crate::outputs::{Output, Outputs};
use crate::part::Part;
use crate::reader::At;
use crate::search;
use crate::verdict::{Limits, Verdict};

/// How an audit works.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The memory for what is searched for, in bytes (32 MiB). What does not fit takes more walks
    /// and passes.
    pub memory_bytes: usize,
    /// Makes the decoys; the same seed gives the same certificate. No secret of a seed is needed.
    pub seed: [u8; 32],
    /// How many threads read and search an output (1). With more than one, one reads the dump and
    /// another takes its secrets.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 32 << 20, seed: [0; 32], threads: 1 }
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
pub struct Audit {
    rules: Rules,
    options: Options,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What outputs hold, read before the dump is walked.
pub struct Ahead {
    index: Index,
    /// The parts of the outputs that are not in the index.
    rest: Vec<Part>,
    read: (u64, search::Counts),
    unknown_keys: (u64, Vec<At>),
    passes: u64,
}

impl Ahead {
    /// The bytes that were read. An output that has grown since then was not read to its end.
    pub fn bytes(&self) -> u64 {
        self.read.0
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("bytes", &self.read.0).finish_non_exhaustive()
    }
}

impl Audit {
    /// An audit of outputs that may say what `grammar` allows.
    pub fn new(grammar: Grammar, options: Options) -> Self {
        Self { rules: Rules::new(grammar, &options.seed), options }
    }

    /// Reads the outputs before the dump is walked. That is worth it where more is private than
    /// fits into the memory, and where the outputs can be read while they are being written.
    ///
    /// # Errors
    ///
    /// [`AuditError::Read`] and [`AuditError::Output`] where an output cannot be read.
    pub fn read_ahead<E>(&self, outputs: &mut [Output<'_>]) -> Result<Ahead, AuditError<E>> {
        let mut outputs = self.outputs(outputs);
        let mut rest = Vec::new();
        let index = outputs.index(index_bytes(self.memory()), &mut rest)?;
        let Outputs { read, unknown_keys, passes, .. } = outputs;
        Ok(Ahead { index, rest, read: read.unwrap_or_default(), unknown_keys, passes })
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
        self.run_after(None, walk, outputs)
    }

    /// Does the same where the outputs were read before. They must be the same, and whole by then.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn run_after<E>(
        self,
        ahead: Option<Ahead>,
        walk: &mut dyn FnMut(&mut Collector<'_>) -> Result<(), E>,
        outputs: &mut [Output<'_>],
    ) -> Result<Certificate, AuditError<E>> {
        let run = Run {
            rules: &self.rules,
            memory: self.memory(),
            walk,
            threads: self.options.threads.max(1),
            outputs: self.outputs(outputs),
            counts: None,
            verdict: Verdict::default(),
            walks: 0,
        };
        run.all(ahead)
    }

    fn memory(&self) -> usize {
        self.options.memory_bytes.min(1 << 31)
    }

    fn outputs<'a, 'o>(&'a self, list: &'a mut [Output<'o>]) -> Outputs<'a, 'o> {
        Outputs::new(&self.rules, self.options.threads.max(1), list)
    }
}

fn index_bytes(memory: usize) -> usize {
    memory / 4 * 3
}

type Walk<'a, E> = &'a mut dyn FnMut(&mut Collector<'_>) -> Result<(), E>;

struct Run<'a, 'o, E> {
    rules: &'a Rules,
    memory: usize,
    threads: usize,
    walk: Walk<'a, E>,
    outputs: Outputs<'a, 'o>,
    /// After the first walk.
    counts: Option<Counts>,
    verdict: Verdict,
    walks: u64,
}

impl<E> Run<'_, '_, E> {
    fn all(mut self, ahead: Option<Ahead>) -> Result<Certificate, AuditError<E>> {
        let (aim, mut parts) = self.first_aim(ahead);
        let mut taken = self.walk(aim, Some(Decoys::new(self.memory)), &mut parts)?;
        let decoys = taken.decoys.take().unwrap_or_else(|| Decoys::new(0));
        let method = match taken.aim {
            Aim::All(mut exact) => {
                for decoy in decoys.texts().filter_map(|text| decoy::hashed(self.rules, text)) {
                    exact.insert_decoy(decoy);
                }
                self.search(exact)?;
                Method::Exact
            }
            Aim::Candidates(index, exact) => {
                let index = self.confirm(index, exact, taken.rest, &decoys)?;
                self.rounds(index, parts, &decoys)?;
                Method::FilterAndConfirmation
            }
            Aim::Nothing => Method::FilterAndConfirmation,
        };
        self.conclude(method, &decoys)
    }

    /// What the first walk is for, and the parts of the outputs that it is not for.
    fn first_aim(&mut self, ahead: Option<Ahead>) -> (Aim, Vec<Part>) {
        let exact = Exact::new(self.exact_bytes(), Part::default());
        let Some(ahead) = ahead else { return (Aim::All(exact), Vec::new()) };
        self.outputs.read = Some(ahead.read);
        self.outputs.unknown_keys = ahead.unknown_keys;
        self.outputs.passes = ahead.passes;
        (Aim::Candidates(ahead.index, exact), ahead.rest)
    }

    fn exact_bytes(&self) -> usize {
        self.memory / 4
    }

    /// Walks once. The parts are those of the outputs that have to be indexed in later rounds.
    fn walk(
        &mut self,
        aim: Aim,
        decoys: Option<Decoys>,
        parts: &mut Vec<Part>,
    ) -> Result<Taken, AuditError<E>> {
        let (bytes, mut failed) = (index_bytes(self.memory), None);
        let outputs = &mut self.outputs;
        let mut build = || match outputs.index(bytes, parts) {
            Ok(index) => Some(index),
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        let taker = Taker::new(self.rules, aim, decoys);
        let (walk, threads) = (&mut *self.walk, self.threads);
        let (walked, taken) = thread::scope(|scope| {
            let (giver, helper) = hands();
            let giver = (threads > 1).then_some(giver);
            let worker = (threads > 1).then(|| scope.spawn(|| helper.work()));
            let mut collector = Collector::new(taker, giver, &mut build);
            let walked = walk(&mut collector);
            let taken = collector.finish();
            let joined = worker.and_then(|worker| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            (walked, taken.or(joined).expect("one of the two threads has taken"))
        });
        walked.map_err(AuditError::Walk)?;
        failed.map_or(Ok(()), Err)?;
        self.walks += 1;
        if *self.counts.get_or_insert(taken.counts) != taken.counts {
            return Err(AuditError::Changed);
        }
        Ok(taken)
    }

    /// Searches for what is in the other parts of the outputs.
    fn rounds(
        &mut self,
        mut index: Index,
        parts: Vec<Part>,
        decoys: &Decoys,
    ) -> Result<(), AuditError<E>> {
        for part in parts {
            index.restart(part);
            index = self.outputs.index_part(index)?;
            let (index_again, exact, rest) = self.candidates(index, Part::default())?;
            index = self.confirm(index_again, exact, rest, decoys)?;
        }
        Ok(())
    }

    /// Walks for what may be in an output.
    fn candidates(
        &mut self,
        index: Index,
        part: Part,
    ) -> Result<(Index, Exact, Vec<Part>), AuditError<E>> {
        let exact = Exact::new(self.exact_bytes(), part);
        let taken = self.walk(Aim::Candidates(index, exact), None, &mut Vec::new())?;
        match taken.aim {
            Aim::Candidates(index, exact) => Ok((index, exact, taken.rest)),
            Aim::All(_) | Aim::Nothing => unreachable!("the aim of a later walk stays"),
        }
    }

    /// Searches for the candidates and for what did not fit beside them.
    fn confirm(
        &mut self,
        mut index: Index,
        mut exact: Exact,
        mut rest: Vec<Part>,
        decoys: &Decoys,
    ) -> Result<Index, AuditError<E>> {
        let (inside, absent) = decoys.split(self.rules, &index);
        self.verdict.decoys += absent;
        loop {
            for text in &inside {
                decoy::hashed(self.rules, text).into_iter().for_each(|d| exact.insert_decoy(d));
            }
            self.search(exact)?;
            let Some(part) = rest.pop() else { return Ok(index) };
            let (index_again, next, more) = self.candidates(index, part)?;
            (index, exact) = (index_again, next);
            rest.extend(more);
        }
    }

    fn search(&mut self, mut exact: Exact) -> Result<(), AuditError<E>> {
        // The first pass finds keys too, so that there is always one.
        if exact.is_empty() && self.outputs.read.is_some() {
            return Ok(());
        }
        exact.seal();
        let seen = self.outputs.search(&exact)?;
        let read = self.outputs.read.map(|(_, counts)| counts).unwrap_or_default();
        let limits = Limits::new(&read, self.counts.map_or(0, |counts| counts.secrets));
        self.verdict.judge(self.rules, limits, &exact, &seen);
        Ok(())
    }

    fn conclude(mut self, method: Method, decoys: &Decoys) -> Result<Certificate, AuditError<E>> {
        let total = self.verdict.leak_count + self.outputs.unknown_keys.0;
        if total > 0 {
            let hits = self.outputs.hits(&self.verdict.leaks)?;
            return Err(AuditError::Leak { hits, total });
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
        let (output_bytes, read) = self.outputs.read.unwrap_or_default();
        Ok(Certificate {
            method,
            secrets: counts.secrets,
            exempt_words: counts.words,
            too_short: counts.too_short,
            output_bytes,
            output_strings: read.strings,
            output_words: read.words,
            output_tokens: read.tokens,
            searched_characters: read.searched_characters(),
            hits: 0,
            coincidences,
            explained,
            common: verdict.common,
            kept_only: verdict.kept,
            decoys: verdict.decoys,
            decoy_hits,
            walks: self.walks,
            passes: self.outputs.passes,
        })
    }
}
