use std::time::Duration;

use crate::TimeSeries;

/// One way in which bodies of an endpoint's responses were wrong, and when.
///
/// It names places and kinds and never a value, so it may be printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShapeViolation {
    /// The endpoint's name.
    pub endpoint: String,
    /// A JSON Pointer to the place, array indices as `*`; empty for the whole body.
    pub path: String,
    /// The rule that was broken, such as `type`.
    pub keyword: String,
    /// All of it in one line: `/data/items/*/title: type: expected string, found null`.
    pub text: String,
    /// Responses that had it.
    pub count: u64,
    /// Which response had it first, counted from 1 among those of the endpoint whose body was
    /// checked, by all workers together.
    pub first_response: u64,
    /// When that response ended, since the beginning of the run.
    pub first_at: Duration,
    /// When the last one ended.
    pub last_at: Duration,
    /// How many responses had it in each second, ascending, without those in which none had. A day
    /// is kept; what comes later is added to the day's last second.
    pub by_second: Vec<(u32, u64)>,
}

impl ShapeViolation {
    /// One more response has it: the `response`th of its endpoint, which ended at `at`.
    pub fn record(&mut self, response: u64, at: Duration) {
        self.see(response, at, at);
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        self.add_in(second.min(TimeSeries::SECONDS_MAX - 1) as u32, 1);
        self.count += 1;
    }

    /// Takes in what others found. Of more than `kept` distinct ones those that were seen first
    /// remain; returns how often the rest was seen.
    pub fn merge_all(all: &mut Vec<Self>, others: Vec<Self>, kept: usize) -> u64 {
        for other in others {
            match all.iter_mut().find(|own| own.is_like(&other)) {
                Some(own) => own.add(&other),
                None => all.push(other),
            }
        }
        all.sort_by_key(|own| own.first_at);
        let rest = all.drain(kept.min(all.len())..).map(|own| own.count).sum();
        all.sort_by(|a, b| (&a.endpoint, &a.text).cmp(&(&b.endpoint, &b.text)));
        rest
    }

    fn is_like(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.text == other.text
    }

    fn add(&mut self, other: &Self) {
        self.see(other.first_response, other.first_at, other.last_at);
        other.by_second.iter().for_each(|&(second, count)| self.add_in(second, count));
        self.count += other.count;
    }

    /// Two workers may end responses in another order than they were counted in, so that the number
    /// and the time of the first are looked at apart.
    fn see(&mut self, response: u64, first_at: Duration, last_at: Duration) {
        if self.count == 0 {
            (self.first_response, self.first_at) = (response, first_at);
        }
        self.first_response = self.first_response.min(response);
        self.first_at = self.first_at.min(first_at);
        self.last_at = self.last_at.max(last_at);
    }

    /// Nearly always the last second that is there, or one after it.
    fn add_in(&mut self, second: u32, count: u64) {
        match self.by_second.last_mut() {
            Some((last, sum)) if *last == second => *sum += count,
            Some((last, _)) if *last > second => {
                match self.by_second.binary_search_by_key(&second, |&(own, _)| own) {
                    Ok(at) => self.by_second[at].1 += count,
                    Err(at) => self.by_second.insert(at, (second, count)),
                }
            }
            _ => self.by_second.push((second, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(text: &str, seen: &[(u64, u64)]) -> ShapeViolation {
        let (endpoint, text) = ("list".to_owned(), text.to_owned());
        let mut violation = ShapeViolation { endpoint, text, ..ShapeViolation::default() };
        seen.iter().for_each(|&(response, millis)| {
            violation.record(response, Duration::from_millis(millis));
        });
        violation
    }

    #[test]
    fn workers_agree_on_the_first_the_last_and_every_second() {
        let mut all = vec![violation("a", &[(7, 1_900), (9, 4_000), (12, 4_900)])];
        let rest = ShapeViolation::merge_all(
            &mut all,
            vec![violation("b", &[(1, 10)]), violation("a", &[(3, 900), (40, 4_100), (41, 9_000)])],
            100,
        );
        assert_eq!((rest, all.len()), (0, 2));
        let a = &all[0];
        assert_eq!((a.text.as_str(), a.count, a.first_response), ("a", 6, 3));
        assert_eq!((a.first_at.as_millis(), a.last_at.as_millis()), (900, 9_000));
        assert_eq!(a.by_second, [(0, 1), (1, 1), (4, 3), (9, 1)]);
    }

    #[test]
    fn those_beyond_the_bound_are_counted() {
        let mut all = vec![violation("late", &[(5, 500), (6, 600)]), violation("a", &[(1, 100)])];
        let rest = ShapeViolation::merge_all(&mut all, vec![violation("b", &[(2, 200)])], 2);
        let texts: Vec<_> = all.iter().map(|own| own.text.as_str()).collect();
        assert_eq!((texts, rest), (vec!["a", "b"], 2));
    }

    #[test]
    fn a_day_of_seconds_is_the_bound() {
        let mut violation = violation("a", &[(1, 100)]);
        violation.record(2, Duration::from_secs(86_399));
        violation.record(3, Duration::MAX);
        assert_eq!(violation.by_second, [(0, 1), (86_399, 2)]);
        assert_eq!(violation.last_at, Duration::MAX);
    }
}
