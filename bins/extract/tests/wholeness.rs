//! Whatever ends the program, there is all of a file under its name or nothing.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Place, Ran, fixture_dump, public_key};

const ARGUMENTS: [&str; 8] =
    ["--input", "-", "--output", "w.json", "--sample-output", "s.json", "--key-file", "k.key"];

/// The program in the middle of a dump: its files are begun, and more of the pipe is to come.
fn in_the_middle(place: &Place) -> Child {
    let mut command = place.command(&ARGUMENTS);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let dump = fs::read(fixture_dump()).unwrap();
    child.stdin.as_mut().unwrap().write_all(&dump[..dump.len() / 2]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while partial(place).len() < 3 {
        assert!(Instant::now() < deadline, "no file was begun: {:?}", place.names());
        thread::sleep(Duration::from_millis(5));
    }
    child
}

fn partial(place: &Place) -> Vec<String> {
    let names = place.names();
    names.into_iter().filter(|name| name.starts_with(".partial-")).collect()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(name).arg(child.id().to_string()).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_signal_leaves_nothing_even_while_the_dump_keeps_it_waiting() {
    for name in ["-TERM", "-INT", "-HUP"] {
        let place = Place::new();
        place.write("w.json", "before");
        let child = in_the_middle(&place);
        signal(&child, name);
        let ran = Ran::from(child.wait_with_output().unwrap());
        ran.failed(105, "interrupted");
        assert_eq!(place.names(), ["w.json"], "{name}");
        assert_eq!(place.read("w.json"), "before");
    }
}

#[test]
fn being_killed_leaves_nothing_under_a_final_name() {
    let place = Place::new();
    let mut child = in_the_middle(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.names(), partial(&place), "something has its name");
}

#[test]
fn a_full_disk_leaves_nothing() {
    let place = Place::new();
    place.write("w.json", "before");
    let (dump, key) = (fixture_dump(), public_key());
    let dump = [b"{\"comment\":\"", &[b'x'; 40_000][..], b"\",", &fs::read(dump).unwrap()[1..]];
    let dump = dump.concat();
    place.write("dump.json", &dump);
    // In blocks of 512 bytes; the first case is the output's fault, the second that of the copy.
    for (input, expected) in
        [("dump.json", "writing failed"), ("-", "keeping a copy of the piped dump failed")]
    {
        let script = "trap '' XFSZ; ulimit -f 40; exec \"$@\"";
        let mut command = Command::new("sh");
        command.current_dir(place.path("")).args(["-c", script, "sh"]);
        command.arg(env!("CARGO_BIN_EXE_extract"));
        command.args(["--input", input, "--output", "w.json", "--sample-output", "s.json"]);
        command.arg("--key-file").arg(&key);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The program may stop reading before the end.
        let _ = child.stdin.take().unwrap().write_all(&dump);
        Ran::from(child.wait_with_output().unwrap()).failed(1, expected);
        assert_eq!(place.names(), ["dump.json", "w.json"]);
        assert_eq!(place.read("w.json"), "before");
    }
}

#[test]
fn a_reader_that_leaves_gets_an_error_and_no_file() {
    let place = Place::new();
    let mut command = place.command(&["--output", "-"]);
    command.arg("--input").arg(fixture_dump()).arg("--key-file").arg(public_key());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut start = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut start).unwrap();
    drop(stdout);
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.failed(1, "writing the dataset to standard output failed");
    assert!(place.names().is_empty());
}

#[test]
fn a_named_pipe_is_read_like_standard_input() {
    let place = Place::new();
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let dump = fs::read(fixture_dump()).unwrap();
    let writer = thread::spawn({
        let (pipe, dump) = (pipe.clone(), dump.clone());
        move || fs::write(pipe, dump).unwrap()
    });
    let arguments = ["--input", "pipe", "--output", "w.json", "--ephemeral-key"];
    place.run(&arguments).succeeded();
    writer.join().unwrap();
    assert_eq!(place.names(), ["pipe", "w.json", "w.manifest.json"]);
}

#[test]
fn a_new_key_follows_no_link_and_replaces_none() {
    let place = Place::new();
    symlink(place.path("elsewhere"), place.path("k.key")).unwrap();
    let dump = fixture_dump();
    let arguments =
        ["--input", dump.to_str().unwrap(), "--output", "w.json", "--key-file", "k.key"];
    place.run(&arguments).failed(1, "k.key");
    assert_eq!(place.names(), ["k.key"]);
    assert!(place.path("k.key").is_symlink());
}

#[test]
fn a_folder_that_is_open_to_all_is_warned_of() {
    let place = Place::new();
    fs::create_dir(place.path("open")).unwrap();
    for (mode, is_warned) in [(0o777, true), (0o1777, false), (0o775, false)] {
        common::set_mode(&place.path("open"), mode);
        let shown = place.run_fixture(&["--output", "open/w.json"]).succeeded().stdout;
        assert_eq!(
            shown.contains("warning: everybody can replace --output"),
            is_warned,
            "{mode:o}"
        );
    }
}
