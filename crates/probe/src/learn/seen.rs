//! What was seen at one place of all bodies, and below it.
//!
//! Everything here only ever becomes more general: a type is added, a range grows, fields become a
//! map. So a body that was learnt from conforms for good, and learners can be merged in any order.

use super::choices::{Choices, Crowd};
use super::names;
use crate::node::{Node, Nodes};
use crate::number::Number;

/// What a whole learner shares while it learns.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) depth_max: usize,
    pub(super) places_max: usize,
    pub(super) keys_max: usize,
    /// How many places are kept.
    pub(super) places: usize,
    /// How often something was left out at a bound.
    pub(super) generalised: u64,
    /// The number of the body that is read.
    pub(super) body: u64,
}

impl Room {
    fn is_full(&self) -> bool {
        self.places >= self.places_max
    }
}

#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Whether a bound kept us from looking, so that anything may be here.
    pub(super) anything: bool,
    pub(super) nulls: u64,
    pub(super) booleans: u64,
    /// Numbers, and those of them that were written with a fraction or an exponent.
    pub(super) numbers: Crowd,
    pub(super) fractions: u64,
    pub(super) negative: bool,
    pub(super) strings: Crowd,
    pub(super) empty_strings: u64,
    /// Whether the field's name allows a list of its values.
    is_kind: bool,
    pub(super) choices: Choices,
    pub(super) arrays: Crowd,
    /// The least and the greatest number of items.
    pub(super) lengths: (usize, usize),
    pub(super) item: Option<Box<Seen>>,
    pub(super) objects: u64,
    pub(super) members: Members,
    /// Whether this is the value, or part of the value, of a key that is data.
    pub(super) within_map: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Members {
    /// The keys are names of fields, in the order in which they were seen first.
    Named {
        list: Vec<Member>,
        /// Whether keys were left out at a bound. From then on no other is taken in, because its
        /// first values would be missing.
        closed: bool,
    },
    /// The keys are data, and their values are looked at together.
    Mapped(Option<Box<Seen>>),
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Box<str>,
    /// In how many objects it is.
    pub(super) present: u64,
    pub(super) seen: Seen,
}

impl Seen {
    pub(super) fn new(is_kind: bool, within_map: bool) -> Self {
        Self {
            anything: false,
            nulls: 0,
            booleans: 0,
            numbers: Crowd::default(),
            fractions: 0,
            negative: false,
            strings: Crowd::default(),
            empty_strings: 0,
            is_kind,
            choices: Choices::of_field(is_kind && !within_map),
            arrays: Crowd::default(),
            lengths: (usize::MAX, 0),
            item: None,
            objects: 0,
            members: Members::Named { list: Vec::new(), closed: false },
            within_map,
        }
    }

    fn anything() -> Self {
        Self { anything: true, ..Self::new(false, false) }
    }

    /// How many places this one and those below it are.
    pub(super) fn places(&self) -> usize {
        let item = self.item.as_ref().map_or(0, |item| item.places());
        let members: usize = match &self.members {
            Members::Named { list, .. } => list.iter().map(|member| member.seen.places()).sum(),
            Members::Mapped(value) => value.as_ref().map_or(0, |value| value.places()),
        };
        1 + item + members
    }

    /// Takes in the value at a node. `depth` is how many arrays and objects are around it.
    pub(super) fn note<N: Nodes + ?Sized>(
        &mut self,
        nodes: &N,
        index: usize,
        depth: usize,
        room: &mut Room,
    ) {
        if self.anything {
            return;
        }
        match nodes.at(index) {
            Node::Null => self.nulls += 1,
            Node::Bool(_) => self.booleans += 1,
            Node::Number(number) => self.note_number(number, room.body),
            Node::String(text) => {
                self.strings.note(room.body);
                self.empty_strings += u64::from(text.is_empty());
                self.choices.note(text, room.body);
            }
            Node::Array(len) => self.note_array(nodes, index, len, depth, room),
            Node::Object(_) => self.note_object(nodes, index, depth, room),
        }
    }

    fn note_number(&mut self, number: Number<'_>, body: u64) {
        self.numbers.note(body);
        // A service that writes 4.0 means a number that happens to be whole.
        let is_whole = !matches!(number, Number::Float(_)) && number.is_integer();
        self.fractions += u64::from(!is_whole);
        self.negative |= number.compare(Number::Signed(0)).is_lt();
    }

    fn note_array<N: Nodes + ?Sized>(
        &mut self,
        nodes: &N,
        index: usize,
        len: usize,
        depth: usize,
        room: &mut Room,
    ) {
        self.arrays.note(room.body);
        self.lengths = (self.lengths.0.min(len), self.lengths.1.max(len));
        if len == 0 {
            return;
        }
        let (is_kind, within_map) = (self.is_kind, self.within_map);
        let item =
            self.item.get_or_insert_with(|| Box::new(below(depth, room, is_kind, within_map)));
        for element in nodes.elements(index) {
            item.note(nodes, element, depth + 1, room);
        }
    }

    fn note_object<N: Nodes + ?Sized>(
        &mut self,
        nodes: &N,
        index: usize,
        depth: usize,
        room: &mut Room,
    ) {
        self.objects += 1;
        let mut guess = 0;
        for key in nodes.keys(index) {
            if let Some(value) = self.value_of(nodes.key(key), &mut guess, depth, room) {
                value.note(nodes, key + 1, depth + 1, room);
            }
        }
    }

    /// Where the values of a key belong; nowhere if there is no room for them.
    fn value_of(
        &mut self,
        key: &str,
        guess: &mut usize,
        depth: usize,
        room: &mut Room,
    ) -> Option<&mut Seen> {
        if matches!(self.members, Members::Named { .. }) && names::is_data(key) {
            self.become_map(room);
        }
        if let Some(at) = self.members.position(key, *guess) {
            *guess = at + 1;
            return self.members.found(at);
        }
        if self.members.count() >= room.keys_max {
            self.become_map(room);
        }
        let within_map = self.within_map;
        match &mut self.members {
            Members::Mapped(value) => {
                let value = value.get_or_insert_with(|| Box::new(below(depth, room, false, true)));
                Some(value)
            }
            Members::Named { list, closed } => {
                if *closed || room.is_full() {
                    *closed = true;
                    room.generalised += 1;
                    return None;
                }
                let seen = below(depth, room, names::names_a_kind(key), within_map);
                list.push(Member { name: key.into(), present: 1, seen });
                *guess = list.len();
                list.last_mut().map(|member| &mut member.seen)
            }
        }
    }

    /// From now on the keys are data.
    fn become_map(&mut self, room: &mut Room) {
        let Members::Named { list, closed } = &mut self.members else { return };
        let (list, closed) = (std::mem::take(list), *closed);
        let mut values = list.into_iter().map(|member| member.seen).collect::<Vec<_>>().into_iter();
        let elsewhere = room.places - values.as_slice().iter().map(Self::places).sum::<usize>();
        let value = values.next().map(|mut value| {
            room.places = elsewhere + value.places();
            values.for_each(|other| value.absorb(other, room));
            value.forget_choices();
            value
        });
        // Without room for every key, nobody looked at some of the values.
        let value = if closed { Some(Self::anything()) } else { value };
        room.places = elsewhere + value.as_ref().map_or(0, Self::places);
        self.members = Members::Mapped(value.map(Box::new));
    }

    /// The values below a key that is data are looked at together, so that nothing can be said about
    /// how many items share one.
    pub(super) fn forget_choices(&mut self) {
        self.within_map = true;
        self.choices = Choices::None;
        self.item.iter_mut().for_each(|item| item.forget_choices());
        match &mut self.members {
            Members::Named { list, .. } => {
                list.iter_mut().for_each(|member| member.seen.forget_choices());
            }
            Members::Mapped(value) => value.iter_mut().for_each(|value| value.forget_choices()),
        }
    }

    /// Takes in what was seen of other values.
    pub(super) fn absorb(&mut self, other: Self, room: &mut Room) {
        if self.anything || other.anything {
            *self = Self::anything();
            return;
        }
        self.nulls += other.nulls;
        self.booleans += other.booleans;
        self.numbers.absorb(&other.numbers);
        self.fractions += other.fractions;
        self.negative |= other.negative;
        self.strings.absorb(&other.strings);
        self.empty_strings += other.empty_strings;
        self.choices.absorb(&other.choices);
        self.arrays.absorb(&other.arrays);
        let (least, most) = other.lengths;
        self.lengths = (self.lengths.0.min(least), self.lengths.1.max(most));
        self.objects += other.objects;
        match (&mut self.item, other.item) {
            (Some(item), Some(more)) => item.absorb(*more, room),
            (item @ None, Some(more)) => *item = Some(Box::new(fitting(*more, room))),
            (_, None) => {}
        }
        self.absorb_members(other.members, room);
        if self.within_map != other.within_map {
            self.forget_choices();
        }
    }

    fn absorb_members(&mut self, other: Members, room: &mut Room) {
        let is_map = |members: &Members| matches!(members, Members::Mapped(_));
        if is_map(&self.members) || is_map(&other) {
            self.become_map(room);
            let mut other = Self { members: other, ..Self::new(false, false) };
            room.places += other.places();
            other.become_map(room);
            room.places -= other.places();
            let Members::Mapped(Some(more)) = other.members else { return };
            match &mut self.members {
                Members::Mapped(Some(value)) => value.absorb(*more, room),
                members => *members = Members::Mapped(Some(Box::new(fitting(*more, room)))),
            }
            return;
        }
        if let (
            Members::Named { list, closed },
            Members::Named { list: more, closed: more_closed },
        ) = (&mut self.members, other)
        {
            absorb_named(list, closed, more, more_closed, room);
        }
        if self.members.count() > room.keys_max {
            self.become_map(room);
        }
    }
}

impl Members {
    fn count(&self) -> usize {
        match self {
            Self::Named { list, .. } => list.len(),
            Self::Mapped(_) => 0,
        }
    }

    /// The place of a name. Mostly it is where the last object had it.
    fn position(&self, name: &str, guess: usize) -> Option<usize> {
        let Self::Named { list, .. } = self else { return None };
        if list.get(guess).is_some_and(|member| *member.name == *name) {
            return Some(guess);
        }
        list.iter().position(|member| *member.name == *name)
    }

    fn found(&mut self, at: usize) -> Option<&mut Seen> {
        let Self::Named { list, .. } = self else { return None };
        list.get_mut(at).map(|member| {
            member.present += 1;
            &mut member.seen
        })
    }
}

/// A place for what is inside a container at `depth`.
fn below(depth: usize, room: &mut Room, is_kind: bool, within_map: bool) -> Seen {
    let is_bound = depth + 1 >= room.depth_max || room.is_full();
    room.places += 1;
    room.generalised += u64::from(is_bound);
    if is_bound { Seen::anything() } else { Seen::new(is_kind, within_map) }
}

/// What another learner has seen, or anything if there is no room for so many places.
fn fitting(seen: Seen, room: &mut Room) -> Seen {
    let places = seen.places();
    if room.places + places > room.places_max {
        room.places += 1;
        room.generalised += 1;
        return Seen::anything();
    }
    room.places += places;
    seen
}

/// Joins fields by their names. What one side may have left out can be anything.
fn absorb_named(
    list: &mut Vec<Member>,
    closed: &mut bool,
    more: Vec<Member>,
    more_closed: bool,
    room: &mut Room,
) {
    if more_closed {
        let missing = |member: &&mut Member| !more.iter().any(|other| other.name == member.name);
        list.iter_mut().filter(missing).for_each(|member| member.seen = Seen::anything());
    }
    let was_closed = *closed;
    *closed |= more_closed;
    for other in more {
        match list.iter_mut().find(|member| member.name == other.name) {
            Some(member) => {
                member.present += other.present;
                member.seen.absorb(other.seen, room);
            }
            None if was_closed => {}
            None => {
                let seen = fitting(other.seen, room);
                list.push(Member { seen, ..other });
            }
        }
    }
}
