//! A set of anchors in fixed memory, with a mark for each that was met in an output.
//!
//! It may say yes wrongly, about once in 2^32 questions a bucket, and never no.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::gate::Gate;
use crate::part::Part;

/// One cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Bucket {
    prints: [u32; Self::SLOTS],
    /// Not zero where an anchor did not fit and went to a later bucket. It stays so when anchors
    /// are dropped, or the search for one that went on would stop too early.
    went_on: u32,
}

impl Bucket {
    const SLOTS: usize = 15;

    #[inline]
    fn has(&self, print: u32) -> bool {
        self.prints.iter().fold(false, |found, slot| found | (*slot == print))
    }
}

/// The set. Anchors outside its part are not taken.
#[derive(Debug)]
pub(crate) struct Filter {
    buckets: Vec<Bucket>,
    marks: Vec<AtomicU64>,
    is_marked: AtomicBool,
    part: Part,
    count: usize,
    gate: Gate,
}

impl Filter {
    pub(crate) fn new(bytes: usize, part: Part) -> Self {
        let count = (bytes / size_of::<Bucket>()).max(4);
        let marks = (count * Bucket::SLOTS).div_ceil(64);
        Self {
            buckets: vec![Bucket::default(); count],
            marks: (0..marks).map(|_| AtomicU64::new(0)).collect(),
            is_marked: AtomicBool::new(false),
            part,
            count: 0,
            gate: Gate::new(0),
        }
    }

    /// Whether any anchor is marked.
    pub(crate) fn is_marked(&self) -> bool {
        self.is_marked.load(Ordering::Relaxed)
    }

    /// Adds an anchor. Where there is no room the set gives up half of its part, which is returned
    /// and has to be searched for in a round of its own.
    pub(crate) fn insert(&mut self, anchor: u64) -> Option<Part> {
        if !self.part.has(anchor) || !self.put(anchor) || self.count * 4 <= self.slots() * 3 {
            return None;
        }
        let other = self.part.halve();
        self.keep_part();
        Some(other)
    }

    /// Adds an anchor and says whether it is new.
    fn put(&mut self, anchor: u64) -> bool {
        if self.slot_of(anchor).is_some() {
            return false;
        }
        let mut at = self.bucket_of(anchor);
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(slot) = bucket.prints.iter_mut().find(|slot| **slot == 0) {
                *slot = print(anchor);
                self.count += 1;
                return true;
            }
            bucket.went_on = 1;
            at = self.after(at);
        }
    }

    /// Drops what is no more in the part.
    fn keep_part(&mut self) {
        let part = self.part;
        for slot in self.buckets.iter_mut().flat_map(|bucket| &mut bucket.prints) {
            if *slot != 0 && !part.has(u64::from(*slot)) {
                *slot = 0;
                self.count -= 1;
            }
        }
    }

    /// Makes ready for many questions. Nothing is added after that.
    pub(crate) fn seal(&mut self) {
        self.gate = Gate::new(self.count);
        let prints = self.buckets.iter().flat_map(|bucket| &bucket.prints);
        prints.filter(|print| **print != 0).for_each(|print| self.gate.open(*print));
    }

    /// Lets all anchors pass that are in the set, which is sealed, and few others.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether the anchor may be in the set.
    #[inline]
    pub(crate) fn contains(&self, anchor: u64) -> bool {
        self.part.has(anchor) && self.slot_of(anchor).is_some()
    }

    /// Marks an anchor that is in the set.
    pub(crate) fn mark(&self, anchor: u64) {
        if let Some(slot) = self.slot_of(anchor) {
            self.marks[slot / 64].fetch_or(1 << (slot % 64), Ordering::Relaxed);
            self.is_marked.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the anchor may be one that is marked.
    pub(crate) fn has_mark(&self, anchor: u64) -> bool {
        let is_set =
            |slot: usize| self.marks[slot / 64].load(Ordering::Relaxed) & (1 << (slot % 64)) != 0;
        self.part.has(anchor) && self.slot_of(anchor).is_some_and(is_set)
    }

    #[inline]
    fn slot_of(&self, anchor: u64) -> Option<usize> {
        let print = print(anchor);
        let mut at = self.bucket_of(anchor);
        // In a small set anchors may have gone on from every bucket.
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            if bucket.has(print) {
                let slot = bucket.prints.iter().position(|slot| *slot == print)?;
                return Some(at * Bucket::SLOTS + slot);
            }
            if bucket.went_on == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    fn slots(&self) -> usize {
        self.buckets.len() * Bucket::SLOTS
    }

    fn bucket_of(&self, anchor: u64) -> usize {
        ((u128::from(anchor) * self.buckets.len() as u128) >> 64) as usize
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.buckets.len() { 0 } else { at + 1 }
    }
}

/// The lowest bits, which the part looks at too, and never the zero of an empty slot.
fn print(anchor: u64) -> u32 {
    anchor as u32 | 1 << 31
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_anchor_is_found_in_the_round_of_its_part(
            anchors in prop::collection::btree_set(any::<u64>(), 0..2000),
            bytes in 0_usize..4096,
        ) {
            let mut rounds = vec![Part::default()];
            let mut found = 0;
            while let Some(part) = rounds.pop() {
                let mut filter = Filter::new(bytes, part);
                for anchor in &anchors {
                    rounds.extend(filter.insert(*anchor));
                }
                let inside: Vec<u64> =
                    anchors.iter().copied().filter(|anchor| filter.part.has(*anchor)).collect();
                filter.seal();
                prop_assert!(inside.iter().all(|anchor| filter.contains(*anchor)));
                prop_assert!(inside.iter().all(|anchor| filter.gate().lets(*anchor as u32)));
                prop_assert_eq!(filter.count, inside.len());
                inside.iter().step_by(2).for_each(|anchor| filter.mark(*anchor));
                prop_assert!(inside.iter().step_by(2).all(|anchor| filter.has_mark(*anchor)));
                prop_assert!(inside.is_empty() || filter.is_marked());
                found += inside.len();
            }
            prop_assert_eq!(found, anchors.len());
        }
    }
}
