//! An access log on disk: what is counted, and what happens when it is rotated or cut.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use observe::{AccessLogWatch, AccessLogWindow, Coverage, ObserveError};
use tempfile::TempDir;

struct Log {
    dir: TempDir,
}

impl Log {
    /// A log that has three lines from before the window.
    fn new() -> Self {
        let log = Log { dir: tempfile::tempdir().unwrap() };
        File::create(log.path()).unwrap();
        (0..3).for_each(|_| log.append(&line(502, "502")));
        log
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("access.log")
    }

    fn append(&self, text: &str) {
        append(&self.path(), text);
    }

    fn watch(&self) -> AccessLogWatch {
        AccessLogWatch::begin(self.path()).unwrap()
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn line(status: u16, upstream: &str) -> String {
    format!(
        "{{\"status\":\"{status}\",\"us\":\"{upstream}\",\"urt\":\"0.004\",\"rt\":\"0.005\"}}\n"
    )
}

fn statuses(window: &AccessLogWindow) -> Vec<(u16, u64)> {
    window.statuses.iter().map(|(&status, &lines)| (status, lines)).collect()
}

#[test]
fn only_what_was_added_within_the_window_is_counted() {
    let log = Log::new();
    let watch = log.watch();
    for (status, upstream) in [(200, "200"), (200, "502, 200"), (502, "502"), (504, "502 : 504")] {
        log.append(&line(status, upstream));
    }
    let window = watch.end().unwrap();
    assert_eq!((window.lines, window.unreadable), (4, 0));
    assert_eq!(statuses(&window), [(200, 2), (502, 1), (504, 1)]);
    assert_eq!((window.bad_gateway_final, window.bad_gateway_masked), (1, 2));
    assert_eq!(window.coverage(), Coverage::Full);
    assert_eq!(window.upstream_response_time.max, Duration::from_millis(4));
    assert_eq!((window.request_time.count, window.upstream_header_time.count), (4, 0));
    assert!(!window.rotated && !window.truncated);
}

#[test]
fn a_log_without_a_new_line_covers_nothing() {
    let window = Log::new().watch().end().unwrap();
    assert_eq!(window, AccessLogWindow::default());
    assert_eq!(window.coverage(), Coverage::None);
}

#[test]
fn the_combined_format_counts_statuses_with_reduced_coverage() {
    let log = Log::new();
    let watch = log.watch();
    log.append("10.1.2.3 - alice [22/Nov/2026:16:00:00 +0000] \"GET /u/42 HTTP/1.1\" 502 0 \"-\" \"Firefox\"\n");
    let window = watch.end().unwrap();
    assert_eq!((window.bad_gateway_final, window.without_upstream), (1, 1));
    assert_eq!(window.coverage(), Coverage::Reduced);
    let shown = format!("{window:?}");
    for personal in ["10.1.2.3", "alice", "/u/42", "Firefox"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

#[test]
fn unreadable_and_endless_lines_are_counted_and_the_rest_is_read() {
    let log = Log::new();
    let watch = log.watch();
    log.append("not a line of any format\n\n");
    log.append(&"x".repeat(200_000));
    log.append("\n");
    log.append(&line(200, "200"));
    log.append("{\"status\":\"20");
    let window = watch.end().unwrap();
    assert_eq!((window.lines, window.unreadable), (1, 3));
    assert_eq!(window.coverage(), Coverage::Reduced);
}

#[test]
fn a_line_that_was_begun_before_the_window_is_not_counted() {
    let log = Log::new();
    let before = line(502, "502");
    log.append(&before[..20]);
    let watch = log.watch();
    log.append(&before[20..]);
    log.append(&line(200, "200"));
    let window = watch.end().unwrap();
    assert_eq!((statuses(&window), window.unreadable), (vec![(200, 1)], 0));
}

#[test]
fn after_a_rename_both_files_are_read() {
    let log = Log::new();
    let watch = log.watch();
    log.append(&line(200, "200"));
    let old = log.dir.path().join("access.log.1");
    fs::rename(log.path(), &old).unwrap();
    // nginx writes to the old file until it is told to open the new one.
    append(&old, &line(502, "502"));
    log.append(&line(404, "404"));
    let window = watch.end().unwrap();
    assert_eq!(statuses(&window), [(200, 1), (404, 1), (502, 1)]);
    assert!(window.rotated && !window.truncated);
    assert_eq!(window.coverage(), Coverage::Full);
}

#[test]
fn a_rename_without_a_new_file_loses_nothing() {
    let log = Log::new();
    let watch = log.watch();
    fs::rename(log.path(), log.dir.path().join("access.log.1")).unwrap();
    append(&log.dir.path().join("access.log.1"), &line(200, "200"));
    let window = watch.end().unwrap();
    assert_eq!((statuses(&window), window.rotated), (vec![(200, 1)], true));
}

#[test]
fn a_longer_file_at_the_path_is_still_another_file() {
    let log = Log::new();
    let watch = log.watch();
    fs::rename(log.path(), log.dir.path().join("access.log.1")).unwrap();
    (0..50).for_each(|_| log.append(&line(200, "200")));
    let window = watch.end().unwrap();
    assert_eq!((statuses(&window), window.rotated), (vec![(200, 50)], true));
}

#[test]
fn a_cut_file_is_read_from_its_start_and_said_to_be_cut() {
    let log = Log::new();
    let watch = log.watch();
    log.append(&line(200, "200"));
    File::create(log.path()).unwrap();
    log.append(&line(404, "404"));
    let window = watch.end().unwrap();
    assert_eq!(statuses(&window), [(404, 1)]);
    assert!(window.truncated && !window.rotated);
    assert_eq!(window.coverage(), Coverage::Reduced);
}

#[test]
fn a_cut_file_that_grew_beyond_the_mark_is_noticed() {
    let log = Log::new();
    let watch = log.watch();
    File::create(log.path()).unwrap();
    (0..20).for_each(|_| log.append(&line(200, "200")));
    let window = watch.end().unwrap();
    assert_eq!((statuses(&window), window.truncated), (vec![(200, 20)], true));
}

#[test]
fn an_empty_log_may_fill_up() {
    let log = Log::new();
    File::create(log.path()).unwrap();
    let watch = log.watch();
    log.append(&line(200, "200"));
    let window = watch.end().unwrap();
    assert_eq!((window.lines, window.truncated), (1, false));
}

#[test]
fn a_missing_log_is_an_error_that_names_the_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("absent.log");
    let error = AccessLogWatch::begin(&path).unwrap_err();
    assert!(matches!(error, ObserveError::Open { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("cannot open the access log {}", path.display()));
}
