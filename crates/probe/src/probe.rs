use std::fmt;

use simd_json::{Buffers, INPUT_PADDING, Tape};

use crate::collect::Collector;
use crate::document::Document;
use crate::node::Nodes;
use crate::shape::Shape;
use crate::unique::Scratch;
use crate::violation::{Expected, Found, Keyword, Violation};
use crate::walk::Outcome;
use crate::{duplicates, walk};

/// No body may be longer, whatever the limits say: 1 GiB.
const BODY_BYTES_CEILING: usize = 1 << 30;

/// No body may be nested deeper, whatever the limits say. The report goes down by recursion.
const DEPTH_CEILING: usize = 512;

/// The bounds on what a probe reads and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest body in bytes; 4 MiB by default, and never more than 1 GiB. The buffers of a
    /// probe grow with the longest body it has seen, to some 40 times its length at worst.
    pub body_bytes_max: usize,
    /// How many arrays and objects may lie inside each other; 64 by default, and never more than
    /// 512.
    pub depth_max: usize,
    /// How many distinct violations of a body are kept; 32 by default, and at least 1.
    pub violations_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: 4 << 20, depth_max: 64, violations_max: 32 }
    }
}

impl Limits {
    fn clamped(self) -> Self {
        Self {
            body_bytes_max: self.body_bytes_max.min(BODY_BYTES_CEILING),
            depth_max: self.depth_max.min(DEPTH_CEILING),
            violations_max: self.violations_max.max(1),
        }
    }
}

/// Judges bodies. Each worker has its own, because it keeps the buffers from one body to the next:
/// once they have grown, a body that conforms costs no allocation.
pub struct Probe {
    limits: Limits,
    /// The parser writes into its input, so it gets a copy, with the padding that it wants.
    body: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
    keys: Vec<usize>,
    scratch: Scratch,
    violations: Vec<Violation>,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies are nobody's business but the server's, so the buffers are left out.
        f.debug_struct("Probe").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Probe {
    /// A probe with empty buffers. Limits beyond what [`Limits`] documents are cut to that.
    pub fn new(limits: Limits) -> Self {
        let limits = limits.clamped();
        Self {
            limits,
            body: Vec::new(),
            buffers: Buffers::with_max_depth(0, limits.depth_max),
            tape: Tape(Vec::new()),
            keys: Vec::new(),
            scratch: Scratch::new(),
            violations: Vec::new(),
        }
    }

    /// Judges a body. The answer is empty if it conforms, and lists each distinct violation once
    /// otherwise, in the order of the body and no more than [`Limits::violations_max`].
    ///
    /// Two violations are the same if path, keyword and what was found are.
    pub fn check(&mut self, shape: &Shape, body: &[u8]) -> &[Violation] {
        self.violations.clear();
        if body.len() > self.limits.body_bytes_max {
            let expected = Expected::Bytes(self.limits.body_bytes_max);
            self.violations.push(Violation::whole(Keyword::Size, expected, Found::More));
        } else if !self.check_fast(shape, body) {
            self.check_exact(shape, body);
        }
        &self.violations
    }

    /// Judges the body by its tape; `false` if the parser refuses it.
    fn check_fast(&mut self, shape: &Shape, body: &[u8]) -> bool {
        self.body.clear();
        self.body.extend_from_slice(body);
        self.body.resize(body.len() + INPUT_PADDING, 0);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let input = &mut self.body;
        let parsed =
            simd_json::fill_tape_padded(input, body.len(), &mut self.buffers, &mut tape).is_ok();
        if parsed {
            let nodes = tape.0.as_slice();
            let scratch = (&mut self.keys, &mut self.scratch);
            judge(shape, nodes, self.limits, scratch, &mut self.violations);
        }
        self.tape = tape.reset();
        parsed
    }

    /// Judges a body that the fast parser refuses: most of them are no JSON, but numbers beyond 64
    /// bits or the doubles are refused as well and may be all right.
    #[cold]
    fn check_exact(&mut self, shape: &Shape, body: &[u8]) {
        let depth_max = self.limits.depth_max;
        match Document::read(body, depth_max) {
            Ok(document) => {
                let scratch = (&mut self.keys, &mut self.scratch);
                judge(shape, &document, self.limits, scratch, &mut self.violations);
            }
            Err(malformed) => self.violations.push(Violation::malformed(malformed, depth_max)),
        }
    }
}

fn judge<N: Nodes + ?Sized>(
    shape: &Shape,
    nodes: &N,
    limits: Limits,
    (keys, scratch): (&mut Vec<usize>, &mut Scratch),
    violations: &mut Vec<Violation>,
) {
    let repeated = duplicates::first(nodes, keys).is_some();
    let outcome = walk::judge(shape, nodes, scratch);
    if !repeated && outcome == Outcome::Conforms {
        return;
    }
    if outcome == Outcome::GivenUp {
        violations.push(Violation::whole(Keyword::Effort, Expected::Effort, Found::More));
        return;
    }
    let mut collector = Collector::new(std::mem::take(violations), limits.violations_max);
    if repeated {
        duplicates::report(shape, nodes, 0, &mut collector);
    }
    *violations = walk::report(shape, nodes, scratch, collector);
}
