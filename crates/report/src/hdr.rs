//! Histograms in the encoding that every reader of the HdrHistogram family knows.

use std::io::{self, Write};

use data_encoding::BASE64;
use hdrhistogram::serialization::{Deserializer, Serializer, V2SerializeError, V2Serializer};
use hdrhistogram::{Counter, Histogram};

/// Says that a V2 histogram follows, compressed by zlib.
const COOKIE: u32 = 0x1c84_9314;
/// As in zlib itself.
const LEVEL: u8 = 6;

/// V2, compressed. The crate's own serializer compresses by whichever library a build has chosen,
/// and the same histogram is to be the same bytes in every build and on every machine.
#[derive(Default)]
pub(crate) struct Compressed {
    v2: V2Serializer,
    plain: Vec<u8>,
}

impl Serializer for Compressed {
    type SerializeError = V2SerializeError;

    fn serialize<T: Counter, W: Write>(
        &mut self,
        histogram: &Histogram<T>,
        writer: &mut W,
    ) -> Result<usize, V2SerializeError> {
        self.plain.clear();
        self.v2.serialize(histogram, &mut self.plain)?;
        let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&self.plain, LEVEL);
        let length = u32::try_from(compressed.len()).map_err(io::Error::other)?;
        writer.write_all(&COOKIE.to_be_bytes())?;
        writer.write_all(&length.to_be_bytes())?;
        writer.write_all(&compressed)?;
        Ok(compressed.len() + 8)
    }
}

/// A histogram as text.
pub(crate) fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    Compressed::default()
        .serialize(histogram, &mut bytes)
        .expect("memory takes every byte of a histogram that fits into it");
    BASE64.encode(&bytes)
}

/// A histogram of such a text; `None` if it is none.
pub(crate) fn decode(text: &str) -> Option<Histogram<u64>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_what_was_encoded() {
        let mut histogram = Histogram::new(3).unwrap();
        for value in (1..100_000).step_by(7) {
            histogram.record(value * value % 1_000_000).unwrap();
        }
        for histogram in [histogram, Histogram::new(3).unwrap()] {
            let text = encode(&histogram);
            assert!(text.starts_with("HISTF"), "every such histogram begins so: {text}");
            assert_eq!(decode(&text), Some(histogram));
        }
        assert_eq!([decode(""), decode("HISTF"), decode("-")], [None, None, None]);
    }
}
