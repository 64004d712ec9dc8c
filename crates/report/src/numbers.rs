//! Numbers as k6 writes them.

use std::time::Duration;

use metrics::Rate;

/// A duration in the greatest unit that keeps it above 1, cut (not rounded) to two decimals:
/// `913.45µs`, `12ms`, `1.5s`; whole seconds from a minute up: `1m30s`.
pub(crate) fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => cut(nanos, 1_000) + "µs",
        1_000_000..1_000_000_000 => cut(nanos, 1_000_000) + "ms",
        1_000_000_000..60_000_000_000 => cut(nanos, 1_000_000_000) + "s",
        _ => minutes(duration.as_secs()),
    }
}

/// `nanos` in units of `unit`, cut to two decimals, without trailing zeros.
fn cut(nanos: u128, unit: u128) -> String {
    let hundredths = nanos * 100 / unit;
    trimmed(&format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

fn minutes(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match minutes / 60 {
        0 => format!("{minutes}m{seconds}s"),
        hours => format!("{hours}h{}m{seconds}s", minutes % 60),
    }
}

/// The same for a number of milliseconds. What is no duration is shown as 0.
pub(crate) fn duration_ms(milliseconds: f64) -> String {
    duration(Duration::from_nanos((milliseconds * 1e6).round() as u64))
}

/// A share as per cent, cut to two decimals, so that 99.999 % never shows as 100.00 %.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// The same for a share from 0 to 1 that was measured.
pub(crate) fn share(share: f64) -> String {
    percent((share * 1e6).round() as u64, 1_000_000)
}

/// The share of events that were true.
pub(crate) fn rate_percent(rate: &Rate) -> String {
    percent(rate.trues, rate.total)
}

/// A number with up to six decimals, without trailing zeros.
pub(crate) fn number(value: f64) -> String {
    trimmed(&format!("{value:.6}"))
}

fn trimmed(decimal: &str) -> String {
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in units of 1000: `5 B`, `1.2 kB`, `34 MB`.
pub(crate) fn bytes(bytes: f64) -> String {
    if bytes < 10.0 {
        return number(bytes) + " B";
    }
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let power = ((bytes.ln() / 1000_f64.ln()) as usize).min(units.len() - 1);
    let value = (bytes / 1000_f64.powi(power as i32) * 10.0).round() / 10.0;
    let decimals = usize::from(value < 10.0);
    format!("{value:.decimals$} {}", units[power])
}

/// A moment of the run: `4.2 s`.
pub(crate) fn seconds(since_begin: Duration) -> String {
    format!("{:.1} s", since_begin.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_cut_and_never_rounded_up() {
        for (nanos, shown) in [
            (0, "0s"),
            (999, "999ns"),
            (1_000, "1µs"),
            (913_459, "913.45µs"),
            (999_999, "999.99µs"),
            (1_000_000, "1ms"),
            (12_300_000, "12.3ms"),
            (999_999_999, "999.99ms"),
            (1_500_000_000, "1.5s"),
            (59_999_999_999, "59.99s"),
            (60_000_000_000, "1m0s"),
            (90_999_000_000, "1m30s"),
            (3_723_000_000_000, "1h2m3s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), shown);
        }
        assert_eq!(duration_ms(0.91345), "913.45µs");
        assert_eq!(duration_ms(-1.0), "0s");
        assert!(duration(Duration::MAX).contains('h'));
    }

    #[test]
    fn per_cents_are_cut() {
        for (part, whole, shown) in [
            (0, 0, "0.00%"),
            (0, 7, "0.00%"),
            (2, 3, "66.66%"),
            (99_999, 100_000, "99.99%"),
            (57, 100, "57.00%"),
            (u64::MAX, u64::MAX, "100.00%"),
        ] {
            assert_eq!(percent(part, whole), shown);
        }
        for (value, shown) in
            [(0.0, "0.00%"), (0.29, "29.00%"), (0.999_99, "99.99%"), (-1.0, "0.00%")]
        {
            assert_eq!(share(value), shown);
        }
    }

    #[test]
    fn bytes_count_in_thousands() {
        for (value, shown) in [
            (0.0, "0 B"),
            (9.5, "9.5 B"),
            (10.0, "10 B"),
            (999.0, "999 B"),
            (1234.0, "1.2 kB"),
            (9960.0, "10 kB"),
            (34_000_000.0, "34 MB"),
        ] {
            assert_eq!(bytes(value), shown);
        }
    }

    #[test]
    fn numbers_have_no_idle_zeros() {
        for (value, shown) in [(0.0, "0"), (50.0, "50"), (1.5, "1.5"), (2.0 / 3.0, "0.666667")] {
            assert_eq!(number(value), shown);
        }
    }
}
