//! Where in an output a value stands, and what its column is made of.

use std::fmt::Write;

use crate::grammar::{Column, Rules};

/// The place of whatever comes next. Keys lead from one node to the next; each node is looked up
/// in the grammar once.
pub(crate) struct Places<'a> {
    rules: &'a Rules,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    rows: Rows,
}

/// How the rows of an output are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// As objects.
    #[default]
    Named,
    /// As arrays in an array; [`Grammar::positions`](crate::Grammar::positions) names the columns.
    Positional,
    /// As arrays, each a document of its own.
    PositionalLines,
}

type NodeId = u32;
const ROOT: NodeId = 0;
/// What an unknown key leads to, so that data as keys cannot fill the memory.
const UNKNOWN: NodeId = 1;
/// The nodes that are kept. More have the same keys nested ever deeper.
const MAX_NODES: usize = 1 << 16;

struct Node {
    key: String,
    table: Option<usize>,
    /// The keys since the table's.
    keys: Vec<String>,
    column: Column,
    /// Whether a text here may be the name of the table around it.
    names_table: bool,
    children: Vec<NodeId>,
    /// Which child came last: most objects have the same keys in the same order.
    last: usize,
}

#[derive(Clone, Copy)]
struct Frame {
    /// The node of the array or object itself.
    node: NodeId,
    /// The node of the value that comes next.
    next: NodeId,
    /// How many values of an array have begun.
    index: u64,
    is_array: bool,
    is_row: bool,
}

impl<'a> Places<'a> {
    pub(crate) fn new(rules: &'a Rules, rows: Rows) -> Self {
        let mut places = Self { rules, nodes: Vec::new(), frames: Vec::new(), rows };
        places.add("", None, Vec::new());
        places.add("*", None, Vec::new());
        places
    }

    /// What the value that comes next is made of.
    pub(crate) fn column(&self) -> Column {
        self.nodes[self.here() as usize].column
    }

    /// What the array or object is made of that holds the next value.
    pub(crate) fn around(&self) -> Column {
        let node = self.frames.last().map_or(ROOT, |frame| frame.node);
        self.nodes[node as usize].column
    }

    /// Starts a value: moves on to its place where it is in an array.
    pub(crate) fn begin(&mut self) {
        let Some(frame) = self.frames.last().copied() else { return };
        if !frame.is_array {
            return;
        }
        let name = if frame.is_row { self.position(frame) } else { None };
        let next = name.map_or(frame.node, |name| self.child(frame.node, name.as_bytes()));
        if let Some(frame) = self.frames.last_mut() {
            frame.index += 1;
            frame.next = next;
        }
    }

    fn position(&self, frame: Frame) -> Option<String> {
        let table = self.nodes[frame.node as usize].table;
        self.rules.position(table, frame.index as usize).map(str::to_owned)
    }

    /// Goes into an array or object that has begun.
    pub(crate) fn open(&mut self, is_array: bool) {
        let node = self.here();
        let (is_row, index) = (is_array && self.is_row(), 0);
        self.frames.push(Frame { node, next: node, index, is_array, is_row });
    }

    fn is_row(&self) -> bool {
        let is_nested = self.frames.last().is_some_and(|frame| frame.is_array);
        let is_inside = self.frames.iter().any(|frame| frame.is_row);
        match self.rows {
            Rows::Named => false,
            Rows::Positional => is_nested && !is_inside,
            Rows::PositionalLines => self.frames.is_empty(),
        }
    }

    pub(crate) fn close(&mut self) {
        self.frames.pop();
    }

    /// Moves on to the value of a key, and says whether the key is a word.
    pub(crate) fn key(&mut self, key: &[u8]) -> bool {
        let Some(node) = self.frames.last().map(|frame| frame.node) else { return false };
        let next = self.child(node, key);
        if let Some(frame) = self.frames.last_mut() {
            frame.next = next;
        }
        next != UNKNOWN
    }

    /// Whether the value that comes next may be the name of the table around it.
    pub(crate) fn may_name_table(&self) -> bool {
        self.nodes[self.here() as usize].names_table
    }

    /// Takes a text as the name of the table around it.
    pub(crate) fn name_table(&mut self, name: &[u8]) {
        let Some(table) = str::from_utf8(name).ok().and_then(|name| self.rules.table(name)) else {
            return;
        };
        let Some(frame) = self.frames.last().copied().filter(|frame| !frame.is_array) else {
            return;
        };
        let node = self.child(frame.node, self.rules.tables[table].as_bytes());
        if let Some(frame) = self.frames.last_mut() {
            frame.node = node;
        }
    }

    /// The place as a JSON pointer that goes on inside strings of JSON. Unknown keys are `*`.
    pub(crate) fn pointer(&self) -> String {
        let mut out = String::new();
        for frame in &self.frames {
            let is_at_column = frame.is_row && frame.next != frame.node;
            if frame.is_array && !is_at_column {
                // The value has begun, so that the index counts it.
                write!(out, "/{}", frame.index.saturating_sub(1)).expect("strings take all");
            } else {
                let key = self.nodes[frame.next as usize].key.as_str();
                write!(out, "/{}", key.replace('~', "~0").replace('/', "~1"))
                    .expect("strings take all");
            }
        }
        out
    }

    fn here(&self) -> NodeId {
        self.frames.last().map_or(ROOT, |frame| frame.next)
    }

    fn child(&mut self, node: NodeId, key: &[u8]) -> NodeId {
        let parent = &self.nodes[node as usize];
        let mut at = parent.last;
        for _ in 0..parent.children.len() {
            at = if at + 1 < parent.children.len() { at + 1 } else { 0 };
            let child = parent.children[at];
            if self.nodes[child as usize].key.as_bytes() == key {
                self.nodes[node as usize].last = at;
                return child;
            }
        }
        self.add_child(node, key)
    }

    fn add_child(&mut self, node: NodeId, key: &[u8]) -> NodeId {
        let Ok(key) = str::from_utf8(key) else { return UNKNOWN };
        if !self.rules.is_word(key.as_bytes()) || self.nodes.len() >= MAX_NODES {
            return UNKNOWN;
        }
        let parent = &self.nodes[node as usize];
        let (table, keys) = match (parent.table, self.rules.table(key)) {
            (None, Some(table)) => (Some(table), Vec::new()),
            (table, _) => {
                let key = std::iter::once(key.to_owned());
                (table, parent.keys.iter().cloned().chain(key).collect())
            }
        };
        let child = self.add(key, table, keys);
        let parent = &mut self.nodes[node as usize];
        parent.last = parent.children.len();
        parent.children.push(child);
        child
    }

    fn add(&mut self, key: &str, table: Option<usize>, keys: Vec<String>) -> NodeId {
        let path: Vec<&str> = keys.iter().map(String::as_str).collect();
        let column = self.rules.column(table, &path);
        let (key, children) = (key.to_owned(), Vec::new());
        let names_table =
            table.is_none() && matches!(key.as_str(), "name" | "table" | "table_name");
        self.nodes.push(Node { key, table, keys, column, names_table, children, last: 0 });
        (self.nodes.len() - 1) as NodeId
    }
}
