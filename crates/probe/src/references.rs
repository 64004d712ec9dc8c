//! Where a `$ref` leads: to a place in its document, by JSON Pointer, `$anchor` or `$id`.
//!
//! Every schema with an `$id` is a resource: the base of the references in it, and the root of the
//! pointers. All of them are found before the first schema is compiled.

use std::collections::BTreeMap;

use fluent_uri::{Uri, UriRef};

use crate::ShapeError;
use crate::compile::{DIALECT, push_segment};
use crate::document::Document;
use crate::node::{Node, Nodes};

/// The dialect's own schema is the one document that is known beside that of the shape.
const DIALECT_SCHEMA: &str = include_str!("dialect.json");

/// Deeper than the dialect's schema is.
const DIALECT_DEPTH_MAX: usize = 32;

/// The base of a document that names none. Nothing leads there by its name.
const UNNAMED: &str = "shape:///";

const ID_NEEDS: &str = "a URI without a fragment that no other schema of the document has";
const ANCHOR_NEEDS: &str = "a letter or underscore, then those, digits, hyphens and dots, as no \
                            other schema of the resource has it";

/// The keywords whose value is a schema.
const SCHEMA: [&str; 8] =
    ["additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"];
/// The keywords whose value is an array of schemas.
const SCHEMAS: [&str; 4] = ["prefixItems", "allOf", "anyOf", "oneOf"];
/// The keywords whose value is an object of schemas.
const NAMED_SCHEMAS: [&str; 3] = ["properties", "patternProperties", "$defs"];

/// A place in a document.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) node: usize,
    pub(crate) pointer: String,
}

#[derive(Debug)]
struct Resource {
    uri: Uri<String>,
    root: Target,
}

/// The resources and anchors of a shape.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// In the order of their roots in the document.
    resources: Vec<Resource>,
    by_uri: BTreeMap<String, usize>,
    /// By resource and name.
    anchors: BTreeMap<(usize, String), Target>,
    /// Whether a reference leads to the dialect's schema.
    wants_dialect: bool,
}

impl References {
    /// Finds what a reference in the document may lead to. If one leads to the dialect's schema, that
    /// is appended to the document, unless it is there.
    pub(crate) fn of(document: &mut Document) -> Result<Self, ShapeError> {
        let mut references = Self::default();
        references.document(document, 0)?;
        if references.wants_dialect
            && !references.by_uri.contains_key(DIALECT)
            && let Ok(dialect) = Document::read(DIALECT_SCHEMA.as_bytes(), DIALECT_DEPTH_MAX)
        {
            let root = document.append(dialect);
            references.document(document, root)?;
        }
        Ok(references)
    }

    /// Where the reference at a node leads, whose text is given.
    pub(crate) fn resolve(&self, document: &Document, node: usize, text: &str) -> Option<Target> {
        let (uri, fragment) = text.split_once('#').unwrap_or((text, ""));
        let within = self.resource_of(document, node)?;
        let resource = match uri {
            "" => within,
            _ => *self.by_uri.get(joined(&self.resources[within].uri, uri)?.as_str())?,
        };
        let fragment = percent_decoded(fragment)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchors.get(&(resource, fragment)).cloned();
        }
        let root = &self.resources[resource].root;
        let node = follow(document, root.node, &fragment)?;
        Some(Target { node, pointer: format!("{}{fragment}", root.pointer) })
    }

    /// The innermost resource that a node lies in.
    fn resource_of(&self, document: &Document, node: usize) -> Option<usize> {
        let before = self.resources.partition_point(|resource| resource.root.node <= node);
        (0..before).rev().find(|&at| node < document.next(self.resources[at].root.node))
    }

    fn document(&mut self, document: &Document, node: usize) -> Result<(), ShapeError> {
        // A constant, and a test reads it.
        let Ok(uri) = Uri::parse(UNNAMED.to_owned()) else { return Ok(()) };
        self.resources.push(Resource { uri, root: Target { node, pointer: String::new() } });
        let resource = self.resources.len() - 1;
        self.schema(document, &Target { node, pointer: String::new() }, resource)
    }

    /// Enters a schema, which lies in a resource or is one, and those in it.
    fn schema(
        &mut self,
        document: &Document,
        at: &Target,
        mut resource: usize,
    ) -> Result<(), ShapeError> {
        if let Some(id) = document.get(at.node, "$id") {
            resource = self.resource(document, at, id, resource)?;
        }
        if let Some(anchor) = document.get(at.node, "$anchor") {
            self.anchor(document, at, anchor, resource)?;
        }
        for key in document.keys(at.node) {
            let member = at.below(document.key(key), key + 1);
            match document.key(key) {
                "$ref" => self.reference(document, key + 1, resource),
                name if SCHEMA.contains(&name) => self.schema(document, &member, resource)?,
                name if SCHEMAS.contains(&name) => {
                    for (place, element) in document.elements(key + 1).enumerate() {
                        let element = member.below(&place.to_string(), element);
                        self.schema(document, &element, resource)?;
                    }
                }
                name if NAMED_SCHEMAS.contains(&name) => {
                    for name in document.keys(key + 1) {
                        let schema = member.below(document.key(name), name + 1);
                        self.schema(document, &schema, resource)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Enters a schema with an `$id` as a resource, and hands out its number.
    fn resource(
        &mut self,
        document: &Document,
        at: &Target,
        id: usize,
        base: usize,
    ) -> Result<usize, ShapeError> {
        let needs = || at.below("$id", id).needs(ID_NEEDS);
        let text = document.text(id).ok_or_else(needs)?;
        let text = text.strip_suffix('#').unwrap_or(text);
        let uri = joined(&self.resources[base].uri, text).ok_or_else(needs)?;
        if text.contains('#') || self.by_uri.contains_key(uri.as_str()) {
            return Err(needs());
        }
        let resource = self.resources.len();
        self.by_uri.insert(uri.as_str().to_owned(), resource);
        self.resources.push(Resource { uri, root: at.clone() });
        Ok(resource)
    }

    fn anchor(
        &mut self,
        document: &Document,
        at: &Target,
        anchor: usize,
        resource: usize,
    ) -> Result<(), ShapeError> {
        let needs = || at.below("$anchor", anchor).needs(ANCHOR_NEEDS);
        let name = document.text(anchor).filter(|name| is_anchor(name)).ok_or_else(needs)?;
        match self.anchors.insert((resource, name.to_owned()), at.clone()) {
            Some(_) => Err(needs()),
            None => Ok(()),
        }
    }

    fn reference(&mut self, document: &Document, value: usize, resource: usize) {
        let text = document.text(value).unwrap_or_default();
        let uri = text.split('#').next().unwrap_or_default();
        let uri = joined(&self.resources[resource].uri, uri);
        self.wants_dialect |= uri.is_some_and(|uri| uri.as_str() == DIALECT);
    }
}

impl Target {
    fn below(&self, name: &str, node: usize) -> Self {
        let mut pointer = self.pointer.clone();
        push_segment(&mut pointer, name);
        Self { node, pointer }
    }

    fn needs(self, expected: &'static str) -> ShapeError {
        ShapeError::Keyword { pointer: self.pointer, expected }
    }
}

/// A reference without its fragment, on a base, in a form in which equal ones are the same text.
fn joined(base: &Uri<String>, reference: &str) -> Option<Uri<String>> {
    let joined = UriRef::parse(reference).ok()?.resolve_against(base).ok()?;
    Some(joined.normalize())
}

fn is_anchor(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

/// The node that a JSON Pointer leads to.
fn follow(document: &Document, root: usize, pointer: &str) -> Option<usize> {
    if pointer.is_empty() {
        return Some(root);
    }
    let segments = pointer.strip_prefix('/')?.split('/');
    segments.map(|segment| segment.replace("~1", "/").replace("~0", "~")).try_fold(
        root,
        |at, segment| match document.at(at) {
            Node::Object(_) => document.get(at, &segment),
            Node::Array(_) => document.elements(at).nth(segment.parse().ok()?),
            _ => None,
        },
    )
}

/// The text of a URI fragment; `None` if an escape is cut or the result is not UTF-8.
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = fragment.bytes();
    let mut decoded = Vec::with_capacity(fragment.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_of_this_module_can_be_read() {
        assert!(Uri::parse(UNNAMED).is_ok());
        let shape = crate::Shape::from_json(DIALECT_SCHEMA.as_bytes());
        assert!(shape.is_ok(), "{shape:?}");
    }
}
