//! Keys that stand twice in one object.
//!
//! JSON leaves open what they mean, and readers differ: some keep the first value, some the last.

use crate::collect::{Collector, Segment};
use crate::fingerprint::{fingerprint, same};
use crate::node::{Node, Nodes};
use crate::shape::Shape;
use crate::violation::{Expected, Found, Keyword};

/// Objects of up to this many keys are checked with a filter on the stack, larger ones by sorting.
const SMALL_KEYS_MAX: usize = 64;

/// What the search keeps while it goes over a body. Its content means nothing for the next one.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    keys: Vec<usize>,
    /// By their number of keys, the last object whose keys are known to be different, plus 1.
    distinct: Vec<usize>,
}

/// The node of a key that stands in its object for the second time.
pub(crate) fn first<N: Nodes + ?Sized>(nodes: &N, scratch: &mut Scratch) -> Option<usize> {
    scratch.distinct.clear();
    scratch.distinct.resize(SMALL_KEYS_MAX + 1, 0);
    (0..nodes.size()).find_map(|index| match nodes.members(index) {
        0 | 1 => None,
        len if len > SMALL_KEYS_MAX => first_in_large(nodes, index, &mut scratch.keys),
        len => first_in_small(nodes, index, &mut scratch.distinct[len]),
    })
}

/// Reports every key that stands twice, with its path.
pub(crate) fn report<'a, N: Nodes + ?Sized>(
    shape: &'a Shape,
    nodes: &N,
    index: usize,
    collector: &mut Collector<'a>,
) {
    match nodes.at(index) {
        Node::Object(_) => {
            report_keys(shape, nodes, index, collector);
            for key in nodes.keys(index) {
                collector.enter(segment(shape, nodes.key(key)));
                report(shape, nodes, key + 1, collector);
                collector.leave();
            }
        }
        Node::Array(_) => {
            collector.enter(Segment::Any);
            for element in nodes.elements(index) {
                report(shape, nodes, element, collector);
            }
            collector.leave();
        }
        _ => {}
    }
}

fn report_keys<'a, N: Nodes + ?Sized>(
    shape: &'a Shape,
    nodes: &N,
    object: usize,
    collector: &mut Collector<'a>,
) {
    let mut names: Vec<&str> = nodes.keys(object).map(|key| nodes.key(key)).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        collector.enter(segment(shape, pair[0]));
        collector.add(Keyword::DuplicateKey, Expected::UniqueKey, Found::Again);
        collector.leave();
    }
}

/// This check knows no schema, so it shows each name that stands anywhere in the shape.
fn segment<'a>(shape: &'a Shape, name: &str) -> Segment<'a> {
    shape.names.get(name).map_or(Segment::Any, |name| Segment::Name(name))
}

/// The items of a list mostly have the same keys in the same order, so what is known of one of them
/// holds for the next. Otherwise names are compared where two of them share a bit of a filter, which
/// is rare.
fn first_in_small<N: Nodes + ?Sized>(
    nodes: &N,
    object: usize,
    distinct: &mut usize,
) -> Option<usize> {
    if let Some(known) = distinct.checked_sub(1)
        && same_keys(nodes, known, object)
    {
        return None;
    }
    let mut seen = [0u64; 16];
    let second = nodes.keys(object).find(|&key| {
        let name = nodes.name(key);
        let hash = fingerprint(name) >> 54;
        let (word, bit) = ((hash / 64) as usize, 1 << (hash % 64));
        let suspect = seen[word] & bit != 0;
        seen[word] |= bit;
        suspect && nodes.keys(object).take_while(|&k| k < key).any(|k| nodes.name(k) == name)
    });
    if second.is_none() {
        *distinct = object + 1;
    }
    second
}

/// Whether two objects of as many members have the same keys in the same order.
fn same_keys<N: Nodes + ?Sized>(nodes: &N, a: usize, b: usize) -> bool {
    nodes.keys(a).zip(nodes.keys(b)).all(|(a, b)| same(nodes.name(a), nodes.name(b)))
}

fn first_in_large<N: Nodes + ?Sized>(
    nodes: &N,
    object: usize,
    scratch: &mut Vec<usize>,
) -> Option<usize> {
    scratch.clear();
    scratch.extend(nodes.keys(object));
    scratch.sort_unstable_by(|&a, &b| nodes.name(a).cmp(nodes.name(b)).then(a.cmp(&b)));
    let pair = scratch.windows(2).find(|pair| nodes.name(pair[0]) == nodes.name(pair[1]));
    pair.map(|pair| pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn has_duplicate(text: &str) -> bool {
        let document = Document::read(text.as_bytes(), 64).expect("the case is JSON");
        first(&document, &mut Scratch::default()).is_some()
    }

    fn object_of(keys: impl Iterator<Item = String>) -> String {
        let members: Vec<_> = keys.map(|key| format!("{key:?}:{{\"a\":1}}")).collect();
        format!("[{{{}}}]", members.join(","))
    }

    #[test]
    fn a_second_key_is_found_in_objects_of_any_size() {
        for len in [2, 3, 20, 63, 64, 65, 500] {
            let distinct = object_of((0..len).map(|n| format!("key-{n}")));
            assert!(!has_duplicate(&distinct), "{len} distinct keys");
            for twin in [0, (len - 1) / 2, len - 2] {
                let keys = (0..len).map(|n| if n == len - 1 { twin } else { n });
                let text = object_of(keys.map(|n| format!("key-{n}")));
                assert!(has_duplicate(&text), "{len} keys, the last one as number {twin}");
            }
        }
    }

    #[test]
    fn keys_are_compared_after_their_escapes_and_within_one_object_only() {
        assert!(has_duplicate(r#"{"a":1,"\u0061":2}"#));
        assert!(has_duplicate(r#"{"":1,"":2}"#));
        assert!(has_duplicate(r#"[{"a":1,"b":2},{"a":1,"b":2},{"a":1,"a":2}]"#));
        assert!(has_duplicate(r#"[{"a":1,"b":2},{"b":1,"a":2},{"b":1,"b":2}]"#));
        assert!(has_duplicate(r#"{"x":{"y":[{"a":1,"b":2,"a":3}]}}"#));
        assert!(!has_duplicate(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#));
        assert!(!has_duplicate(r#"{"a":"b","b":"a","A":1}"#));
    }
}
