//! What a schema cannot say of the items of a body: whose ids they have.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use crate::compile::push_segment;
use crate::node::{Node, Nodes};
use crate::violation::{Expected, Found, Keyword, Violation};

/// Rules about the items of a list, or the one item of a detail, beyond their shape.
///
/// ```
/// use std::sync::Arc;
/// use probe::{Contract, ItemRules, Limits, Probe, Shape};
///
/// let rules = ItemRules::of_list(["/data/items", "/items"], "profileId").known(["a", "b"]);
/// let shape = Arc::new(Shape::from_json(b"true")?);
/// let contract = Contract::new(shape).with_items(rules);
/// let mut probe = Probe::new(Limits::default());
///
/// let body = br#"{"items": [{"profileId": "b"}, {"profileId": "b"}]}"#;
/// let lines: Vec<_> =
///     probe.examine(&contract, &[], body).violations.iter().map(ToString::to_string).collect();
/// assert_eq!(lines, [
///     "/items/*/profileId: unique id: expected each id once, found it again",
///     "/items: dataset id: expected every id of the dataset, found less",
/// ]);
/// # Ok::<(), probe::ShapeError>(())
/// ```
#[derive(Clone)]
pub struct ItemRules {
    places: Vec<Place>,
    is_list: bool,
    id: Box<str>,
    /// In order of hash and text, like the ids of a body.
    known: Option<Vec<(u64, Box<str>)>>,
    asked: Vec<Box<str>>,
}

/// A JSON Pointer, which leads through objects only.
#[derive(Clone, Debug)]
struct Place {
    names: Vec<Box<str>>,
}

/// The ids of a body: their hashes and nodes.
pub(crate) type Ids = Vec<(u64, usize)>;

/// Where the items of a body stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemsAt {
    /// Which of the places it is.
    pub(crate) place: usize,
    pub(crate) node: usize,
}

impl fmt::Debug for ItemRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The ids are those of a dataset, which may have real ones.
        let known = self.known.as_ref().map(Vec::len);
        let mut debug = f.debug_struct("ItemRules");
        debug.field("places", &self.places).field("is_list", &self.is_list).field("id", &self.id);
        debug.field("known", &known).field("asked", &self.asked).finish()
    }
}

impl ItemRules {
    /// The items are the elements of the array at the first of these JSON Pointers that leads to one.
    /// No two have the same text in their member `id`.
    pub fn of_list<'a>(places: impl IntoIterator<Item = &'a str>, id: &str) -> Self {
        Self::new(places, true, id)
    }

    /// The item is the object at the first of these JSON Pointers that leads to one.
    pub fn of_detail<'a>(places: impl IntoIterator<Item = &'a str>, id: &str) -> Self {
        Self::new(places, false, id)
    }

    fn new<'a>(places: impl IntoIterator<Item = &'a str>, is_list: bool, id: &str) -> Self {
        let places = places.into_iter().map(Place::of).collect();
        Self { places, is_list, id: id.into(), known: None, asked: Vec::new() }
    }

    /// The ids of the items are these: no other, and in a list all of them, as long as each item has
    /// a text for an id.
    #[must_use]
    pub fn known<T: AsRef<str>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        let hashed = |id: T| (hash(id.as_ref()), Box::from(id.as_ref()));
        let mut ids: Vec<(u64, Box<str>)> = ids.into_iter().map(hashed).collect();
        ids.sort_unstable();
        ids.dedup();
        self.known = Some(ids);
        self
    }

    /// These members of a detail's item have the texts that were asked for, which are given with
    /// each body in this order. A member that is not there is the shape's affair.
    #[must_use]
    pub fn asked<'a>(mut self, members: impl IntoIterator<Item = &'a str>) -> Self {
        self.asked = members.into_iter().map(Box::from).collect();
        self
    }

    /// The first place that leads to items, with the node there.
    pub(crate) fn find<N: Nodes + ?Sized>(&self, nodes: &N) -> Option<ItemsAt> {
        let node = |place: &Place| place.node(nodes).filter(|&node| self.is_there(nodes, node));
        let mut places = self.places.iter().enumerate();
        places.find_map(|(place, pointer)| node(pointer).map(|node| ItemsAt { place, node }))
    }

    fn is_there<N: Nodes + ?Sized>(&self, nodes: &N, node: usize) -> bool {
        match nodes.at(node) {
            Node::Array(_) => self.is_list,
            Node::Object(_) => !self.is_list,
            _ => false,
        }
    }

    /// Whether the place lies in the member `name` of the whole body.
    pub(crate) fn is_within(&self, place: usize, name: &str) -> bool {
        self.places[place].names.first().is_some_and(|first| **first == *name)
    }

    /// Whether one of the places before this one, outside the member `name`, leads to items.
    pub(crate) fn is_before<N: Nodes + ?Sized>(&self, place: usize, name: &str, nodes: &N) -> bool {
        let outside = (0..place).filter(|&place| !self.is_within(place, name));
        let nodes_there = outside.filter_map(|place| self.places[place].node(nodes));
        nodes_there.into_iter().any(|node| self.is_there(nodes, node))
    }

    /// How many items there are at a node.
    pub(crate) fn count<N: Nodes + ?Sized>(&self, nodes: &N, node: usize) -> usize {
        match nodes.at(node) {
            Node::Array(len) => len,
            _ => 1,
        }
    }

    /// Hands every violation to `keep`, each kind once. `asked` are the texts that were asked for.
    pub(crate) fn judge<N: Nodes + ?Sized>(
        &self,
        nodes: &N,
        found: Option<ItemsAt>,
        asked: &[Box<str>],
        ids: &mut Ids,
        mut keep: impl FnMut(Violation),
    ) {
        let Some(ItemsAt { place, node }) = found else {
            return keep(Violation::whole(Keyword::Place, Expected::Items, Found::Nothing));
        };
        let mut violation = |member: Option<&str>, keyword, expected, found| {
            let path = self.path(place, member);
            keep(Violation { path, keyword, expected, found });
        };
        let id = Some(&*self.id);
        self.collect(nodes, node, ids);
        if self.is_list && ids.windows(2).any(|pair| is_same(nodes, pair[0], pair[1])) {
            violation(id, Keyword::UniqueId, Expected::UniqueId, Found::Again);
        }
        if let Some(known) = &self.known {
            let (others, missing) = compare(nodes, ids, known);
            if others {
                violation(id, Keyword::DatasetId, Expected::DatasetId, Found::Other);
            }
            // An item whose id is no text is the shape's affair, and so is what is missing for it.
            let have_ids = ids.len() == self.count(nodes, node);
            if self.is_list && missing && have_ids {
                violation(None, Keyword::DatasetId, Expected::WholeDataset, Found::Less);
            }
        }
        for (member, asked) in self.asked.iter().zip(asked) {
            if text(nodes, node, member).is_some_and(|(_, text)| *text != **asked) {
                violation(Some(member), Keyword::AskedId, Expected::AskedId, Found::Other);
            }
        }
    }

    /// The ids of all items, in order of hash and text. What is no text is the shape's affair.
    fn collect<N: Nodes + ?Sized>(&self, nodes: &N, node: usize, ids: &mut Ids) {
        ids.clear();
        let mut add = |item| {
            if let Some((at, id)) = text(nodes, item, &self.id) {
                ids.push((hash(id), at));
            }
        };
        if self.is_list {
            nodes.elements(node).for_each(&mut add);
        } else {
            add(node);
        }
        ids.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| nodes.name(a.1).cmp(nodes.name(b.1)))
        });
    }

    fn path(&self, place: usize, member: Option<&str>) -> String {
        let mut path = String::new();
        self.places[place].names.iter().for_each(|name| push_segment(&mut path, name));
        if let Some(member) = member {
            path.push_str(if self.is_list { "/*" } else { "" });
            push_segment(&mut path, member);
        }
        path
    }
}

impl Place {
    fn of(pointer: &str) -> Self {
        let name = |segment: &str| segment.replace("~1", "/").replace("~0", "~").into();
        Self { names: pointer.split('/').skip(1).map(name).collect() }
    }

    fn node<N: Nodes + ?Sized>(&self, nodes: &N) -> Option<usize> {
        self.names.iter().try_fold(0, |node, name| nodes.get(node, name))
    }
}

/// The text of a member, and its node.
fn text<'n, N: Nodes + ?Sized>(
    nodes: &'n N,
    item: usize,
    member: &str,
) -> Option<(usize, &'n str)> {
    let at = nodes.get(item, member)?;
    match nodes.at(at) {
        Node::String(text) => Some((at, text)),
        _ => None,
    }
}

/// The same for the same text in every run; only an order follows from it.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn is_same<N: Nodes + ?Sized>(nodes: &N, a: (u64, usize), b: (u64, usize)) -> bool {
    a.0 == b.0 && nodes.name(a.1) == nodes.name(b.1)
}

/// Whether there are ids that are not known, and whether known ones are missing.
fn compare<N: Nodes + ?Sized>(nodes: &N, ids: &Ids, known: &[(u64, Box<str>)]) -> (bool, bool) {
    let (mut others, mut missing) = (false, false);
    // The first known id that is not passed yet, and whether the body has it.
    let (mut next, mut met) = (0, false);
    for &(hash, at) in ids {
        let id = (hash, nodes.name(at));
        let is_before = |known: &&(u64, Box<str>)| (known.0, known.1.as_bytes()) < id;
        let passed = known[next..].iter().take_while(is_before).count();
        missing |= passed > usize::from(met);
        met &= passed == 0;
        next += passed;
        let is_known = known.get(next).is_some_and(|known| (known.0, known.1.as_bytes()) == id);
        met |= is_known;
        others |= !is_known;
    }
    missing |= known.len() - next > usize::from(met);
    (others, missing)
}
