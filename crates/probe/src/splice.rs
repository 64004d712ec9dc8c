//! A body in which one large value is left out, because it is known.

use std::cell::Cell;

use crate::Types;
use crate::node::{Node, Nodes};
use crate::shape::SchemaId;

/// How far into a body the place of the value is looked for.
const SEARCH_BYTES_MAX: usize = 4096;

/// What schemas say about a value.
pub(crate) type Memo = Vec<(SchemaId, bool)>;

/// The nodes of a body that has `null` in the place of a known value.
pub(crate) struct Spliced<'a, N: ?Sized> {
    pub(crate) nodes: &'a N,
    /// The node of the `null`.
    pub(crate) at: usize,
    pub(crate) types: Types,
    pub(crate) memo: &'a Memo,
    /// Whether something was asked of the value that is not known.
    pub(crate) unknown: Cell<bool>,
}

impl<N: Nodes + ?Sized> Nodes for Spliced<'_, N> {
    fn at(&self, index: usize) -> Node<'_> {
        if index == self.at {
            self.unknown.set(true);
        }
        self.nodes.at(index)
    }

    fn next(&self, index: usize) -> usize {
        self.nodes.next(index)
    }

    fn size(&self) -> usize {
        self.nodes.size()
    }

    fn type_of(&self, index: usize) -> Types {
        if index == self.at { self.types } else { self.nodes.type_of(index) }
    }

    fn known(&self, id: SchemaId, index: usize) -> Option<bool> {
        if index != self.at {
            return None;
        }
        let known = self.memo.iter().find(|(known, _)| *known == id);
        // What is not known is no violation, but it ends the walk all the same.
        self.unknown.set(self.unknown.get() | known.is_none());
        Some(known.is_some_and(|&(_, conforms)| conforms))
    }
}

/// Where the value of the member `key` of the whole body begins; the key is given as it is written
/// between its quotes. It is only right if the body is a JSON document up to there, which is for the
/// caller to find out.
pub(crate) fn find_value(body: &[u8], key: &[u8]) -> Option<usize> {
    let body = &body[..body.len().min(SEARCH_BYTES_MAX)];
    let mut at = behind(body, 0, b'{')?;
    loop {
        let begin = behind(body, at, b'"')?;
        let end = end_of_string(body, begin)?;
        let value = space(body, behind(body, end + 1, b':')?);
        if body[begin..end] == *key {
            return Some(value);
        }
        at = behind(body, end_of_value(body, value)?, b',')?;
    }
}

/// Passes white space.
fn space(body: &[u8], at: usize) -> usize {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + body.get(at..).unwrap_or_default().iter().take_while(is_space).count()
}

/// Passes white space and this byte.
fn behind(body: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = space(body, at);
    (body.get(at) == Some(&byte)).then_some(at + 1)
}

/// The closing quote of a string whose content begins at `at`.
fn end_of_string(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Passes a value by its brackets and strings.
fn end_of_value(body: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match body.get(at)? {
            b'"' => at = end_of_string(body, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_behind_members_of_every_kind() {
        let found = |body: &str| find_value(body.as_bytes(), b"data");
        for before in [
            "",
            r#""a":1,"#,
            r#" "a" : "\"data\":" , "#,
            r#""a":{"data":[1,"]}"]},"b":[],"#,
            "\n\t\"x\\\\\":\"\\\\\",\r",
            r#""é":null,"t":true,"n":-1.5e3,"#,
        ] {
            let body = format!("{{{before}\"data\" : [1]}}");
            assert_eq!(found(&body), Some(body.len() - 4), "{body}");
        }
        for body in ["", "{", "{}", "[]", r#"{"data"}"#, r#"{"a":{"data":1}}"#, r#"{"data\""#] {
            assert_eq!(found(body), None, "{body}");
        }
        let far = format!("{{\"a\":\"{}\",\"data\":1}}", "x".repeat(SEARCH_BYTES_MAX));
        assert_eq!(found(&far), None);
    }
}
