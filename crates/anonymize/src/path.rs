//! Ids inside paths and URLs, mapped to the same tokens as in their own columns.

use percent_encoding::percent_decode_str;

use crate::Pseudonymizer;
use crate::policy::Policy;

/// Where the URLs of a dataset point to: the name is reserved, so no request can ever arrive.
const HOST: &str = "https://cdn.invalid";

/// Maps a path or URL. Known words and extensions stay; every other segment becomes a token, in the
/// domain whose pattern it fits or else in `default`. Host, user, query and fragment are dropped.
pub(crate) fn map(
    original: &str,
    default: usize,
    policy: &Policy,
    domains: &[Pseudonymizer],
) -> String {
    let original = original.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = split_host(original);
    let segment = |segment| map_segment(segment, default, policy, domains);
    let segments: Vec<String> = path.split('/').map(segment).collect();
    format!("{host}{}", segments.join("/"))
}

fn split_host(original: &str) -> (&'static str, &str) {
    let Some((scheme, rest)) = original.split_once("//") else {
        return ("", original);
    };
    if !scheme.is_empty() && !scheme.ends_with(':') {
        return ("", original);
    }
    (HOST, rest.find('/').map_or("", |slash| &rest[slash..]))
}

fn map_segment(
    segment: &str,
    default: usize,
    policy: &Policy,
    domains: &[Pseudonymizer],
) -> String {
    // An id must give the same token whether or not it was percent-encoded here.
    let decoded = percent_decode_str(segment).decode_utf8().unwrap_or(segment.into());
    if decoded.is_empty() || policy.paths.words.contains(decoded.as_ref()) {
        return decoded.into_owned();
    }
    let (stem, extension) = split_extension(&decoded, policy);
    let stem = if policy.paths.words.contains(stem) {
        stem.to_owned()
    } else {
        domains[policy.domain_of(stem).unwrap_or(default)].token(stem)
    };
    extension.map_or(stem.clone(), |extension| format!("{stem}.{extension}"))
}

fn split_extension<'a>(segment: &'a str, policy: &Policy) -> (&'a str, Option<String>) {
    let known = |extension: &String| policy.paths.extensions.contains(extension);
    match segment.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => {
            match Some(extension.to_lowercase()).filter(known) {
                Some(extension) => (stem, Some(extension)),
                None => (segment, None),
            }
        }
        _ => (segment, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PseudonymKey;

    const POLICY: &str = "version = 1
[paths]
words = [\"assets\", \"cover\"]
extensions = [\"webp\"]
[domains.asset]
prefix = \"asset\"
[domains.user]
prefix = \"user\"
match = [\"user_*\"]
[[table]]
name = \"t\"
id = \"id\"
columns = { id = { pseudonym = \"asset\" } }
";

    fn check(original: &str, expected: &str) {
        let policy = Policy::from_toml(POLICY).unwrap();
        let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8)).unwrap();
        let domains = ["asset", "user"].map(|name| Pseudonymizer::new(&key, name, name));
        let mut expected = expected.to_owned();
        for (mark, domain, id) in [("A", 0, "a1"), ("B", 0, "b.txt"), ("U", 1, "user_1")] {
            expected = expected.replace(mark, &domains[domain].token(id));
        }
        assert_eq!(map(original, 0, &policy, &domains), expected, "{original}");
    }

    #[test]
    fn words_stay_and_ids_become_tokens() {
        check("/assets/a1/cover.webp", "/assets/A/cover.webp");
        check("/assets/user_1/a1.WEBP", "/assets/U/A.webp");
        check("a1", "A");
        check("assets/b.txt", "assets/B");
        check("/user%5F1/%61ssets", "/U/assets");
        check("", "");
        check("/", "/");
    }

    #[test]
    fn host_user_query_and_fragment_are_dropped() {
        check("https://user_1@h.example:9/a1?owner=user_1#x", "https://cdn.invalid/A");
        check("//h.example/a1", "https://cdn.invalid/A");
        check("https://h.example", "https://cdn.invalid");
        check("https:///a1", "https://cdn.invalid/A");
        check("/a1?next=https://h.example/b", "/A");
        check("?user_1", "");
    }

    #[test]
    fn nothing_else_stays_readable() {
        let policy = Policy::from_toml(POLICY).unwrap();
        let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8)).unwrap();
        let domains = ["asset", "user"].map(|name| Pseudonymizer::new(&key, name, name));
        for original in [
            "data:image/png;base64,secret",
            "C:\\secret\\secret.webp",
            "/secret//secret/./../secret",
            "mailto:secret@secret.example",
            "%FF%FEsecret",
            "secret.webp.secret",
            ".secret",
        ] {
            let mapped = map(original, 0, &policy, &domains);
            assert!(!mapped.contains("secret"), "{original} gave {mapped}");
        }
    }
}
