//! What the tests share: a key, and a run from text to text.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of this")]

use std::io::{self, Read};

use anonymize::{
    AnonymizeError, DatasetWriter, DumpOptions, Manifest, Policy, PseudonymKey, anonymize,
};
use dataset::Dataset;
use synthetic_dump::{Shape, WORK_TABLES};

pub(crate) fn key(first: u8) -> PseudonymKey {
    PseudonymKey::from_bytes(std::array::from_fn(|i| first.wrapping_add(i as u8))).unwrap()
}

pub(crate) fn run_with(
    dump: &[u8],
    policy: &Policy,
    key: &PseudonymKey,
) -> Result<(String, Manifest), AnonymizeError> {
    let mut writer = DatasetWriter::new(Vec::new(), policy, key);
    let manifest = anonymize(dump, policy, key, &mut writer)?;
    Ok((String::from_utf8(writer.into_inner()).unwrap(), manifest))
}

/// The built-in policy and key 0.
pub(crate) fn run(dump: &str) -> (Dataset, Manifest) {
    let (text, manifest) = run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).unwrap();
    (Dataset::from_json(text.as_bytes()).unwrap(), manifest)
}

pub(crate) fn error(dump: &[u8]) -> AnonymizeError {
    run_with(dump, &Policy::builtin(), &key(0)).expect_err("this dump must be refused")
}

/// What a dump of this shape does not say itself.
pub(crate) fn shape_options(shape: Shape) -> DumpOptions {
    let mut options = DumpOptions::default();
    options.table = shape.is_one_table().then(|| WORK_TABLES[0].to_owned());
    options
}

/// A reader that gives at most so many bytes at a time.
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
    /// Draws another size for each piece, where it is not 0.
    state: u64,
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(bytes: &'a [u8], size: usize) -> Self {
        Self { bytes, size, state: 0 }
    }

    pub(crate) fn random(bytes: &'a [u8], seed: u64) -> Self {
        Self { bytes, size: 1, state: seed | 1 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.state != 0 {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            self.size = 1 + (self.state >> 33) as usize % 200;
        }
        let size = self.size.min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}
