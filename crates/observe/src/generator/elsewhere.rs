//! A system whose figures cannot be read without `unsafe`: everything is unknown, and says so.

use super::Limits;
use super::tally::Snapshot;

#[derive(Debug)]
pub(super) struct System;

impl System {
    pub(super) fn begin() -> Self {
        System
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::default()
    }
}

pub(super) fn limits() -> Limits {
    Limits::default()
}
