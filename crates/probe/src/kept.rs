//! Bodies that were judged in full and conform, so that the same ones need not be judged again.
//!
//! A cached list changes only in its envelope: the request's id, the time. So of a kept body that is
//! an object, the largest value is remembered apart, with what each schema said about it. A new body
//! is known to conform if
//!
//! 1. that value stands in it, byte for byte, as the value of the same member;
//! 2. what is left, with `null` in its place, is a JSON document without keys that stand twice;
//! 3. that document conforms, where whatever a schema asks of the value is answered from memory.
//!
//! The value begins and ends with a bracket, so a reader that comes to its place reads it as it was
//! read before, whatever stands around it: the new body is a JSON document because the short one is,
//! and each schema says of it what it said. Where something is asked that is not remembered, the body
//! is judged in full. Only the bound on effort is not carried over, because remembering takes none. So is every body that would not conform: what is wrong is only ever said by the
//! full check.

use std::cell::Cell;

use crate::contract::{Contract, ContractId};
use crate::duplicates;
use crate::node::Nodes;
use crate::probe::Limits;
use crate::splice::{Memo, Spliced, find_value};
use crate::tape::{Body, Tape};
use crate::types::Types;
use crate::walk::{self, Outcome};

/// How many bodies are kept of one contract: there may be several services behind one address.
const BODIES_A_CONTRACT: usize = 8;

/// What may stand around the value that is remembered.
const ENVELOPE_BYTES_MAX: usize = 4096;

const PLACEHOLDER: &[u8] = b"null";

/// The bodies, the one that was met last first.
#[derive(Default)]
pub(crate) struct KeptBodies {
    bodies: Vec<Kept>,
    /// Of all bodies.
    bytes: usize,
    envelope: Envelope,
}

/// A body that conforms.
#[derive(Default)]
struct Kept {
    contract: Option<ContractId>,
    /// What was asked for.
    asked: String,
    body: Vec<u8>,
    items: Option<usize>,
    value: Option<Value>,
    memo: Memo,
}

/// The value of a kept body that is remembered apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    /// Its key, as it is written between its quotes: from where to where in the body.
    key: (usize, usize),
    /// From where to where in the body.
    range: (usize, usize),
    types: Types,
    /// Which of the places of the items leads into it.
    place: Option<usize>,
}

/// Room for a body without its value.
#[derive(Default)]
struct Envelope {
    bytes: Vec<u8>,
    tape: Tape,
    keys: duplicates::Scratch,
    walk: walk::Scratch,
}

impl KeptBodies {
    /// The number of items of a body that is known to conform; `None` if it is to be judged in full.
    pub(crate) fn recognise(
        &mut self,
        contract: &Contract,
        asked: &str,
        body: &[u8],
        limits: Limits,
    ) -> Option<Option<usize>> {
        let Self { bodies, envelope, .. } = self;
        let is_same = |kept: &Kept| {
            kept.contract == Some(contract.id())
                && kept.asked == asked
                && (kept.body == body || envelope.is_new(contract, kept, body, limits))
        };
        let at = bodies.iter().position(is_same)?;
        bodies[..=at].rotate_right(1);
        Some(bodies[0].items)
    }

    /// Keeps a body that conforms, with what the walk saw of its value.
    pub(crate) fn keep(
        &mut self,
        contract: &Contract,
        asked: &str,
        (body, items): (&[u8], Option<usize>),
        (value, memo): (Option<Value>, &Memo),
        bytes_max: usize,
    ) {
        if body.len() > bytes_max {
            return;
        }
        let mut kept = self.room(contract.id(), body.len(), bytes_max);
        kept.contract = Some(contract.id());
        kept.asked.clear();
        kept.asked.push_str(asked);
        kept.body.clear();
        kept.body.extend_from_slice(body);
        kept.memo.clone_from(memo);
        (kept.items, kept.value) = (items, value);
        self.bytes += body.len();
        self.bodies.insert(0, kept);
    }

    /// Takes out what has to go for a new body, and hands out its room.
    fn room(&mut self, contract: ContractId, bytes: usize, bytes_max: usize) -> Kept {
        let is_of = |kept: &Kept| kept.contract == Some(contract);
        let mut room = None;
        if self.bodies.iter().filter(|kept| is_of(kept)).count() >= BODIES_A_CONTRACT
            && let Some(last) = self.bodies.iter().rposition(is_of)
        {
            let old = self.bodies.remove(last);
            self.bytes -= old.body.len();
            room = Some(old);
        }
        while self.bytes + bytes > bytes_max
            && let Some(old) = self.bodies.pop()
        {
            self.bytes -= old.body.len();
            room = Some(old);
        }
        room.unwrap_or_default()
    }
}

impl Value {
    /// The value of a body that is to be remembered; `place` is where its items stand.
    pub(crate) fn of(contract: &Contract, body: &Body<'_>, place: Option<usize>) -> Option<Self> {
        let largest = body.largest_member()?;
        let key = body.plain(largest.node - 1)?;
        let name = body.key(largest.node - 1);
        // The items must be what is remembered, or nothing would be known of them.
        let is_within = |place| contract.items().is_some_and(|items| items.is_within(place, name));
        (contract.items().is_none() || place.is_some_and(is_within)).then_some(Self {
            key,
            range: (largest.start, largest.end),
            types: body.type_of(largest.node),
            place,
        })
    }

    /// The node of the value of [`Value::of`], before it is known whether there will be one.
    pub(crate) fn node(body: &Body<'_>) -> Option<usize> {
        body.largest_member().map(|largest| largest.node)
    }
}

impl Envelope {
    /// Whether a body is a kept one in another envelope, and conforms.
    fn is_new(&mut self, contract: &Contract, kept: &Kept, body: &[u8], limits: Limits) -> bool {
        kept.value.is_some_and(|value| {
            self.fill(kept, value, body).is_some() && self.conforms(contract, kept, value, limits)
        })
    }

    /// Takes the body without its value.
    fn fill(&mut self, kept: &Kept, value: Value, body: &[u8]) -> Option<()> {
        let expected = &kept.body[value.range.0..value.range.1];
        let around = body.len().checked_sub(expected.len())?;
        if around > ENVELOPE_BYTES_MAX {
            return None;
        }
        let begin = find_value(body, &kept.body[value.key.0..value.key.1])?;
        let end = begin + expected.len();
        (body.get(begin..end)? == expected).then_some(())?;
        self.bytes.clear();
        self.bytes.extend_from_slice(&body[..begin]);
        self.bytes.extend_from_slice(PLACEHOLDER);
        self.bytes.extend_from_slice(&body[end..]);
        Some(())
    }

    fn conforms(&mut self, contract: &Contract, kept: &Kept, value: Value, limits: Limits) -> bool {
        let Some(short) = self.tape.read(&self.bytes, limits.depth_max) else { return false };
        let key = &kept.body[value.key.0..value.key.1];
        let Some(key) = short.keys(0).find(|&at| short.name(at) == key) else { return false };
        if duplicates::first(&short, &mut self.keys).is_some() {
            return false;
        }
        // An earlier place outside of the value would have other items.
        let has_others = |place| {
            let name = short.key(key);
            contract.items().is_some_and(|items| items.is_before(place, name, &short))
        };
        if value.place.is_some_and(has_others) {
            return false;
        }
        let spliced = Spliced {
            nodes: &short,
            at: key + 1,
            types: value.types,
            memo: &kept.memo,
            unknown: Cell::new(false),
        };
        let outcome = walk::judge(contract.shape(), &spliced, &mut self.walk);
        outcome == Outcome::Conforms && !spliced.unknown.get()
    }
}
