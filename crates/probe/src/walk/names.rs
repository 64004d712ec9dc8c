//! Objects whose shape says something about names: `patternProperties` and `propertyNames`.

use super::Walk;
use crate::collect::Segment;
use crate::node::Nodes;
use crate::properties::place_bit;
use crate::shape::{ObjectRules, SchemaId};
use crate::violation::{Expected, Found, Keyword};

impl<'a, N: Nodes + ?Sized> Walk<'a, N> {
    /// Judges every name and what stands behind it, and asks for the required ones.
    pub(super) fn names<const REPORT: bool>(
        &mut self,
        rules: &'a ObjectRules,
        index: usize,
    ) -> bool {
        let (mut conforms, mut seen, mut before) = (true, 0, 0);
        let nodes = self.nodes;
        for key in nodes.keys(index) {
            if self.is_done::<REPORT>(conforms) {
                return conforms;
            }
            let guesses = &mut self.scratch.guesses;
            let place = rules.properties.find_after(before, nodes.name(key), guesses);
            if let Some(place) = place {
                before = place + 1;
                seen |= place_bit(place);
            }
            conforms &= rules.names.is_none_or(|id| self.name::<REPORT>(id, key))
                & self.named_value::<REPORT>(rules, place, key);
        }
        conforms
            & (seen & rules.required == rules.required || self.missing::<REPORT>(rules, seen))
            & (rules.required_more.is_empty() || self.missing_more::<REPORT>(rules, index))
    }

    /// A name that is not admitted is reported where its value is.
    fn name<const REPORT: bool>(&mut self, id: SchemaId, key: usize) -> bool {
        if self.apply::<false>(id, key) {
            return true;
        }
        if REPORT {
            self.collector.enter(self.segment(key));
            self.collector.add(Keyword::PropertyNames, Expected::Name, Found::String);
            self.collector.leave();
        }
        false
    }

    /// Judges the value behind a key by the schema of its name, by those of all patterns that match,
    /// or if there is none, by that of additional properties.
    fn named_value<const REPORT: bool>(
        &mut self,
        rules: &'a ObjectRules,
        place: Option<usize>,
        key: usize,
    ) -> bool {
        let name = self.nodes.key(key);
        let property = place.map(|place| &rules.properties.list()[place]);
        let schema = property.and_then(|property| property.schema);
        let keyword = Keyword::FalseSchema;
        let mut conforms = schema.is_none_or(|id| self.value::<REPORT>(id, key, keyword));
        let mut named = schema.is_some();
        for rule in rules.patterns.iter().filter(|rule| rule.pattern.matches(name)) {
            named = true;
            let keyword = Keyword::PatternProperties;
            conforms &= self.value::<REPORT>(rule.schema, key, keyword);
        }
        let additional = rules.additional.filter(|_| !named);
        let keyword = Keyword::AdditionalProperties;
        conforms & additional.is_none_or(|id| self.value::<REPORT>(id, key, keyword))
    }

    fn value<const REPORT: bool>(&mut self, id: SchemaId, key: usize, keyword: Keyword) -> bool {
        let segment = if REPORT { self.segment(key) } else { Segment::Any };
        self.child::<REPORT>(id, key + 1, segment, keyword)
    }

    /// The name of a key, where any schema of the shape has it.
    fn segment(&self, key: usize) -> Segment<'a> {
        let name = self.shape.names.get(self.nodes.key(key));
        name.map_or(Segment::Any, |name| Segment::Name(name))
    }
}
