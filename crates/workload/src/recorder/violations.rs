use std::collections::BTreeMap;
use std::time::Duration;

use metrics::ShapeViolation;
use probe::Violation;

/// Distinct violations that are kept; what comes beyond is counted only.
pub(super) const KEPT: usize = 100;

/// What was wrong with bodies, as one worker saw it.
#[derive(Default)]
pub(super) struct Violations {
    /// By the number of the endpoint among those of all scenarios.
    by_endpoint: BTreeMap<usize, BTreeMap<Violation, ShapeViolation>>,
    kept: usize,
    not_kept: u64,
}

impl Violations {
    /// Adds those of one response, the `response`th of its endpoint, which ended at `at`.
    pub(super) fn add(
        &mut self,
        (endpoint, name): (usize, &str),
        violations: &[Violation],
        response: u64,
        at: Duration,
    ) {
        for violation in violations {
            let known = self.by_endpoint.get_mut(&endpoint).and_then(|own| own.get_mut(violation));
            if let Some(known) = known {
                known.record(response, at);
            } else if self.kept < KEPT {
                let mut first = named(name, violation);
                first.record(response, at);
                let own = self.by_endpoint.entry(endpoint).or_default();
                own.insert(violation.clone(), first);
                self.kept += 1;
            } else {
                self.not_kept += 1;
            }
        }
    }

    /// What is kept, with those of an endpoint joined that several scenarios request, and how often
    /// others were seen.
    pub(super) fn into_kept(self) -> (Vec<ShapeViolation>, u64) {
        let mut all = Vec::new();
        let found = self.by_endpoint.into_values().flat_map(BTreeMap::into_values).collect();
        let more = ShapeViolation::merge_all(&mut all, found, KEPT);
        (all, self.not_kept + more)
    }
}

fn named(endpoint: &str, violation: &Violation) -> ShapeViolation {
    ShapeViolation {
        endpoint: endpoint.to_owned(),
        path: violation.path.clone(),
        keyword: violation.keyword.name().to_owned(),
        text: violation.to_string(),
        ..ShapeViolation::default()
    }
}

#[cfg(test)]
mod tests {
    use probe::{Limits, Probe, Shape};

    use super::*;

    /// The violation of a key that is missing.
    fn missing(key: usize) -> Violation {
        let schema = format!(r#"{{"required": ["k{key}"]}}"#);
        let shape = Shape::from_json(schema.as_bytes()).unwrap();
        Probe::new(Limits::default()).check(&shape, b"{}")[0].clone()
    }

    #[test]
    fn the_first_hundred_are_kept_and_the_others_counted() {
        let mut violations = Violations::default();
        for response in 1..=250 {
            let (key, at) = (response % 125, Duration::from_secs(response));
            violations.add((0, "list"), &[missing(key as usize)], response, at);
        }
        let (kept, not_kept) = violations.into_kept();
        assert_eq!((kept.len(), not_kept), (KEPT, 50));
        let of_key = |path: &str| kept.iter().find(|kept| kept.path == path).unwrap();
        let first = of_key("/k1");
        assert_eq!((first.first_response, first.count, first.keyword.as_str()), (1, 2, "required"));
        assert_eq!((first.first_at.as_secs(), first.last_at.as_secs()), (1, 126));
        assert_eq!(first.by_second, [(1, 1), (126, 1)]);
    }

    #[test]
    fn an_endpoint_of_two_scenarios_is_one() {
        let mut violations = Violations::default();
        for (endpoint, name) in [(0, "list"), (1, "other"), (2, "list")] {
            violations.add((endpoint, name), &[missing(0)], 3, Duration::from_secs(1));
        }
        let (kept, _) = violations.into_kept();
        let counts: Vec<_> = kept.iter().map(|kept| (kept.endpoint.as_str(), kept.count)).collect();
        assert_eq!(counts, [("list", 2), ("other", 1)]);
    }
}
