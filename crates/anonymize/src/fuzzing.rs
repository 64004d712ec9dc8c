//! What the fuzz targets see of the scanner.

use std::io::{self, Read};

use crate::AnonymizeError;
use crate::scan::{Scanner, Unwatched};

/// A reader that gives its bytes in pieces of these lengths, over and over.
#[derive(Debug)]
pub struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: &'a [u8],
    next: usize,
}

impl<'a> Pieces<'a> {
    /// A length of 0 is one of 256.
    pub fn new(bytes: &'a [u8], sizes: &'a [u8]) -> Self {
        Self { bytes, sizes, next: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.get(self.next % self.sizes.len().max(1)).copied().unwrap_or(0);
        self.next += 1;
        let size = usize::from(size.wrapping_sub(1)) + 1;
        let size = size.min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}

/// Where the first value ends, and the number of its elements where it is an array.
pub fn skip(input: Pieces<'_>) -> Result<(u64, Option<u64>), AnonymizeError> {
    let mut scanner = Scanner::new(input, Unwatched)?;
    let count = scanner.skip_value()?;
    Ok((scanner.offset(), count))
}

/// The elements of an array as they are written.
pub fn elements(input: Pieces<'_>) -> Result<Vec<Vec<u8>>, AnonymizeError> {
    let mut scanner = Scanner::new(input, Unwatched)?;
    scanner.expect(b'[')?;
    let (mut is_first, mut elements) = (true, Vec::new());
    while scanner.element(&mut is_first, b']')? {
        let span = scanner.cut(1 << 20)?;
        elements.push(scanner.bytes(span).0.to_vec());
    }
    Ok(elements)
}
