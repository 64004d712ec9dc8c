//! The program as a user runs it: exit codes, what is printed, and the bytes that are written.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use common::{Place, Ran, fixture_dump, fixtures, private, public_key};
use dataset::Dataset;
use synthetic_dump::{Spec, WORK_TABLES};

const FIXTURE_COUNTS: &str = "puzzle_work_profile: 80\ncustom_world_profile: 1\n\
match3d_work_profile: 0\nsquare_hole_work_profile: 0\nbig_fish_work_profile: 0\n\
visual_novel_work_profile: 0\nnormalizedWorks: 81\n";

#[test]
fn the_fixture_gives_the_stated_counts_and_says_what_was_left_out() {
    let place = Place::new();
    let ran = place.run_fixture(&["--output", "w.json"]).succeeded();
    assert!(
        ran.stdout.starts_with(&format!("{FIXTURE_COUNTS}\ndropped columns")),
        "{}",
        ran.stdout
    );
    for line in [
        "  puzzle_work_profile.source_session_id: 80",
        "  custom_world_profile.source_agent_session_id: 1",
        "  user_account: 3",
        "  profile_redeem_code: 3",
        "  creation_entry_config: 2",
        "dataset: w.json",
    ] {
        assert!(ran.stdout.lines().any(|found| found == line), "{line} is not in {}", ran.stdout);
    }
    assert!(ran.stdout.contains("warning: this key is public"));
    assert!(!ran.stdout.contains("sample"));
    assert_eq!(place.names(), ["w.json", "w.manifest.json"]);
    assert_eq!(Dataset::from_json(place.read("w.json").as_bytes()).unwrap().works().len(), 81);
}

#[test]
fn the_committed_sample_is_what_the_committed_dump_gives() {
    let place = Place::new();
    let ran = place.run_fixture(&["--output", "w.json", "--sample-output", "s.json"]).succeeded();
    let committed = fs::read_to_string(fixtures().join("works-list.sample.json")).unwrap();
    assert!(place.read("s.json") == committed, "the rules or the dump changed: make it again");
    assert!(ran.stdout.contains(
        "\nsample:\npuzzle_work_profile: 3\ncustom_world_profile: 1\nmatch3d_work_profile: 0\n"
    ));
    let sample = Dataset::from_json(committed.as_bytes()).unwrap();
    assert_eq!(sample.works().len(), 4);
    assert!(sample.works().iter().all(|work| work.published));
}

#[test]
fn a_second_run_writes_the_same_bytes() {
    let place = Place::new();
    let arguments = ["--output", "w.json", "--sample-output", "s.json"];
    let first = place.run_fixture(&arguments).succeeded();
    let files = (place.read("w.json"), place.read("s.json"));
    let second = place.run_fixture(&arguments).succeeded();
    assert_eq!((place.read("w.json"), place.read("s.json")), files);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn no_secret_is_in_any_output() {
    let place = Place::new();
    let spec = WORK_TABLES.iter().fold(Spec::fixture().seed(11), |spec, name| spec.rows(name, 9));
    let mut dump = Vec::new();
    spec.write(&mut dump).unwrap();
    place.write("dump.json", &dump);
    let arguments = [
        "--input",
        "dump.json",
        "--output",
        "w.json",
        "--sample-output",
        "s.json",
        "--key-file",
        "k.key",
    ];
    let ran = place.run(&arguments).succeeded();
    let (whole, sample) = (place.read("w.json"), place.read("s.json"));
    let secrets = spec.secrets();
    for shown in [&whole, &sample, &ran.stdout, &ran.stderr] {
        for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
            let found: Vec<_> = set.iter().filter(|secret| shown.contains(*secret)).collect();
            assert!(!set.is_empty() && found.is_empty(), "{found:?}");
        }
        assert!(!shown.contains("CANARY"));
    }
    for name in
        ["session", "moderation_note", "internal_review_json", "generation_prompt", "prompt"]
    {
        assert!(!whole.contains(name) && !sample.contains(name), "{name}");
    }
    let digits = place.read("k.key").lines().last().unwrap().to_owned();
    assert!(digits.len() == 64 && !whole.contains(&digits) && !ran.stdout.contains(&digits));
}

#[test]
fn the_defaults_are_the_local_folder_and_the_key_is_kept() {
    let place = Place::new();
    fs::create_dir_all(place.path("fixtures/local")).unwrap();
    fs::copy(fixture_dump(), place.path("fixtures/local/spacetime-migration-7.local.json"))
        .unwrap();
    let first = place.run(&[]).succeeded();
    assert!(first.stdout.starts_with(FIXTURE_COUNTS));
    assert!(first.stdout.contains("made now") && !first.stdout.contains("warning"));
    let output = place.read("fixtures/local/works-list.local.json");
    let second = place.run(&[]).succeeded();
    assert!(!second.stdout.contains("made now"));
    assert_eq!(place.read("fixtures/local/works-list.local.json"), output);
    let mut names: Vec<_> = fs::read_dir(place.path("fixtures/local")).unwrap().collect();
    assert_eq!(names.drain(..).map(Result::unwrap).count(), 4);

    fs::remove_file(place.path("fixtures/local/anonymize.key")).unwrap();
    place.run(&[]).succeeded();
    assert_ne!(place.read("fixtures/local/works-list.local.json"), output);
}

#[test]
fn the_local_folder_is_made_where_it_is_missing() {
    let place = Place::new();
    let dump = fixture_dump();
    place.run(&["--input", dump.to_str().unwrap()]).succeeded();
    assert!(place.path("fixtures/local/works-list.local.json").is_file());
}

#[test]
fn standard_input_and_output_carry_the_dump_and_the_dataset() {
    let place = Place::new();
    place.run_fixture(&["--output", "w.json"]).succeeded();
    let mut command = place.command(&["--input", "-", "--output", "-"]);
    command.arg("--key-file").arg(public_key());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(fixture_dump()).unwrap()).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout, place.read("w.json"));
    assert!(ran.stderr.starts_with(FIXTURE_COUNTS), "{}", ran.stderr);
    assert_eq!(place.names(), ["w.json", "w.manifest.json"]);
}

#[test]
fn the_builtin_policy_is_printed_and_can_be_given_back() {
    let place = Place::new();
    let printed = place.run(&["policy"]).succeeded().stdout;
    assert!(printed.contains("[[table]]\nname = \"puzzle_work_profile\""));
    place.write("policy.toml", &printed);
    place.run_fixture(&["--output", "a.json"]).succeeded();
    place.run_fixture(&["--output", "b.json", "--policy", "policy.toml"]).succeeded();
    assert_eq!(place.read("a.json"), place.read("b.json"));
}

#[test]
fn a_bad_policy_is_104_and_leaves_nothing() {
    let place = Place::new();
    let builtin = place.run(&["policy"]).succeeded().stdout;
    let denied =
        builtin.replace("name = \"big_fish_work_profile\"", "name = \"profile_invite_code\"");
    let session = builtin.replace("source_session_id = \"drop\"", "source_session_id = \"text\"");
    for (policy, expected) in [
        (denied.as_str(), "denied by \"profile_invite_*\""),
        (&session, "source_session_id"),
        ("version = 1\nnonsense = 1\n", "policy.toml: the policy cannot be read: line 2"),
        ("{", "line 1"),
        ("version = 9\n", "version 1"),
    ] {
        place.write("policy.toml", policy);
        place.run_fixture(&["--output", "w.json", "--policy", "policy.toml"]).failed(104, expected);
        assert_eq!(place.names(), ["policy.toml"]);
    }
    place.run_fixture(&["--output", "w.json", "--policy", "gone.toml"]).failed(1, "gone.toml");
}

#[test]
fn a_dump_that_cannot_be_used_leaves_everything_as_it_was() {
    let place = Place::new();
    let whole = fs::read(fixture_dump()).unwrap();
    let cut = &whole[..whole.len() / 2 + 7000];
    place.write("w.json", "before");
    let arguments = [
        "--input",
        "dump.json",
        "--output",
        "w.json",
        "--sample-output",
        "s.json",
        "--key-file",
        "k.key",
    ];
    for (dump, expected) in [
        (cut, "it was cut"),
        (&whole[..whole.len() - 4], "it was cut"),
        (b"", "it was cut"),
        (b"{\"tables\":[]}", "none of the allowed tables"),
        (b"CANARY", "the JSON is broken"),
        (b"{\"tables\":[{\"name\" CANARY", "the JSON is broken"),
        (b"{\"puzzle_work_profile\":[{\"profile_id\":\"p\",\"play_count\":\"CANARY\"}]}", {
            "puzzle_work_profile row 0 (from 0) column play_count at byte"
        }),
    ] {
        place.write("dump.json", dump);
        let ran = place.run(&arguments);
        ran.failed(1, expected);
        assert!(!ran.stderr.contains("CANARY"), "{}", ran.stderr);
        assert_eq!(place.names(), ["dump.json", "w.json"]);
        assert_eq!(place.read("w.json"), "before");
    }
}

#[test]
fn missing_files_and_folders_are_named_with_advice() {
    let place = Place::new();
    place.run(&[]).failed(1, "fixtures/local/spacetime-migration-7.local.json");
    place.run(&["--input", "gone.json"]).failed(1, "put the private dump there");
    place.run(&["--input", "."]).failed(1, "cannot read .");
    place.run_fixture(&["--output", "gone/w.json"]).failed(1, "w.json: its folder does not exist");
    place.run_fixture(&["--output", "."]).failed(1, "is a directory");
    let arguments = ["--output", "w.json", "--sample-output", "gone/s.json"];
    place.run_fixture(&arguments).failed(1, "s.json: its folder does not exist");
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_file_is_never_read_and_written_at_once() {
    let place = Place::new();
    place.write("dump.json", "{}");
    place.write("k.key", "private");
    fs::create_dir(place.path("sub")).unwrap();
    fs::hard_link(place.path("dump.json"), place.path("link.json")).unwrap();
    let base = ["--input", "dump.json", "--key-file", "k.key"];
    let cases: [(&[&str], &str); 7] = [
        (&["--output", "dump.json"], "--input and --output are the same file"),
        (&["--output", "sub/../dump.json"], "--input and --output"),
        (&["--output", "link.json"], "--input and --output"),
        (&["--output", "k.key"], "--key-file and --output"),
        (&["--output", "w.json", "--sample-output", "k.key"], "--key-file and --sample-output"),
        (
            &["--output", "w.json", "--sample-output", "sub/../w.json"],
            "--output and --sample-output",
        ),
        (&["--output", "w.json", "--sample-output", "-"], "--sample-output is a file"),
    ];
    for (arguments, expected) in cases {
        place.run(&[&base[..], arguments].concat()).failed(2, expected);
    }
    // A folder stands for the dumps in it.
    place.write("sub/puzzle_work_profile.json", "{}");
    let output = "sub/puzzle_work_profile.json";
    let arguments = ["--input", "sub", "--key-file", "k.key", "--output", output];
    place.run(&arguments).failed(2, "--input and --output");
    // A key that is still to be made must not take the name of an output either.
    let arguments = ["--input", "dump.json", "--key-file", "new", "--output", "new"];
    place.run(&arguments).failed(2, "--key-file and --output");
    assert_eq!((place.read("dump.json").as_str(), place.read("k.key").as_str()), ("{}", "private"));
    assert_eq!(place.names(), ["dump.json", "k.key", "link.json", "sub"]);
}

#[test]
fn wrong_arguments_are_2() {
    let place = Place::new();
    for arguments in [
        &["--nonsense"][..],
        &["--sample-per-table", "0"],
        &["--sample-per-table", "-1"],
        &["--sample-per-table", "many"],
        &["policy", "extra"],
        &["dump.json"],
    ] {
        assert_eq!(place.run(arguments).code, 2, "{arguments:?}");
    }
    assert!(place.names().is_empty());
}

#[test]
fn the_sample_has_the_size_that_was_asked_for() {
    let place = Place::new();
    let arguments = ["--output", "w.json", "--sample-output", "s.json", "--sample-per-table", "5"];
    let ran = place.run_fixture(&arguments).succeeded();
    assert!(ran.stdout.contains("\nsample:\npuzzle_work_profile: 5\n"), "{}", ran.stdout);
    let (whole, sample) = (place.read("w.json"), place.read("s.json"));
    let rows = sample.lines().filter(|line| line.starts_with("{\"author"));
    let rows: Vec<_> = rows.map(|row| row.trim_end_matches(',')).collect();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| whole.contains(row)));
}

#[test]
fn a_bad_key_file_is_104_without_showing_it() {
    let place = Place::new();
    let dump = fixture_dump();
    let arguments =
        ["--input", dump.to_str().unwrap(), "--output", "w.json", "--key-file", "k.key"];
    for text in
        ["", "# public key, no secret: for synthetic data only\n", "CANARY", &"0".repeat(64)]
    {
        private(&place.write("k.key", text));
        let ran = place.run(&arguments);
        ran.failed(104, "k.key: the key cannot be used");
        assert!(!ran.stderr.contains("CANARY"));
        assert_eq!(place.names(), ["k.key"]);
    }
    fs::write(place.path("k.key"), vec![b'#'; 100_000]).unwrap();
    private(&place.path("k.key"));
    place.run(&arguments).failed(104, "small regular file");
}

#[cfg(unix)]
#[test]
fn what_is_written_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let dump = fixture_dump();
    let arguments =
        ["--input", dump.to_str().unwrap(), "--output", "w.json", "--key-file", "k.key"];
    place.run(&[&arguments[..], &["--sample-output", "s.json"]].concat()).succeeded();
    for name in ["w.json", "s.json", "k.key"] {
        let mode = fs::metadata(place.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_key_that_others_can_read_is_refused_and_a_public_one_is_not() {
    let place = Place::new();
    let dump = fixture_dump();
    let arguments =
        ["--input", dump.to_str().unwrap(), "--output", "w.json", "--key-file", "k.key"];
    place.run(&arguments).succeeded();
    let secret = place.read("k.key");
    fs::remove_file(place.path("w.json")).unwrap();
    fs::remove_file(place.path("w.manifest.json")).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620] {
        common::set_mode(&place.path("k.key"), mode);
        place.run(&arguments).failed(104, "others can read this key");
        assert_eq!(place.names(), ["k.key"]);
    }
    let marker = "# public key, no secret: for synthetic data only\n";
    // The marker counts only as the first line; anywhere else the key stays a secret.
    fs::write(place.path("k.key"), format!("{secret}{marker}")).unwrap();
    place.run(&arguments).failed(104, "others can read this key");
    fs::write(place.path("k.key"), format!("{marker}{secret}")).unwrap();
    common::set_mode(&place.path("k.key"), 0o644);
    assert!(place.run(&arguments).succeeded().stdout.contains("warning: this key is public"));
}

#[cfg(unix)]
#[test]
fn a_link_at_the_output_is_replaced_and_not_followed() {
    let place = Place::new();
    place.write("elsewhere.json", "before");
    std::os::unix::fs::symlink(place.path("elsewhere.json"), place.path("w.json")).unwrap();
    place.run_fixture(&["--output", "w.json"]).succeeded();
    assert_eq!(place.read("elsewhere.json"), "before");
    assert!(place.path("w.json").symlink_metadata().unwrap().is_file());
}
