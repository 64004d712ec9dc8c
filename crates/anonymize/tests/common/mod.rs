//! What the tests share: a key, and a run from text to text.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of this")]

use anonymize::{AnonymizeError, DatasetWriter, Manifest, Policy, PseudonymKey, anonymize};
use dataset::Dataset;

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
