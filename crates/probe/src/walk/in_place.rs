//! Rules that apply other schemas, or values, to the value itself.

use super::Walk;
use crate::collect::Attempt;
use crate::node::{Node, Nodes, equal};
use crate::shape::{InPlace, Schema, SchemaId};
use crate::violation::{Expected, Found, Keyword};

impl<'a, N: Nodes + ?Sized> Walk<'a, N> {
    pub(super) fn in_place<const REPORT: bool>(
        &mut self,
        schema: &'a Schema,
        node: Node<'a>,
        index: usize,
    ) -> bool {
        let mut conforms = true;
        for rule in &schema.in_place {
            conforms &= self.in_place_rule::<REPORT>(rule, node, index);
            if !REPORT && !conforms {
                return false;
            }
        }
        conforms
    }

    fn in_place_rule<const REPORT: bool>(
        &mut self,
        rule: &'a InPlace,
        node: Node<'a>,
        index: usize,
    ) -> bool {
        let found = Found::kind(node);
        match rule {
            InPlace::Const(value) => {
                self.is_value(*value, index)
                    || self.fail::<REPORT>(Keyword::Const, || Expected::Constant, found)
            }
            InPlace::Enum(values) => {
                let listed = || Expected::Listed(values.len());
                values.iter().any(|&value| self.is_value(value, index))
                    || self.fail::<REPORT>(Keyword::Enum, listed, found)
            }
            InPlace::Ref(id) => self.apply::<REPORT>(*id, index),
            InPlace::AllOf(ids) => self.all_of::<REPORT>(ids, index),
            InPlace::AnyOf(ids) => {
                let expected = Expected::AnyOf(ids.len());
                ids.iter().any(|&id| self.apply::<false>(id, index))
                    || self.no_match::<REPORT>(ids, index, Keyword::AnyOf, expected)
            }
            InPlace::OneOf(ids) => self.one_of::<REPORT>(ids, index),
            InPlace::Not(id) => {
                !self.apply::<false>(*id, index)
                    || self.fail::<REPORT>(Keyword::Not, || Expected::NoMatch, found)
            }
            InPlace::If { condition, then, otherwise } => {
                let holds = self.apply::<false>(*condition, index);
                let branch = if holds { then } else { otherwise };
                branch.is_none_or(|id| self.apply::<REPORT>(id, index))
            }
        }
    }

    fn is_value(&self, value: usize, index: usize) -> bool {
        equal(self.nodes, index, &self.shape.document, value)
    }

    fn all_of<const REPORT: bool>(&mut self, ids: &[SchemaId], index: usize) -> bool {
        let mut conforms = true;
        for &id in ids {
            conforms &= self.apply::<REPORT>(id, index);
            if !REPORT && !conforms {
                return false;
            }
        }
        conforms
    }

    fn one_of<const REPORT: bool>(&mut self, ids: &[SchemaId], index: usize) -> bool {
        let matches = ids.iter().filter(|&&id| self.apply::<false>(id, index)).take(2).count();
        let expected = Expected::OneOf(ids.len());
        match matches {
            0 => self.no_match::<REPORT>(ids, index, Keyword::OneOf, expected),
            1 => true,
            _ => self.fail::<REPORT>(Keyword::OneOf, || expected, Found::Several),
        }
    }

    /// None of several schemas matches. If one of them alone fits the value itself and fails only
    /// further down, then it is the one that was meant, and what it says is more use to a reader.
    fn no_match<const REPORT: bool>(
        &mut self,
        ids: &[SchemaId],
        index: usize,
        keyword: Keyword,
        expected: Expected,
    ) -> bool {
        if !REPORT {
            return false;
        }
        let here = self.collector.depth();
        let mut attempts: Vec<_> = ids.iter().map(|&id| self.attempt(id, index)).collect();
        attempts.retain(|attempt| attempt.shallowest > here && attempt.shallowest < usize::MAX);
        match (attempts.pop(), attempts.is_empty()) {
            (Some(meant), true) => self.collector.adopt(meant),
            _ => self.collector.add(keyword, expected, Found::kind(self.nodes.at(index))),
        }
        false
    }

    fn attempt(&mut self, id: SchemaId, index: usize) -> Attempt {
        let before = self.collector.begin_attempt();
        self.apply::<true>(id, index);
        self.collector.end_attempt(before)
    }
}
