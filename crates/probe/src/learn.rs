//! From bodies to a shape.

mod choices;
mod json;
mod names;
mod seen;
mod write;

use std::fmt;

use thiserror::Error;

use crate::node::Nodes;
use crate::reading::{Reader, Unreadable, Visitor};
use seen::{Room, Seen};

/// The bounds on what a learner reads and keeps. What lies beyond one may be anything in the shape,
/// and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnLimits {
    /// The longest body in bytes; 64 MiB by default.
    pub body_bytes_max: usize,
    /// How many arrays and objects may lie inside each other before values are not looked at any
    /// more; 24 by default, and never more than 40. Bodies may be nested 64 deep.
    pub depth_max: usize,
    /// How many places are kept, such as `/data/items/*/profileId`; 2,000 by default, and never more
    /// than 4,000.
    pub places_max: usize,
    /// How many distinct keys the objects of a place may have until the keys are taken for data, as
    /// ids are; 64 by default.
    pub keys_max: usize,
}

impl Default for LearnLimits {
    fn default() -> Self {
        Self { body_bytes_max: 64 << 20, depth_max: 24, places_max: 2_000, keys_max: 64 }
    }
}

/// Bodies that are nested deeper are refused, as by a probe.
const BODY_DEPTH_MAX: usize = 64;

/// Why a body was not learnt from. No error repeats anything of the body.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LearnError {
    /// The body is longer than [`LearnLimits::body_bytes_max`].
    #[error("the body is longer than {bytes_max} bytes")]
    TooLong {
        /// The number of bytes that are allowed.
        bytes_max: usize,
    },
    /// The body is no JSON document.
    #[error("the body is not a JSON document: it has {reason}")]
    Json {
        /// What is wrong with the text.
        reason: String,
    },
    /// An object has a key twice, which no shape admits.
    #[error("an object of the body has a key twice")]
    DuplicateKey,
}

/// Learns a shape from bodies: types, optional fields, whether lists and texts may be empty.
///
/// # Example
///
/// ```
/// use probe::{LearnLimits, Learner, Limits, Probe, Shape};
///
/// let mut learner = Learner::new(LearnLimits::default());
/// learner.observe(br#"{"items": [{"id": "a", "plays": 3}, {"id": "b"}]}"#)?;
/// let json = learner.shape_json("the works list");
/// assert!(json.contains(r#""required": ["id"]"#), "{json}");
///
/// let shape = Shape::from_json(json.as_bytes())?;
/// let mut probe = Probe::new(Limits::default());
/// assert!(probe.check(&shape, br#"{"items": [{"id": "c", "plays": 0}]}"#).is_empty());
/// assert_eq!(probe.check(&shape, br#"{"items": [{"plays": "none"}]}"#).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is learnt
///
/// Every body that was observed conforms. Beyond that, the shape is meant to hold for what the same
/// service answers tomorrow:
///
/// - `type`, with integers told from numbers (a number that was ever written with a fraction or an
///   exponent is a `number`), and `null` beside another type where both were seen.
/// - `required` are the fields that every object of a place had.
/// - Where a body had eight values or more: `minItems` 1 if no list was empty, `minLength` 1 if no
///   text was, `minimum` 0 if no number was negative. A list may grow and shrink otherwise.
///   `maxItems` is set for tuples alone: two to four numbers, as many in each of 20 items of one
///   body.
/// - `enum` for texts of fields that are called a status, a type, a kind or the like: at most eight
///   words of at most 24 plain characters, seen 50 times, each in five places of one body.
/// - Other properties are welcome everywhere.
///
/// # What is never in a shape
///
/// No number, and no text beside those words. No key that looks like data: with many digits, with
/// other characters than ASCII names have, one of more than [`LearnLimits::keys_max`], one of those
/// that are each in a quarter of the objects at most, one of eight or more whose values have all the
/// same fields or the same plain type, or one below a field that is called an index
/// (`countsByUser`). Such objects get `additionalProperties` with what all their values have in
/// common. What this cannot tell is a handful of keys that look like field names and
/// are people's; who publishes a shape should read it first.
#[derive(Clone)]
pub struct Learner {
    root: Seen,
    room: Room,
    bodies: u64,
    refused: u64,
    reader: SharedReader,
}

/// A reader's buffers are worth nothing to a copy.
struct SharedReader(Reader, LearnLimits);

impl Clone for SharedReader {
    fn clone(&self) -> Self {
        Self::new(self.1)
    }
}

impl SharedReader {
    fn new(limits: LearnLimits) -> Self {
        Self(Reader::new(limits.body_bytes_max, BODY_DEPTH_MAX), limits)
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was seen has private keys in it until it is written.
        f.debug_struct("Learner")
            .field("bodies", &self.bodies)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl Learner {
    /// A learner that has seen nothing. Limits beyond what [`LearnLimits`] documents are cut to that.
    pub fn new(limits: LearnLimits) -> Self {
        let room = Room {
            depth_max: limits.depth_max.clamp(1, 40),
            places_max: limits.places_max.clamp(1, 4_000),
            keys_max: limits.keys_max.max(1),
            places: 1,
            generalised: 0,
            body: 0,
        };
        let (root, reader) = (Seen::new(false, false), SharedReader::new(limits));
        Self { root, room, bodies: 0, refused: 0, reader }
    }

    /// Learns from a body.
    ///
    /// # Errors
    ///
    /// [`LearnError`] if a probe would refuse the body whatever the shape; nothing is learnt then but
    /// the count.
    pub fn observe(&mut self, body: &[u8]) -> Result<(), LearnError> {
        self.room.body = self.bodies + 1;
        let mut look = Look { root: &mut self.root, room: &mut self.room };
        let read = self.reader.0.read(body, &mut look);
        match read {
            Ok(()) => self.bodies += 1,
            Err(_) => self.refused += 1,
        }
        read.map_err(|unreadable| match unreadable {
            Unreadable::TooLong => LearnError::TooLong { bytes_max: self.reader.1.body_bytes_max },
            Unreadable::DuplicateKey => LearnError::DuplicateKey,
            Unreadable::Malformed(malformed) => LearnError::Json { reason: malformed.to_string() },
        })
    }

    /// Takes in what another learner has seen, as if this one had seen it next.
    pub fn merge(&mut self, other: Self) {
        self.root.absorb(other.root, &mut self.room);
        self.room.generalised += other.room.generalised;
        self.bodies += other.bodies;
        self.refused += other.refused;
    }

    /// How many bodies were learnt from.
    pub fn bodies(&self) -> u64 {
        self.bodies
    }

    /// How many bodies were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// How often something was left out at a bound; where that was, the shape admits anything.
    pub fn generalised(&self) -> u64 {
        self.room.generalised
    }

    /// The shape as a JSON Schema in UTF-8, with a line feed at its end. The same bodies in the same
    /// order give the same bytes. Properties stand in the order in which they were seen first,
    /// because judging is fastest where shape and body have the same order.
    ///
    /// The title is written as it is, so it should say which route this is and nothing private.
    pub fn shape_json(&self, title: &str) -> String {
        write::shape(&self.root, title, self.bodies)
    }
}

struct Look<'a> {
    root: &'a mut Seen,
    room: &'a mut Room,
}

impl Visitor for Look<'_> {
    fn visit<N: Nodes + ?Sized>(&mut self, nodes: &N) {
        self.root.note(nodes, 0, 0, self.room);
    }
}
