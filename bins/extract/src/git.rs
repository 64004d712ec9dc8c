//! Keeps private files out of a git history: they are written only where git ignores them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::ExtractError;

/// Variables that make git look at another repository than the one around the file, or read its
/// name in another way.
const MISLEADING: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CEILING_DIRECTORIES",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// A line, and the paths under the work tree that it covers.
type KnownLine = (&'static str, fn(&Path) -> bool);

/// What the kit's own `.gitignore` says; understood where there is no git to ask.
const KNOWN_LINES: [KnownLine; 3] = [
    ("*.local.json", |path| name(path).ends_with(".local.json")),
    ("*.key", |path| name(path).ends_with(".key")),
    ("fixtures/local/", |path| path.starts_with("fixtures/local")),
];

/// Refuses a private file where git tracks it or would offer to.
pub(crate) fn check_private(flag: &'static str, path: &Path) -> Result<(), ExtractError> {
    let refused = |reason| ExtractError::Tracked { flag, path: path.to_owned(), reason };
    ask("git", path).map_err(refused)
}

/// Outside of a work tree, git is not even asked. `Err` says why the file is refused.
fn ask(program: &str, path: &Path) -> Result<(), &'static str> {
    let (folder, rest) = existing_folder(path);
    let Some(root) = folder.ancestors().find(|folder| folder.join(".git").exists()) else {
        return Ok(());
    };
    let git = |arguments: &[&str]| {
        let mut command = Command::new(program);
        MISLEADING.into_iter().for_each(|name| _ = command.env_remove(name));
        // The dot keeps a name that starts with a colon from being read as an order.
        command.current_dir(&folder).args(arguments).arg(Path::new(".").join(&rest));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    match git(&["check-ignore", "-q", "--"]).ok().and_then(|status| status.code()) {
        // A file that is tracked already is never called ignored.
        Some(0) => Ok(()),
        Some(1)
            if git(&["--literal-pathspecs", "ls-files", "--error-unmatch", "--"])
                .is_ok_and(|found| found.success()) =>
        {
            Err("git tracks this file")
        }
        Some(1) => Err("git would track this file"),
        // There is no git, or it does not work for others than the owner of the repository.
        _ => without_git(root, &folder.strip_prefix(root).unwrap_or(&folder).join(&rest)),
    }
}

/// The folder of the file as it really is, or the next one above that exists, and the rest.
fn existing_folder(path: &Path) -> (PathBuf, PathBuf) {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let above = whole.ancestors().skip(1);
    let mut found = above.filter_map(|folder| {
        let rest = whole.strip_prefix(folder).ok()?;
        Some((real(folder)?, rest.to_owned()))
    });
    found.next().unwrap_or_else(|| (PathBuf::from("."), whole.clone()))
}

#[cfg(unix)]
fn real(folder: &Path) -> Option<PathBuf> {
    fs::canonicalize(folder).ok()
}

/// The canonical form of a path is one that many programs there cannot start in.
#[cfg(not(unix))]
fn real(folder: &Path) -> Option<PathBuf> {
    folder.is_dir().then(|| folder.to_owned())
}

/// Only a line that cannot mean anything else is believed, and no file that takes something back.
fn without_git(root: &Path, within: &Path) -> Result<(), &'static str> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let takes_back = ignored.lines().any(|line| line.starts_with('!'));
    let is_known = |line: &str| {
        KNOWN_LINES.iter().any(|(known, matches)| *known == line.trim_end() && matches(within))
    };
    if !takes_back && ignored.lines().any(is_known) {
        return Ok(());
    }
    Err("it is in a git work tree, and git does not say whether it ignores this file")
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, arguments: &[&str]) {
        let status = Command::new("git").current_dir(folder).args(arguments).status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }

    fn is_missing() -> bool {
        Command::new("git").arg("--version").output().is_err()
    }

    /// A repository as the kit's own; where there is no git, only its marks.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("fixtures/local")).unwrap();
        fs::write(folder.path().join(".gitignore"), "fixtures/local/\n*.local.json\n*.key\n")
            .unwrap();
        if is_missing() {
            fs::create_dir(folder.path().join(".git")).unwrap();
        } else {
            run(folder.path(), &["init", "-q"]);
        }
        folder
    }

    #[test]
    fn outside_of_a_work_tree_everything_may_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for program in ["git", "no-such-git"] {
            assert_eq!(ask(program, &folder.path().join("works.json")), Ok(()));
        }
    }

    #[test]
    fn inside_of_one_only_what_is_ignored() {
        let repository = repository();
        for program in ["git", "no-such-git"] {
            let ask = |name: &str| ask(program, &repository.path().join(name)).is_ok();
            for name in ["works.local.json", "a.key", "fixtures/local/x", "fixtures/local/new/x"] {
                assert!(ask(name), "{program} {name}");
            }
            for name in ["works.json", "fixtures/x.json", "new/folder/x", "*.json", ".git/x"] {
                assert!(!ask(name), "{program} {name}");
            }
        }
    }

    #[test]
    fn what_is_tracked_is_not_ignored_whatever_the_patterns_say() {
        let repository = repository();
        let file = repository.path().join("works.local.json");
        fs::write(&file, "{}").unwrap();
        if is_missing() {
            return assert_eq!(ask("git", &file), Ok(()));
        }
        run(repository.path(), &["add", "-f", "works.local.json"]);
        assert_eq!(ask("git", &file), Err("git tracks this file"));
        assert_eq!(ask("git", &repository.path().join("x")), Err("git would track this file"));
    }

    #[test]
    fn a_pattern_that_is_taken_back_counts_for_nothing_without_git() {
        let repository = repository();
        fs::write(repository.path().join(".gitignore"), "*.local.json\n!a.local.json\n").unwrap();
        for program in ["git", "no-such-git"] {
            assert!(ask(program, &repository.path().join("a.local.json")).is_err(), "{program}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_folder_is_judged_by_where_it_leads() {
        let (repository, elsewhere) = (repository(), tempfile::tempdir().unwrap());
        let link = |to: &Path, at: PathBuf| std::os::unix::fs::symlink(to, at).unwrap();
        link(repository.path(), elsewhere.path().join("in"));
        link(elsewhere.path(), repository.path().join("out"));
        assert!(ask("git", &elsewhere.path().join("in/works.json")).is_err());
        assert!(ask("git", &elsewhere.path().join("in/works.local.json")).is_ok());
        assert!(ask("git", &repository.path().join("out/works.json")).is_ok());
    }
}
