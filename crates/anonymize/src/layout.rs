//! How the rows of a table are written: the seam between what finds rows and what cleans them.

/// How the rows of one table stand in the dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Objects whose keys are the columns.
    #[default]
    Named,
    /// Arrays whose elements stand for these columns, in this order.
    Positional(Vec<Slot>),
}

/// One column of rows that are arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The column's name as the dump gives it; empty where it gives none.
    pub(crate) name: String,
    /// Its index in the policy's table, where that lists it.
    pub(crate) column: Option<usize>,
    /// How its values are encoded, where the dump says it.
    pub(crate) kind: Option<Kind>,
}

/// A type of SpacetimeDB's type system (SATS), as far as it decides how a value is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[0, x]` is x, `[1, []]` is nothing.
    Option(Box<Kind>),
    /// `[n, x]` is the n-th of these variants, with its content.
    Sum(Vec<(String, Kind)>),
    /// `[x]` is x: a product of one element that only marks what x is, such as
    /// `__timestamp_micros_since_unix_epoch__` or `__identity__`. The mark is kept.
    Marked(String, Box<Kind>),
    /// Any other value stands as it is.
    Plain,
}
