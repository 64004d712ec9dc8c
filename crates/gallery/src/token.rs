//! The secret that opens the personal routes.

use std::fmt;
use std::hint::black_box;

use hyper::header::{AUTHORIZATION, HeaderMap};
use zeroize::Zeroizing;

use crate::GalleryError;

/// The bearer token that opens the personal routes. It is wiped from memory when it is dropped, and
/// its `Debug` output does not tell it.
#[derive(Clone)]
pub struct AuthToken(Zeroizing<String>);

impl AuthToken {
    /// Takes the token as it stands after `Bearer ` in the header.
    ///
    /// # Errors
    ///
    /// [`GalleryError::Token`] where it is empty, or has a space or anything but visible ASCII.
    pub fn new(token: impl Into<String>) -> Result<Self, GalleryError> {
        let token = Zeroizing::new(token.into());
        let sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if sendable { Ok(Self(token)) } else { Err(GalleryError::Token) }
    }

    /// Whether the request carries this token, in one well-formed `Authorization` header.
    pub(crate) fn opens(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        // Two headers are as good as none: which of them a proxy would have kept is unknown.
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        bearer(value.as_bytes()).is_some_and(|given| equal(given, self.0.as_bytes()))
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuthToken(hidden)")
    }
}

/// The token of a `Bearer` value; the scheme's name is case-insensitive.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// Takes equally long wherever the first difference is. The length alone is not hidden.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let difference = left.iter().zip(right).fold(0, |seen, (a, b)| black_box(seen | (a ^ b)));
    left.len() == right.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(headers: &[&str]) -> bool {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(AUTHORIZATION, value.parse().unwrap());
        }
        AuthToken::new("tok-1").unwrap().opens(&map)
    }

    #[test]
    fn only_one_exact_bearer_header_opens() {
        assert!(opens(&["Bearer tok-1"]) && opens(&["bearer tok-1"]));
        let wrong = [
            "tok-1",
            "Bearer",
            "Bearer ",
            "Bearer  tok-1",
            "Bearer tok-",
            "Bearer tok-11",
            "Bearer tok-2",
            "Basic tok-1",
            "Bearer tok-1 ,x",
            "Bearertok-1",
        ];
        for value in wrong {
            assert!(!opens(&[value]), "{value:?} opened");
        }
        assert!(!opens(&[]));
        assert!(!opens(&["Bearer tok-1", "Bearer tok-1"]));
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused() {
        for token in ["", " ", "a b", "a\n", "é", "a\u{7f}"] {
            assert!(matches!(AuthToken::new(token), Err(GalleryError::Token)), "{token:?}");
        }
    }

    #[test]
    fn debug_output_does_not_tell_the_token() {
        assert_eq!(format!("{:?}", AuthToken::new("tok-1").unwrap()), "AuthToken(hidden)");
    }
}
