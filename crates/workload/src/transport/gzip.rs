//! Compressed bodies, for the probe.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;

use super::TransportError;

/// Whether the body is compressed with gzip and nothing else.
pub(crate) fn is_gzip(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let only = (encodings.next(), encodings.next());
    matches!(only, (Some(encoding), None) if encoding.as_bytes().eq_ignore_ascii_case(b"gzip"))
}

/// The body as it was before it was compressed, at most `bytes_max` of it.
pub(crate) fn decompress(pieces: &[Bytes], bytes_max: usize) -> Result<Bytes, TransportError> {
    let compressed = Pieces { pieces, read: 0 };
    let mut body = Vec::new();
    // One byte more tells a body that just fits from one that does not.
    let limit = (bytes_max as u64).saturating_add(1);
    let read = MultiGzDecoder::new(compressed).take(limit).read_to_end(&mut body);
    match read {
        Ok(bytes) if bytes > bytes_max => Err(TransportError::BodyTooLarge),
        Ok(_) => Ok(body.into()),
        Err(_) => Err(TransportError::Protocol),
    }
}

/// The pieces of a body, one after the other.
struct Pieces<'a> {
    pieces: &'a [Bytes],
    /// How much of the first one was read.
    read: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while let Some((first, rest)) = self.pieces.split_first() {
            let left = &first[self.read..];
            if !left.is_empty() {
                let bytes = left.len().min(into.len());
                into[..bytes].copy_from_slice(&left[..bytes]);
                self.read += bytes;
                return Ok(bytes);
            }
            (self.pieces, self.read) = (rest, 0);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use hyper::header::HeaderValue;

    use super::*;

    fn pieces(text: &[u8], size: usize) -> Vec<Bytes> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        let compressed = encoder.finish().unwrap();
        compressed.chunks(size).map(Bytes::copy_from_slice).collect()
    }

    #[test]
    fn a_body_is_the_same_in_whatever_pieces_it_came() {
        let text = b"[1, 2, 3]".repeat(500);
        for size in [1, 7, 100_000] {
            assert_eq!(decompress(&pieces(&text, size), text.len()).unwrap(), text);
        }
    }

    #[test]
    fn a_body_that_grows_beyond_the_bound_or_is_damaged_is_an_error() {
        let bomb = pieces(&[0; 1 << 20], 64);
        assert_eq!(decompress(&bomb, (1 << 20) - 1), Err(TransportError::BodyTooLarge));
        let cut = &bomb[..bomb.len() - 1];
        assert_eq!(decompress(cut, 1 << 21), Err(TransportError::Protocol));
        assert_eq!(decompress(&[Bytes::from("[]")], 10), Err(TransportError::Protocol));
    }

    #[test]
    fn only_gzip_alone_is_decompressed() {
        for (encodings, expected) in [
            (&["gzip"][..], true),
            (&["GZIP"], true),
            (&[], false),
            (&["br"], false),
            (&["gzip, br"], false),
            (&["gzip", "gzip"], false),
        ] {
            let mut headers = HeaderMap::new();
            for encoding in encodings {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            assert_eq!(is_gzip(&headers), expected, "{encodings:?}");
        }
    }
}
