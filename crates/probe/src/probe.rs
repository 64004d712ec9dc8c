use std::fmt::{self, Write as _};

use crate::collect::Collector;
use crate::contract::Contract;
use crate::document::Document;
use crate::items::{Ids, ItemRules};
use crate::kept::{KeptBodies, Value};
use crate::node::Nodes;
use crate::shape::Shape;
use crate::splice::Memo;
use crate::tape::{Body, Tape};
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
    /// How many bytes of bodies are kept by [`Probe::examine`] to be known again; 8 MiB by default,
    /// and with 0 every body is judged in full.
    pub kept_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: 4 << 20, depth_max: 64, violations_max: 32, kept_bytes_max: 8 << 20 }
    }
}

impl Limits {
    fn clamped(self) -> Self {
        Self {
            body_bytes_max: self.body_bytes_max.min(BODY_BYTES_CEILING),
            depth_max: self.depth_max.min(DEPTH_CEILING),
            violations_max: self.violations_max.max(1),
            ..self
        }
    }
}

/// Judges bodies. Each worker has its own, because it keeps the buffers from one body to the next:
/// once they have grown, a body that conforms costs no allocation.
pub struct Probe {
    limits: Limits,
    tape: Tape,
    scratch: Scratch,
    kept: KeptBodies,
    /// What is asked for, in one text.
    asked: String,
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
            tape: Tape::default(),
            scratch: Scratch::default(),
            kept: KeptBodies::default(),
            asked: String::new(),
            violations: Vec::new(),
        }
    }

    /// Judges a body by a shape alone, always in full. The answer is empty if it conforms, and lists
    /// each distinct violation once otherwise, in the order of the body and no more than
    /// [`Limits::violations_max`].
    ///
    /// Two violations are the same if path, keyword and what was found are.
    pub fn check(&mut self, shape: &Shape, body: &[u8]) -> &[Violation] {
        self.judge(&Question { shape, items: None, asked: &[] }, body, |_, _, _, _| {});
        &self.violations
    }

    /// Judges a body by a contract. `asked` are the texts of [`ItemRules::asked`], in their order.
    ///
    /// A body that conformed before, or that differs from such a one only around its largest member,
    /// is known again and not judged in full; [`Examined::unchanged`] says so. What is said about a
    /// body is the same either way, apart from [`Keyword::Effort`]: what is remembered takes none.
    pub fn examine(
        &mut self,
        contract: &Contract,
        asked: &[Box<str>],
        body: &[u8],
    ) -> Examined<'_> {
        self.asked.clear();
        for text in asked {
            // With its length, so that no two lists are the same text.
            let _infallible = write!(self.asked, "{}:{text}", text.len());
        }
        let (limits, fits) = (self.limits, body.len() <= self.limits.body_bytes_max);
        if fits && let Some(items) = self.kept.recognise(contract, &self.asked, body, limits) {
            return Examined { violations: &[], unchanged: true, items };
        }
        let question = Question { shape: contract.shape(), items: contract.items(), asked };
        let (mut kept, asked) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.asked));
        let items = self.judge(&question, body, |nodes, found, items, memo| {
            let value = nodes.and_then(|nodes| Value::of(contract, nodes, found));
            kept.keep(contract, &asked, (body, items), (value, memo), limits.kept_bytes_max);
        });
        (self.kept, self.asked) = (kept, asked);
        Examined { violations: &self.violations, unchanged: false, items }
    }

    /// Judges a body in full and says how many items it has. One that conforms is handed to `keep`,
    /// with its nodes unless only the exact reader takes it, the place of its items, and what was
    /// noted of its largest member.
    fn judge(
        &mut self,
        question: &Question<'_>,
        body: &[u8],
        keep: impl FnOnce(Option<&Body<'_>>, Option<usize>, Option<usize>, &Memo),
    ) -> Option<usize> {
        let Self { limits, tape, scratch, violations, .. } = self;
        violations.clear();
        scratch.walk.watched = None;
        if body.len() > limits.body_bytes_max {
            let expected = Expected::Bytes(limits.body_bytes_max);
            violations.push(Violation::whole(Keyword::Size, expected, Found::More));
            return None;
        }
        let (found, nodes) = if let Some(nodes) = tape.read(body, limits.depth_max) {
            scratch.walk.watched = Value::node(&nodes);
            (question.judge(&nodes, *limits, scratch, violations), Some(nodes))
        } else {
            // Most of these are no JSON, but numbers beyond 64 bits may be all right.
            match Document::read(body, limits.depth_max) {
                Ok(document) => (question.judge(&document, *limits, scratch, violations), None),
                Err(malformed) => {
                    violations.push(Violation::malformed(malformed, limits.depth_max));
                    return None;
                }
            }
        };
        let items = found.map(|found| found.items);
        if violations.is_empty() {
            let place = found.map(|found| found.place);
            keep(nodes.as_ref(), place, items, &scratch.walk.memo);
        }
        items
    }
}

/// What a probe says about a body by a contract.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Examined<'a> {
    /// As of [`Probe::check`], and what the [items](ItemRules) have wrong, each kind once.
    pub violations: &'a [Violation],
    /// Whether the body was known to conform, so that it was not judged in full.
    pub unchanged: bool,
    /// How many items it has, where the contract has rules for them and they were found.
    pub items: Option<usize>,
}

/// What is kept from one body to the next so that it need not be made again.
#[derive(Default)]
struct Scratch {
    keys: duplicates::Scratch,
    walk: walk::Scratch,
    ids: Ids,
}

/// What a body has to be.
struct Question<'a> {
    shape: &'a Shape,
    items: Option<&'a ItemRules>,
    asked: &'a [Box<str>],
}

/// The items of a body.
#[derive(Clone, Copy)]
struct Items {
    place: usize,
    items: usize,
}

impl Question<'_> {
    fn judge<N: Nodes + ?Sized>(
        &self,
        nodes: &N,
        limits: Limits,
        scratch: &mut Scratch,
        violations: &mut Vec<Violation>,
    ) -> Option<Items> {
        self.judge_shape(nodes, limits, scratch, violations);
        let rules = self.items?;
        let found = rules.find(nodes);
        rules.judge(nodes, found, self.asked, &mut scratch.ids, |violation| {
            if violations.len() < limits.violations_max {
                violations.push(violation);
            }
        });
        found.map(|found| Items { place: found.place, items: rules.count(nodes, found.node) })
    }

    fn judge_shape<N: Nodes + ?Sized>(
        &self,
        nodes: &N,
        limits: Limits,
        scratch: &mut Scratch,
        violations: &mut Vec<Violation>,
    ) {
        let shape = self.shape;
        let repeated = duplicates::first(nodes, &mut scratch.keys).is_some();
        let outcome = walk::judge(shape, nodes, &mut scratch.walk);
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
        *violations = walk::report(shape, nodes, &mut scratch.walk, collector);
    }
}
