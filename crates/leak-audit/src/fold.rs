//! ASCII letters in lower case: a leak in other case is a leak too.

/// Lower-cases the ASCII letters among eight bytes and leaves the others as they are.
pub(crate) fn lower8(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = bytes & (0x7f * EACH);
    let from_a = low + (0x80 - u64::from(b'A')) * EACH;
    let after_z = low + (0x7f - u64::from(b'Z')) * EACH;
    let is_upper = (from_a ^ after_z) & !bytes & (0x80 * EACH);
    bytes | (is_upper >> 2)
}

/// Puts the lower-cased text into `out` in place of what is there.
pub(crate) fn lower_into(text: &str, out: &mut String) {
    out.clear();
    out.push_str(text);
    out.make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_lower_cased_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            let expected = [byte.to_ascii_lowercase(), b'A', 0xff, 0, byte, b'z', b'[', b'@'];
            let made = lower8(u64::from_le_bytes([byte, b'A', 0xff, 0, byte, b'z', b'[', b'@']));
            let expected = expected.map(|byte| byte.to_ascii_lowercase());
            assert_eq!(made.to_le_bytes(), expected);
        }
    }
}
