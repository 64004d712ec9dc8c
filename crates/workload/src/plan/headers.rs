//! The headers that a plan may add to requests.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// Set by the transport or by the run itself; a second one would make the request another one.
const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-load-test-run",
];

/// What a header is called that carries a secret. A plan is a file to be shared; it has none.
const SECRET: [&str; 7] =
    ["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"];

/// The headers as a map, or what is wrong. No value is repeated.
pub(super) fn read(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let shown = name.escape_debug();
        let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(format!("has a header {name:?} that is no header's name"));
        };
        if RESERVED.contains(&key.as_str()) {
            return Err(format!("sets the header {shown}, which every request has by itself"));
        }
        if SECRET.iter().any(|word| key.as_str().contains(word)) {
            return Err(format!(
                "sets the header {shown}, which would hold a secret: a plan is to be shared; use \
                 auth = true and AUTH_TOKEN"
            ));
        }
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("has a value in the header {shown} that no header can carry"))?;
        if map.insert(key, value).is_some() {
            return Err(format!("sets the header {shown} twice"));
        }
    }
    Ok(map)
}
