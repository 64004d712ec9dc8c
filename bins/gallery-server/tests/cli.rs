//! The binary as a user sees it: first line, answers, errors, exit codes.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const TOKEN: &str = "token-that-must-not-show";

const PUZZLES: &str = "/api/runtime/puzzle/gallery";
const MY_PUZZLES: &str = "/api/runtime/puzzle/works";

const DATASET: &str = r#"{
  "format": "genarrative-works", "formatVersion": 1, "keyId": "00112233aabbccdd",
  "tables": {"puzzle_work_profile": [
    {"profile_id": "p1", "owner_user_id": "u1"}, {"profile_id": "p2", "owner_user_id": "u2"}]},
  "normalizedWorks": [
    {"kind": "puzzle", "table": "puzzle_work_profile", "profileId": "p1", "ownerUserId": "u1", "published": true},
    {"kind": "puzzle", "table": "puzzle_work_profile", "profileId": "p2", "ownerUserId": "u2", "published": false}],
  "counts": {"puzzle_work_profile": 2, "normalizedWorks": 2}
}"#;

/// The binary with none of the variables that it reads.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gallery-server"));
    for name in ["AUTH_TOKEN", "WORKS_DATA", "GENARRATIVE_API_MAX_CONCURRENT_REQUESTS"] {
        command.env_remove(name);
    }
    command
}

/// A folder with the dataset in `works.json` and the token in `token`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("works.json"), DATASET).unwrap();
    std::fs::write(folder.path().join("token"), format!("\u{feff}{TOKEN}\r\n")).unwrap();
    folder
}

/// A server that listens; it is killed when the test ends.
struct Running {
    child: Child,
    first_line: String,
    addr: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first_line).unwrap();
        let url = first_line.split(' ').nth(3).unwrap_or_else(|| panic!("{first_line:?}"));
        let addr = url.strip_prefix("http://").unwrap().to_owned();
        Self { child, first_line, addr }
    }

    /// With the dataset of `folder` on a free port, and more arguments.
    fn with(folder: &TempDir, arguments: &[&str]) -> Self {
        let mut command = command();
        command.current_dir(folder.path()).args(["--works-data", "works.json", "--listen"]);
        command.arg("127.0.0.1:0").args(arguments);
        Self::start(command)
    }

    /// The whole response to one request on a connection of its own.
    fn get(&self, path: &str, token: &str) -> String {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n");
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    fn status(&self, path: &str, token: &str) -> String {
        self.get(path, token).split(' ').nth(1).unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A run that ends by itself: its exit code and its one line of error.
fn fails(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(stdout.is_empty(), "{stdout:?}");
    (status.code().unwrap(), stderr)
}

/// The same with arguments, whose error must be one line.
fn fails_with(arguments: &[&str]) -> (i32, String) {
    let (code, line) = fails(command().current_dir(folder().path()).args(arguments));
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("gallery-server: "), "{line}");
    (code, line)
}

#[test]
fn the_first_line_says_where_and_what() {
    let server = Running::with(&folder(), &[]);
    let expected = format!(
        "gallery-server: listening on http://{} (2 works, key id 00112233aabbccdd)\n",
        server.addr
    );
    assert_eq!(server.first_line, expected);
    assert!(server.addr.starts_with("127.0.0.1:") && !server.addr.ends_with(":0"));
    let list = server.get(PUZZLES, "");
    assert!(list.contains(r#""profileId":"p1""#) && !list.contains(r#""profileId":"p2""#));
}

#[test]
fn the_committed_sample_is_served_where_no_dataset_is_given() {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"].iter().collect();
    let sample = dataset::Dataset::from_json(&std::fs::read(path).unwrap()).unwrap();
    let mut command = command();
    // An empty variable counts as not set.
    command.args(["--listen", "127.0.0.1:0"]).env("WORKS_DATA", "").env("AUTH_TOKEN", "");
    let server = Running::start(command);
    let what = format!("({} works, key id {})\n", sample.works().len(), sample.key_id());
    assert!(server.first_line.ends_with(&what), "{}", server.first_line);
    assert_eq!(server.status(MY_PUZZLES, ""), "401");
}

#[test]
fn variables_work_where_flags_are_missing() {
    let folder = folder();
    // Not every machine has IPv6.
    let listen = if TcpListener::bind("[::1]:0").is_ok() { "[::1]:0" } else { "127.0.0.1:0" };
    let mut command = command();
    command.current_dir(folder.path()).args(["--listen", listen]);
    command.env("WORKS_DATA", "works.json").env("AUTH_TOKEN", TOKEN);
    let server = Running::start(command);
    assert!(server.first_line.contains("(2 works"));
    assert_eq!(server.status(MY_PUZZLES, TOKEN), "200");
    assert_eq!(server.status(MY_PUZZLES, "wrong"), "401");
}

#[test]
fn the_token_file_opens_the_personal_routes_of_the_user() {
    let server = Running::with(&folder(), &["--auth-token-file", "token", "--auth-user", "u2"]);
    assert_eq!(server.status(&format!("{MY_PUZZLES}/p2"), TOKEN), "200");
    assert_eq!(server.status(&format!("{MY_PUZZLES}/p1"), TOKEN), "404");
    assert_eq!(server.status(MY_PUZZLES, "wrong"), "401");
}

#[test]
fn entries_faults_latency_and_limit_reach_the_service() {
    let server = Running::with(
        &folder(),
        &[
            "--disable-entry",
            "custom-world",
            "--latency",
            "1ms",
            "--max-concurrent-requests",
            "1",
            "--fault",
            "every=2,action=status:502,path=/api/runtime/puzzle/gallery",
            "--fault",
            "every=1,action=hang,path=/api/runtime/puzzle/works",
        ],
    );
    assert!(
        server.get("/api/runtime/custom-world-gallery", "").contains("creation_entry_disabled")
    );
    assert_eq!(server.status(PUZZLES, ""), "502");
    assert_eq!(server.status(PUZZLES, ""), "200");
    let mut hanging = TcpStream::connect(&server.addr).unwrap();
    hanging.write_all(format!("GET {MY_PUZZLES} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
    // The request may still be on its way, so its place is not taken yet.
    while server.status(PUZZLES, "") != "429" {}
    assert_eq!(server.status("/healthz", ""), "200");
}

#[test]
fn wrong_values_are_104_and_name_the_setting() {
    for (arguments, names) in [
        (&["--listen", "localhost:1"][..], "--listen"),
        (&["--listen", "0.0.0.0:0"], "--allow-non-loopback"),
        (&["--listen", "[::]:0"], "--allow-non-loopback"),
        (&["--max-concurrent-requests", "0"], "--max-concurrent-requests"),
        (&["--max-concurrent-requests", "-1"], "--max-concurrent-requests"),
        (&["--disable-entry", "puzzles"], "--disable-entry"),
        (&["--latency", "9"], "--latency"),
        (&["--latency", "-9ms"], "--latency"),
        (&["--fault", "every=0,action=hang"], "--fault"),
        (&["--fault", "every=1,action=status:200"], "--fault"),
        (&["--fault", "every=1,action=hang,path=api"], "--fault"),
        (&["--auth-user", "u1"], "--auth-user"),
        (
            &["--works-data", "works.json", "--auth-token-file", "token", "--auth-user", "u3"],
            "--auth-user",
        ),
        (&["--auth-token-file", "works.json"], "--auth-token-file"),
    ] {
        let (code, line) = fails_with(arguments);
        assert_eq!(code, 104, "{line}");
        assert!(line.contains(names), "{arguments:?}: {line}");
    }
}

#[test]
fn wrong_variables_are_104_and_name_the_variable() {
    for (name, value) in
        [("GENARRATIVE_API_MAX_CONCURRENT_REQUESTS", "many"), ("AUTH_TOKEN", "has a space")]
    {
        let (code, line) = fails(command().args(["--listen", "127.0.0.1:0"]).env(name, value));
        assert_eq!(code, 104, "{line}");
        assert!(line.contains(name) && !line.contains(value), "{line}");
    }
}

#[test]
fn what_cannot_be_done_is_1_and_says_which_and_why() {
    let (code, line) = fails_with(&["--works-data", "absent/works.json"]);
    assert_eq!(code, 1);
    let tried = PathBuf::from("absent").join("works.json");
    assert!(line.contains(tried.to_str().unwrap()) && line.contains("--works-data"), "{line}");
    assert!(!line.contains("works data absent"), "the whole path is shown: {line}");

    let (code, line) = fails_with(&["--works-data", "token"]);
    assert_eq!(code, 1);
    assert!(line.contains("not valid JSON") && !line.contains(TOKEN), "{line}");

    // Someone may give the token in place of its file.
    let (code, line) = fails_with(&["--auth-token-file", TOKEN]);
    assert_eq!(code, 1);
    assert!(line.contains("--auth-token-file") && !line.contains(TOKEN), "{line}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (code, line) = fails_with(&["--works-data", "works.json", "--listen", &addr]);
    assert_eq!(code, 1);
    assert!(line.contains(&addr) && line.contains("--listen"), "{line}");
}

#[test]
fn usage_errors_are_2_and_there_is_no_flag_for_a_token() {
    for arguments in [&["--auth-token=x"][..], &["--auth-token", "x"], &["--listen"], &["extra"]] {
        assert_eq!(fails(command().args(arguments)).0, 2, "{arguments:?}");
    }
}

#[test]
fn help_names_every_variable_and_exit_code() {
    let help = command().arg("--help").output().unwrap();
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for text in
        ["WORKS_DATA", "AUTH_TOKEN", "GENARRATIVE_API_MAX_CONCURRENT_REQUESTS", "104", "every=N"]
    {
        assert!(help.contains(text), "{text} is missing");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_it_cleanly_and_the_token_was_never_printed() {
    for signal in ["TERM", "INT"] {
        let mut server = Running::with(&folder(), &["--auth-token-file", "token"]);
        assert_eq!(server.status(MY_PUZZLES, TOKEN), "200");
        let idle = TcpStream::connect(&server.addr).unwrap();
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
        let mut printed = server.first_line.clone();
        server.child.stdout.as_mut().unwrap().read_to_string(&mut printed).unwrap();
        server.child.stderr.as_mut().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(printed, server.first_line, "nothing but the first line is printed");
        assert!(!printed.contains(TOKEN));
        drop(idle);
    }
}

#[cfg(unix)]
#[test]
fn running_out_of_descriptors_is_survived() {
    let folder = folder();
    let mut shell = Command::new("sh");
    shell.env_remove("AUTH_TOKEN").env_remove("GENARRATIVE_API_MAX_CONCURRENT_REQUESTS");
    shell.args(["-c", "ulimit -n 32; exec \"$0\" --listen 127.0.0.1:0"]);
    shell
        .arg(env!("CARGO_BIN_EXE_gallery-server"))
        .env("WORKS_DATA", folder.path().join("works.json"));
    let server = Running::start(shell);
    let crowd: Vec<TcpStream> =
        (0..60).map(|_| TcpStream::connect(&server.addr).unwrap()).collect();
    drop(crowd);
    assert_eq!(server.status("/healthz", ""), "200");
}
