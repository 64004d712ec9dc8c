//! `loadtest pair` as a user sees it, against two galleries.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Fault, FaultAction, Gallery, GalleryConfig};

const PLAN: &str = r#"
version = 1

[[endpoint]]
name = "list"
path = "/api/runtime/puzzle/gallery"

[scenario.steady]
executor = "constant-arrival-rate"
rate = 150
duration = "3s"
max_vus = 100

[scenario.steady.thresholds]
"http_req_duration" = ["p(95)<1"]
"#;

fn gallery(config: GalleryConfig) -> EmbeddedGallery {
    let sample: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"].iter().collect();
    let dataset = Dataset::from_json(&std::fs::read(sample).unwrap()).unwrap();
    EmbeddedGallery::start(Gallery::new(&dataset, config).unwrap()).unwrap()
}

fn slow(millis: u64) -> EmbeddedGallery {
    gallery(GalleryConfig::new().latency(Duration::from_millis(millis)))
}

/// A comparison of 3 s, without any of the variables that it reads.
fn pair(arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, PLAN).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    let kept = std::env::var_os("PATH");
    command.env_clear().envs(kept.map(|path| ("PATH", path))).env("PLAN", plan);
    let Output { status, stdout, stderr } = command.arg("pair").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// The line of the table about this statistic.
fn line<'t>(text: &'t str, of: &str) -> &'t str {
    let is_own = |line: &&str| line.starts_with("list ") && line.contains(of);
    text.lines().find(is_own).unwrap_or_else(|| panic!("no {of} in {text}"))
}

#[test]
fn a_service_that_became_slower_fails() {
    let (base, new) = (slow(20), slow(40));
    let (code, stdout, stderr) = pair(&["--base", &base.base_url(), "--new", &new.base_url()]);
    assert_eq!((code, stderr.as_str()), (99, ""), "{stdout}");
    assert!(line(&stdout, "p(50)").ends_with("slower, beyond the tolerance"), "{stdout}");
    assert!(line(&stdout, "failed").ends_with("the same, within the tolerance"), "{stdout}");
    // Both had the same load.
    let (one, other) = (base.stats().requests_received, new.stats().requests_received);
    assert!(one.abs_diff(other) <= 2 && one > 200, "{one} and {other}");
}

#[test]
fn a_faster_service_passes_and_so_does_the_same_one() {
    let (base, new) = (slow(40), slow(20));
    let (code, stdout, _) = pair(&["--base", &base.base_url(), "--new", &new.base_url()]);
    assert_eq!(code, 0, "{stdout}");
    assert!(line(&stdout, "p(50)").ends_with("faster"), "{stdout}");

    let same = base.base_url();
    let (code, stdout, _) = pair(&["--base", &same, "--new", &same, "--tolerance", "20%"]);
    assert_eq!(code, 0, "{stdout}");
    assert!(stdout.contains("\n  PASS  "), "{stdout}");
}

#[test]
fn more_failed_requests_fail_however_quick_they_are() {
    let base = slow(20);
    let fault = Fault::new(NonZeroU64::new(10).unwrap(), FaultAction::Status(500));
    let broken = gallery(GalleryConfig::new().latency(Duration::from_millis(20)).fault(fault));
    let (code, stdout, _) = pair(&["--base", &base.base_url(), "--new", &broken.base_url()]);
    assert_eq!(code, 99, "{stdout}");
    assert!(line(&stdout, "failed").ends_with("more, beyond the tolerance"), "{stdout}");
}

#[test]
fn two_services_are_needed_and_a_wrong_one_is_said_at_once() {
    let base = slow(0);
    let url = base.base_url();
    for (arguments, code, word) in [
        (vec!["--base", &url], 104, "--new-url"),
        (vec!["--new", &url], 104, "--base"),
        (vec!["--base", &url, "--new", "x"], 104, "the base URL"),
        (vec!["--base", &url, "--new", &url, "--tolerance", "x"], 104, "0% to 100%"),
        (vec!["--base", &url, "--new", "http://127.0.0.1:9"], 1, "http://127.0.0.1:9"),
    ] {
        let (ended, _, stderr) = pair(&arguments);
        assert_eq!(ended, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(word) && stderr.lines().count() == 1, "{arguments:?}: {stderr}");
    }
}
