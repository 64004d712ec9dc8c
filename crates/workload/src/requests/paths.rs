//! Paths that are made once, checked once, and then only pointed at.

use std::fmt;

use bytes::Bytes;
use hyper::http::uri::PathAndQuery;

use crate::{Endpoint, WorkloadError};

/// What servers commonly take is 8 KiB for the whole first line.
const PATH_BYTES_MAX: usize = 8 << 10;

/// Many paths in one piece of memory, so that choosing one copies nothing.
pub(super) struct Paths {
    text: Bytes,
    /// Where each path ends; it begins where the one before it ends.
    ends: Vec<usize>,
    asked: Vec<Asked>,
}

/// The values that a path asks for, of the fields that an answer is held against.
pub(super) type Asked = Box<[Box<str>]>;

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Paths are made of the dataset's ids, which may be real ones.
        f.debug_struct("Paths").field("count", &self.ends.len()).finish_non_exhaustive()
    }
}

/// Collects paths.
#[derive(Debug, Default)]
pub(super) struct PathsBuilder {
    text: Vec<u8>,
    ends: Vec<usize>,
    asked: Vec<Asked>,
}

impl PathsBuilder {
    pub(super) fn push(
        &mut self,
        (path, asked): (String, Asked),
        endpoint: &Endpoint,
    ) -> Result<(), WorkloadError> {
        parsed(&path, endpoint)?;
        self.asked.push(asked);
        self.text.extend_from_slice(path.as_bytes());
        self.ends.push(self.text.len());
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn build(self) -> Paths {
        Paths { text: self.text.into(), ends: self.ends, asked: self.asked }
    }
}

impl Paths {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> PathAndQuery {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        PathAndQuery::from_maybe_shared(self.text.slice(begin..self.ends[at]))
            .expect("each path was read as one when it was added")
    }

    pub(super) fn asked(&self, at: usize) -> &[Box<str>] {
        &self.asked[at]
    }
}

/// The one path of an endpoint without fields.
pub(super) fn fixed(endpoint: &Endpoint, prefix: &str) -> Result<PathAndQuery, WorkloadError> {
    parsed(&endpoint.path.render(prefix, None).unwrap_or_default(), endpoint)
}

/// The error does not repeat the path, which may be made of the dataset's values.
fn parsed(path: &str, endpoint: &Endpoint) -> Result<PathAndQuery, WorkloadError> {
    let fits = path.len() <= PATH_BYTES_MAX;
    let parsed = fits.then(|| PathAndQuery::try_from(path).ok());
    parsed.flatten().ok_or_else(|| WorkloadError::Fields {
        endpoint: endpoint.name.clone(),
        problem: "has a path that is longer than 8 KiB or no path",
    })
}
