//! Where a table stands in its dump, for an output that has the dump's shape.

use crate::dump::Container;

/// The keys under which an entry says its table's name.
pub(crate) const NAME_KEYS: [&str; 3] = ["name", "table", "table_name"];

/// The keys under which a dump says its own version, which importers check.
pub(crate) const VERSION_KEYS: [&str; 3] = ["schema_version", "version", "format_version"];

/// The surroundings of one table's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) container: Container,
    /// The table's name as the dump spells it, which the policy knows.
    pub(crate) name: String,
    /// The key under which the dump says the name, where it does.
    pub(crate) name_key: Option<&'static str>,
    /// The versions that the dump says before the table.
    pub(crate) versions: Vec<(&'static str, u32)>,
}
