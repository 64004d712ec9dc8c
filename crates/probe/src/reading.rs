//! Reads bodies on reused buffers, for those who look at a body without judging it by a shape.

use simd_json::{Buffers, INPUT_PADDING, Tape};

use crate::document::{Document, Malformed};
use crate::duplicates;
use crate::node::Nodes;

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
    /// The parser writes into its input, so it gets a copy, with the padding that it wants.
    body: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    keys: Vec<usize>,
}

impl Reader {
    pub(crate) fn new(body_bytes_max: usize, depth_max: usize) -> Self {
        Self {
            body_bytes_max,
            depth_max,
            body: Vec::new(),
            buffers: Buffers::with_max_depth(0, depth_max),
            tape: Tape(Vec::new()),
            keys: Vec::new(),
        }
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
        self.body.clear();
        self.body.extend_from_slice(body);
        self.body.resize(body.len() + INPUT_PADDING, 0);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let (input, buffers) = (&mut self.body, &mut self.buffers);
        let outcome = match simd_json::fill_tape_padded(input, body.len(), buffers, &mut tape) {
            Ok(()) => show(tape.0.as_slice(), &mut self.keys, visitor),
            // Numbers beyond 64 bits are refused there and are all right.
            Err(_) => match Document::read(body, self.depth_max) {
                Ok(document) => show(&document, &mut self.keys, visitor),
                Err(malformed) => Err(Unreadable::Malformed(malformed)),
            },
        };
        self.tape = tape.reset();
        outcome
    }
}

fn show<N: Nodes + ?Sized>(
    nodes: &N,
    keys: &mut Vec<usize>,
    visitor: &mut impl Visitor,
) -> Result<(), Unreadable> {
    if duplicates::first(nodes, keys).is_some() {
        return Err(Unreadable::DuplicateKey);
    }
    visitor.visit(nodes);
    Ok(())
}
