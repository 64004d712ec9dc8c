//! Durations as plans write them: `500ms`, `1.5s`, `1m30s`.

use std::time::Duration;

const UNITS: [(&str, f64); 7] = [
    ("ms", 1e6),
    ("us", 1e3),
    ("ns", 1.0),
    ("d", 86_400e9),
    ("h", 3_600e9),
    ("m", 60e9),
    ("s", 1e9),
];

/// The duration that a text of numbers, each with its unit, stands for; `None` for any other text.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut nanos = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&at| at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        let (unit, factor) =
            UNITS.into_iter().find(|(unit, _)| rest[digits..].starts_with(unit))?;
        nanos += number * factor;
        rest = &rest[digits + unit.len()..];
    }
    // Beyond that, nanoseconds would no longer be exact; every bound is far below.
    (nanos <= (1_u64 << 53) as f64).then(|| Duration::from_nanos(nanos.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("1.5s", 1500),
            ("1m30s", 90_000),
            (" 2h ", 7_200_000),
            ("7d", 604_800_000),
            ("3000us", 3),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "s", "-3s", "1.2.3s", "3 s", "1x", "1s2", "999999d", "1e9s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
