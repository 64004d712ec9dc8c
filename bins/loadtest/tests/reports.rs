//! Reports as files and on streams, and rendered again later.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const TOKEN: &str = "token-that-must-not-show";
const KINDS: [&str; 7] = ["csv", "hlog", "html", "json", "junit", "k6", "md"];

/// The binary in a folder of its own, with none of the variables of this process but those that it
/// takes to run at all.
fn loadtest(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.env_clear();
    for name in ["PATH", "SystemRoot", "TMPDIR", "TEMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.current_dir(folder.path()).args(arguments);
    command
}

/// A spike of 39 iterations within 0.4 s.
fn spike(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = loadtest(folder, &["spike"]);
    command.args(["--start-rps", "100", "--peak-rps", "100"]);
    command.args(["--ramp-up", "0s", "--hold", "400ms", "--ramp-down", "0s"]).args(arguments);
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    (status.code(), stdout, stderr)
}

fn outputs(name: &str) -> Vec<String> {
    let output = |kind: &&str| ["--output".to_owned(), format!("{kind}={name}.{kind}")];
    KINDS.iter().flat_map(output).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_report_is_written_listed_and_rendered_again_to_the_byte() {
    let folder = TempDir::new().unwrap();
    let typed = outputs("a");
    let arguments: Vec<_> = typed.iter().map(String::as_str).collect();
    let (code, stdout, _) = run(spike(&folder, &arguments).args(["--summary-export", "a.export"]));
    assert_eq!(code, Some(0), "{stdout}");
    let written = stdout.split_once("\nwritten:\n").unwrap().1;
    assert_eq!(written.lines().count(), KINDS.len() + 1, "{written}");
    assert!(
        written.contains("  html: a.html\n") && written.contains("  summary-export: a.export\n")
    );

    let typed = outputs("b");
    let (code, stdout, stderr) = run(loadtest(&folder, &["report", "a.json"])
        .args(&typed)
        .args(["--summary-export", "b.export"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("written:\n"), "{stdout}");
    let read = |name: String| fs::read(folder.path().join(name)).unwrap();
    for kind in KINDS.into_iter().chain(["export"]) {
        assert!(!read(format!("a.{kind}")).is_empty(), "{kind}");
        assert!(read(format!("a.{kind}")) == read(format!("b.{kind}")), "{kind} differs");
    }
    let result = json(&fs::read_to_string(folder.path().join("a.json")).unwrap());
    assert_eq!(result["files"][2], serde_json::json!({"kind": "html", "name": "a.html"}));
    assert_eq!(
        (&result["verdict"], &result["iterations"]["planned"]),
        (&"pass".into(), &39.into())
    );
}

#[test]
fn results_are_as_the_schema_says() {
    let schema = include_str!("../../../docs/result.schema.json");
    let judge = jsonschema::draft202012::new(&json(schema)).unwrap();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("access.log"), "").unwrap();
    let smoke = ["smoke", "--duration", "300ms", "--nginx-access-log", "access.log"];
    for (mut command, code) in [
        (spike(&folder, &["--detail-ratio", "0.5"]), 0),
        (spike(&folder, &["--preallocated-vus", "1", "--max-vus", "1", "--gzip"]), 0),
        (loadtest(&folder, &smoke), 98),
    ] {
        let (found, stdout, stderr) = run(command.arg("--json"));
        // Whether one virtual user is enough depends on the machine.
        assert!(found == Some(code) || found == Some(99), "{found:?} {stderr}");
        let result = json(&stdout);
        let errors: Vec<_> = judge.iter_errors(&result).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn the_summary_can_be_read_again_later() {
    let folder = TempDir::new().unwrap();
    let (_, during, _) = run(&mut spike(&folder, &["--output", "json=a.json"]));
    let (code, later, _) = run(&mut loadtest(&folder, &["report", "a.json"]));
    assert_eq!(code, Some(0));
    let summary = during.split_once("\nwritten:\n").unwrap().0;
    assert!(summary.trim_end().ends_with(later.trim_end()), "{later}");
    let (_, narrow, _) = run(loadtest(&folder, &["report", "a.json"]).env("COLUMNS", "50"));
    assert!(narrow.lines().count() > later.lines().count());
    // A name with its dots and one value is never broken.
    assert!(narrow.lines().all(|line| line.chars().count() <= 62), "{narrow}");
    let stats = ["report", "a.json", "--summary-trend-stats", "p(99.9)"];
    assert!(run(&mut loadtest(&folder, &stats)).1.contains("p(99.9)="));
}

#[test]
fn json_stands_alone_on_standard_output() {
    let folder = TempDir::new().unwrap();
    let (code, stdout, stderr) = run(&mut spike(&folder, &["--json", "--output", "md=a.md"]));
    assert_eq!(code, Some(0));
    assert_eq!(json(&stdout)["format"], "genarrative-loadtest-result");
    assert!(
        stderr.contains("  PASS  all ") && stderr.contains("written:\n  md: a.md\n"),
        "{stderr}"
    );
    fs::write(folder.path().join("a.json"), &stdout).unwrap();
    let (code, again, _) = run(&mut loadtest(&folder, &["report", "a.json", "--json"]));
    assert_eq!((code, again == stdout), (Some(0), true));
}

#[test]
fn a_quiet_run_says_its_verdict() {
    let folder = TempDir::new().unwrap();
    let (code, stdout, stderr) = run(&mut spike(&folder, &["--quiet", "--output", "json=a.json"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(stdout.starts_with("  PASS  all "), "{stdout}");
    let (_, again, _) =
        run(loadtest(&folder, &["report", "a.json", "--quiet"]).env("COLUMNS", "9"));
    assert_eq!(again, stdout);
    let (_, stdout, stderr) =
        run(&mut loadtest(&folder, &["report", "a.json", "--quiet", "--json"]));
    assert_eq!((json(&stdout)["verdict"].clone(), stderr), ("pass".into(), again));
}

#[test]
fn outputs_may_stand_in_a_variable() {
    let folder = TempDir::new().unwrap();
    let (_, stdout, _) = run(spike(&folder, &[]).env("OUTPUT", "md=a.md;csv=b c.csv"));
    assert!(stdout.ends_with("written:\n  md: a.md\n  csv: b c.csv\n"), "{stdout}");
    assert!(folder.path().join("b c.csv").exists() && folder.path().join("a.md").exists());
}

#[test]
fn what_cannot_be_written_is_said_before_the_load() {
    let folder = TempDir::new().unwrap();
    for (arguments, code, message) in [
        (&["--output", "html=none/a.html"][..], 1, "its folder does not exist"),
        (&["--output", "html=."], 1, "cannot write "),
        (&["--output", "pdf=a.pdf"], 104, "--output pdf=a.pdf: must be KIND=FILE"),
        (&["--output", "md=a", "--output", "csv=./a"], 104, "would be written twice"),
        (&["--output", "md=a", "--summary-export", "a"], 104, "would be written twice"),
    ] {
        let (found, stdout, stderr) = run(&mut spike(&folder, arguments));
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{arguments:?}");
        assert!(stderr.contains(message) && stderr.lines().count() == 1, "{stderr}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[test]
fn what_is_no_result_is_refused() {
    let folder = TempDir::new().unwrap();
    run(&mut spike(&folder, &["--output", "json=a.json"]));
    let path = folder.path().join("a.json");
    let good = fs::read_to_string(&path).unwrap();
    let report = |text: &str| {
        fs::write(&path, text).unwrap();
        run(&mut loadtest(&folder, &["report", "a.json", "--output", "md=a.md"]))
    };
    for (text, message) in [
        (good.replace("\"formatVersion\": 1", "\"formatVersion\": 7"), "formatVersion is 7"),
        (good[..good.len() / 3].to_owned(), "the file ends too early"),
        ("{\"metrics\": {}}".to_owned(), "it is no result of a load test"),
        ("hello".to_owned(), "this is not JSON"),
    ] {
        let (code, stdout, stderr) = report(&text);
        assert_eq!((code, stdout.as_str()), (Some(104), ""), "{message}");
        assert!(stderr.starts_with("loadtest: the result a.json: "), "{stderr}");
        assert!(stderr.contains(message) && stderr.lines().count() == 1, "{stderr}");
    }
    assert!(!folder.path().join("a.md").exists());
    let (code, _, stderr) = run(&mut loadtest(&folder, &["report", "none.json"]));
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("loadtest: cannot read the result none.json: "), "{stderr}");
}

#[test]
fn no_secret_and_no_folder_is_in_any_report() {
    let folder = TempDir::new().unwrap();
    let private = folder.path().join("private-folder");
    fs::create_dir(&private).unwrap();
    let sample: &Path = &[env!("CARGO_MANIFEST_DIR"), "../../fixtures/works-list.sample.json"]
        .iter()
        .collect::<std::path::PathBuf>();
    fs::copy(sample, private.join("works.json")).unwrap();
    let typed = outputs("private-folder/a");
    let arguments: Vec<_> = typed.iter().map(String::as_str).collect();
    let mut command = spike(&folder, &arguments);
    command.args(["--works-data", "private-folder/works.json"]).env("AUTH_TOKEN", TOKEN);
    let (code, ..) = run(&mut command);
    assert_eq!(code, Some(0));
    for kind in KINDS {
        let text = fs::read_to_string(private.join(format!("a.{kind}"))).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("private-folder"), "{kind}");
    }
    let result = json(&fs::read_to_string(private.join("a.json")).unwrap());
    assert_eq!(result["settings"]["auth-token"], "set");
    assert_eq!(result["settings"]["works-data"], "works.json");
}

#[test]
fn a_run_that_fails_has_its_reports_too() {
    let folder = TempDir::new().unwrap();
    let plan = "version = 1\n[[endpoint]]\nname = \"gone\"\npath = \"/no/such/path\"\n\
                [scenario.smoke]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"200ms\"\n\
                [scenario.smoke.thresholds]\nhttp_req_failed = [\"rate<0.01\"]\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let typed = outputs("a");
    let mut command = loadtest(&folder, &["run", "--plan", "plan.toml"]);
    let (code, stdout, stderr) = run(command.args(&typed));
    assert_eq!(code, Some(99), "{stdout}{stderr}");
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("a.md").starts_with("# ❌ FAIL: load test `smoke`\n"));
    assert!(
        read("a.junit")
            .contains("<failure message=\"rate&lt;0.01: does not hold, observed 100.00% [")
    );
    assert!(read("a.html").contains("<h1>✗ FAIL</h1>"));
    assert_eq!(json(&read("a.json"))["verdict"], "fail");
}
