/// A hash of the length and both ends of a name; its upper bits are the good ones.
#[inline]
pub(crate) fn fingerprint(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (start, end) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(start), Some(end)) => (u64::from_le_bytes(*start), u64::from_le_bytes(*end)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(start), Some(end)) => {
                (u32::from_le_bytes(*start).into(), u32::from_le_bytes(*end).into())
            }
            _ => (bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 0),
        },
    };
    let mixed = start.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ end.rotate_left(23);
    (mixed ^ bytes.len() as u64).wrapping_mul(0xff51_afd7_ed55_8ccd)
}
