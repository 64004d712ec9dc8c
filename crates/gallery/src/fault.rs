//! Which requests are answered wrongly on purpose, and how.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::GalleryError;

/// A rule that answers every n-th request of some paths wrongly. It draws no chance: the same order
/// of requests has the same faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    every: NonZeroU64,
    offset: u64,
    path_prefix: String,
    action: FaultAction,
}

/// What happens to a request that a [`Fault`] falls on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultAction {
    /// The answer is this status, 400 to 599, with an error body of the code `injected_fault`.
    Status(u16),
    /// The `profileId` of the list's last item, or of the detail's item, is a number. Nothing
    /// happens to a response that has no item.
    WrongShape,
    /// The answer is a web page with status 200, as a misconfigured proxy sends it.
    Html,
    /// Half of the body comes, then the connection is closed in order. Nothing happens to a HEAD.
    Truncate,
    /// Half of the body comes, then the connection is reset. Nothing happens to a HEAD.
    Reset,
    /// No answer ever comes; the connection stays open until the client gives up.
    Hang,
    /// The right answer comes later by this much, beside the configured latency.
    Delay(Duration),
}

impl Fault {
    /// Falls on the first request of any path and on every n-th after it.
    pub fn new(every: NonZeroU64, action: FaultAction) -> Self {
        Self { every, offset: 0, path_prefix: "/".to_owned(), action }
    }

    /// Leaves the first `offset` matching requests alone.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Counts and hits only requests whose path, as sent, starts with this prefix.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = prefix.into();
        self
    }

    fn falls_on(&self, index: u64) -> bool {
        index.checked_sub(self.offset).is_some_and(|since| since % self.every == 0)
    }

    fn check(&self, index: usize) -> Result<(), GalleryError> {
        if !self.path_prefix.starts_with('/') {
            return Err(GalleryError::FaultPath { index });
        }
        match self.action {
            FaultAction::Status(status) if !(400..=599).contains(&status) => {
                Err(GalleryError::FaultStatus { index })
            }
            _ => Ok(()),
        }
    }
}

/// The checked faults with their counts.
pub(crate) struct Faults(Vec<Rule>);

struct Rule {
    fault: Fault,
    seen: AtomicU64,
    injected: AtomicU64,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Result<Self, GalleryError> {
        for (index, fault) in faults.iter().enumerate() {
            fault.check(index)?;
        }
        let rule = |fault| Rule { fault, seen: AtomicU64::new(0), injected: AtomicU64::new(0) };
        Ok(Self(faults.into_iter().map(rule).collect()))
    }

    /// Offers the faults that fall on this request, in order, until `apply` takes one. Every rule
    /// counts the request, so that none depends on what another does.
    pub(crate) fn inject(&self, path: &str, mut apply: impl FnMut(&FaultAction) -> bool) {
        let mut done = false;
        for Rule { fault, seen, injected } in &self.0 {
            if !path.starts_with(&fault.path_prefix) {
                continue;
            }
            let index = seen.fetch_add(1, Relaxed);
            if !done && fault.falls_on(index) && apply(&fault.action) {
                injected.fetch_add(1, Relaxed);
                done = true;
            }
        }
    }

    pub(crate) fn injected(&self) -> Vec<u64> {
        self.0.iter().map(|rule| rule.injected.load(Relaxed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(n: u64, action: FaultAction) -> Fault {
        Fault::new(NonZeroU64::new(n).unwrap(), action)
    }

    /// Which action each of `requests` requests of one path gets, by its first letter.
    fn drawn(faults: &Faults, path: &str, requests: usize) -> String {
        let mut letters = String::new();
        for _ in 0..requests {
            let mut hit = '.';
            faults.inject(path, |action| {
                hit = format!("{action:?}").chars().next().unwrap();
                true
            });
            letters.push(hit);
        }
        letters
    }

    #[test]
    fn a_fault_falls_on_its_offset_and_every_nth_after_it() {
        for (n, offset, expected) in [
            (1, 0, "HHHHHHH"),
            (3, 0, "H..H..H"),
            (3, 2, "..H..H."),
            (2, 5, ".....H."),
            (9, 9, "......."),
        ] {
            let faults = Faults::new(vec![every(n, FaultAction::Hang).offset(offset)]).unwrap();
            assert_eq!(drawn(&faults, "/", 7), expected, "every {n}, offset {offset}");
            assert_eq!(faults.injected(), [expected.matches('H').count() as u64]);
        }
    }

    #[test]
    fn rules_count_alone_and_the_first_added_wins() {
        let faults = Faults::new(vec![
            every(2, FaultAction::Hang).path_prefix("/a"),
            every(3, FaultAction::Reset),
        ])
        .unwrap();
        assert_eq!(drawn(&faults, "/b", 1), "R");
        assert_eq!(drawn(&faults, "/a", 4), "H.H.");
        // The reset that would have fallen on request 3 gave way to the hang and is not counted.
        assert_eq!(faults.injected(), [2, 1]);
    }

    #[test]
    fn a_fault_that_cannot_apply_is_not_counted() {
        let faults = Faults::new(vec![every(1, FaultAction::Hang)]).unwrap();
        faults.inject("/", |_| false);
        assert_eq!(faults.injected(), [0]);
    }

    #[test]
    fn faults_that_mean_nothing_are_refused() {
        for status in [0, 200, 304, 399, 600] {
            let fault = every(1, FaultAction::Status(status));
            let error = Faults::new(vec![every(1, FaultAction::Html), fault]).err();
            assert!(matches!(error, Some(GalleryError::FaultStatus { index: 1 })), "{status}");
        }
        let error = Faults::new(vec![every(1, FaultAction::Html).path_prefix("api")]).err();
        assert!(matches!(error, Some(GalleryError::FaultPath { index: 0 })));
    }
}
