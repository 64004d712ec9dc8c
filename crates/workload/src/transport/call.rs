//! What is to be requested.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;

/// One request to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Index among [`super::ClientConfig::targets`].
    pub(crate) target: usize,
    pub(crate) method: &'a Method,
    /// With its query. Parsed before the run, so that a request costs no allocation for it.
    pub(crate) path: &'a PathAndQuery,
    /// Whether the token goes with it.
    pub(crate) auth: bool,
    /// What this request has beyond the headers of all requests.
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
}
