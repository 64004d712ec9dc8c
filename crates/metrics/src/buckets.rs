//! Durations counted in buckets of two digits, and kept in a few bytes when a second is over.

use std::time::Duration;

/// Buckets of an octave: each is at most 1/128 of its values wide, as in an HDR histogram of two
/// significant digits.
const AN_OCTAVE: usize = 128;
/// Microseconds up to this have a bucket each.
const EXACT_US: u64 = 2 * AN_OCTAVE as u64;
/// The greatest value, 38 hours in microseconds: more than any timeout. What is beyond counts as it.
const MAX_US: u64 = (1 << 37) - 1;
/// How many buckets there are.
pub(crate) const BUCKETS: usize = 3968;

/// Whole microseconds, as [`Trend`](crate::Trend) rounds them.
pub(crate) fn micros(sample: Duration) -> u64 {
    u64::try_from((sample.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
}

/// The bucket that a number of microseconds falls into.
pub(crate) fn of(us: u64) -> usize {
    let us = us.min(MAX_US);
    if us < EXACT_US {
        return us as usize;
    }
    let shift = us.ilog2() - AN_OCTAVE.ilog2();
    shift as usize * AN_OCTAVE + (us >> shift) as usize
}

/// The least and the greatest number of microseconds of a bucket.
pub(crate) fn bounds(bucket: usize) -> (u64, u64) {
    if bucket < EXACT_US as usize {
        return (bucket as u64, bucket as u64);
    }
    let shift = bucket / AN_OCTAVE - 1;
    let low = ((bucket - shift * AN_OCTAVE) as u64) << shift;
    (low, low + (1 << shift) - 1)
}

/// How many samples fell into which buckets, two to three bytes for each bucket that has any: the
/// distance from the bucket before and the count, seven bits a byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sparse {
    bytes: Box<[u8]>,
}

impl Sparse {
    /// Of buckets in ascending order, each with a count.
    pub(crate) fn new(pairs: impl Iterator<Item = (usize, u64)>) -> Self {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for (bucket, count) in pairs.filter(|(_, count)| *count > 0) {
            push(&mut bytes, (bucket - before) as u64);
            push(&mut bytes, count);
            before = bucket;
        }
        Sparse { bytes: bytes.into() }
    }

    /// The buckets that have samples, in ascending order, with their counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (mut bytes, mut bucket) = (self.bytes.iter(), 0);
        std::iter::from_fn(move || {
            bucket += pull(&mut bytes)? as usize;
            Some((bucket, pull(&mut bytes)?))
        })
    }

    /// The bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The samples of both.
    pub(crate) fn merged(&self, other: &Sparse) -> Sparse {
        let (mut own, mut more) = (self.iter().peekable(), other.iter().peekable());
        Sparse::new(std::iter::from_fn(move || match (own.peek(), more.peek()) {
            (Some(a), Some(b)) if a.0 == b.0 => {
                let count = a.1 + b.1;
                more.next();
                own.next().map(|(bucket, _)| (bucket, count))
            }
            (Some(a), Some(b)) if a.0 < b.0 => own.next(),
            (Some(_), None) => own.next(),
            _ => more.next(),
        }))
    }
}

fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn pull<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_follows_the_one_before_and_is_within_a_hundredth() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            let (low, high) = bounds(bucket);
            assert_eq!(low, next);
            assert_eq!((of(low), of(high)), (bucket, bucket));
            assert!((high - low) as f64 <= low as f64 / 127.0);
            next = high + 1;
        }
        assert_eq!(next, MAX_US + 1);
        assert_eq!(of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn pairs_are_read_as_they_were_written() {
        let pairs = [(0, 1), (127, 300), (128, 1), (3967, u64::MAX)];
        let sparse = Sparse::new(pairs.into_iter().chain([]));
        assert_eq!(sparse.iter().collect::<Vec<_>>(), pairs);
        assert_eq!(Sparse::default().iter().count(), 0);
        assert_eq!(Sparse::new([(5, 0)].into_iter()), Sparse::default());
    }

    #[test]
    fn merging_adds_counts_and_keeps_the_order() {
        let a = Sparse::new([(1, 1), (5, 2), (900, 3)].into_iter());
        let b = Sparse::new([(0, 4), (5, 5), (901, 6)].into_iter());
        let expected = [(0, 4), (1, 1), (5, 7), (900, 3), (901, 6)];
        assert_eq!(a.merged(&b).iter().collect::<Vec<_>>(), expected);
        assert_eq!(b.merged(&a), a.merged(&b));
        assert_eq!(a.merged(&Sparse::default()), a);
        assert_eq!(Sparse::default().merged(&a), a);
    }
}
