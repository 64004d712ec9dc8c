/// What a run shows that a person should know: what was seen, what it means, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name, which stays the same from version to version, such as `bad-gateway`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case, in one line.
    pub title: String,
    /// What was seen: how many requests, of which endpoints, from when to when.
    pub seen: String,
    /// What that means.
    pub means: String,
    /// What to do, one step after the other.
    pub next: Vec<String>,
    /// How many requests it is about.
    pub requests: u64,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Requests failed, or nothing was measured of what was to be measured.
    Problem,
    /// The numbers have to be read with this in mind.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// `problem`, `warning` or `note`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Problem => "problem",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}
