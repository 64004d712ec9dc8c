//! Fields that change while a run goes on: a sample of bodies, and what it shows in the end.

mod detect;
mod samples;

use metrics::Drift;

pub(crate) use detect::Sampled;
pub(crate) use samples::Samples;

/// How many drifts a run keeps; what comes beyond is counted only.
const DRIFTS_MAX: usize = 100;

/// The drifts of all endpoints, and how many are beyond the number kept.
pub(crate) fn drifts<'a>(endpoints: impl Iterator<Item = Sampled<'a>>) -> (Vec<Drift>, u64) {
    let mut drifts: Vec<_> = endpoints.flat_map(|sampled| detect::drifts(&sampled)).collect();
    let beyond = drifts.len().saturating_sub(DRIFTS_MAX) as u64;
    drifts.truncate(DRIFTS_MAX);
    (drifts, beyond)
}
