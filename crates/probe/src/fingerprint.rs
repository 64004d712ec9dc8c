/// A hash of the length and both ends of a name; its upper bits are the good ones.
#[inline]
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
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

/// Whether two names are the same. Names are so short that a call for it takes longer than this.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        8..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        4..=7 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_anywhere_are_not_the_same() {
        for len in 0..40 {
            let name = b"abcdefghij".repeat(4)[..len].to_vec();
            assert!(same(&name, &name.clone()));
            assert!(!same(&name, &[&name[..], b"a"].concat()));
            for at in 0..len {
                let mut other = name.clone();
                other[at] = b'_';
                assert!(!same(&name, &other) && !same(&other, &name), "{len} {at}");
            }
        }
    }
}
