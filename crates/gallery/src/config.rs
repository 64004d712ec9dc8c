use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use crate::{AuthToken, Fault, GalleryError};

/// What a gallery does beyond serving its dataset. The default is a healthy, unlimited service
/// whose personal routes are closed.
#[derive(Clone, Debug, Default)]
pub struct GalleryConfig {
    pub(crate) auth_token: Option<AuthToken>,
    pub(crate) auth_user: Option<String>,
    pub(crate) max_concurrent_requests: Option<NonZeroUsize>,
    pub(crate) disabled: BTreeSet<Entry>,
    pub(crate) latency: Duration,
    pub(crate) faults: Vec<Fault>,
}

impl GalleryConfig {
    /// The default configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that opens the personal routes. Default: none, and every personal request is
    /// answered 401.
    pub fn auth_token(mut self, token: AuthToken) -> Self {
        self.auth_token = Some(token);
        self
    }

    /// The owner user id, as in the dataset, that the token belongs to. Default: the owner of the
    /// most works. A user without works has empty lists.
    pub fn auth_user(mut self, owner_user_id: impl Into<String>) -> Self {
        self.auth_user = Some(owner_user_id.into());
        self
    }

    /// How many requests may be in progress, from the parsed head until the last byte of the body
    /// is handed to the connection. One more is answered 429 at once. `/healthz` neither counts nor
    /// is refused. Default: no limit.
    pub fn max_concurrent_requests(mut self, limit: NonZeroUsize) -> Self {
        self.max_concurrent_requests = Some(limit);
        self
    }

    /// Answers every route of this entry, public and personal, with 503 and the code
    /// `creation_entry_disabled`. Default: none is disabled.
    pub fn disable(mut self, entry: Entry) -> Self {
        self.disabled.insert(entry);
        self
    }

    /// How long each response waits, beside what it needs; a 429 does not wait. The wait ends on a
    /// tick of 1 ms, so it is up to 1 ms longer. Default: zero.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Adds a fault. Of several that fall on one request the first added applies. Default: none.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// A creation entry: the kind of work that its routes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Entry {
    /// Works of the kind `puzzle`.
    Puzzle,
    /// Works of the kind `custom-world`.
    CustomWorld,
}

impl Entry {
    /// The kind as the dataset writes it: `puzzle` or `custom-world`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Puzzle => "puzzle",
            Self::CustomWorld => "custom-world",
        }
    }
}

impl FromStr for Entry {
    type Err = GalleryError;

    fn from_str(name: &str) -> Result<Self, GalleryError> {
        let known = [Self::Puzzle, Self::CustomWorld];
        known.into_iter().find(|entry| entry.name() == name).ok_or(GalleryError::Entry)
    }
}
