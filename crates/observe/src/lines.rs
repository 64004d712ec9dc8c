use std::io::{self, BufRead};

/// A line longer than this is counted and not kept. nginx itself takes request lines of 8 KiB.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;

/// What [`next_line`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, now in the buffer without its line end.
    Whole,
    /// A line of more than [`LINE_BYTES_MAX`] bytes; the buffer is of no use.
    TooLong,
    /// There is nothing left.
    End,
}

/// Reads up to the next line feed or the end into `line`, which never grows beyond the limit.
pub(crate) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let mut found = Line::End;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(found);
        }
        let end = chunk.iter().position(|&byte| byte == b'\n');
        let text = &chunk[..end.unwrap_or(chunk.len())];
        if line.len() + text.len() > LINE_BYTES_MAX {
            found = Line::TooLong;
        } else if found == Line::End {
            found = Line::Whole;
        }
        if found == Line::Whole {
            line.extend_from_slice(text);
        }
        let used = end.map_or(chunk.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Every line with what was found, read through a buffer of `capacity` bytes.
    fn lines(text: &[u8], capacity: usize) -> Vec<(Line, usize)> {
        let mut reader = BufReader::with_capacity(capacity, text);
        let (mut line, mut all) = (Vec::new(), Vec::new());
        loop {
            match next_line(&mut reader, &mut line).unwrap() {
                Line::End => return all,
                found => all.push((found, line.len())),
            }
            assert!(line.capacity() <= 4 * LINE_BYTES_MAX);
        }
    }

    #[test]
    fn lines_are_found_whatever_the_chunks() {
        for capacity in [1, 2, 3, 100] {
            let found = lines(b"one\n\nthree\nend", capacity);
            let whole = |length| (Line::Whole, length);
            assert_eq!(found, [whole(3), whole(0), whole(5), whole(3)], "{capacity}");
        }
        assert!(lines(b"", 8).is_empty());
    }

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_is_whole() {
        let mut text = vec![b'x'; LINE_BYTES_MAX];
        text.extend(b"\n");
        text.extend(vec![b'y'; LINE_BYTES_MAX * 3 + 1]);
        text.extend(b"\nz\n");
        let found = lines(&text, 8192);
        assert_eq!((found[0], found[2]), ((Line::Whole, LINE_BYTES_MAX), (Line::Whole, 1)));
        assert_eq!((found[1].0, found.len()), (Line::TooLong, 3));
    }
}
