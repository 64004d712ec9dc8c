//! The referee's own server as a process of its own, and what it says.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use super::process::{Core, Launcher};

/// A server that ends with this value.
pub(super) struct Target {
    child: Child,
    address: String,
}

/// What the server has counted since the last reset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) connections: u64,
}

impl Target {
    /// Starts the server on the first core, with answers that wait so long.
    pub(super) fn start(launcher: Launcher, core: Core, delay_ms: u64) -> io::Result<Self> {
        let own = std::env::current_exe()?;
        let mut command = launcher.command(core, &own.to_string_lossy());
        command.args(["serve", "--delay-ms", &delay_ms.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
        let address = address.ok_or_else(|| io::Error::other("the server did not start"))?;
        Ok(Target { child, address })
    }

    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn reset(&self) -> io::Result<()> {
        self.get("/referee/reset").map(drop)
    }

    pub(super) fn arrivals(&self) -> io::Result<String> {
        self.get("/referee/arrivals")
    }

    pub(super) fn counts(&self) -> io::Result<Counts> {
        let text = self.get("/referee/counts")?;
        let count = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
            line.ok_or_else(|| io::Error::other("the server's counts cannot be read"))
        };
        Ok(Counts { requests: count("requests ")?, connections: count("connections ")? })
    }

    fn get(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: referee\r\n\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        String::from_utf8(body).map_err(io::Error::other)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
