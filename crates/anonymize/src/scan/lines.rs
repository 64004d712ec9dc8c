//! Which line an offset is in, near the start of the input.

use memchr::memchr_iter;

/// Up to this offset lines are counted. Beyond it, a line's number helps nobody, and counting would
/// look at every byte once more.
const LIMIT: u64 = 16 << 20;

/// How far lines were counted, and what was found.
#[derive(Debug, Default)]
pub(super) struct Lines {
    counted: u64,
    breaks: u32,
    /// The offset of the first byte of the line.
    start: u64,
}

impl Lines {
    /// Begins the first line here, behind a byte order mark.
    pub(super) fn start_behind(&mut self, offset: u64) {
        (self.counted, self.start) = (offset, offset);
    }

    /// Counts on to the end of these bytes, the first of which has the offset `base`.
    pub(super) fn pass(&mut self, base: u64, bytes: &[u8]) {
        if self.counted >= LIMIT {
            return;
        }
        let Some(new) = bytes.get((self.counted - base) as usize..) else { return };
        for index in memchr_iter(b'\n', new) {
            self.breaks += 1;
            self.start = self.counted + index as u64 + 1;
        }
        self.counted += new.len() as u64;
    }

    /// Line and column of the offset up to which was counted, both from 1.
    pub(super) fn at(&self, offset: u64) -> Option<(u32, u32)> {
        let is_known = offset < LIMIT && offset == self.counted;
        is_known.then(|| (self.breaks + 1, (offset - self.start) as u32 + 1))
    }
}
