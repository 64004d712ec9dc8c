//! `loadtest capacity` as a user sees it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};

/// A search in short steps, without any of the variables that it reads.
fn capacity(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    let kept = std::env::var_os("PATH");
    command.env_clear().envs(kept.map(|path| ("PATH", path)));
    command.env("STEP_DURATION", "400ms").env("STEP_PAUSE", "50ms").arg("capacity");
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// 20 requests at once, each of 100 ms: 200 a second.
fn gallery() -> EmbeddedGallery {
    let sample: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"].iter().collect();
    let dataset = Dataset::from_json(&std::fs::read(sample).unwrap()).unwrap();
    let config = GalleryConfig::new()
        .max_concurrent_requests(NonZeroUsize::new(20).unwrap())
        .latency(Duration::from_millis(100));
    EmbeddedGallery::start(Gallery::new(&dataset, config).unwrap()).unwrap()
}

#[test]
fn a_capacity_is_printed_with_its_steps_and_its_confidence() {
    let gallery = gallery();
    let (code, stdout, stderr) = capacity(&[
        "--base-url",
        &gallery.base_url(),
        "--endpoints",
        "puzzle-gallery",
        "--slo",
        "failed<1%,avg<2s",
        "--from",
        "100",
        "--resolution",
        "20%",
    ]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    for part in [
        "that holds failed<1%, avg<2s, dropped<1%; an iteration makes 1 HTTP requests\n",
        "\nstep    rate/s  achieved",
        "\n   1       100 ",
        "  failed: failed<1%: ",
        "\n  CAPACITY  ",
        " steps held at ",
        " steps did not hold at ",
        " % sure that a step at ",
    ] {
        assert!(stdout.contains(part), "{part:?} in {stdout}");
    }
}

#[test]
fn an_objective_that_nothing_meets_fails_and_one_without_time_is_no_evidence() {
    let gallery = gallery();
    let url = gallery.base_url();
    let common = ["--base-url", url.as_str(), "--slo", "avg<50ms"];
    let (code, stdout, _) = capacity(&[&common[..], &["--from", "1"]].concat());
    assert_eq!(code, 99, "{stdout}");
    assert!(stdout.contains("  FAIL  below 1 iterations/s (2 HTTP requests/s)"), "{stdout}");

    let (code, stdout, _) = capacity(&[&common[..], &["--max-duration", "100ms"]].concat());
    assert_eq!(code, 98, "{stdout}");
    assert!(stdout.contains("  NO EVIDENCE  the time was up: no rate held\n"), "{stdout}");
}

#[test]
fn a_highest_rate_that_holds_is_a_capacity_too() {
    let (code, stdout, stderr) = capacity(&["--slo", "avg<5s", "--from", "5", "--max-rps", "10"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("  CAPACITY  at least 10 iterations/s (20 HTTP"), "{stdout}");
}

#[test]
fn settings_that_find_nothing_are_refused_in_one_line() {
    for (arguments, word) in [
        (["--slo", "p95<800"], "p(95)<800"),
        (["--slo", "http_req_duration{endpoint:typo}: p(95)<1"], "nothing that is requested"),
        (["--from", "0"], "iterations a second"),
        (["--from", "20000"], "no higher than the highest"),
        (["--resolution", "0.5%"], "1% to 100%"),
        (["--step-duration", "0s"], "longer than zero"),
    ] {
        let (code, stdout, stderr) = capacity(&arguments);
        assert_eq!((code, stdout.as_str()), (104, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(word) && stderr.lines().count() == 1, "{arguments:?}: {stderr}");
    }
}
