//! Ids inside paths and URLs, mapped to the same tokens as in their own columns.

use percent_encoding::percent_decode_str;

use crate::Pseudonymizer;
use crate::policy::Policy;

/// An identifier that a column of the row holds, and the domain of that column.
pub(crate) type RowId = (String, usize);

/// Where the URLs of a dataset point to: the name is reserved, so no request can ever arrive.
const HOST: &str = "https://cdn.invalid";

/// How the paths of one row are mapped.
pub(crate) struct PathMap<'a> {
    /// The domain of an id that nothing tells more about.
    pub(crate) default: usize,
    pub(crate) ids: &'a [RowId],
    pub(crate) policy: &'a Policy,
    pub(crate) domains: &'a [Pseudonymizer],
}

impl PathMap<'_> {
    /// Maps a path or URL. Known words and extensions stay; every other segment becomes a token.
    /// Host, user, query and fragment are dropped.
    pub(crate) fn map(&self, original: &str) -> String {
        let original = original.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = split_host(original);
        let segments: Vec<String> = path.split('/').map(|part| self.segment(part)).collect();
        format!("{host}{}", segments.join("/"))
    }

    fn segment(&self, segment: &str) -> String {
        // An id must give the same token whether or not it was percent-encoded here.
        let decoded = percent_decode_str(segment).decode_utf8().unwrap_or(segment.into());
        let is_whole = self.is_word(&decoded) || self.row_domain(&decoded).is_some();
        let (stem, extension) =
            if is_whole { (&*decoded, None) } else { split_extension(&decoded, self.policy) };
        let stem = self.stem(stem);
        extension.map_or(stem.clone(), |extension| format!("{stem}.{extension}"))
    }

    /// An id of the row is one even if it is spelled like a word.
    fn stem(&self, stem: &str) -> String {
        match self.row_domain(stem) {
            None if self.is_word(stem) => stem.to_owned(),
            domain => {
                let domain = domain.or_else(|| self.policy.domain_of(stem)).unwrap_or(self.default);
                self.domains[domain].token(stem)
            }
        }
    }

    fn is_word(&self, part: &str) -> bool {
        part.is_empty() || self.policy.paths.words.contains(part)
    }

    /// The domain of an id that the row has in a column. Of several, the path's own goes first.
    fn row_domain(&self, id: &str) -> Option<usize> {
        let mut found = self.ids.iter().filter(|(known, _)| known == id).map(|(_, domain)| *domain);
        let first = found.next()?;
        Some(if found.any(|domain| domain == self.default) { self.default } else { first })
    }
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
        for (mark, domain, id) in
            [("A", 0, "a1"), ("B", 0, "b.txt"), ("U", 1, "user_1"), ("R", 0, "row")]
        {
            expected = expected.replace(mark, &domains[domain].token(id));
        }
        let ids = [("7".to_owned(), 1), ("cover".to_owned(), 0), ("b.webp".to_owned(), 1)];
        let known = ids.each_ref().map(|(id, domain)| domains[*domain].token(id));
        for (mark, token) in ["K", "W", "F"].into_iter().zip(known) {
            expected = expected.replace(mark, &token);
        }
        let ids = if original.starts_with("/row") { &ids[..] } else { &[] };
        let paths = PathMap { default: 0, ids, policy: &policy, domains: &domains };
        assert_eq!(paths.map(original), expected, "{original}");
    }

    #[test]
    fn an_id_of_the_row_has_the_token_of_its_column() {
        check("/row/7/cover.webp", "/R/K/W.webp");
        check("/row/%37.webp/b.webp/assets", "/R/K.webp/F/assets");
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
            let paths = PathMap { default: 0, ids: &[], policy: &policy, domains: &domains };
            let mapped = paths.map(original);
            assert!(!mapped.contains("secret"), "{original} gave {mapped}");
        }
    }
}
