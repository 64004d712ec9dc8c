use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::WorkloadError;

/// Where the load goes: scheme, host, port, and a path before every endpoint's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    https: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// Host and port as the `Host` header says them.
    authority: String,
    /// Empty, or beginning with a slash and not ending with one.
    prefix: String,
}

impl BaseUrl {
    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for BaseUrl {
    type Err = WorkloadError;

    /// Reads `http://host:port/prefix`. The error does not repeat the text, which may hold a
    /// password.
    fn from_str(text: &str) -> Result<Self, WorkloadError> {
        let refuse = |problem| Err(WorkloadError::BaseUrl { problem });
        let Ok(url) = Url::parse(text.trim()) else { return refuse("is not a URL") };
        let https = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return refuse("must begin with http:// or https://"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must not have a query or fragment");
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return refuse("has no host");
        };
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(BaseUrl { https, host, port, authority, prefix })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, shown, host, port) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787", "127.0.0.1", 8787),
            ("http://127.0.0.1:8787/", "http://127.0.0.1:8787", "127.0.0.1", 8787),
            ("https://genarrative.world", "https://genarrative.world", "genarrative.world", 443),
            ("http://[::1]:80/a/b/", "http://[::1]/a/b", "::1", 80),
            (" http://LOCALHOST ", "http://localhost", "localhost", 80),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.host(), url.port()), (shown, host, port));
        }
    }

    #[test]
    fn other_forms_are_refused_and_passwords_not_repeated() {
        for text in [
            "",
            "127.0.0.1:8787",
            "localhost:80",
            "ftp://a",
            "http://",
            "http://u:hunter2@a",
            "http://u@a",
            "http://a?q=1",
            "http://a/#f",
            "http://a:99999",
        ] {
            let error = text.parse::<BaseUrl>().expect_err(text);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
