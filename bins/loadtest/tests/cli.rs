//! The binary as a user sees it: verdicts, exit codes, errors, files.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::net::TcpListener;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::{Command, Output};

use dataset::Dataset;
use gallery::{EmbeddedGallery, Fault, FaultAction, Gallery, GalleryConfig};
use tempfile::TempDir;

const TOKEN: &str = "token-that-must-not-show";

const VARIABLES: [&str; 38] = [
    "COLUMNS",
    "OUTPUT",
    "PLAN",
    "RUN_ID",
    "TRACE_SHARE",
    "CACERT",
    "CONNECT_TIMEOUT",
    "GZIP",
    "HEADER_TIMEOUT",
    "HTTP",
    "INSECURE",
    "UNIX_SOCKET",
    "AUTH_TOKEN",
    "AUTH_USER",
    "BASE_URL",
    "DETAIL_RATIO",
    "DURATION",
    "ENDPOINTS",
    "END_RPS",
    "GRACEFUL_STOP",
    "HOLD",
    "MAX_VUS",
    "NGINX_ACCESS_LOG",
    "NO_COLOR",
    "PEAK_RPS",
    "PREALLOCATED_VUS",
    "RAMP_DOWN",
    "RAMP_UP",
    "SCENARIO",
    "SEED",
    "START_RPS",
    "SUMMARY_EXPORT",
    "SUMMARY_TREND_STATS",
    "TIMEOUT",
    "VUS",
    "WORKS_DATA",
    "HTTP_PROXY",
    "http_proxy",
];

/// A spike of 39 iterations within 0.4 s.
const SHORT: [(&str, &str); 5] = [
    ("START_RPS", "100"),
    ("PEAK_RPS", "100"),
    ("RAMP_UP", "0s"),
    ("HOLD", "400ms"),
    ("RAMP_DOWN", "0s"),
];

/// The binary with none of the variables that it reads.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn spike(variables: &[(&str, &str)]) -> Command {
    let mut command = command(&["run"]);
    command.env("SCENARIO", "spike").envs(SHORT).envs(variables.iter().copied());
    command
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!stdout.contains(TOKEN) && !stderr.contains(TOKEN), "{stdout}{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ended { code: status.code().unwrap_or(-1), stdout, stderr }
}

/// A run that never begins: its exit code and its one line of error.
fn fails(command: &mut Command) -> (i32, String) {
    let ended = run(command);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("loadtest: "), "{}", ended.stderr);
    (ended.code, ended.stderr)
}

fn sample() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"].iter().collect()
}

/// A gallery over the committed sample.
fn gallery(config: GalleryConfig) -> EmbeddedGallery {
    let dataset = Dataset::from_json(&std::fs::read(sample()).unwrap()).unwrap();
    EmbeddedGallery::start(Gallery::new(&dataset, config).unwrap()).unwrap()
}

/// A dataset of the sample's form with other ids.
fn other_dataset(folder: &TempDir) -> PathBuf {
    let text = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"puzzle_work_profile":[{"profile_id":"x"}]},
"normalizedWorks":[{"kind":"puzzle","table":"puzzle_work_profile","profileId":"x","published":true}],
"counts":{"puzzle_work_profile":1,"normalizedWorks":1}}"#;
    let path = folder.path().join("other.json");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn without_a_base_url_the_embedded_gallery_is_tested() {
    let ended = run(&mut spike(&[]));
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let first = ended.stdout.lines().next().unwrap();
    assert!(
        first.contains("BASE_URL is not set") && first.contains("http://127.0.0.1:"),
        "{first}"
    );
    assert!(ended.stdout.contains("PASS"), "{}", ended.stdout);
    assert!(ended.stdout.contains("39 planned = 39 completed + 0 dropped + 0 interrupted"));
    assert!(ended.stdout.contains("200 HTTP requests/s at the peak"));
    assert!(!ended.stdout.contains('\u{1b}'), "colours belong on a terminal");
}

#[test]
fn smoke_and_baseline_have_their_own_thresholds() {
    for (scenario, p95) in [("smoke", false), ("baseline", true)] {
        let ended = run(&mut command(&[scenario, "--duration", "200ms", "--vus", "2"]));
        assert_eq!(ended.code, 0, "{}", ended.stdout);
        assert_eq!(ended.stdout.contains("p(95)<800"), p95);
        assert!(ended.stdout.contains("constant-vus, 2 for 200ms"));
    }
}

#[test]
fn what_is_undecided_passes_with_a_doubt_and_not_where_the_run_is_strict() {
    // 39 iterations are 78 requests, which say nothing about one in a hundred.
    let ended = run(&mut spike(&[]));
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("303 more samples are needed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("undecided: http_req_failed: rate<0.01"), "{}", ended.stdout);
    for (flag, variable, code) in
        [(Some("--strict"), "", 98), (None, "true", 98), (Some("--strict=false"), "true", 0)]
    {
        let mut command = spike(&[("STRICT", variable)]);
        command.args(flag);
        let ended = run(&mut command);
        assert_eq!(ended.code, code, "{flag:?} {variable}: {}", ended.stdout);
        assert_eq!(ended.stdout.contains("NO EVIDENCE"), code == 98, "{}", ended.stdout);
    }
}

#[test]
fn flags_go_before_variables_and_empty_variables_are_not_set() {
    let mut command = command(&["smoke", "--duration=100ms"]);
    command.env("DURATION", "1h").env("VUS", "").env("SCENARIO", "nonsense");
    let ended = run(&mut command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("constant-vus, 1 for 100ms"), "{}", ended.stdout);
}

#[test]
fn endpoints_choose_a_single_list() {
    let gallery = gallery(GalleryConfig::new());
    let endpoints = "/api/runtime/puzzle/gallery";
    let ended = run(&mut spike(&[("BASE_URL", &gallery.base_url()), ("ENDPOINTS", endpoints)]));
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(gallery.stats().count(endpoints, 200), 39);
    assert_eq!(gallery.stats().total_responses(), 39);
}

#[test]
fn a_token_opens_the_personal_lists_and_shows_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let export = folder.path().join("summary.json");
    let token = gallery::AuthToken::new(TOKEN).unwrap();
    let gallery = gallery(GalleryConfig::new().auth_token(token));
    let base_url = gallery.base_url();
    let with = |token: &str| run(&mut spike(&[("BASE_URL", &base_url), ("AUTH_TOKEN", token)]));

    let right = with(TOKEN);
    assert_eq!(right.code, 0, "{}", right.stdout);
    assert_eq!(gallery.stats().count("/api/runtime/puzzle/works", 200), 39);
    let wrong = with("wrong");
    assert_eq!(wrong.code, 99, "{}", wrong.stdout);
    assert!(wrong.stdout.contains("status 401"), "{}", wrong.stdout);

    let mut command = spike(&[("BASE_URL", &base_url)]);
    command.arg("--auth-token-file").arg(file).arg("--summary-export").arg(&export);
    assert_eq!(run(&mut command).code, 0);
    assert!(!std::fs::read_to_string(export).unwrap().contains(TOKEN));
}

#[test]
fn the_embedded_gallery_takes_the_given_token() {
    let ended = run(&mut spike(&[("AUTH_TOKEN", TOKEN), ("DETAIL_RATIO", "1")]));
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("puzzle-works-detail"), "{}", ended.stdout);
}

#[test]
fn details_pass_on_their_own_dataset_and_fail_on_another() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = gallery(GalleryConfig::new());
    let base_url = gallery.base_url();
    let with = |data: &str| {
        let variables = [("BASE_URL", base_url.as_str()), ("WORKS_DATA", data)];
        run(spike(&variables).env("DETAIL_RATIO", "0.35"))
    };
    let own = with(sample().to_str().unwrap());
    assert_eq!(own.code, 0, "{}{}", own.stdout, own.stderr);
    assert!(own.stdout.contains("works_detail_shape_error_rate"));
    let other = with(other_dataset(&folder).to_str().unwrap());
    assert_eq!(other.code, 99, "{}", other.stdout);
    assert!(other.stdout.contains("status 404"), "{}", other.stdout);
}

#[test]
fn a_misshapen_body_is_named_and_fails_the_run() {
    let fault = Fault::new(NonZeroU64::new(5).unwrap(), FaultAction::WrongShape);
    let gallery = gallery(GalleryConfig::new().fault(fault));
    let ended = run(&mut spike(&[("BASE_URL", &gallery.base_url())]));
    assert_eq!(ended.code, 99);
    assert!(ended.stdout.contains("/data/items/*/profileId"), "{}", ended.stdout);
}

#[test]
fn the_summary_is_exported_in_k6s_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let mut command = spike(&[("SUMMARY_TREND_STATS", "avg,min,med,p(90),p(95),p(99),max")]);
    assert_eq!(run(command.arg("--summary-export").arg(&path)).code, 0);
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(summary["metrics"]["http_reqs"]["count"], 78);
    assert_eq!(summary["metrics"]["iterations"]["count"], 39);
    assert!(summary["metrics"]["http_req_duration"]["p(99)"].is_number());
    // k6 says true where a threshold failed.
    assert_eq!(summary["metrics"]["http_req_failed"]["thresholds"]["rate<0.01"], false);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no partial file is left");
}

#[test]
fn new_502s_of_nginx_fail_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    std::fs::write(&log, "{\"status\":\"502\",\"us\":\"502\"}\n").unwrap();
    // Nothing is written while the load runs, so that the log says nothing about its window.
    let ended = run(&mut spike(&[("NGINX_ACCESS_LOG", log.to_str().unwrap())]));
    assert_eq!(ended.code, 98, "{}", ended.stdout);
    assert!(ended.stdout.contains("nginx_502"), "{}", ended.stdout);
    let missing = folder.path().join("absent.log");
    let (code, line) = fails(&mut spike(&[("NGINX_ACCESS_LOG", missing.to_str().unwrap())]));
    assert!(code == 1 && line.contains("absent.log"), "{code} {line}");
}

#[test]
fn values_that_make_no_sense_are_104_in_one_line() {
    for (variable, value) in [
        ("PEAK_RPS", "-5"),
        ("PEAK_RPS", "2000000"),
        ("START_RPS", "many"),
        ("MAX_VUS", "0"),
        ("HOLD", "60"),
        ("HOLD", "-3s"),
        ("DETAIL_RATIO", "2"),
        ("DETAIL_RATIO", "-0.1"),
        ("SEED", "x"),
        ("TIMEOUT", "0s"),
        ("TIMEOUT", "2562047788015215h"),
        ("SCENARIO", "soak"),
        ("SUMMARY_TREND_STATS", "p95"),
        ("BASE_URL", "127.0.0.1:8787"),
        ("ENDPOINTS", "nope"),
        ("ENDPOINTS", "puzzle-works"),
        ("AUTH_TOKEN", "has a space"),
    ] {
        let (code, line) = fails(&mut spike(&[(variable, value)]));
        assert_eq!(code, 104, "{variable}={value}: {line}");
    }
    let (code, line) = fails(&mut command(&["spike", "--peak-rps", "-5"]));
    assert_eq!((code, line.contains("--peak-rps -5")), (104, true), "{line}");
    let (code, line) = fails(&mut spike(&[("PREALLOCATED_VUS", "50"), ("MAX_VUS", "20")]));
    assert_eq!(code, 104, "{line}");
    let secret = "http://user:hunter2@127.0.0.1:1";
    assert!(!fails(&mut spike(&[("BASE_URL", secret)])).1.contains("hunter2"));
}

#[test]
fn what_is_not_there_is_1_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (code, line) = fails(spike(&[("WORKS_DATA", "data/absent.json")]).current_dir(&folder));
    let tried = PathBuf::from("data").join("absent.json");
    assert_eq!(code, 1);
    assert!(line.contains(tried.to_str().unwrap()), "{line}");
    assert!(
        line.contains(folder.path().file_name().unwrap().to_str().unwrap()),
        "whole path: {line}"
    );

    let garbage = folder.path().join("garbage.json");
    std::fs::write(&garbage, "{\"secret\": \"alice@secret.example\"").unwrap();
    let (code, line) = fails(&mut spike(&[("WORKS_DATA", garbage.to_str().unwrap())]));
    assert!(code == 1 && !line.contains("alice"), "{code} {line}");

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(&mut spike(&[("BASE_URL", &format!("http://{free}"))]));
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains(&free.to_string()) && ended.stderr.contains("refused"));

    let export = folder.path().join("no-folder").join("summary.json");
    let (code, line) = fails(spike(&[]).arg("--summary-export").arg(&export));
    assert!(code == 1 && line.contains("summary.json"), "{code} {line}");
    let (code, line) = fails(spike(&[]).args(["--auth-token-file", TOKEN]));
    assert!(code == 1 && line.contains("--auth-token-file"), "{code} {line}");
}

#[test]
fn usage_errors_are_2_and_there_is_no_flag_for_a_token() {
    for arguments in [
        &["--nonsense"][..],
        &["smoke", "--auth-token", "x"],
        &["smoke", "--peak-rps", "5"],
        &["spike", "--vus", "5"],
        &[],
    ] {
        let ended = run(&mut command(arguments));
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn help_names_every_variable_and_exit_code() {
    let ended = run(&mut command(&["run", "--help"]));
    let own =
        VARIABLES.iter().filter(|name| !["NO_COLOR", "HTTP_PROXY", "http_proxy"].contains(name));
    for text in own.chain(&["105", "104", "99", "98"]) {
        let shown =
            ended.stdout.contains(text) || run(&mut command(&["--help"])).stdout.contains(text);
        assert!(ended.code == 0 && shown, "{text} is missing in {}", ended.stdout);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_finishes_and_reports() {
    use std::io::Read as _;
    use std::process::Stdio;

    let mut command = spike(&[("HOLD", "30s"), ("PEAK_RPS", "20"), ("START_RPS", "20")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // The last line before the load begins.
    let mut printed = Vec::new();
    while !String::from_utf8_lossy(&printed).contains("\nseed ") {
        let mut piece = [0; 256];
        let read = stdout.read(&mut piece).unwrap();
        printed.extend_from_slice(&piece[..read]);
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let code = child.wait().unwrap().code();
    stdout.read_to_end(&mut printed).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(code, Some(105), "{printed}");
    assert!(printed.contains("CONSERVATION") && !printed.contains('✗'), "{printed}");
}
