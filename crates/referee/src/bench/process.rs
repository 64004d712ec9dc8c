//! Clients as processes: on which core they run, and what they have used.

use std::fs;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where a process may run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Core {
    Only(u8),
    Any,
}

/// How processes are started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launcher {
    /// Before all others on its core, for a machine that does other things too.
    pub(super) realtime: bool,
}

impl Launcher {
    /// A command that replaces its launchers, so that its process id is the client's own.
    pub(super) fn command(self, core: Core, program: &str) -> Command {
        let mut words: Vec<String> = Vec::new();
        if self.realtime {
            words.extend(["chrt", "-f", "1"].map(str::to_owned));
        }
        if let Core::Only(core) = core {
            words.extend(["taskset".to_owned(), "-c".to_owned(), core.to_string()]);
        }
        words.push(program.to_owned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        command
    }
}

/// A running client, which ends with this value.
pub(super) struct Client {
    child: Child,
    begun: Instant,
}

impl Client {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Client { child, begun: Instant::now() })
    }

    /// The processor time of all its threads so far.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end between being listed and being read.
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanos += text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
        }
        // A kernel that does not count must not look like a client that costs nothing.
        if nanos == 0 {
            return Err(io::Error::other("there is no processor time in /proc for the client"));
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Its resident memory in KiB.
    pub(super) fn resident_kib(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("the client has ended"))
    }

    /// Sleeps until so long after the start.
    pub(super) fn sleep_until(&self, moment: Duration) {
        sleep(moment.saturating_sub(self.begun.elapsed()));
    }

    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits for its own end.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
