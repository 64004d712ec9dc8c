//! Ids inside paths and URLs, mapped to the same pseudonyms as in their own columns.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};
use percent_encoding::percent_decode_str;

use crate::identity::canonical;
use crate::policy::Policy;
use crate::token::{TokenCache, same};
use crate::{Pseudonymizer, json};

/// Where the URLs of a dataset point to: the name is reserved, so no request can ever arrive.
const HOST: &str = "https://cdn.invalid";

/// The same, as it may be taken apart.
pub(crate) const HOST_WORDS: [&str; 3] = [HOST, "https:", "cdn.invalid"];

/// The shortest id that is looked for inside a longer segment; `7` stands in too many.
const MIN_GLUED: usize = 4;

/// The longest segment in which ids are looked for; a longer one is no file name.
const MAX_GLUED: usize = 256;

/// An identifier that a column of the row holds, with the domain of that column.
#[derive(Debug)]
pub(crate) struct RowId<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) domain: usize,
    /// The index of that column.
    pub(crate) column: usize,
}

/// How the paths of one row are mapped.
pub(crate) struct PathMap<'a> {
    /// The domain of an id that nothing tells more about.
    pub(crate) default: usize,
    pub(crate) ids: &'a [RowId<'a>],
    pub(crate) policy: &'a Policy,
    pub(crate) domains: &'a [Pseudonymizer],
    pub(crate) tokens: &'a mut TokenCache,
}

impl PathMap<'_> {
    /// Appends a path or URL as it stands between the quotes of JSON. Known words and extensions
    /// stay; every other segment becomes a pseudonym. Host, user, query and fragment are dropped.
    pub(crate) fn append(&mut self, original: &str, out: &mut Vec<u8>) {
        let end = memchr2(b'?', b'#', original.as_bytes());
        let (host, path) = split_host(&original[..end.unwrap_or(original.len())]);
        out.extend_from_slice(host.as_bytes());
        let encoded = memchr(b'%', path.as_bytes()).is_some();
        let mut start = 0;
        for slash in memchr_iter(b'/', path.as_bytes()) {
            self.segment(&path[start..slash], encoded, out);
            out.push(b'/');
            start = slash + 1;
        }
        self.segment(&path[start..], encoded, out);
    }

    fn segment(&mut self, segment: &str, encoded: bool, out: &mut Vec<u8>) {
        if segment.is_empty() {
            return;
        }
        // An id must give the same pseudonym whether or not it was percent-encoded here.
        let decoded = if encoded {
            percent_decode_str(segment).decode_utf8().unwrap_or(segment.into())
        } else {
            Cow::Borrowed(segment)
        };
        if self.known(&decoded, out) {
            return;
        }
        let Some((stem, extension)) = split_extension(&decoded, self.policy) else {
            return self.stem(&decoded, out);
        };
        if !self.known(stem, out) {
            self.stem(stem, out);
        }
        out.push(b'.');
        json::escape(extension.as_bytes(), out);
    }

    /// Appends an id of the row, which is one even if it is spelled like a word, or a word.
    fn known(&mut self, part: &str, out: &mut Vec<u8>) -> bool {
        let id = canonical(Cow::Borrowed(part));
        if let Some(domain) = self.row_domain(&id) {
            self.tokens.append(self.domains, domain, &id, out);
        } else if self.policy.paths.words.contains(part) {
            json::escape(part.as_bytes(), out);
        } else {
            return false;
        }
        true
    }

    /// What is neither: an id of the row may be glued to something else in it.
    #[inline(never)]
    fn stem(&mut self, stem: &str, out: &mut Vec<u8>) {
        let glued = if stem.len() <= MAX_GLUED { self.glued(stem) } else { None };
        let Some((start, end)) = glued else { return self.id(stem, out) };
        self.rest(&stem[..start], out);
        self.known(&stem[start..end], out);
        self.rest(&stem[end..], out);
    }

    fn id(&mut self, id: &str, out: &mut Vec<u8>) {
        let domain = self.policy.domain_of(id).unwrap_or(self.default);
        let id = canonical(Cow::Borrowed(id));
        self.tokens.append(self.domains, domain, &id, out);
    }

    /// What stands beside a glued id: its separators stay, between them is a word or an id.
    fn rest(&mut self, rest: &str, out: &mut Vec<u8>) {
        let is_separator = |character| matches!(character, '-' | '_' | '.');
        let inner = rest.trim_matches(is_separator);
        let start = rest.len() - rest.trim_start_matches(is_separator).len();
        out.extend_from_slice(&rest.as_bytes()[..start]);
        if !inner.is_empty() && !self.known(inner, out) {
            self.stem(inner, out);
        }
        let end = if inner.is_empty() { rest.len() } else { start + inner.len() };
        out.extend_from_slice(&rest.as_bytes()[end..]);
    }

    /// Where the first of the row's ids stands inside a longer segment, the longest if several do.
    fn glued(&self, stem: &str) -> Option<(usize, usize)> {
        let find = |id: &RowId<'_>| {
            let id = id.id.as_ref();
            if id.len() < MIN_GLUED || id.len() >= stem.len() || !may_hold(stem, id) {
                return None;
            }
            let starts = stem.match_indices(id).map(|(start, _)| (start, start + id.len()));
            starts.into_iter().find(|&(start, end)| is_apart(stem, start, end))
        };
        let places = self.ids.iter().filter_map(find);
        places.min_by_key(|&(start, end)| (start, usize::MAX - end))
    }

    /// The domain of an id that the row has in a column. Of several, the path's own goes first.
    fn row_domain(&self, id: &str) -> Option<usize> {
        let is_id = |known: &&RowId<'_>| same(known.id.as_bytes(), id.as_bytes());
        let mut found = self.ids.iter().filter(is_id).map(|known| known.domain);
        let first = found.next()?;
        Some(if found.any(|domain| domain == self.default) { self.default } else { first })
    }
}

/// Whether the start of an id, which is long enough, stands in a longer stem. Few stems hold any,
/// and to prepare a real search takes longer than to look at all of their places.
fn may_hold(stem: &str, id: &str) -> bool {
    let start = &id.as_bytes()[..MIN_GLUED];
    let places = stem.len() - id.len() + MIN_GLUED;
    stem.as_bytes()[..places].windows(MIN_GLUED).any(|place| place == start)
}

/// Whether no letter or digit touches the part: `user_1` does not stand in `user_12`.
fn is_apart(text: &str, start: usize, end: usize) -> bool {
    let touches = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    !touches(text[..start].chars().next_back()) && !touches(text[end..].chars().next())
}

fn split_host(original: &str) -> (&'static str, &str) {
    if !original.starts_with("//") && memchr(b':', original.as_bytes()).is_none() {
        return ("", original);
    }
    let Some((scheme, rest)) = original.split_once("//") else { return ("", original) };
    if !scheme.is_empty() && !scheme.ends_with(':') {
        return ("", original);
    }
    (HOST, rest.find('/').map_or("", |slash| &rest[slash..]))
}

/// The stem and, in the policy's spelling, an extension that it knows.
fn split_extension<'a>(segment: &'a str, policy: &'a Policy) -> Option<(&'a str, &'a str)> {
    let dot = segment.bytes().rposition(|byte| byte == b'.').filter(|dot| *dot > 0)?;
    let (stem, extension) = (&segment[..dot], &segment[dot + 1..]);
    let extensions = &policy.paths.extensions;
    let known = match extensions.get(extension) {
        Some(known) => known,
        None => extensions.get(&extension.to_lowercase())?,
    };
    Some((stem, known))
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

    fn map(original: &str, ids: &[(&str, usize)], domains: &[Pseudonymizer]) -> String {
        let policy = Policy::from_toml(POLICY).unwrap();
        let id = |&(id, domain): &(_, _)| RowId { id: Cow::Borrowed(id), domain, column: 0 };
        let ids: Vec<_> = ids.iter().map(id).collect();
        let mut out = b"\"".to_vec();
        let tokens = &mut TokenCache::new();
        PathMap { default: 0, ids: &ids, policy: &policy, domains, tokens }
            .append(original, &mut out);
        out.push(b'"');
        serde_json::from_slice(&out).unwrap()
    }

    fn domains() -> [Pseudonymizer; 2] {
        let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8)).unwrap();
        ["asset", "user"].map(|name| Pseudonymizer::new(&key, name, name))
    }

    fn check(original: &str, expected: &str) {
        let domains = domains();
        let mut expected = expected.to_owned();
        for (mark, domain, id) in [
            ("A", 0, "a1"),
            ("B", 0, "b.txt"),
            ("U", 1, "user_1"),
            ("R", 0, "row"),
            ("X", 0, "x"),
            ("Y", 1, "user_12"),
            ("Z", 1, "user_1_b"),
        ] {
            expected = expected.replace(mark, &domains[domain].token(id));
        }
        let ids = [("7", 1), ("cover", 0), ("b.webp", 1), ("user_1", 1), ("user_1_b", 1)];
        let known = ids.map(|(id, domain)| domains[domain].token(id));
        for (mark, token) in ["K", "W", "F"].into_iter().zip(known) {
            expected = expected.replace(mark, &token);
        }
        let ids = if original.starts_with("/row") { &ids[..] } else { &[] };
        assert_eq!(map(original, ids, &domains), expected, "{original}");
    }

    #[test]
    fn an_id_of_the_row_has_the_token_of_its_column() {
        check("/row/7/cover.webp", "/R/K/W.webp");
        check("/row/%37.webp/b.webp/assets", "/R/K.webp/F/assets");
    }

    #[test]
    fn an_id_of_the_row_is_found_inside_a_segment() {
        check("/row/user_1_cover.webp", "/R/U_W.webp");
        check("/row/user_1-assets", "/R/U-assets");
        check("/row/x--user_1.", "/R/X--U.");
        check("/row/x_user_1_x_user_1", "/R/X_U_X_U");
        check("/row/user_1_b-x", "/R/Z-X");
        check("/row/user_12", "/R/Y");
        check("/row/user_1_b", "/R/Z");
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
        for original in [
            "data:image/png;base64,secret",
            "C:\\secret\\secret.webp",
            "/secret//secret/./../secret",
            "mailto:secret@secret.example",
            "%FF%FEsecret",
            "secret.webp.secret",
            ".secret",
            "user_1_secret.webp",
            "secretuser_1",
        ] {
            let mapped = map(original, &[("user_1", 1)], &domains());
            assert!(!mapped.contains("secret"), "{original} gave {mapped}");
        }
    }
}
