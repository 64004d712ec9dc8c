//! One connection: bytes in, the paths that they ask for, and pages out.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use memchr::memmem;
use mio::net::TcpStream;

use crate::pages::Page;

/// More than any load tool sends ahead of its answers.
const INPUT_MAX: usize = 64 * 1024;

/// Whether the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Closed,
}

/// A connection with what has not been read as a request, and what has not been taken yet.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    input: Vec<u8>,
    output: VecDeque<Page>,
    /// How much of the first page is written.
    written: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Connection { stream, input: Vec::new(), output: VecDeque::new(), written: 0 }
    }

    /// Reads what has come, and calls `asked` with the path of each whole request.
    pub(crate) fn read(&mut self, buffer: &mut [u8], mut asked: impl FnMut(&[u8])) -> State {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return State::Closed,
                Ok(length) => {
                    self.input.extend_from_slice(&buffer[..length]);
                    if self.take_requests(&mut asked) == State::Closed {
                        return State::Closed;
                    }
                    // Linux tells of later bytes anew, which saves a call that finds nothing.
                    if cfg!(target_os = "linux") && length < buffer.len() {
                        return State::Open;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return state_after(&error),
            }
        }
    }

    fn take_requests(&mut self, asked: &mut impl FnMut(&[u8])) -> State {
        let mut begin = 0;
        while let Some(length) = memmem::find(&self.input[begin..], b"\r\n\r\n") {
            match path(&self.input[begin..begin + length]) {
                Some(path) => asked(path),
                None => return State::Closed,
            }
            begin += length + 4;
        }
        self.input.drain(..begin);
        if self.input.len() > INPUT_MAX { State::Closed } else { State::Open }
    }

    /// Writes a page after those that are not written yet.
    pub(crate) fn send(&mut self, page: Page) -> State {
        self.output.push_back(page);
        self.flush()
    }

    /// Writes as much as the client takes.
    pub(crate) fn flush(&mut self) -> State {
        while let Some(page) = self.output.front() {
            match self.stream.write(&page[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return state_after(&error),
            }
            if self.written == page.len() {
                self.output.pop_front();
                self.written = 0;
            }
        }
        State::Open
    }
}

fn state_after(error: &io::Error) -> State {
    if error.kind() == ErrorKind::WouldBlock { State::Open } else { State::Closed }
}

/// The path of a GET request without a body, which is all that load is made of here.
fn path(head: &[u8]) -> Option<&[u8]> {
    let target = head.strip_prefix(b"GET ")?.split(|&byte| byte == b' ').next()?;
    target.split(|&byte| byte == b'?').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_stands_before_the_query() {
        assert_eq!(path(b"GET /small HTTP/1.1\r\nhost: a"), Some(&b"/small"[..]));
        assert_eq!(path(b"GET /small?a=1 HTTP/1.1"), Some(&b"/small"[..]));
        assert_eq!(path(b"POST /small HTTP/1.1"), None);
    }
}
