//! How fields of responses changed while a run went on.

use std::fmt;

/// A field that changed while the run went on, though every single response may have been in order.
///
/// It displays as `/data/items/*/themeTags became empty from second 41 on, in all values`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The endpoint's name.
    pub endpoint: String,
    /// A JSON Pointer to the field; empty for the whole body. Array indices, and names that the
    /// endpoint's shape does not have, are `*`.
    pub path: String,
    /// What became of it.
    pub what: DriftKind,
    /// The first second that shows it, counted from the beginning of the run.
    pub from_second: u64,
    /// The last second that shows it, if it was over before the end.
    pub until_second: Option<u64>,
    /// The share of the values that are so meanwhile, above 0 and at most 1.
    pub share: f64,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(whole body)" } else { &self.path };
        write!(f, "{path} {} from second {} ", self.what, self.from_second)?;
        match self.until_second {
            Some(until) => write!(f, "to second {until}")?,
            None => f.write_str("on")?,
        }
        match self.what {
            DriftKind::Shortened { .. } | DriftKind::Lengthened { .. } => Ok(()),
            _ if self.share >= 1.0 => f.write_str(", in all values"),
            // Rounded down, so that only all values can be 100 %.
            _ => write!(f, ", in {} % of the values", (self.share * 100.0).floor()),
        }
    }
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DriftKind {
    /// Texts, arrays or objects have nothing in them.
    BecameEmpty,
    /// Values are `null`.
    BecameNull,
    /// Objects do not have the field.
    Disappeared,
    /// The field was absent, null or empty, and has a value.
    Appeared,
    /// Values are of another JSON type.
    ChangedType {
        /// What most of them were, such as `array`.
        from: &'static str,
        /// What they are.
        to: &'static str,
    },
    /// Arrays have half as many items or fewer.
    Shortened {
        /// Items of an array at first, in the mean.
        from: f64,
        /// Items of an array meanwhile, in the mean.
        to: f64,
    },
    /// Arrays have twice as many items or more.
    Lengthened {
        /// Items of an array at first, in the mean.
        from: f64,
        /// Items of an array meanwhile, in the mean.
        to: f64,
    },
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BecameEmpty => f.write_str("became empty"),
            Self::BecameNull => f.write_str("became null"),
            Self::Disappeared => f.write_str("disappeared"),
            Self::Appeared => f.write_str("appeared"),
            Self::ChangedType { from, to } => write!(f, "changed type from {from} to {to}"),
            Self::Shortened { from, to } => write!(f, "shrank from {from:.1} to {to:.1} items"),
            Self::Lengthened { from, to } => write!(f, "grew from {from:.1} to {to:.1} items"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_is_a_sentence() {
        let drift = |what, until_second, share| {
            let (endpoint, path) = ("list".to_owned(), "/items/*/tags".to_owned());
            Drift { endpoint, path, what, from_second: 41, until_second, share }.to_string()
        };
        assert_eq!(
            drift(DriftKind::BecameEmpty, None, 1.0),
            "/items/*/tags became empty from second 41 on, in all values"
        );
        assert_eq!(
            drift(DriftKind::ChangedType { from: "array", to: "string" }, Some(60), 0.999),
            "/items/*/tags changed type from array to string from second 41 to second 60, in 99 % of the values"
        );
        assert_eq!(
            drift(DriftKind::Shortened { from: 20.0, to: 7.25 }, None, 1.0),
            "/items/*/tags shrank from 20.0 to 7.2 items from second 41 on"
        );
    }
}
