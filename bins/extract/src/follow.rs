//! Reads a file while it is being written, a little behind the writer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::regular::read_at;

/// How far a file has been written, known to its writer and its readers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    is_done: bool,
}

impl Progress {
    /// Whether the file ever has so many bytes. Waits until that is known.
    pub(crate) fn reaches(&self, bytes: u64) -> bool {
        self.wait_for(bytes) >= bytes
    }

    /// Says that nothing more is written.
    fn finish(&self) {
        self.change(|state| state.is_done = true);
    }

    /// How many bytes there are, once they are so many, or the last one is there.
    fn wait_for(&self, bytes: u64) -> u64 {
        let (state, changed) = &*self.0;
        let is_early = |state: &mut State| state.bytes < bytes && !state.is_done;
        let state = changed.wait_while(locked(state), is_early);
        state.unwrap_or_else(PoisonError::into_inner).bytes
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.0;
        change(&mut locked(state));
        changed.notify_all();
    }
}

/// No panic can leave the two numbers half changed.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that nothing more is written when it goes away, which it also does after a panic: nobody
/// must wait for ever.
#[derive(Debug)]
pub(crate) struct Finish<'a>(pub(crate) &'a [Progress]);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Progress::finish);
    }
}

/// Writes to the end of a file, and tells how far it has come.
#[derive(Debug)]
pub(crate) struct Followed<'a> {
    pub(crate) file: &'a File,
    pub(crate) progress: &'a Progress,
}

impl Write for Followed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.progress.change(|state| state.bytes += written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Reads what has been written, and waits for what has not.
#[derive(Debug)]
pub(crate) struct Follower {
    file: File,
    progress: Progress,
    at: u64,
}

impl Follower {
    pub(crate) fn new(file: &File, progress: &Progress) -> io::Result<Self> {
        Ok(Self { file: file.try_clone()?, progress: progress.clone(), at: 0 })
    }
}

impl Read for Follower {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.progress.wait_for(self.at + 1) - self.at;
        let most = buffer.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        // What is there by now is read by its place, which leaves the writer's place alone.
        let count = read_at(&self.file, &mut buffer[..most], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_follower_reads_all_that_is_written_and_then_ends() {
        let (file, progress) = (tempfile::tempfile().unwrap(), Progress::default());
        let mut follower = Follower::new(&file, &progress).unwrap();
        let read = thread::spawn(move || {
            let mut text = Vec::new();
            follower.read_to_end(&mut text).map(|_| text)
        });
        let mut writer = Followed { file: &file, progress: &progress };
        let pieces: Vec<String> = (0..500).map(|number| format!("{number} and ")).collect();
        for piece in &pieces {
            writer.write_all(piece.as_bytes()).unwrap();
        }
        progress.finish();
        assert_eq!(read.join().unwrap().unwrap(), pieces.concat().as_bytes());
    }

    #[test]
    fn a_file_reaches_what_was_written_of_it_and_no_more() {
        let (file, progress) = (tempfile::tempfile().unwrap(), Progress::default());
        Followed { file: &file, progress: &progress }.write_all(b"four").unwrap();
        assert!(progress.reaches(4));
        progress.finish();
        assert!(!progress.reaches(5));
    }
}
