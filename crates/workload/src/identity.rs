//! What requests say of themselves: which run they belong to, and which trace.

use std::fmt;
use std::str::FromStr;

use hyper::header::{ACCEPT, HeaderName, HeaderValue, USER_AGENT};

use crate::WorkloadError;
use crate::draw::StreamKey;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const RUN_ID: HeaderName = HeaderName::from_static("x-load-test-run");
const RUN_ID_CHARS_MAX: usize = 64;

/// A run's name for itself, which its requests carry and its report shows, so that a service's logs
/// can be told apart by run. 1 to 64 letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// The id that random bytes make: 16 hexadecimal digits.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        RunId(format!("{:016x}", u64::from_be_bytes(bytes)))
    }

    /// The id as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("its characters were checked when it was made")
    }
}

impl FromStr for RunId {
    type Err = WorkloadError;

    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = (1..=RUN_ID_CHARS_MAX).contains(&text.len());
        if fits && text.chars().all(is_plain) {
            Ok(RunId(text.to_owned()))
        } else {
            Err(WorkloadError::RunId)
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What every request says: who sends it, for which run, and what it would like to have.
pub(crate) fn headers(run_id: Option<&RunId>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![
        (USER_AGENT, user_agent(run_id)),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ];
    headers.extend(run_id.map(|run_id| (RUN_ID, run_id.header())));
    headers
}

/// `genarrative-loadtest/0.1.0 (+run 0123456789abcdef)`: what sends the load, and in which run.
fn user_agent(run_id: Option<&RunId>) -> HeaderValue {
    const PRODUCT: &str = concat!("genarrative-loadtest/", env!("CARGO_PKG_VERSION"));
    let Some(run_id) = run_id else { return HeaderValue::from_static(PRODUCT) };
    HeaderValue::from_str(&format!("{PRODUCT} (+run {run_id})"))
        .expect("the product and a checked run id are plain characters")
}

/// Which requests carry a W3C `traceparent`, and with which ids. The ids depend on the seed, the
/// run's id, the scenario and the iteration, so that two runs with the same seed are two traces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracing {
    key: StreamKey,
    share: f64,
}

impl Tracing {
    pub(crate) fn new(seed: u64, run_id: Option<&RunId>, scenario: &str, share: f64) -> Self {
        let run_id = run_id.map_or("", RunId::as_str);
        Tracing { key: StreamKey::new(seed, &["traceparent", run_id, scenario]), share }
    }

    /// The header of the request at `position` in an iteration, if it is one of the sampled.
    pub(crate) fn header(&self, iteration: u64, position: u32) -> Option<HeaderValue> {
        if self.share == 0.0 {
            return None;
        }
        let mut draw = self.key.at(iteration.wrapping_mul(1 << 16).wrapping_add(position.into()));
        if !draw.chance(self.share) {
            return None;
        }
        // The standard gives no meaning to ids of zeros only.
        let (trace, rest, span) = (draw.next() | 1, draw.next(), draw.next() | 1);
        let text = format!("00-{trace:016x}{rest:016x}-{span:016x}-01");
        Some(HeaderValue::try_from(text).expect("hexadecimal digits and hyphens are plain"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_plain_and_shown_in_the_user_agent() {
        let id = RunId::from_bytes([0, 1, 2, 3, 4, 5, 6, 0xab]);
        assert_eq!(id.as_str(), "00010203040506ab");
        let agent = user_agent(Some(&id));
        let agent = agent.to_str().unwrap();
        assert!(agent.starts_with("genarrative-loadtest/"), "{agent}");
        assert!(agent.ends_with("(+run 00010203040506ab)"), "{agent}");
        for text in ["", "a b", "a\r\nb", "世", &"x".repeat(65)] {
            assert!(text.parse::<RunId>().is_err(), "{text:?}");
        }
        assert_eq!("release-1.2_b".parse::<RunId>().unwrap().to_string(), "release-1.2_b");
    }

    #[test]
    fn every_request_names_its_run() {
        let names = |run_id| {
            let named = headers(run_id).into_iter();
            named.map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["user-agent", "accept"]);
        let id = "r-1".parse().unwrap();
        assert_eq!(names(Some(&id)), ["user-agent", "accept", "x-load-test-run"]);
    }

    #[test]
    fn a_share_of_requests_has_the_form_that_w3c_names() {
        let tracing = Tracing::new(1, None, "spike", 0.01);
        let headers: Vec<_> = (0..100_000).filter_map(|at| tracing.header(at, 0)).collect();
        assert!(headers.len().abs_diff(1000) < 150, "{}", headers.len());
        let text = headers[0].to_str().unwrap();
        let parts: Vec<_> = text.split('-').collect();
        let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
        assert_eq!((lengths, parts[0], parts[3]), (vec![2, 32, 16, 2], "00", "01"));
        assert!(text.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c)));
    }

    #[test]
    fn ids_are_those_of_one_run_and_one_request() {
        let one: RunId = "one".parse().unwrap();
        let of = |run, scenario, iteration, position| {
            Tracing::new(1, run, scenario, 1.0).header(iteration, position).unwrap()
        };
        let first = of(Some(&one), "a", 5, 0);
        assert_eq!(of(Some(&one), "a", 5, 0), first);
        for other in [
            of(None, "a", 5, 0),
            of(Some(&one), "b", 5, 0),
            of(Some(&one), "a", 6, 0),
            of(Some(&one), "a", 5, 1),
        ] {
            assert_ne!(other, first);
        }
        assert!(Tracing::new(1, None, "a", 0.0).header(5, 0).is_none());
    }
}
