//! What every walk sees of a document, whichever reader made it.

use crate::Types;
use crate::number::Number;
use crate::shape::SchemaId;

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

    /// The [type](Types::of) of the value at `index`.
    #[inline]
    fn type_of(&self, index: usize) -> Types {
        Types::of(self.at(index))
    }

    /// What the schema says of the value at `index`, where that is known without looking.
    #[inline(always)]
    fn known(&self, _id: SchemaId, _index: usize) -> Option<bool> {
        None
    }

    /// The number of members of an object; 0 for any other node.
    #[inline]
    fn members(&self, index: usize) -> usize {
        if let Node::Object(len) = self.at(index) { len } else { 0 }
    }

    /// The text of a key; empty for a node that is no string, which no key is.
    fn key(&self, index: usize) -> &str {
        match self.at(index) {
            Node::String(text) => text,
            _ => "",
        }
    }

    /// The bytes of a key.
    #[inline]
    fn name(&self, index: usize) -> &[u8] {
        self.key(index).as_bytes()
    }

    /// The indices of the keys of an object; each value stands right behind its key. Nothing for
    /// any other node.
    fn keys(&self, object: usize) -> impl Iterator<Item = usize> + '_ {
        let len = self.members(object);
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
        self.keys(object).find(|&key| self.name(key) == name.as_bytes()).map(|key| key + 1)
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
