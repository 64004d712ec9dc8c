//! Reads bodies on reused buffers, for those who look at a body without judging it by a shape.

use crate::document::{Document, Malformed};
use crate::duplicates;
use crate::node::Nodes;
use crate::tape::Tape;

/// Looks at a document, whichever reader made it.
pub(crate) trait Visitor {
    fn visit<N: Nodes + ?Sized>(&mut self, nodes: &N);
}

/// Why a body was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    TooLong,
    Malformed(Malformed),
    DuplicateKey,
}

pub(crate) struct Reader {
    body_bytes_max: usize,
    depth_max: usize,
    tape: Tape,
    keys: duplicates::Scratch,
}

impl Reader {
    pub(crate) fn new(body_bytes_max: usize, depth_max: usize) -> Self {
        let (tape, keys) = (Tape::default(), duplicates::Scratch::default());
        Self { body_bytes_max, depth_max, tape, keys }
    }

    /// Shows the document of a body to a visitor, if it is one that a probe would take.
    pub(crate) fn read(
        &mut self,
        body: &[u8],
        visitor: &mut impl Visitor,
    ) -> Result<(), Unreadable> {
        if body.len() > self.body_bytes_max {
            return Err(Unreadable::TooLong);
        }
        if let Some(nodes) = self.tape.read(body, self.depth_max) {
            return show(&nodes, &mut self.keys, visitor);
        }
        // Numbers beyond 64 bits are refused there and are all right.
        match Document::read(body, self.depth_max) {
            Ok(document) => show(&document, &mut self.keys, visitor),
            Err(malformed) => Err(Unreadable::Malformed(malformed)),
        }
    }
}

fn show<N: Nodes + ?Sized>(
    nodes: &N,
    keys: &mut duplicates::Scratch,
    visitor: &mut impl Visitor,
) -> Result<(), Unreadable> {
    if duplicates::first(nodes, keys).is_some() {
        return Err(Unreadable::DuplicateKey);
    }
    visitor.visit(nodes);
    Ok(())
}
