use std::collections::BTreeMap;
use std::time::Duration;

use crate::format::Entry;

/// The status of a gateway whose upstream server gave no usable answer.
const BAD_GATEWAY: u16 = 502;

/// What the access log says of the load window, in counts.
///
/// All requests of the window are in it, also those of other clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessLogWindow {
    /// Lines that were read and understood, one a request.
    pub lines: u64,
    /// Lines in neither of the known formats, cut ones, and ones of more than 64 KiB.
    pub unreadable: u64,
    /// Lines by the status that the client got.
    pub statuses: BTreeMap<u16, u64>,
    /// Lines with status 502.
    pub bad_gateway_final: u64,
    /// Lines with another status in which an upstream server had answered 502 before. A lower bound
    /// unless the coverage is full.
    pub bad_gateway_masked: u64,
    /// Lines that say nothing of upstream servers, so that a masked 502 would not show.
    pub without_upstream: u64,
    /// nginx's `$request_time`, one a line: from the request's first byte to the last one sent.
    pub request_time: TimeTally,
    /// nginx's `$upstream_header_time`, one for each upstream server asked.
    pub upstream_header_time: TimeTally,
    /// nginx's `$upstream_response_time`, one for each upstream server asked.
    pub upstream_response_time: TimeTally,
    /// Whether another file stood at the path at the end: the log was rotated.
    pub rotated: bool,
    /// Whether the file was cut in place, so that lines before the cut may be missing.
    pub truncated: bool,
}

/// How much of the window the log can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// Every line has its upstream data: masked 502s would show.
    Full,
    /// Lines are missing, unreadable or without upstream data: a 502 may be hidden.
    Reduced,
    /// Not one line was read: the log is buffered still, or belongs to another server.
    None,
}

impl AccessLogWindow {
    /// How much of the window the counts stand for.
    pub fn coverage(&self) -> Coverage {
        if self.lines == 0 {
            Coverage::None
        } else if self.without_upstream + self.unreadable > 0 || self.truncated {
            Coverage::Reduced
        } else {
            Coverage::Full
        }
    }

    pub(crate) fn add(&mut self, entry: &Entry) {
        self.lines += 1;
        *self.statuses.entry(entry.status).or_default() += 1;
        let masked = entry.upstream_statuses.as_ref();
        if entry.status == BAD_GATEWAY {
            self.bad_gateway_final += 1;
        } else if masked.is_some_and(|statuses| statuses.contains(&BAD_GATEWAY)) {
            self.bad_gateway_masked += 1;
        }
        self.without_upstream += u64::from(masked.is_none());
        self.request_time.add_all(&entry.request_time);
        self.upstream_header_time.add_all(&entry.upstream_header_time);
        self.upstream_response_time.add_all(&entry.upstream_response_time);
    }
}

/// Durations, as many as there were, summed up. nginx writes them to the millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeTally {
    /// The number of durations.
    pub count: u64,
    /// Their sum.
    pub total: Duration,
    /// The greatest of them.
    pub max: Duration,
}

impl TimeTally {
    /// The mean; `None` where there was no duration.
    pub fn mean(&self) -> Option<Duration> {
        let nanos = self.total.as_nanos().checked_div(u128::from(self.count))?;
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    fn add_all(&mut self, times: &[Duration]) {
        for &time in times {
            self.count += 1;
            self.total = self.total.saturating_add(time);
            self.max = self.max.max(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_full_only_when_nothing_can_be_hidden() {
        let full = AccessLogWindow { lines: 2, ..Default::default() };
        assert_eq!(full.coverage(), Coverage::Full);
        for (change, coverage) in [
            (AccessLogWindow { lines: 0, ..full.clone() }, Coverage::None),
            (AccessLogWindow { lines: 0, unreadable: 3, ..full.clone() }, Coverage::None),
            (AccessLogWindow { unreadable: 1, ..full.clone() }, Coverage::Reduced),
            (AccessLogWindow { without_upstream: 1, ..full.clone() }, Coverage::Reduced),
            (AccessLogWindow { truncated: true, ..full.clone() }, Coverage::Reduced),
            (AccessLogWindow { rotated: true, ..full.clone() }, Coverage::Full),
        ] {
            assert_eq!(change.coverage(), coverage, "{change:?}");
        }
    }

    #[test]
    fn the_mean_of_no_duration_is_none() {
        let mut tally = TimeTally::default();
        assert_eq!(tally.mean(), None);
        tally.add_all(&[Duration::from_millis(1), Duration::from_millis(4)]);
        assert_eq!(tally.mean(), Some(Duration::from_micros(2500)));
        tally.add_all(&[Duration::MAX]);
        assert_eq!((tally.count, tally.max), (3, Duration::MAX));
    }
}
