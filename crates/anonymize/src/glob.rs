//! Name patterns in which `*` stands for any run of characters, also for none.

use memchr::memchr_iter;

/// A pattern that is matched often, in the form that is quickest to match.
#[derive(Clone, Debug)]
pub(crate) enum Glob {
    /// `a*`
    Start(String),
    /// `*a*`
    Inside(String),
    Other(String),
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let has_star = |text: &str| text.contains('*');
        let start = pattern.strip_suffix('*');
        let inside = start.and_then(|start| start.strip_prefix('*'));
        match (start, inside) {
            (_, Some(inside)) if !has_star(inside) => Self::Inside(inside.to_owned()),
            (Some(start), _) if !has_star(start) => Self::Start(start.to_owned()),
            _ => Self::Other(pattern.to_owned()),
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Start(start) => name.starts_with(start),
            Self::Inside(inside) => contains(name.as_bytes(), inside.as_bytes()),
            Self::Other(pattern) => matches(pattern, name),
        }
    }
}

/// Whether a short name has a part that mostly starts with a rare byte: to prepare a real search
/// takes longer.
fn contains(name: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return true };
    memchr_iter(*first, name).any(|place| name[place..].starts_with(part))
}

/// Whether the whole of `name` has the form of `pattern`. Never more than quadratic.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(head) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(tail) else {
        return false;
    };
    // Taking each piece at its first place leaves the most room for the pieces after it.
    for piece in middle.split('*') {
        match name.find(piece) {
            Some(at) => name = &name[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        let cases = [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "任何", true),
            ("user_*", "user_1", true),
            ("user_*", "user_", true),
            ("user_*", "xuser_1", false),
            ("*-profile-*", "puzzle-profile-1", true),
            ("*-profile-*", "profile-1", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXcXb", false),
            ("ab*ba", "aba", false),
            ("**", "x", true),
            ("", "", true),
            ("", "x", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }
}
