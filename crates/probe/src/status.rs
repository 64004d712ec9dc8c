/// The class of an HTTP status, by its first digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// 100 to 199.
    Informational,
    /// 200 to 299.
    Success,
    /// 300 to 399.
    Redirect,
    /// 400 to 499.
    ClientError,
    /// 500 to 599.
    ServerError,
    /// Any other number; no HTTP server should send it.
    Other,
}

/// Says which class an HTTP status belongs to.
pub fn status_class(status: u16) -> StatusClass {
    match status / 100 {
        1 => StatusClass::Informational,
        2 => StatusClass::Success,
        3 => StatusClass::Redirect,
        4 => StatusClass::ClientError,
        5 => StatusClass::ServerError,
        _ => StatusClass::Other,
    }
}

impl StatusClass {
    /// The class in words, such as `client error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Success => "success",
            Self::Redirect => "redirect",
            Self::ClientError => "client error",
            Self::ServerError => "server error",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for StatusClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_three_digits_decides() {
        let cases = [
            (0, "other"),
            (99, "other"),
            (100, "informational"),
            (199, "informational"),
            (200, "success"),
            (299, "success"),
            (304, "redirect"),
            (404, "client error"),
            (429, "client error"),
            (503, "server error"),
            (599, "server error"),
            (600, "other"),
            (u16::MAX, "other"),
        ];
        for (status, class) in cases {
            assert_eq!(status_class(status).to_string(), class, "{status}");
        }
    }
}
