//! Random choices that depend on a seed and an index alone, at a few nanoseconds each.

/// One iteration's sequence of choices: `SplitMix64`, begun at a place that the stream's key and the
/// index are mixed into. It is no cipher; nobody is to be kept from guessing which work comes next.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

/// What tells one stream of choices from another: the seed, and what the choices are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamKey(u64);

/// The odd number nearest to 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64`: every bit of the result depends on every bit of `state`.
fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl StreamKey {
    /// The stream of this seed for this purpose, such as a scenario's name.
    pub(crate) fn new(seed: u64, purpose: &[&str]) -> Self {
        let bytes = purpose.iter().flat_map(|part| part.bytes().chain([0xff]));
        let key = bytes.fold(mixed(seed.wrapping_add(STEP)), |key, byte| {
            mixed(key ^ u64::from(byte)).wrapping_add(STEP)
        });
        StreamKey(key)
    }

    /// The choices of the iteration with this index.
    pub(crate) fn at(self, index: u64) -> Draw {
        // Mixed twice, so that the sequences of neighbours do not run into one another.
        Draw(mixed(self.0 ^ mixed(index.wrapping_add(STEP))))
    }
}

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// Whether something of this probability happens: never at 0, always at 1.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what an f64 holds exactly.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        share < probability
    }

    /// A number below `bound`, each as likely as the others to within `bound` in 2⁶⁴; 0 for a bound
    /// of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// The index of one of `count` things.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_and_index_choose_the_same_and_others_do_not() {
        let drawn = |seed, purpose: &[&str], index| StreamKey::new(seed, purpose).at(index).next();
        let first = drawn(1, &["a"], 7);
        assert_eq!(drawn(1, &["a"], 7), first);
        for other in
            [drawn(2, &["a"], 7), drawn(1, &["b"], 7), drawn(1, &["a"], 8), drawn(1, &["a", ""], 7)]
        {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn choices_are_evenly_spread_over_neighbouring_indices() {
        let key = StreamKey::new(0, &["spike"]);
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|index| counts[key.at(index).index(7)] += 1);
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 400), "{counts:?}");
        let happened = (0..100_000).filter(|&index| key.at(index).chance(0.35)).count();
        assert!(happened.abs_diff(35_000) < 700, "{happened}");
    }

    #[test]
    fn the_ends_of_a_probability_are_certain() {
        let mut draw = StreamKey::new(3, &[]).at(0);
        assert!((0..1000).all(|_| draw.chance(1.0) && !draw.chance(0.0)));
        assert!((0..1000).all(|_| draw.below(1) == 0 && draw.below(0) == 0));
    }
}
