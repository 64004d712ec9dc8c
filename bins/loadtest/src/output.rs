//! What people and other programs see of a command: streams, and how text is laid out for them.

use std::io::{self, IsTerminal as _, Write as _};

use metrics::Stat;
use report::TextOptions;

use crate::failure::Failure;

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    /// For people, where standard output is for a program.
    Stderr,
}

impl Stream {
    /// Writes text. Whoever closed standard output does not want the rest, and the exit code still
    /// tells the verdict; a full disk is an error. What nobody reads on standard error is none.
    pub(crate) fn print(self, text: &str) -> Result<(), Failure> {
        if self == Stream::Stderr {
            let _unseen = io::stderr().write_all(text.as_bytes());
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Print(error)),
            _ => Ok(()),
        }
    }

    /// How the summary is to look here: colours on a terminal unless `NO_COLOR` is set, and lines
    /// within the terminal's width.
    pub(crate) fn text_options(self, trend_stats: &[Stat]) -> TextOptions {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        TextOptions {
            trend_stats: trend_stats.to_vec(),
            colour: self.is_terminal() && !is_set("NO_COLOR"),
            width: columns().or_else(|| self.terminal_width()),
        }
    }

    fn is_terminal(self) -> bool {
        match self {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        }
    }

    fn terminal_width(self) -> Option<usize> {
        let size = match self {
            Stream::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Stream::Stderr => terminal_size::terminal_size_of(io::stderr()),
        };
        size.map(|(width, _)| width.0.into()).filter(|&width: &usize| width > 0)
    }
}

/// `COLUMNS`, for whoever wants another width than the terminal's, or one where there is none.
fn columns() -> Option<usize> {
    let text = std::env::var("COLUMNS").ok()?;
    text.trim().parse().ok().filter(|&columns| columns > 0)
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    Stream::Stdout.print(text)
}

/// Writes a line to standard error. Nobody is helped by a run that fails because nobody reads it.
pub(crate) fn warn(text: &str) {
    let _unseen = writeln!(io::stderr(), "loadtest: {text}");
}
