use std::fmt;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use same_file::Handle;

use crate::lines::{Line, next_line};
use crate::{AccessLogWindow, ObserveError, format};

/// How many bytes before the position are remembered, as a hash, to notice a rewritten file.
const TAIL_BYTES: u64 = 256;

/// An nginx access log whose end was marked when the load window began.
///
/// Formats: combined, and one JSON object a line with `status` and, under their nginx names or
/// short ones, `upstream_status` (`us`), `request_time` (`rt`), `upstream_header_time` (`uht`) and
/// `upstream_response_time` (`urt`).
///
/// The log may be rotated within the window. After a rename, the rest of the old file is read
/// through the handle that was kept open, and then the new file from its start; of several
/// rotations within one window, only the first and the last file are read. A file cut in place
/// (`copytruncate`) is read from its start, and the window says that lines may be missing.
///
/// nginx writes a log with `buffer=` only when the buffer is full or `flush=` is over: wait at least
/// that long after the load before [`AccessLogWatch::end`], and compare the number of lines with the
/// number of requests sent.
pub struct AccessLogWatch {
    path: PathBuf,
    log: Handle,
    position: u64,
    /// A hash of the bytes before the position; the bytes themselves are not kept.
    tail: u64,
    /// Whether the position is within a line, which then belongs to the time before the window.
    within_line: bool,
}

impl AccessLogWatch {
    /// Opens the log and marks its end: the window begins here.
    ///
    /// # Errors
    ///
    /// [`ObserveError::Open`] where there is no such file or it may not be read (Debian's logs are
    /// readable for the group `adm`), [`ObserveError::Read`] where reading it fails.
    pub fn begin(path: impl Into<PathBuf>) -> Result<Self, ObserveError> {
        let path = path.into();
        let log = open(&path)?;
        let mark = || {
            let position = log.as_file().metadata()?.len();
            let tail = tail_before(log.as_file(), position)?;
            io::Result::Ok((position, tail))
        };
        let (position, tail) = mark().map_err(|source| read_error(&path, source))?;
        let within_line = tail.last().is_some_and(|&byte| byte != b'\n');
        Ok(AccessLogWatch { tail: hash(&tail), path, log, position, within_line })
    }

    /// Reads what was added since [`AccessLogWatch::begin`]: the window ends here. This blocks for
    /// as long as reading takes; memory does not grow with the log.
    ///
    /// # Errors
    ///
    /// [`ObserveError::Open`] where another file is at the path now and cannot be opened,
    /// [`ObserveError::Read`] where reading fails.
    pub fn end(self) -> Result<AccessLogWindow, ObserveError> {
        // The path is opened before the old file is drained, so that no line falls between them.
        let at_path = self.at_path()?;
        let rotated = !matches!(at_path, AtPath::Same);
        let mut window = AccessLogWindow { rotated, ..Default::default() };
        self.drain(&mut window).map_err(|source| read_error(&self.path, source))?;
        if let AtPath::Another(new) = at_path {
            let lines = lines_from(new.as_file(), 0, &mut window);
            lines.map_err(|source| read_error(&self.path, source))?;
        }
        Ok(window)
    }

    fn at_path(&self) -> Result<AtPath, ObserveError> {
        match open(&self.path) {
            Ok(now) if now == self.log => Ok(AtPath::Same),
            Ok(now) => Ok(AtPath::Another(now)),
            Err(ObserveError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(AtPath::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn drain(&self, window: &mut AccessLogWindow) -> io::Result<()> {
        let log = self.log.as_file();
        window.truncated = log.metadata()?.len() < self.position
            || hash(&tail_before(log, self.position)?) != self.tail;
        if window.truncated {
            return lines_from(log, 0, window);
        }
        let mut position = self.position;
        if self.within_line {
            position += rest_of_line(log, position)?;
        }
        lines_from(log, position, window)
    }
}

/// The handle and the hash would say nothing to a reader.
impl fmt::Debug for AccessLogWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogWatch")
            .field("path", &self.path)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// What stands at the path when the window ends.
enum AtPath {
    /// The file that was there at the beginning.
    Same,
    /// Another file: the log was renamed and a new one made.
    Another(Handle),
    /// No file: the log was renamed, and no new one has been made yet.
    Nothing,
}

fn open(path: &Path) -> Result<Handle, ObserveError> {
    let handle = File::open(path).and_then(Handle::from_file);
    handle.map_err(|source| ObserveError::Open { path: path.to_owned(), source })
}

fn read_error(path: &Path, source: io::Error) -> ObserveError {
    ObserveError::Read { path: path.to_owned(), source }
}

/// A reader from `position` to where the file ends now. What is appended while it is read belongs
/// to no window, and a busy log must not keep the reader busy for ever.
fn reader(mut log: &File, position: u64) -> io::Result<BufReader<io::Take<&File>>> {
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(position))?;
    Ok(BufReader::with_capacity(64 * 1024, log.take(length.saturating_sub(position))))
}

fn lines_from(log: &File, position: u64, window: &mut AccessLogWindow) -> io::Result<()> {
    let mut reader = reader(log, position)?;
    let mut line = Vec::new();
    loop {
        let entry = match next_line(&mut reader, &mut line)? {
            Line::End => return Ok(()),
            Line::TooLong => None,
            Line::Whole if line.trim_ascii().is_empty() => continue,
            Line::Whole => format::parse(&line),
        };
        match entry {
            Some(entry) => window.add(&entry),
            None => window.unreadable += 1,
        }
    }
}

/// The number of bytes from `position` up to and with the next line feed.
fn rest_of_line(log: &File, position: u64) -> io::Result<u64> {
    let mut bytes = 0;
    for byte in reader(log, position)?.bytes() {
        bytes += 1;
        if byte? == b'\n' {
            break;
        }
    }
    Ok(bytes)
}

fn tail_before(mut log: &File, position: u64) -> io::Result<Vec<u8>> {
    let from = position.saturating_sub(TAIL_BYTES);
    let mut tail = Vec::new();
    log.seek(SeekFrom::Start(from))?;
    log.take(position - from).read_to_end(&mut tail)?;
    Ok(tail)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
