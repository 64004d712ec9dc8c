//! What is to be requested.

use std::borrow::Cow;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::{InvalidUri, PathAndQuery};

/// One request to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Index among [`super::ClientConfig::targets`].
    pub(crate) target: usize,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a Path<'a>,
    /// Whether the token goes with it.
    pub(crate) auth: bool,
    /// What this request has beyond the headers of all requests.
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
}

/// The path of a request, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path<'a> {
    /// Parsed before the run, so that a request costs no allocation for it.
    Ready(&'a PathAndQuery),
    /// Made for this request.
    Text(Cow<'a, str>),
}

impl Path<'_> {
    pub(crate) fn parsed(&self) -> Result<PathAndQuery, InvalidUri> {
        match self {
            Path::Ready(path) => Ok((*path).clone()),
            Path::Text(text) => PathAndQuery::try_from(text.as_ref()),
        }
    }
}
