//! `loadtest shape` as a user sees it.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn ended(Output { status, stdout, stderr }: Output) -> Ended {
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ended { code: status.code().unwrap_or(-1), stdout, stderr }
}

/// Runs `loadtest shape …` with nothing of the caller's settings.
fn shape(arguments: &[&str]) -> Ended {
    ended(command(arguments).output().unwrap())
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.env_clear().arg("shape").args(arguments);
    command
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const NUMBERS: &str = r#"{"type": "array", "items": {"type": "integer"}}"#;

#[test]
fn bodies_that_conform_are_counted_and_others_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let schema = write(&folder, "numbers.json", NUMBERS);
    let good = write(&folder, "good.json", "[1, 2.0]");
    let bad = write(&folder, "bad.json", r#"["secret-7", 1, "secret-8"]"#);
    let check = |bodies: &[&Path]| {
        let bodies = bodies.iter().map(|body| text(body));
        shape(&[&["check", "--shape", text(&schema)], &bodies.collect::<Vec<_>>()[..]].concat())
    };
    let all = check(&[&good, &good]);
    assert_eq!((all.code, &*all.stdout), (0, "2 bodies: 2 conforming, 0 violating\n"));
    assert_eq!(all.stderr, "");

    let missing = folder.path().join("missing.json");
    let some = check(&[&good, &missing, &bad]);
    let expected = format!(
        "{}: /*: type: expected integer, found string\n\
         3 bodies: 1 conforming, 1 violating, 1 unreadable\n",
        text(&bad)
    );
    assert_eq!((some.code, some.stdout), (1, expected));
    assert!(some.stderr.contains(text(&missing)), "{}", some.stderr);
    assert!(!some.stderr.contains("secret"));
}

#[test]
fn a_body_can_come_from_standard_input_and_the_shape_be_a_built_in_one() {
    let run = |body: &str| {
        let mut child = command(&["check", "--shape", "puzzle-gallery", "-"]);
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        ended(child.wait_with_output().unwrap())
    };
    assert_eq!(run(r#"{"items": []}"#).code, 0);
    let cut = run(r#"{"items": ["#);
    assert_eq!(cut.code, 1);
    assert!(cut.stdout.starts_with("-: (whole body): truncated: "), "{}", cut.stdout);
}

#[test]
fn what_is_wrong_with_a_shape_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let schema = write(&folder, "wrong.json", r#"{"properties": {"a": {"typo": 1}}}"#);
    let body = write(&folder, "body.json", "{}");
    let wrong = shape(&["check", "--shape", text(&schema), text(&body)]);
    assert_eq!((wrong.code, &*wrong.stdout), (104, ""));
    assert!(wrong.stderr.contains("/properties/a/typo"), "{}", wrong.stderr);

    assert_eq!(shape(&["check", "--shape", "no-such-shape", text(&body)]).code, 1);
    assert_eq!(shape(&["check", text(&body)]).code, 2);
    assert_eq!(shape(&["check", "--shape", text(&schema)]).code, 2);
    assert_eq!(shape(&["check", "--shape", text(&schema), "-", "-"]).code, 2);
}

#[test]
fn a_long_body_is_judged_and_a_longer_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let schema = write(&folder, "string.json", r#"{"type": "string"}"#);
    let judge = |bytes: usize| {
        let body = write(&folder, "long.json", &format!("\"{}\"", "x".repeat(bytes - 2)));
        shape(&["check", "--shape", text(&schema), text(&body)])
    };
    assert_eq!(judge(64 << 20).code, 0);
    let longer = judge((64 << 20) + 1);
    assert_eq!(longer.code, 1);
    assert!(longer.stdout.contains("size: expected at most 67108864 bytes"), "{}", longer.stdout);
}

#[test]
fn built_in_shapes_are_listed_and_printed() {
    let list = shape(&["list"]);
    assert_eq!(list.code, 0);
    assert!(list.stdout.lines().any(|name| name == "puzzle-works"), "{}", list.stdout);
    for name in list.stdout.lines() {
        let printed = shape(&["print", name]);
        assert_eq!(printed.code, 0);
        assert!(printed.stdout.contains("\"$schema\""), "{name}");
    }
    let unknown = shape(&["print", "no-such-shape"]);
    assert_eq!(unknown.code, 104);
    assert!(unknown.stderr.contains("puzzle-gallery-detail"), "{}", unknown.stderr);
}

#[test]
fn a_run_learns_a_shape_for_every_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = folder.path().join("shapes");
    let learn = ["learn", "--output-dir", text(&shapes), "--duration", "300ms"];
    let first = shape(&learn);
    assert_eq!((first.code, &*first.stderr), (0, ""), "{}", first.stdout);
    assert_eq!(files(&shapes), ["custom-world-gallery.json", "puzzle-gallery.json"]);
    let list = shapes.join("puzzle-gallery.json");
    assert!(first.stdout.contains(&format!("{}: learnt from ", text(&list))), "{}", first.stdout);
    assert!(first.stdout.contains(&format!("shape = \"{}", text(&shapes))), "{}", first.stdout);
    let learnt = std::fs::read_to_string(&list).unwrap();
    assert!(learnt.contains("\"profileId\": {\"type\": \"string\"}"), "{learnt}");

    // What is there already may have been changed by hand.
    let again = shape(&learn);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("--overwrite"), "{}", again.stderr);
    assert_eq!(shape(&[&learn[..], &["--overwrite"]].concat()).code, 0);
    assert_eq!(files(&shapes).len(), 2);

    let plan = format!(
        "version = 1\n[[endpoint]]\nname = \"list\"\npath = \"/api/runtime/puzzle/gallery\"\nshape = {:?}\n",
        text(&list)
    );
    let plan = write(&folder, "plan.toml", &plan);
    let mut run = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    run.env_clear().args(["smoke", "--duration", "300ms", "--plan", text(&plan)]);
    let run = ended(run.output().unwrap());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn an_endpoint_without_a_usable_answer_is_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "version = 1\n[[endpoint]]\nname = \"list\"\npath = \"/api/runtime/puzzle/gallery\"\n\
                [[endpoint]]\nname = \"gone\"\npath = \"/no/such/route\"\n";
    let plan = write(&folder, "plan.toml", plan);
    let shapes = folder.path().join("shapes");
    let learn = ["learn", "--output-dir", text(&shapes), "--duration", "200ms", "--plan"];
    let learnt = shape(&[&learn[..], &[text(&plan)]].concat());
    assert_eq!(learnt.code, 98, "{}{}", learnt.stdout, learnt.stderr);
    assert!(
        learnt.stdout.contains("GET /no/such/route: nothing to learn from"),
        "{}",
        learnt.stdout
    );
    assert!(learnt.stdout.contains("requests had no expected answer"), "{}", learnt.stdout);
    assert_eq!(files(&shapes), ["list.json"]);
}

#[test]
fn saved_bodies_teach_a_shape_that_they_conform_to() {
    let folder = tempfile::tempdir().unwrap();
    let first =
        write(&folder, "1.json", r#"{"phone": "+4917012345678", "likes": {"Zhang San": 1}}"#);
    let second = write(&folder, "2.json", r#"{"phone": null}"#);
    let page = write(&folder, "3.json", "<html>+4917012345678");
    let output = folder.path().join("learnt.json");
    let bodies = [text(&first), text(&second), text(&page)];
    let learn = |bodies: &[&str]| {
        shape(&[&["learn", "--body"], bodies, &["--output", text(&output), "--overwrite"]].concat())
    };
    let learnt = learn(&bodies);
    assert_eq!(learnt.code, 0);
    assert!(
        learnt.stdout.contains("learnt from 2 bodies; 1 without usable JSON"),
        "{}",
        learnt.stdout
    );
    assert!(learnt.stderr.contains(text(&page)), "{}", learnt.stderr);
    let schema = std::fs::read_to_string(&output).unwrap();
    for private in ["4917", "Zhang", "html"] {
        assert!(
            ![&*schema, &*learnt.stdout, &*learnt.stderr].concat().contains(private),
            "{schema}"
        );
    }
    assert_eq!(shape(&["check", "--shape", text(&output), bodies[0], bodies[1]]).code, 0);

    assert_eq!(learn(&[text(&page)]).code, 98);
    assert_eq!(std::fs::read_to_string(&output).unwrap(), schema, "nothing was learnt");
    let missing = learn(&["no-such-body"]);
    assert_eq!((missing.code, missing.stderr.lines().count()), (1, 1), "{}", missing.stderr);
    assert_eq!(shape(&["learn"]).code, 2);
    assert_eq!(shape(&["learn", "--body", bodies[0]]).code, 2);
    let both = ["learn", "--body", bodies[0], "--output", "x", "--output-dir", "y"];
    assert_eq!(shape(&both).code, 2);
}
