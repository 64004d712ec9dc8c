//! What every walk sees of a document, whichever reader made it.

use simd_json::StaticNode;

use crate::number::Number;

/// One entry of a tape. A container is followed by its content: the elements, or keys and values in
/// turn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    String(&'a str),
    /// The number of elements.
    Array(usize),
    /// The number of members, each occurrence of a repeated key counted.
    Object(usize),
}

/// A document in prefix order, with its root at index 0.
pub(crate) trait Nodes {
    fn at(&self, index: usize) -> Node<'_>;

    /// The index behind the value that starts at `index`.
    fn next(&self, index: usize) -> usize;

    /// The number of nodes.
    fn size(&self) -> usize;

    /// The text of a key; empty for a node that is no string, which no key is.
    fn key(&self, index: usize) -> &str {
        match self.at(index) {
            Node::String(text) => text,
            _ => "",
        }
    }

    /// The indices of the keys of an object; each value stands right behind its key. Nothing for
    /// any other node.
    fn keys(&self, object: usize) -> impl Iterator<Item = usize> + '_ {
        let len = if let Node::Object(len) = self.at(object) { len } else { 0 };
        let mut next = object + 1;
        (0..len).map(move |_| {
            let key = next;
            next = self.next(key + 1);
            key
        })
    }

    /// The indices of the elements of an array; nothing for any other node.
    fn elements(&self, array: usize) -> impl Iterator<Item = usize> + '_ {
        let len = if let Node::Array(len) = self.at(array) { len } else { 0 };
        let mut next = array + 1;
        (0..len).map(move |_| {
            let element = next;
            next = self.next(element);
            element
        })
    }

    /// The index of the value behind a key of an object.
    fn get(&self, object: usize, name: &str) -> Option<usize> {
        self.keys(object).find(|&key| self.key(key) == name).map(|key| key + 1)
    }
}

impl Nodes for [simd_json::Node<'_>] {
    #[inline]
    fn at(&self, index: usize) -> Node<'_> {
        match self[index] {
            simd_json::Node::String(text) => Node::String(text),
            simd_json::Node::Object { len, .. } => Node::Object(len),
            simd_json::Node::Array { len, .. } => Node::Array(len),
            simd_json::Node::Static(StaticNode::Null) => Node::Null,
            simd_json::Node::Static(StaticNode::Bool(value)) => Node::Bool(value),
            simd_json::Node::Static(StaticNode::I64(value)) => Node::Number(Number::Signed(value)),
            simd_json::Node::Static(StaticNode::U64(value)) => {
                Node::Number(Number::Unsigned(value))
            }
            simd_json::Node::Static(StaticNode::F64(value)) => Node::Number(Number::Float(value)),
        }
    }

    #[inline]
    fn next(&self, index: usize) -> usize {
        match self[index] {
            simd_json::Node::Object { count, .. } | simd_json::Node::Array { count, .. } => {
                index + 1 + count
            }
            _ => index + 1,
        }
    }

    fn size(&self) -> usize {
        self.len()
    }
}

/// Deep equality as JSON Schema means it: numbers by value, objects whatever the order of their
/// keys. The keys of `b` must be unique; it is the side that the shape names.
pub(crate) fn equal<A: Nodes + ?Sized, B: Nodes + ?Sized>(
    a: &A,
    at: usize,
    b: &B,
    other: usize,
) -> bool {
    match (a.at(at), b.at(other)) {
        (Node::Null, Node::Null) => true,
        (Node::Bool(x), Node::Bool(y)) => x == y,
        (Node::Number(x), Node::Number(y)) => x.compare(y).is_eq(),
        (Node::String(x), Node::String(y)) => x == y,
        (Node::Array(x), Node::Array(y)) => {
            x == y && a.elements(at).zip(b.elements(other)).all(|(x, y)| equal(a, x, b, y))
        }
        (Node::Object(x), Node::Object(y)) => {
            x == y
                && b.keys(other).all(|key| {
                    a.get(at, b.key(key)).is_some_and(|value| equal(a, value, b, key + 1))
                })
        }
        _ => false,
    }
}
