//! What the values of a metric are, by its name.

/// Counters of bytes, by k6's names.
const OF_BYTES: [&str; 2] = ["data_received", "data_sent"];

/// Whether a counter counts bytes.
pub(crate) fn is_of_bytes(name: &str) -> bool {
    OF_BYTES.contains(&name)
}
