//! `loadtest plan` and plan files as a user sees them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, Sender, channel};

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};

const TOKEN: &str = "token-that-must-not-show";

/// The binary with no variable but these.
fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.args(arguments).env_clear().envs(variables.iter().copied());
    // Windows starts no socket without it.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!stdout.contains(TOKEN) && !stderr.contains(TOKEN), "{stdout}{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    (status.code().unwrap_or(-1), stdout, stderr)
}

fn planned(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (code, stdout, stderr) = run(command(&["plan"], variables).args(arguments));
    assert_eq!(code, 0, "{stderr}");
    stdout
}

fn refused(arguments: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = run(&mut command(arguments, &[]));
    assert!(stdout.is_empty() && stderr.lines().count() == 1, "{stdout}{stderr}");
    (code, stderr)
}

/// What stands behind a name at the beginning of a line.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
    found.unwrap_or_else(|| panic!("no {name} in {text}")).trim()
}

fn sample() -> String {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"].iter().collect();
    path.to_str().unwrap().to_owned()
}

fn gallery() -> EmbeddedGallery {
    let dataset = Dataset::from_json(&std::fs::read(sample()).unwrap()).unwrap();
    EmbeddedGallery::start(Gallery::new(&dataset, GalleryConfig::new()).unwrap()).unwrap()
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_documented_spike_is_foretold_and_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let text = planned(&["--scenario", "spike"], &[("BASE_URL", &base_url)]);
    assert_eq!(line(&text, "iterations"), "1799");
    assert_eq!(line(&text, "at the peak"), "25 iterations/s × 2 requests = 50 HTTP requests/s");
    assert_eq!(line(&text, "HTTP requests"), "3598");
    assert!(line(&text, "virtual users").starts_with("10 busy at the peak, 400ms"), "{text}");
    assert!(line(&text, "puzzle-gallery").starts_with("1799 requests, 25/s"), "{text}");
    assert_eq!(line(&text, "✓ http_req_duration: p(95)<2000"), "3598 samples, 72 needed");
    assert_eq!(line(&text, "connections"), "10 at the peak, 100 if every virtual user is busy");
    assert!(text.contains("local ports") && text.contains("descriptors"), "{text}");
    let refused = listener.accept().unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock, "somebody connected");
}

#[test]
fn settings_change_the_forecast_as_they_change_the_run() {
    let variables = [
        ("SCENARIO", "spike"),
        ("PEAK_RPS", "100"),
        ("HOLD", "10s"),
        ("DETAIL_RATIO", "0.35"),
        ("AUTH_TOKEN", TOKEN),
        ("SERVICE_TIME", "1s"),
        ("MAX_VUS", "40"),
    ];
    let text = planned(&[], &variables);
    assert_eq!(
        line(&text, "at the peak"),
        "100 iterations/s × 4.35 requests = 435 HTTP requests/s"
    );
    let users = line(&text, "virtual users");
    assert!(users.starts_with("435 busy") && users.contains("of 40: TOO FEW"), "{users}");
    let smoke = planned(&["--service-time", "75ms"], &[]);
    assert_eq!(line(&smoke, "iterations"), "about 200");
    assert_eq!(line(&smoke, "✓ http_req_failed: rate<0.01"), "400 samples, 381 needed");
    let slow = planned(&[], &[]);
    assert!(line(&slow, "✗ http_req_failed: rate<0.01").starts_with("150 samples, TOO FEW"));
}

#[test]
fn a_probe_sends_one_iteration_and_no_more() {
    let gallery = gallery();
    let text = planned(&["--probe", "--scenario", "spike"], &[("BASE_URL", &gallery.base_url())]);
    assert!(text.contains("the median of one iteration that was sent"), "{text}");
    assert_eq!(gallery.stats().total_responses(), 2);
    assert_eq!(line(&text, "iterations"), "1799");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, error) = refused(&["plan", "--probe", "--base-url", &format!("http://{free}")]);
    assert!(code == 1 && error.contains("refused"), "{code} {error}");
}

#[test]
fn the_built_in_plan_is_printed_and_can_be_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let printed = planned(&["--print"], &[]);
    assert!(
        printed.contains("[scenario.spike]") && printed.contains("/api/runtime/puzzle/gallery")
    );
    let path = written(folder.path(), "plan.toml", &printed);
    assert_eq!(planned(&["--print", "--plan", &path], &[]), printed);
    let spike = ["--scenario", "spike"];
    assert_eq!(planned(&spike, &[("PLAN", &path)]), planned(&spike, &[]));
}

#[test]
fn every_planned_start_is_written_in_nanoseconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("starts.txt");
    let starts = |arguments: &[&str]| {
        let mut all = vec!["--arrivals", path.to_str().unwrap()];
        all.extend(arguments);
        planned(&all, &[]);
        let text = std::fs::read_to_string(&path).unwrap();
        text.lines().map(|line| line.parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let spike = starts(&["--scenario", "spike"]);
    assert_eq!(spike.len(), 1799);
    assert!(spike.is_sorted() && *spike.last().unwrap() < 80_000_000_000);
    // 5t + t² = 1 of a ramp from 5 to 25 in 10 s: t = (√29 − 5) / 2.
    assert!(spike[0].abs_diff(192_582_403) <= 1, "{}", spike[0]);

    let plan = r#"
version = 1
[[endpoint]]
name = "a"
path = "/a"
[scenario.one]
executor = "constant-arrival-rate"
rate = 2
duration = "2s"
[scenario.two]
executor = "constant-arrival-rate"
rate = 1
duration = "2s"
start_time = "750ms"
"#;
    let plan = written(folder.path(), "two.toml", plan);
    let both = starts(&["--plan", &plan, "--scenario", "one,two"]);
    let millis: Vec<_> = both.iter().map(|start| start / 1_000_000).collect();
    assert_eq!(millis, [0, 500, 750, 1000, 1500, 1750]);

    let (code, error) = refused(&["plan", "--scenario", "smoke", "--arrivals", "x"]);
    assert!(code == 104 && error.contains("--arrivals"), "{error}");
    let lost = folder.path().join("no-folder").join("starts");
    let lost = lost.to_str().unwrap();
    let (code, _) = refused(&["plan", "--scenario", "spike", "--arrivals", lost]);
    assert_eq!(code, 1);
}

#[test]
fn a_plan_file_is_run_with_its_own_shapes_headers_and_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = gallery();
    written(folder.path(), "any.json", r#"{"type":"object","required":["neverThere"]}"#);
    let plan = r#"
version = 1
[[endpoint]]
name = "list"
path = "/api/runtime/puzzle/gallery"
headers = { Accept-Language = "zh" }
pause = "10ms"
[[endpoint]]
name = "shaped"
path = "/api/runtime/custom-world-gallery"
shape = "any.json"
probability = 1.0
[scenario.twice]
executor = "per-vu-iterations"
vus = 2
iterations = 3
thresholds = { http_req_failed = ["rate<0.01"] }
[scenario.once]
executor = "shared-iterations"
iterations = 1
endpoints = ["list"]
thresholds = { "http_req_duration{endpoint:list}" = ["max<60000"] }
"#;
    let plan = written(folder.path(), "plan.toml", plan);
    let base_url = gallery.base_url();
    let variables = [("BASE_URL", base_url.as_str()), ("PLAN", &plan), ("RUN_ID", "my-run")];
    let (code, stdout, stderr) =
        run(command(&["run", "--trace-share", "1"], &variables).env("SCENARIO", "twice,once"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("/neverThere"), "{stdout}");
    assert!(stdout.contains("my-run"), "{stdout}");
    assert!(stdout.contains("7 planned = 7 completed"), "{stdout}");
    assert_eq!(gallery.stats().count("/api/runtime/puzzle/gallery", 200), 7);
    assert_eq!(gallery.stats().count("/api/runtime/custom-world-gallery", 200), 6);
}

/// A server that answers everything with `{}`, and the heads of the requests that it gets.
fn listening() -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || answer(&stream.unwrap(), &sender));
        }
    });
    (base_url, heads)
}

fn answer(mut stream: &TcpStream, sender: &Sender<Vec<String>>) {
    let mut head = Vec::new();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if !line.is_empty() {
            head.push(line.to_lowercase());
            continue;
        }
        let body = if head[0].starts_with("head ") { "" } else { "{}" };
        sender.send(std::mem::take(&mut head)).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{body}").unwrap();
    }
}

#[test]
fn requests_say_what_the_plan_and_the_run_say_and_the_token_stays_at_home() {
    let ((home, at_home), (cdn, at_cdn)) = (listening(), listening());
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        r#"
version = 1
[[target]]
name = "cdn"
base_url = "{cdn}/prefix"
[[endpoint]]
name = "own"
path = "/own?x=1"
auth = true
headers = {{ Accept-Language = "zh", accept = "text/html" }}
[[endpoint]]
name = "other"
path = "/other"
method = "HEAD"
target = "cdn"
[scenario.once]
executor = "shared-iterations"
"#
    );
    let plan = written(folder.path(), "plan.toml", &plan);
    let variables = [("BASE_URL", home.as_str()), ("PLAN", &plan), ("AUTH_TOKEN", TOKEN)];
    let arguments = ["run", "--run-id", "my-run", "--trace-share", "1"];
    let (code, stdout, stderr) = run(&mut command(&arguments, &variables));
    assert_eq!(code, 0, "{stdout}{stderr}");

    let (own, other) = (at_home.recv().unwrap(), at_cdn.recv().unwrap());
    assert_eq!(own[0], "get /own?x=1 http/1.1");
    assert_eq!(other[0], "head /prefix/other http/1.1");
    let has = |head: &[String], line: &str| head.iter().any(|own| own == line);
    assert!(has(&own, "accept-language: zh") && has(&own, "accept: text/html"), "{own:?}");
    assert!(has(&other, "accept: application/json"), "{other:?}");
    let bearer = format!("authorization: bearer {TOKEN}");
    assert!(has(&own, &bearer) && !has(&other, &bearer));
    for head in [&own, &other] {
        assert!(has(head, "x-load-test-run: my-run"), "{head:?}");
        let begins = |start: &str| head.iter().any(|line| line.starts_with(start));
        assert!(begins("traceparent: 00-") && begins("user-agent: genarrative-loadtest/"));
        assert!(head.iter().any(|line| line.ends_with("(+run my-run)")), "{head:?}");
    }
    assert!(at_home.try_recv().is_err() && at_cdn.try_recv().is_err(), "one request each");
}

#[test]
fn plans_that_cannot_be_used_are_104_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let list = "version = 1\n[[endpoint]]\nname = \"a\"\npath = \"/a\"\n";
    let once = "executor = \"per-vu-iterations\"\nvus = 1\niterations = 1\n";
    let two = format!("{list}[scenario.x]\n{once}[scenario.y]\n{once}");
    for (text, part) in [
        ("version = 1\n", "no [[endpoint]]"),
        ("version = ", "line 1"),
        (&format!("{list}shape = \"absent.json\"\n"), "absent.json"),
        (&format!("{list}headers = {{ Authorization = \"{TOKEN}\" }}\n"), "line 2: endpoint \"a\""),
        (&format!("{list}auth = \"{TOKEN}\"\n"), "line 5"),
        (&two, "there is no scenario \"smoke\"; there are x, y"),
    ] {
        let path = written(folder.path(), "plan.toml", text);
        let (code, error) = refused(&["plan", "--plan", &path]);
        assert!(code == 104 && error.contains(part), "{code} {error}");
    }
    let path = written(folder.path(), "plan.toml", &two);
    let printed = planned(&["--print", "--plan", &path], &[]);
    assert_eq!(printed, two, "to read a plan, no scenario has to be chosen");
    let (code, error) = refused(&["plan", "--plan", "absent.toml"]);
    assert!(code == 1 && error.contains("absent.toml"), "{code} {error}");
    for arguments in [
        &["plan", "--scenario", "soak"][..],
        &["plan", "--scenario", "smoke,smoke"],
        &["plan", "--service-time", "0s"],
        &["plan", "--trace-share", "2"],
        &["plan", "--run-id", "a b"],
        &["plan", "--detail-ratio", "2"],
        &["plan", "--endpoints", "nope"],
    ] {
        assert_eq!(refused(arguments).0, 104, "{arguments:?}");
    }
}
