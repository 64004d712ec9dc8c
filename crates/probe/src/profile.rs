//! What the fields of a body are like, in numbers: how many are null, empty, of each type.

use std::collections::BTreeMap;
use std::fmt;

use crate::compile::push_segment;
use crate::node::{Node, Nodes};
use crate::reading::{Reader, Visitor};
use crate::shape::Shape;

/// No body is nested deeper for a profile than for a probe that nobody set otherwise.
const DEPTH_MAX: usize = 64;

/// The paths of a body that are told apart. A list of works has some forty.
const PATHS_MAX: usize = 256;

/// The values at one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldTally {
    /// Values that are `null`.
    pub nulls: u64,
    /// `true` and `false`.
    pub booleans: u64,
    /// Numbers.
    pub numbers: u64,
    /// Strings, the empty ones included.
    pub strings: u64,
    /// Arrays, the empty ones included.
    pub arrays: u64,
    /// Objects, the empty ones included.
    pub objects: u64,
    /// Strings, arrays and objects with nothing in them.
    pub empty: u64,
    /// The items of all arrays.
    pub items: u64,
}

impl FieldTally {
    /// All values.
    pub fn values(&self) -> u64 {
        self.nulls + self.booleans + self.numbers + self.strings + self.arrays + self.objects
    }

    /// Adds the values of another body.
    pub fn add(&mut self, other: &Self) {
        self.nulls += other.nulls;
        self.booleans += other.booleans;
        self.numbers += other.numbers;
        self.strings += other.strings;
        self.arrays += other.arrays;
        self.objects += other.objects;
        self.empty += other.empty;
        self.items += other.items;
    }

    fn note(&mut self, node: Node<'_>) {
        match node {
            Node::Null => self.nulls += 1,
            Node::Bool(_) => self.booleans += 1,
            Node::Number(_) => self.numbers += 1,
            Node::String(text) => {
                self.strings += 1;
                self.empty += u64::from(text.is_empty());
            }
            Node::Array(len) => {
                self.arrays += 1;
                self.items += len as u64;
                self.empty += u64::from(len == 0);
            }
            Node::Object(len) => {
                self.objects += 1;
                self.empty += u64::from(len == 0);
            }
        }
    }
}

/// What the fields of one body are like. It has paths and counts and no value; array indices, and
/// names that the shape does not have, are `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldProfile {
    fields: BTreeMap<Box<str>, FieldTally>,
    partial: bool,
}

impl FieldProfile {
    /// Every path that has values, in ascending order, and what they are. Paths are JSON Pointers;
    /// that of the whole body is empty.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &FieldTally)> {
        self.fields.iter().map(|(path, tally)| (&**path, tally))
    }

    /// The values at a path; none where there is no such value.
    pub fn get(&self, path: &str) -> FieldTally {
        self.fields.get(path).copied().unwrap_or_default()
    }

    /// Whether the body has more than 256 paths, so that a missing one may only have been left out.
    pub fn is_partial(&self) -> bool {
        self.partial
    }
}

/// Makes profiles, on buffers that are used again.
///
/// # Example
///
/// ```
/// use probe::{FieldProfiler, Shape};
///
/// let shape = Shape::from_json(br#"{"items": {"properties": {"tags": {"type": "array"}}}}"#)?;
/// let body = br#"[{"tags": [], "secret": 1}, {"tags": ["a", "b"]}, {}]"#;
/// let profile = FieldProfiler::new(1 << 20).profile(&shape, body).expect("the body is JSON");
///
/// let tags = profile.get("/*/tags");
/// assert_eq!((tags.arrays, tags.empty, tags.items), (2, 1, 2));
/// assert_eq!(profile.get("/*").objects - tags.values(), 1);
/// // The shape does not know the other name.
/// assert_eq!(profile.get("/*/*").numbers, 1);
/// # Ok::<(), probe::ShapeError>(())
/// ```
pub struct FieldProfiler {
    reader: Reader,
}

impl fmt::Debug for FieldProfiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldProfiler").finish_non_exhaustive()
    }
}

impl FieldProfiler {
    /// A profiler of bodies of up to so many bytes.
    pub fn new(body_bytes_max: usize) -> Self {
        Self { reader: Reader::new(body_bytes_max, DEPTH_MAX) }
    }

    /// The profile of a body; `None` for what a probe would refuse whatever the shape.
    pub fn profile(&mut self, shape: &Shape, body: &[u8]) -> Option<FieldProfile> {
        let mut outline = Outline { shape, places: vec![Place::default()], partial: false };
        self.reader.read(body, &mut outline).ok()?;
        Some(outline.profile())
    }
}

/// The paths of a body as a tree, so that none is spelled out for every value.
struct Outline<'s> {
    shape: &'s Shape,
    /// The root first; a place stands behind the one that it is below.
    places: Vec<Place<'s>>,
    partial: bool,
}

#[derive(Default)]
struct Place<'s> {
    above: usize,
    /// Absent for `*`, and for the root.
    name: Option<&'s str>,
    tally: FieldTally,
    fields: Vec<(&'s str, usize)>,
    /// Where items and values with unknown names belong.
    others: Option<usize>,
}

impl Visitor for Outline<'_> {
    fn visit<N: Nodes + ?Sized>(&mut self, nodes: &N) {
        self.note(nodes, 0, 0);
    }
}

impl<'s> Outline<'s> {
    fn note<N: Nodes + ?Sized>(&mut self, nodes: &N, index: usize, place: usize) {
        let node = nodes.at(index);
        self.places[place].tally.note(node);
        match node {
            Node::Array(1..) => {
                let Some(below) = self.others(place) else { return };
                nodes.elements(index).for_each(|element| self.note(nodes, element, below));
            }
            Node::Object(_) => {
                let mut guess = 0;
                for key in nodes.keys(index) {
                    if let Some(below) = self.field(place, nodes.key(key), &mut guess) {
                        self.note(nodes, key + 1, below);
                    }
                }
            }
            _ => {}
        }
    }

    /// The place of a name below another one. Mostly it is where the last object had it.
    fn field(&mut self, place: usize, name: &str, guess: &mut usize) -> Option<usize> {
        let fields = &self.places[place].fields;
        let at = match fields.get(*guess) {
            Some((known, _)) if *known == name => Some(*guess),
            _ => fields.iter().position(|(known, _)| *known == name),
        };
        if let Some(at) = at {
            *guess = at + 1;
            return Some(fields[at].1);
        }
        let Some(known) = self.shape.names.get(name) else { return self.others(place) };
        let below = self.push(place, Some(known))?;
        self.places[place].fields.push((known, below));
        *guess = self.places[place].fields.len();
        Some(below)
    }

    fn others(&mut self, place: usize) -> Option<usize> {
        if self.places[place].others.is_none() {
            self.places[place].others = self.push(place, None);
        }
        self.places[place].others
    }

    fn push(&mut self, above: usize, name: Option<&'s str>) -> Option<usize> {
        if self.places.len() == PATHS_MAX {
            self.partial = true;
            return None;
        }
        self.places.push(Place { above, name, ..Place::default() });
        Some(self.places.len() - 1)
    }

    fn profile(self) -> FieldProfile {
        let mut paths: Vec<String> = Vec::with_capacity(self.places.len());
        for (at, place) in self.places.iter().enumerate() {
            let mut path = if at == 0 { String::new() } else { paths[place.above].clone() };
            match place.name {
                Some(name) => push_segment(&mut path, name),
                None if at > 0 => path.push_str("/*"),
                None => {}
            }
            paths.push(path);
        }
        let tallies = self.places.iter().map(|place| place.tally);
        let fields = paths.into_iter().map(String::into_boxed_str).zip(tallies).collect();
        FieldProfile { fields, partial: self.partial }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(shape: &str, body: &str) -> FieldProfile {
        let shape = Shape::from_json(shape.as_bytes()).unwrap();
        FieldProfiler::new(1 << 20).profile(&shape, body.as_bytes()).unwrap()
    }

    const SHAPE: &str = r#"{"properties": {"a": {"properties": {"b/c": true}}, "d": true}}"#;

    #[test]
    fn every_path_has_its_kinds_and_no_unknown_name() {
        let body =
            r#"{"a": {"b/c": [null, "", "x", true]}, "d": {}, "secret": {"a": 1, "x": -2.5}}"#;
        let profile = profile(SHAPE, body);
        let paths: Vec<_> = profile.fields().map(|(path, _)| path).collect();
        assert_eq!(paths, ["", "/*", "/*/*", "/*/a", "/a", "/a/b~1c", "/a/b~1c/*", "/d"]);
        let items = profile.get("/a/b~1c/*");
        assert_eq!((items.nulls, items.strings, items.empty, items.booleans), (1, 2, 1, 1));
        assert_eq!((profile.get("/d").objects, profile.get("/d").empty), (1, 1));
        assert_eq!(profile.get("/a/b~1c").items, 4);
        assert_eq!(profile.get("/nowhere").values(), 0);
    }

    #[test]
    fn what_is_no_json_has_no_profile() {
        let shape = Shape::from_json(SHAPE.as_bytes()).unwrap();
        let mut profiler = FieldProfiler::new(8);
        for body in ["<html>", "", r#"{"a":1,"a":2}"#, "[1,2,3,4,5,6]"] {
            assert_eq!(profiler.profile(&shape, body.as_bytes()), None, "{body}");
        }
        assert!(profiler.profile(&shape, b"[1e400]").is_some());
    }

    #[test]
    fn a_body_of_too_many_paths_says_so() {
        let object = |value: &str| {
            let members: Vec<_> = (0..300).map(|n| format!("\"n{n}\": {value}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let (shape, body) = (format!("{{\"properties\": {}}}", object("true")), object("1"));
        let profile = profile(&shape, &body);
        assert!(profile.is_partial());
        assert_eq!(profile.fields().count(), PATHS_MAX);
        assert!(!self::profile(SHAPE, &body).is_partial());
    }
}
