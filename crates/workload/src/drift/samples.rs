//! At most one body a second of an endpoint, as one worker sees it.

use probe::FieldProfile;

/// As long as the time series of a run goes.
const SECONDS_MAX: u64 = 24 * 60 * 60;

/// What bodies of an endpoint were like, second by second.
///
/// A profile is kept once for all the seconds that it stays the same. Where more are kept than
/// there is room for, only every second second is sampled, then every fourth, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    profiles: Vec<FieldProfile>,
    profiles_max: usize,
    /// Each sampled second, and the number of its profile. Both ascend.
    seconds: Vec<(u64, usize)>,
    stride: u64,
    /// The second in which a body was looked at last, and whether that one conformed.
    looked: Option<(u64, bool)>,
}

impl Samples {
    pub(crate) fn new(profiles_max: usize) -> Self {
        let (profiles, seconds) = (Vec::new(), Vec::new());
        Samples { profiles, profiles_max: profiles_max.max(2), seconds, stride: 1, looked: None }
    }

    /// Takes in a body of this second, unless there is one. One that does not conform is only taken
    /// until one comes that does: a few broken responses are no drift, but if all are, then the
    /// violations should have a beginning.
    pub(crate) fn see(
        &mut self,
        second: u64,
        conforms: bool,
        profile: impl FnOnce() -> Option<FieldProfile>,
    ) {
        if !self.is_wanted(second, conforms) {
            return;
        }
        self.looked = Some((second, conforms));
        let Some(profile) = profile() else { return };
        if self.seconds.last().is_some_and(|(last, _)| *last == second) {
            self.drop_last();
        }
        if self.profiles.last() != Some(&profile) {
            self.profiles.push(profile);
        }
        self.seconds.push((second, self.profiles.len() - 1));
        if self.profiles.len() > self.profiles_max {
            self.thin();
        }
    }

    #[inline]
    fn is_wanted(&self, second: u64, conforms: bool) -> bool {
        if !second.is_multiple_of(self.stride) || second >= SECONDS_MAX {
            return false;
        }
        match self.looked {
            Some((looked, conformed)) if looked == second => conforms && !conformed,
            Some((looked, _)) => looked < second,
            None => true,
        }
    }

    fn drop_last(&mut self) {
        let Some((_, dropped)) = self.seconds.pop() else { return };
        if self.seconds.last().is_none_or(|(_, profile)| *profile != dropped) {
            self.profiles.truncate(dropped);
        }
    }

    /// Keeps every second of the sampled seconds, and samples no more than those from now on.
    fn thin(&mut self) {
        self.stride *= 2;
        let all = std::mem::take(&mut self.profiles);
        for (second, profile) in std::mem::take(&mut self.seconds) {
            if !second.is_multiple_of(self.stride) {
                continue;
            }
            if self.profiles.last() != Some(&all[profile]) {
                self.profiles.push(all[profile].clone());
            }
            self.seconds.push((second, self.profiles.len() - 1));
        }
    }

    /// Each sampled second with its profile, in order of time.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &FieldProfile)> {
        self.seconds.iter().map(|&(second, profile)| (second, &self.profiles[profile]))
    }

    /// How often the profile changed from one sampled second to the next, and how many there are.
    pub(crate) fn changes(&self) -> (usize, usize) {
        (self.profiles.len().saturating_sub(1), self.seconds.len())
    }
}

#[cfg(test)]
mod tests {
    use probe::{FieldProfiler, Shape};

    use super::*;

    fn profile(items: usize) -> Option<FieldProfile> {
        let shape = Shape::from_json(b"true").unwrap();
        let body = format!("[{}]", vec!["1"; items].join(","));
        FieldProfiler::new(1 << 20).profile(&shape, body.as_bytes())
    }

    fn items(samples: &Samples) -> Vec<(u64, u64)> {
        samples.iter().map(|(second, profile)| (second, profile.get("").items)).collect()
    }

    #[test]
    fn a_second_has_one_body_and_preferably_one_that_conforms() {
        let mut samples = Samples::new(100);
        samples.see(0, true, || profile(1));
        samples.see(0, true, || unreachable!());
        samples.see(1, false, || profile(2));
        samples.see(1, false, || unreachable!());
        samples.see(1, true, || profile(3));
        samples.see(1, true, || unreachable!());
        samples.see(0, true, || unreachable!());
        // What is no JSON is not tried for every response of a second.
        samples.see(2, false, || None);
        samples.see(2, false, || unreachable!());
        samples.see(SECONDS_MAX, true, || unreachable!());
        assert_eq!(items(&samples), [(0, 1), (1, 3)]);
        assert_eq!(samples.changes(), (1, 2));
    }

    #[test]
    fn equal_profiles_are_kept_once() {
        let mut samples = Samples::new(2);
        (0..50).for_each(|second| samples.see(second, true, || profile(4)));
        samples.see(50, false, || profile(5));
        samples.see(50, true, || profile(4));
        assert_eq!((samples.profiles.len(), samples.seconds.len()), (1, 51));
        assert_eq!((samples.stride, samples.changes()), (1, (0, 51)));
    }

    #[test]
    fn ever_new_profiles_are_sampled_ever_less_often() {
        let mut samples = Samples::new(8);
        (0..100).for_each(|second| samples.see(second, true, || profile(second as usize)));
        assert_eq!(samples.stride, 16);
        assert_eq!(items(&samples), [0, 16, 32, 48, 64, 80, 96].map(|second| (second, second)));
    }
}
