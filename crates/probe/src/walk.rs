//! Applies the rules of a shape to the values of a document.
//!
//! There is one walk and it runs in two modes. Without a report it stops at the first violation and
//! never allocates; nearly all bodies conform, so this is the one that counts. With a report it
//! goes on and gathers them all. Both are the same code, so they cannot disagree.

mod elements;
mod in_place;
mod names;

use crate::collect::{Collector, Segment};
use crate::node::{Node, Nodes};
use crate::number::Number;
use crate::properties::{Guesses, Property, place_bit};
use crate::shape::{ArrayRules, Bounds, Dependent, ObjectRules, Schema, SchemaId, Shape};
use crate::splice::Memo;
use crate::unique;
use crate::violation::{Expected, Found, Keyword, Violation};

/// How many schemas may be at work inside each other. It bounds the use of the stack.
const NESTING_MAX: u32 = 1024;

/// Each value may be judged by each schema this many times before the walk gives up. Only shapes
/// that apply schemas to the same value over and over, twice as often a level, get there.
const STEPS_PER_VALUE_AND_SCHEMA: u64 = 16;

/// What became of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Conforms,
    Violates,
    GivenUp,
}

/// What walks keep from one body to the next so that it need not be made again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) unique: unique::Scratch,
    pub(crate) guesses: Guesses,
    /// A value of which it is noted what each schema says about it.
    pub(crate) watched: Option<usize>,
    pub(crate) memo: Memo,
}

/// Says whether the document conforms, without an allocation in the steady state.
pub(crate) fn judge<N: Nodes + ?Sized>(shape: &Shape, nodes: &N, scratch: &mut Scratch) -> Outcome {
    scratch.memo.clear();
    let mut walk = Walk::new(shape, nodes, scratch, Collector::new(Vec::new(), 0));
    let conforms = walk.apply::<false>(SchemaId::ROOT, 0);
    match (walk.given_up, conforms) {
        (true, _) => Outcome::GivenUp,
        (false, true) => Outcome::Conforms,
        (false, false) => Outcome::Violates,
    }
}

/// Gathers what is wrong with the document.
pub(crate) fn report<'a, N: Nodes + ?Sized>(
    shape: &'a Shape,
    nodes: &'a N,
    scratch: &'a mut Scratch,
    collector: Collector<'a>,
) -> Vec<Violation> {
    let mut walk = Walk::new(shape, nodes, scratch, collector);
    walk.apply::<true>(SchemaId::ROOT, 0);
    if walk.given_up {
        walk.collector.give_up();
    }
    walk.collector.finish()
}

struct Walk<'a, N: ?Sized> {
    shape: &'a Shape,
    nodes: &'a N,
    scratch: &'a mut Scratch,
    collector: Collector<'a>,
    /// The watched node, or none.
    watched: usize,
    steps_left: u64,
    nesting: u32,
    given_up: bool,
}

impl<'a, N: Nodes + ?Sized> Walk<'a, N> {
    fn new(
        shape: &'a Shape,
        nodes: &'a N,
        scratch: &'a mut Scratch,
        collector: Collector<'a>,
    ) -> Self {
        let pairs = (nodes.size() as u64).saturating_mul(shape.schemas.len() as u64);
        let steps_left = pairs.saturating_mul(STEPS_PER_VALUE_AND_SCHEMA);
        let watched = scratch.watched.unwrap_or(usize::MAX);
        Self { shape, nodes, scratch, collector, watched, steps_left, nesting: 0, given_up: false }
    }

    /// Judges one value by one schema.
    #[inline]
    fn apply<const REPORT: bool>(&mut self, id: SchemaId, index: usize) -> bool {
        let schema = self.shape.schema(id);
        if !schema.types.admits(self.nodes.type_of(index)) {
            return self.wrong_type::<REPORT>(schema, self.nodes.at(index));
        }
        if schema.types_only {
            return true;
        }
        if let Some(known) = self.nodes.known(id, index) {
            return known;
        }
        // Most of the others are texts and numbers with a bound, for which nothing need be kept.
        let conforms = match self.nodes.at(index) {
            Node::String(text) if schema.in_place.is_empty() => self.text::<REPORT>(schema, text),
            Node::Number(number) if schema.in_place.is_empty() => {
                self.number::<REPORT>(schema, number)
            }
            node => self.rules::<REPORT>(schema, node, index),
        };
        if index == self.watched {
            self.scratch.memo.push((id, conforms));
        }
        conforms
    }

    fn rules<const REPORT: bool>(
        &mut self,
        schema: &'a Schema,
        node: Node<'a>,
        index: usize,
    ) -> bool {
        if self.steps_left == 0 || self.nesting == NESTING_MAX {
            self.given_up = true;
            return false;
        }
        self.steps_left -= 1;
        self.nesting += 1;
        let mut conforms = self.rules_of_type::<REPORT>(schema, node, index);
        if REPORT || conforms {
            conforms &= self.in_place::<REPORT>(schema, node, index);
        }
        self.nesting -= 1;
        conforms
    }

    fn rules_of_type<const REPORT: bool>(
        &mut self,
        schema: &'a Schema,
        node: Node<'a>,
        index: usize,
    ) -> bool {
        match node {
            Node::Object(len) => match &schema.object {
                Some(rules) => self.object::<REPORT>(rules, index, len),
                None => true,
            },
            Node::Array(len) => match &schema.array {
                Some(rules) => self.array::<REPORT>(rules, index, len),
                None => true,
            },
            Node::String(text) => self.text::<REPORT>(schema, text),
            Node::Number(number) => self.number::<REPORT>(schema, number),
            Node::Null | Node::Bool(_) => true,
        }
    }

    /// Notes a violation if there is a report; `expected` may allocate, so it is only made then.
    fn fail<const REPORT: bool>(
        &mut self,
        keyword: Keyword,
        expected: impl FnOnce() -> Expected,
        found: Found,
    ) -> bool {
        if REPORT {
            self.collector.add(keyword, expected(), found);
        }
        false
    }

    #[cold]
    fn wrong_type<const REPORT: bool>(&mut self, schema: &Schema, node: Node<'_>) -> bool {
        let found = Found::kind(node);
        if schema.admits_nothing() {
            return self.fail::<REPORT>(Keyword::FalseSchema, || Expected::Absent, found);
        }
        self.fail::<REPORT>(Keyword::Type, || Expected::Types(schema.types), found)
    }

    fn text<const REPORT: bool>(&mut self, schema: &'a Schema, text: &str) -> bool {
        let conforms = self.length::<REPORT>(schema.length, text);
        let Some(pattern) = &schema.pattern else { return conforms };
        let expected = || Expected::Pattern(pattern.shown.to_string());
        let matches =
            pattern.matches(text) || self.fail::<REPORT>(Keyword::Pattern, expected, Found::String);
        conforms & matches
    }

    fn length<const REPORT: bool>(&mut self, length: Bounds, text: &str) -> bool {
        if length == Bounds::default() {
            return true;
        }
        // A code point has one to four bytes, so mostly the bytes decide without counting.
        let bytes = text.len() as u64;
        if bytes.div_ceil(4) >= length.min && bytes <= length.max {
            return true;
        }
        let count = text.chars().count() as u64;
        self.bounds::<REPORT>(length, count, [Keyword::MinLength, Keyword::MaxLength])
    }

    fn bounds<const REPORT: bool>(
        &mut self,
        bounds: Bounds,
        count: u64,
        [min, max]: [Keyword; 2],
    ) -> bool {
        let enough = count >= bounds.min
            || self.fail::<REPORT>(min, || Expected::AtLeast(bounds.min), Found::Less);
        let not_too_many = count <= bounds.max
            || self.fail::<REPORT>(max, || Expected::AtMost(bounds.max), Found::More);
        enough && not_too_many
    }

    fn number<const REPORT: bool>(&mut self, schema: &'a Schema, number: Number<'_>) -> bool {
        let mut conforms = true;
        for rule in &schema.numbers {
            let order = number.compare(rule.bound.borrow());
            let (within, words, found) = match rule.keyword {
                Keyword::Minimum => (order.is_ge(), "at least", Found::Less),
                Keyword::Maximum => (order.is_le(), "at most", Found::More),
                Keyword::ExclusiveMinimum => (order.is_gt(), "more than", Found::Less),
                _ => (order.is_lt(), "less than", Found::More),
            };
            let expected = || Expected::Number(format!("{words} {}", rule.bound));
            conforms &= within || self.fail::<REPORT>(rule.keyword, expected, found);
        }
        if let Some(divisor) = &schema.multiple_of {
            let expected = || Expected::Number(format!("a multiple of {}", divisor.written()));
            conforms &= divisor.divides(number)
                || self.fail::<REPORT>(Keyword::MultipleOf, expected, Found::Number);
        }
        conforms
    }

    fn array<const REPORT: bool>(
        &mut self,
        rules: &'a ArrayRules,
        index: usize,
        len: usize,
    ) -> bool {
        let keywords = [Keyword::MinItems, Keyword::MaxItems];
        let mut conforms = self.bounds::<REPORT>(rules.count, len as u64, keywords);
        if rules.contains.is_some() || rules.unique {
            conforms &= self.elements::<REPORT>(rules, index);
        }
        if rules.items.is_none() && rules.prefix.is_empty() {
            return conforms;
        }
        let nodes = self.nodes;
        for (place, element) in nodes.elements(index).enumerate() {
            if self.is_done::<REPORT>(conforms) {
                break;
            }
            let Some(id) = rules.prefix.get(place).copied().or(rules.items) else { break };
            conforms &= self.child::<REPORT>(id, element, Segment::Any, Keyword::Items);
        }
        conforms
    }

    /// Whether what follows cannot change what is said about the body.
    fn is_done<const REPORT: bool>(&self, conforms: bool) -> bool {
        if REPORT { self.given_up || self.collector.is_full() } else { !conforms }
    }

    /// Judges a value inside the current one. A schema `false` is reported under the keyword that
    /// applied it.
    #[inline]
    fn child<const REPORT: bool>(
        &mut self,
        id: SchemaId,
        index: usize,
        segment: Segment<'a>,
        keyword: Keyword,
    ) -> bool {
        if !REPORT {
            return self.apply::<false>(id, index);
        }
        self.collector.enter(segment);
        let conforms = if self.shape.schema(id).admits_nothing() {
            let found = Found::kind(self.nodes.at(index));
            self.fail::<true>(keyword, || Expected::Absent, found)
        } else {
            self.apply::<true>(id, index)
        };
        self.collector.leave();
        conforms
    }

    fn object<const REPORT: bool>(
        &mut self,
        rules: &'a ObjectRules,
        index: usize,
        len: usize,
    ) -> bool {
        let keywords = [Keyword::MinProperties, Keyword::MaxProperties];
        self.bounds::<REPORT>(rules.count, len as u64, keywords)
            & self.properties::<REPORT>(rules, index)
            & (rules.dependent.is_empty() || self.dependent::<REPORT>(rules, index))
    }

    fn properties<const REPORT: bool>(&mut self, rules: &'a ObjectRules, index: usize) -> bool {
        if !rules.patterns.is_empty() || rules.names.is_some() {
            return self.names::<REPORT>(rules, index);
        }
        let properties = rules.properties.list();
        if properties.is_empty() && rules.additional.is_none() {
            return true;
        }
        // Once all of these are seen, the rest of the object cannot be in violation, short of keys
        // that stand twice, which is no question here. A report looks at both of their values.
        let all = rules.properties.all_places().filter(|_| rules.additional.is_none());
        let (mut conforms, mut seen, mut before) = (true, 0, 0);
        let nodes = self.nodes;
        for key in nodes.keys(index) {
            if let Some(place) =
                rules.properties.find_after(before, nodes.name(key), &mut self.scratch.guesses)
            {
                before = place + 1;
                seen |= place_bit(place);
                conforms &= self.property::<REPORT>(rules, &properties[place], key + 1);
            } else if let Some(id) = rules.additional {
                let keyword = Keyword::AdditionalProperties;
                conforms &= self.child::<REPORT>(id, key + 1, Segment::Any, keyword);
            }
            if !REPORT && !conforms {
                return false;
            }
            if !REPORT && all == Some(seen) {
                break;
            }
        }
        conforms
            & (seen & rules.required == rules.required || self.missing::<REPORT>(rules, seen))
            & (rules.required_more.is_empty() || self.missing_more::<REPORT>(rules, index))
    }

    #[inline]
    fn property<const REPORT: bool>(
        &mut self,
        rules: &'a ObjectRules,
        property: &'a Property,
        value: usize,
    ) -> bool {
        // Most properties are such, and a walk into each of them is what takes the time.
        if !REPORT && let Some(types) = property.types_only {
            return types.admits(self.nodes.type_of(value));
        }
        let (id, keyword) = match property.schema {
            Some(id) => (Some(id), Keyword::FalseSchema),
            None => (rules.additional, Keyword::AdditionalProperties),
        };
        let segment = Segment::Name(&property.name);
        id.is_none_or(|id| self.child::<REPORT>(id, value, segment, keyword))
    }

    fn missing<const REPORT: bool>(&mut self, rules: &'a ObjectRules, seen: u64) -> bool {
        if REPORT {
            let absent = rules.required & !seen;
            for (place, property) in rules.properties.list().iter().enumerate() {
                if absent & place_bit(place) != 0 {
                    self.absent(&property.name, Keyword::Required);
                }
            }
        }
        false
    }

    fn absent(&mut self, name: &'a str, keyword: Keyword) {
        self.collector.add_below(name, keyword, Expected::Present, Found::Nothing);
    }

    fn missing_more<const REPORT: bool>(&mut self, rules: &'a ObjectRules, index: usize) -> bool {
        self.all_present::<REPORT>(&rules.required_more, index, Keyword::Required)
    }

    fn dependent<const REPORT: bool>(&mut self, rules: &'a ObjectRules, index: usize) -> bool {
        rules.dependent.iter().fold(true, |conforms, Dependent { name, others }| {
            conforms
                & (self.nodes.get(index, name).is_none()
                    || self.all_present::<REPORT>(others, index, Keyword::DependentRequired))
        })
    }

    fn all_present<const REPORT: bool>(
        &mut self,
        names: &'a [Box<str>],
        index: usize,
        keyword: Keyword,
    ) -> bool {
        let mut conforms = true;
        for name in names.iter().filter(|name| self.nodes.get(index, name).is_none()) {
            conforms = false;
            if REPORT {
                self.absent(name, keyword);
            }
        }
        conforms
    }
}
