//! What keeps private files private, and `extract verify`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::fs;
use std::process::Command;

use common::{Place, Ran, fixture_dump, private};

/// A git work tree as the kit's own; where there is no git, only its marks.
fn work_tree() -> Place {
    let place = Place::new();
    place.write(".gitignore", "fixtures/local/\n*.local.json\n*.key\n.partial-*\n");
    let made = Command::new("git").args(["init", "-q"]).current_dir(place.path("")).status();
    if made.is_err() {
        fs::create_dir(place.path(".git")).unwrap();
    }
    place
}

#[test]
fn private_files_are_written_only_where_git_ignores_them() {
    let place = work_tree();
    let ok = ["--output", "w.local.json", "--sample-output", "s.json"];
    place.run_fixture(&ok).succeeded();
    place.run_fixture(&["--output", "w.json"]).failed(2, "--output w.json: git");
    place.run_fixture(&["--output", "new/w.json"]).failed(2, "name it *.local.json");
    let dump = fixture_dump();
    let base = ["--input", dump.to_str().unwrap(), "--output", "w.local.json"];
    place.run(&[&base[..], &["--key-file", "secret"]].concat()).failed(2, "--key-file secret: git");
    place.run(&[&base[..], &["--key-file", "a.key"]].concat()).succeeded();
    // A key that is there already is no better.
    fs::copy(place.path("a.key"), place.path("secret")).unwrap();
    private(&place.path("secret"));
    place.run(&[&base[..], &["--key-file", "secret"]].concat()).failed(2, "--key-file secret: git");
    let names = [
        ".git",
        ".gitignore",
        "a.key",
        "s.json",
        "secret",
        "w.local.json",
        "w.manifest.local.json",
    ];
    assert_eq!(place.names(), names);
}

#[test]
fn variables_of_git_and_a_missing_git_change_nothing() {
    let place = work_tree();
    let elsewhere = work_tree();
    let run = |output: &str, variable: &str, value: &std::path::Path| {
        let mut command = place.command(&["--output", output, "--ephemeral-key", "--input"]);
        Ran::from(command.arg(fixture_dump()).env(variable, value).output().unwrap())
    };
    let git_dir = elsewhere.path(".git");
    for (variable, value) in
        [("GIT_DIR", git_dir.clone()), ("GIT_WORK_TREE", elsewhere.path("")), ("PATH", git_dir)]
    {
        run("w.json", variable, &value).failed(2, "git");
        run("w.local.json", variable, &value).succeeded();
    }
}

#[test]
fn an_ephemeral_key_is_never_the_same_and_never_kept() {
    let place = Place::new();
    let dump = fixture_dump();
    let arguments = ["--input", dump.to_str().unwrap(), "--output", "w.json", "--ephemeral-key"];
    let first = place.run(&arguments).succeeded();
    assert!(first.stdout.contains(" (ephemeral, not kept)\n"), "{}", first.stdout);
    let output = place.read("w.json");
    place.run(&arguments).succeeded();
    assert_ne!(place.read("w.json"), output);
    assert_eq!(place.names(), ["w.json", "w.manifest.json"]);
    let both = [&arguments[..], &["--key-file", "k.key"]].concat();
    assert_eq!(place.run(&both).code, 2);
}

#[test]
fn a_key_with_a_second_name_is_refused() {
    let place = Place::new();
    let dump = fixture_dump();
    let arguments =
        ["--input", dump.to_str().unwrap(), "--output", "w.json", "--key-file", "k.key"];
    place.run(&arguments).succeeded();
    fs::hard_link(place.path("k.key"), place.path("second")).unwrap();
    #[cfg(unix)]
    place.run(&arguments).failed(104, "second name");
    fs::remove_file(place.path("second")).unwrap();
    place.run(&arguments).succeeded();
}

#[test]
fn a_policy_that_is_not_text_is_104_and_one_that_is_can_be_printed() {
    let place = Place::new();
    place.write("p.toml", b"version = 1 # \xff\n");
    for arguments in
        [&["--policy", "p.toml", "--output", "w.json"][..], &["policy", "--policy", "p.toml"]]
    {
        place.run(arguments).failed(104, "p.toml: the policy is not text in UTF-8");
    }
    let builtin = place.run(&["policy"]).succeeded().stdout;
    place.write("p.toml", &builtin);
    let printed = place.run(&["policy", "--policy", "p.toml"]).succeeded().stdout;
    assert_eq!(printed, format!("# The policy of p.toml.\n{builtin}"));
    place.write("p.toml", "version = 7\n");
    place.run(&["policy", "--policy", "p.toml"]).failed(104, "version 1");
}

#[test]
fn gzip_is_read_like_what_is_in_it() {
    use std::io::Write;

    let place = Place::new();
    place.run_fixture(&["--output", "plain.json"]).succeeded();
    let file = fs::File::create(place.path("dump.gz")).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(&fs::read(fixture_dump()).unwrap()).unwrap();
    encoder.finish().unwrap();
    let key = common::public_key();
    let key = ["--key-file", key.to_str().unwrap()];
    let run = |output| place.run(&[&key[..], &["--input", "dump.gz", "--output", output]].concat());
    run("gzip.json").succeeded();
    assert_eq!(place.read("gzip.json"), place.read("plain.json"));
    let whole = fs::read(place.path("dump.gz")).unwrap();
    place.write("dump.gz", &whole[..whole.len() / 2]);
    run("cut.json").failed(1, "the gzip data ends in the middle; it was cut; nothing was written");
    assert_eq!(
        place.names(),
        ["dump.gz", "gzip.json", "gzip.manifest.json", "plain.json", "plain.manifest.json"]
    );
}

const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"00","tables":{"t":[{"n":1}]},"normalizedWorks":[],"counts":{"t":1,"normalizedWorks":0}}"#;

/// The manifest of [`DATASET`], without `self`.
fn manifest() -> String {
    let (bytes, hash) = (DATASET.len(), blake3::hash(DATASET.as_bytes()).to_hex());
    let output = format!(r#""outputs":{{"dataset":{{"blake3":"{hash}","bytes":{bytes}}}}}"#);
    format!(
        r#"{{"audit":null,"columns":{{"t":{{"n":"count"}}}},"drift":null,"dump":null,"format":"genarrative-works-manifest","formatVersion":1,"keyId":"00",{output},"policy":{{"blake3":"00"}},"realIds":false,"tables":{{"t":{{"droppedCells":{{}},"rowsIn":1,"rowsOut":1}}}}}}"#
    ) + "\n"
}

#[test]
fn verify_passes_what_the_manifest_describes_and_nothing_else() {
    let place = Place::new();
    place.write("w.local.json", DATASET);
    place.run(&["verify", "w.local.json"]).failed(1, "w.manifest.local.json");
    let text = manifest();
    let own = format!(r#","self":"{}","tables""#, blake3::hash(text.as_bytes()).to_hex());
    place.write("w.manifest.local.json", text.replacen(r#","tables""#, &own, 1));
    let passed = place.run(&["verify", "w.local.json"]).succeeded().stdout;
    assert!(passed.ends_with("ok: every work has its row\nPASS\n"), "{passed}");

    place.write("other.json", DATASET.replacen("\"n\":1", "\"n\":2", 1));
    let ran = place.run(&["verify", "other.json", "--manifest", "w.manifest.local.json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.contains("FAILED: the bytes are those of an output of the run"));
    assert!(ran.stdout.ends_with("FAIL\n"), "{}", ran.stdout);
    place
        .run(&["verify", "gone.json", "--manifest", "w.manifest.local.json"])
        .failed(1, "gone.json");
}
