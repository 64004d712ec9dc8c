//! What a user reads when this machine is the limit. The limits are the child's own, so that no other
//! test feels them.

#![cfg(unix)]
// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};

/// A test of 0.3 s with 60 users.
const SMOKE: [&str; 3] = ["smoke", "--vus=60", "--duration=300ms"];

/// A gallery over the committed sample, which the limits of a child do not concern.
fn gallery() -> EmbeddedGallery {
    let sample =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/works-list.sample.json");
    let dataset = Dataset::from_json(&std::fs::read(sample).unwrap()).unwrap();
    EmbeddedGallery::start(Gallery::new(&dataset, GalleryConfig::new()).unwrap()).unwrap()
}

/// Runs the binary by a shell that first does `limit`, against this target or its embedded gallery.
/// Of the environment only the path is left, because it may have settings.
fn limited(shell: &[&str], limit: &str, target: Option<&EmbeddedGallery>) -> Output {
    let (program, arguments) = shell.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg("-c").arg(format!("{limit} && exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_loadtest")).args(SMOKE);
    command.args(target.map(|gallery| format!("--base-url={}", gallery.base_url())));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).output().unwrap()
}

/// The text from FINDINGS to the next section.
fn findings(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let (_, rest) = text.split_once("█ FINDINGS").unwrap_or_else(|| panic!("{text}{error}"));
    rest.split_once("█ ENDPOINTS").unwrap().0.to_owned()
}

#[test]
fn without_limits_there_are_no_findings() {
    let output = limited(&["sh"], "true", None);
    let text = String::from_utf8(output.stdout).unwrap();
    // A busy machine may make the run no evidence, but nothing fails.
    assert!(output.status.code().is_some_and(|code| [0, 98].contains(&code)), "{text}");
    assert!(text.contains("CONSERVATION") && !text.contains("FINDINGS"), "{text}");
}

#[test]
fn descriptors_that_run_out_are_this_machines() {
    let output = limited(&["sh"], "ulimit -n 50", Some(&gallery()));
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(99), "{found}");
    assert!(found.contains("✗ This machine ran out of file descriptors"), "{found}");
    for words in [
        "[problem: descriptors-exhausted]",
        "error descriptors: ",
        "the service never saw these requests",
        "next:  Raise the limit in the shell that starts the test: ulimit -n",
        "MAX_VUS",
        "loadtest plan",
    ] {
        assert!(found.contains(words), "{words} is not in {found}");
    }
}

/// In a network of its own, the process may have as few ports as it likes. Where the system does not
/// allow that, constructed runs (crates/diagnosis) are all that tests the advice.
#[cfg(target_os = "linux")]
#[test]
fn ports_that_run_out_are_this_machines() {
    let network = ["unshare", "--map-root-user", "--net", "sh"];
    let few = "ip link set lo up && echo '40000 40019' > /proc/sys/net/ipv4/ip_local_port_range";
    let allowed = Command::new(network[0]).args(&network[1..]).args(["-c", few]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return;
    }
    let output = limited(&network, few, None);
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(99), "{found}");
    for words in [
        "✗ This machine ran out of local ports [problem: ports-exhausted]",
        "error ports: ",
        "the service never saw these requests",
        "net.ipv4.ip_local_port_range",
        "loadtest plan",
    ] {
        assert!(found.contains(words), "{words} is not in {found}");
    }
}
