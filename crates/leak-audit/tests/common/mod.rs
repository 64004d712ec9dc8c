//! What the tests share: a small grammar, and audits of texts in memory.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::convert::Infallible;
use std::io::{self, Read};

use leak_audit::{
    Audit, AuditError, Certificate, Collector, Column, Grammar, Kind, Options, Origin, Output, Rows,
};

/// The most frequent characters of the generator in these tests, drawn with a chance of 1/rank.
pub(crate) const HAN: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里";

/// As the generator: Han by rank, letters and digits evenly; punctuation and spaces are kept.
pub(crate) fn chance(character: char) -> Option<f64> {
    match character {
        '0'..='9' => Some(10.0_f64.log2()),
        'a'..='z' | 'A'..='Z' => Some(26.0_f64.log2()),
        _ if character.is_ascii() || "，。！？".contains(character) => Some(0.0),
        _ => {
            let rank = HAN.chars().position(|known| known == character)? + 1;
            let total: f64 = (1..=HAN.chars().count()).map(|rank| 1.0 / rank as f64).sum();
            Some((total * rank as f64).log2())
        }
    }
}

pub(crate) fn grammar() -> Grammar {
    Grammar::new(chance)
        .words(["tables", "assets", "cover", "webp", "published", "cdn.invalid", "items", "rows"])
        .token_prefixes(["user", "asset"])
        .column("t", "id", Column::Strict)
        .column("t", "src", Column::Strict)
        .column("t", "title", Column::Text)
        .column("t", "code", Column::Code)
        .column("t", "note", Column::Kept)
        .column("t", "data", Column::Strict)
        .column("t", "data.name", Column::Text)
}

pub(crate) fn options(memory_bytes: usize) -> Options {
    let mut options = Options::default();
    options.memory_bytes = memory_bytes;
    options
}

pub(crate) fn origin(kind: Kind) -> Origin {
    Origin { kind, table: 7, column: 3, offset: 11 }
}

/// Gives a few bytes at a time.
pub(crate) struct Slow(pub(crate) io::Cursor<Vec<u8>>, pub(crate) usize);

impl Read for Slow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.1.min(out.len());
        self.0.read(&mut out[..size])
    }
}

type Verdict = Result<Certificate, AuditError<Infallible>>;

/// Searches one output for what a walk gives. Whether it is read before the walk, and by how many
/// threads, makes no difference.
pub(crate) fn run(
    grammar: Grammar,
    options: Options,
    output: &str,
    chunk: usize,
    walk: &mut dyn FnMut(&mut Collector<'_>),
) -> Verdict {
    let mut open = || -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Slow(io::Cursor::new(output.as_bytes().to_vec()), chunk)))
    };
    let mut outputs = [Output { name: "out.json", rows: Rows::Named, open: &mut open }];
    let mut walk = |collector: &mut Collector<'_>| -> Result<(), Infallible> {
        walk(collector);
        Ok(())
    };
    let verdict = Audit::new(grammar.clone(), options).run(&mut walk, &mut outputs);
    let mut options = options;
    options.threads = 2;
    let audit = Audit::new(grammar, options);
    if let Ok(ahead) = audit.read_ahead::<Infallible>(&mut outputs) {
        assert_eq!(ahead.bytes(), output.len() as u64);
        let again = audit.run_after(Some(ahead), &mut walk, &mut outputs);
        assert_eq!(essence(&again), essence(&verdict));
    }
    verdict
}

/// What does not depend on how the secrets were kept.
fn essence(verdict: &Verdict) -> Result<(u64, u64, u64), String> {
    match verdict {
        Ok(found) => Ok((found.secrets, found.coincidences, found.searched_characters)),
        Err(AuditError::Leak { hits, total }) => Err(format!("{total} {hits:?}")),
        Err(AuditError::Unexplained { coincidences, .. }) => Err(coincidences.to_string()),
        Err(other) => Err(other.to_string()),
    }
}

/// Searches an output for some texts.
pub(crate) fn search(secrets: &[&str], kind: Kind, output: &str, options: Options) -> Verdict {
    run(grammar(), options, output, 1 << 20, &mut |collector| {
        secrets.iter().for_each(|secret| collector.text(origin(kind), secret));
    })
}

/// The places of a leak, or nothing.
pub(crate) fn places(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Ok(_) => Vec::new(),
        Err(AuditError::Leak { hits, .. }) => hits.iter().map(|hit| hit.place.clone()).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// Draws as the generator does.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A text of frequent Han characters.
    pub(crate) fn han(&mut self, length: u64) -> String {
        let characters: Vec<char> = HAN.chars().collect();
        let weights: Vec<u64> =
            (1..=characters.len() as u64).map(|rank| (1 << 32) / rank).collect();
        let total: u64 = weights.iter().sum();
        let mut draw = || {
            let mut left = self.below(total);
            weights.iter().position(|weight| {
                let is_here = left < *weight;
                left = left.saturating_sub(*weight);
                is_here
            })
        };
        (0..length).map(|_| characters[draw().unwrap()]).collect()
    }
}
