//! `uniqueItems`: whether two elements of an array are equal.
//!
//! Few elements are compared pair by pair, many by a hash that is the same for equal values. Whoever
//! makes bodies on purpose can make hashes collide, so comparisons use up a budget.

use crate::node::{Node, Nodes};

/// Arrays of up to this many elements are compared pair by pair.
const PAIRWISE_MAX: usize = 8;

/// Hashes with the elements that they belong to: room that is used again and again.
pub(crate) type Scratch = Vec<(u64, usize)>;

/// What may still be spent. A unit is about one look at a node, a key or 16 bytes of text.
pub(crate) struct Budget {
    pub(crate) units_left: u64,
}

impl Budget {
    fn spend(&mut self, units: usize) {
        self.units_left = self.units_left.saturating_sub(units as u64);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.units_left == 0
    }
}

/// Whether the elements of an array all differ. The answer means nothing once the budget is spent.
pub(crate) fn all_differ<N: Nodes + ?Sized>(
    nodes: &N,
    array: usize,
    scratch: &mut Scratch,
    budget: &mut Budget,
) -> bool {
    scratch.clear();
    match nodes.at(array) {
        Node::Array(0 | 1) => return true,
        Node::Array(len) if len <= PAIRWISE_MAX => {
            scratch.extend(nodes.elements(array).map(|element| (0, element)));
        }
        _ => {
            scratch.extend(nodes.elements(array).map(|at| (hash(nodes, at, budget), at)));
            scratch.sort_unstable();
        }
    }
    let runs = scratch.chunk_by(|(hash, _), (next, _)| hash == next);
    runs.into_iter().all(|run| all_differ_in(nodes, run, budget))
}

/// Compares all pairs of a few elements, or of those that have the same hash.
fn all_differ_in<N: Nodes + ?Sized>(nodes: &N, run: &[(u64, usize)], budget: &mut Budget) -> bool {
    run.iter().enumerate().all(|(place, &(_, element))| {
        let mut before = run[..place].iter();
        budget.is_spent() || before.all(|&(_, other)| !same(nodes, element, other, budget))
    })
}

/// The equality of [`crate::node::equal`] within one document, on a budget. Members are looked for
/// where the other object has them, so that the order of keys mostly costs nothing.
fn same<N: Nodes + ?Sized>(nodes: &N, a: usize, b: usize, budget: &mut Budget) -> bool {
    budget.spend(1);
    match (nodes.at(a), nodes.at(b)) {
        (Node::Null, Node::Null) => true,
        (Node::Bool(x), Node::Bool(y)) => x == y,
        (Node::Number(x), Node::Number(y)) => x.compare(y).is_eq(),
        (Node::String(x), Node::String(y)) => {
            budget.spend(x.len() / 16);
            x == y
        }
        (Node::Array(x), Node::Array(y)) => {
            let mut pairs = nodes.elements(a).zip(nodes.elements(b));
            x == y && pairs.all(|(x, y)| !budget.is_spent() && same(nodes, x, y, budget))
        }
        (Node::Object(x), Node::Object(y)) => {
            let mut pairs = nodes.keys(a).zip(nodes.keys(b));
            x == y && pairs.all(|(key, guess)| same_member(nodes, key, (b, guess, y), budget))
        }
        _ => false,
    }
}

/// Whether an object of `len` members has the one at `key` too, which probably is at `guess`.
fn same_member<N: Nodes + ?Sized>(
    nodes: &N,
    key: usize,
    (object, guess, len): (usize, usize, usize),
    budget: &mut Budget,
) -> bool {
    if budget.is_spent() {
        return false;
    }
    let name = nodes.key(key);
    if nodes.key(guess) == name {
        return same(nodes, key + 1, guess + 1, budget);
    }
    budget.spend(len);
    nodes.get(object, name).is_some_and(|value| same(nodes, key + 1, value, budget))
}

/// A hash that equal values share, whatever the order of keys and the way numbers are written.
fn hash<N: Nodes + ?Sized>(nodes: &N, at: usize, budget: &mut Budget) -> u64 {
    budget.spend(1);
    match nodes.at(at) {
        Node::Null => 1,
        Node::Bool(value) => 2 + u64::from(value),
        Node::Number(number) => mixed(number.hash_bits(), 4),
        Node::String(text) => {
            budget.spend(text.len() / 16);
            text_hash(text)
        }
        Node::Array(_) if budget.is_spent() => 0,
        Node::Array(_) => {
            nodes.elements(at).fold(5, |sum, element| mixed(sum, hash(nodes, element, budget)))
        }
        Node::Object(_) => nodes.keys(at).fold(6, |sum: u64, key| {
            let member = mixed(text_hash(nodes.key(key)), hash(nodes, key + 1, budget));
            sum.wrapping_add(member)
        }),
    }
}

fn text_hash(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks();
    let last = rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    let sum = words.iter().fold(7, |sum, word| mixed(sum, u64::from_le_bytes(*word)));
    mixed(mixed(sum, last), text.len() as u64)
}

fn mixed(sum: u64, word: u64) -> u64 {
    let mixed = (sum.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn differ(text: &str, units_left: u64) -> (bool, bool) {
        let document = Document::read(text.as_bytes(), 64).expect("the case is JSON");
        let mut budget = Budget { units_left };
        (all_differ(&document, 0, &mut Vec::new(), &mut budget), budget.is_spent())
    }

    /// The answer for the elements alone, and among so many others that they are hashed.
    fn check(elements: &str, expected: bool) {
        let others: Vec<_> = (0..40).map(|n| format!("\"other {n}\"")).collect();
        for text in [format!("[{elements}]"), format!("[{},{elements}]", others.join(","))] {
            assert_eq!(differ(&text, 1 << 20), (expected, false), "{text}");
        }
    }

    #[test]
    fn elements_differ_unless_they_are_equal_as_values() {
        for equal in [
            "1, 1.0",
            "0, -0.0",
            "\"a\", \"\\u0061\"",
            "null, null",
            "[1, [2]], [1.0, [2e0]]",
            r#"{"a": 1, "b": {"c": [], "d": 2}}, {"b": {"d": 2.0, "c": []}, "a": 1}"#,
            "1e400, 10e399",
            "20000000000000000000, 2e19",
            "9223372036854775808, 9223372036854775808.0",
        ] {
            check(equal, false);
        }
        for different in [
            "1, true, \"1\", [1], null, 0, false, \"\"",
            "[1, 2], [2, 1]",
            r#"{"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 1}, {}"#,
            "9007199254740992, 9007199254740993",
            "20000000000000000000, 20000000000000000001",
            "1e400, 1e401, -1e400",
            "\"12345678\", \"123456789\", \"12345678\\u0000\"",
            "[[1], 2], [[1, 2]], [[[1, 2]]]",
        ] {
            check(different, true);
        }
    }

    #[test]
    fn what_costs_too_much_is_given_up() {
        let object = |order: &mut dyn Iterator<Item = usize>| {
            let members: Vec<_> = order.map(|n| format!("\"key-{n}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        let text = format!("[{},{}]", object(&mut (0..900)), object(&mut (0..900).rev()));
        assert!(differ(&text, 100_000).1);
        assert_eq!(differ(&text, 1_000_000), (false, false));
        let collisions: Vec<_> = (0..1000).map(|n| format!("1e30{}", n % 400)).collect();
        assert!(differ(&format!("[{}]", collisions.join(",")), 100).1);
    }
}
