//! The program started in a folder of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]
#![allow(dead_code, unreachable_pub, reason = "every test file takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

pub fn fixture_dump() -> PathBuf {
    fixtures().join("dumps/spacetime-migration-7.synthetic.json")
}

pub fn public_key() -> PathBuf {
    fixtures().join("keys/synthetic-dump.public-key.txt")
}

/// A folder of its own for each test, and the program started in it.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all that is in the folder, also hidden files.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_extract"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// The committed dump under the committed key, with more arguments.
    pub fn run_fixture(&self, arguments: &[&str]) -> Ran {
        let (dump, key) = (fixture_dump(), public_key());
        let mut command = self.command(arguments);
        command.arg("--input").arg(dump).arg("--key-file").arg(key);
        Ran::from(command.output().unwrap())
    }
}

pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("the program ended by itself");
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    pub fn succeeded(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self
    }

    /// One line on stderr that has `expected`, nothing on stdout.
    pub fn failed(&self, code: i32, expected: &str) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stderr.starts_with("extract: "), "{}", self.stderr);
        assert!(self.stderr.contains(expected), "{} has no {expected}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert_eq!(self.stdout, "");
    }
}

#[cfg(not(unix))]
pub fn private(_: &Path) {}

#[cfg(unix)]
pub fn private(path: &Path) {
    set_mode(path, 0o600);
}

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
