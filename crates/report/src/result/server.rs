//! The server's side of the window.

use std::collections::BTreeMap;

use observe::{AccessLogWindow, TimeTally};
use serde::{Deserialize, Serialize};

use super::nanos::Nanos;

/// Keys of `statuses` are the statuses that clients got.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessLogFile {
    lines: u64,
    unreadable: u64,
    statuses: BTreeMap<u16, u64>,
    bad_gateway_final: u64,
    bad_gateway_masked: u64,
    without_upstream: u64,
    request_time: TimesFile,
    upstream_header_time: TimesFile,
    upstream_response_time: TimesFile,
    rotated: bool,
    truncated: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimesFile {
    count: u64,
    total_ns: Nanos,
    max_ns: Nanos,
}

impl From<TimeTally> for TimesFile {
    fn from(TimeTally { count, total, max }: TimeTally) -> Self {
        TimesFile { count, total_ns: total.into(), max_ns: max.into() }
    }
}

impl From<TimesFile> for TimeTally {
    fn from(file: TimesFile) -> Self {
        TimeTally { count: file.count, total: file.total_ns.into(), max: file.max_ns.into() }
    }
}

impl From<&AccessLogWindow> for AccessLogFile {
    fn from(window: &AccessLogWindow) -> Self {
        AccessLogFile {
            lines: window.lines,
            unreadable: window.unreadable,
            statuses: window.statuses.clone(),
            bad_gateway_final: window.bad_gateway_final,
            bad_gateway_masked: window.bad_gateway_masked,
            without_upstream: window.without_upstream,
            request_time: window.request_time.into(),
            upstream_header_time: window.upstream_header_time.into(),
            upstream_response_time: window.upstream_response_time.into(),
            rotated: window.rotated,
            truncated: window.truncated,
        }
    }
}

impl AccessLogFile {
    pub(super) fn into_window(self) -> AccessLogWindow {
        let mut window = AccessLogWindow::default();
        window.lines = self.lines;
        window.unreadable = self.unreadable;
        window.statuses = self.statuses;
        window.bad_gateway_final = self.bad_gateway_final;
        window.bad_gateway_masked = self.bad_gateway_masked;
        window.without_upstream = self.without_upstream;
        window.request_time = self.request_time.into();
        window.upstream_header_time = self.upstream_header_time.into();
        window.upstream_response_time = self.upstream_response_time.into();
        (window.rotated, window.truncated) = (self.rotated, self.truncated);
        window
    }
}
