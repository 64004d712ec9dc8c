//! The keywords that are compiled to more than a number or a list: patterns, divisors, `contains`.

use super::{Compiler, Entry};
use crate::ShapeError;
use crate::multiple::Divisor;
use crate::node::{Node, Nodes};
use crate::pattern::Pattern;
use crate::shape::{Bounds, Contains, PatternProperty, Schema};

impl<'d> Compiler<'d> {
    pub(super) fn boolean(&self, entry: &Entry<'_>) -> Result<bool, ShapeError> {
        match self.document.at(entry.value) {
            Node::Bool(value) => Ok(value),
            _ => Err(entry.needs("true or false")),
        }
    }

    pub(super) fn divisor(&self, entry: &Entry<'_>) -> Result<Box<Divisor>, ShapeError> {
        let divisor = self.document.number(entry.value).and_then(Divisor::new);
        divisor.map(Box::new).ok_or_else(|| {
            entry.needs("a number above 0 whose significant digits fit into 64 bits")
        })
    }

    pub(super) fn pattern(&mut self, entry: &Entry<'_>) -> Result<Box<Pattern>, ShapeError> {
        let text = self.document.text(entry.value);
        let text = text.ok_or_else(|| entry.needs("a regular expression"))?;
        self.regex(text, entry).map(Box::new)
    }

    /// A pattern that stands at the entry, as its key or its value.
    fn regex(&mut self, text: &str, entry: &Entry<'_>) -> Result<Pattern, ShapeError> {
        self.patterns.compile(text).map_err(|refused| ShapeError::Pattern {
            pointer: entry.pointer.clone(),
            reason: refused.reason(),
        })
    }

    pub(super) fn pattern_properties(
        &mut self,
        entry: &Entry<'d>,
    ) -> Result<Vec<PatternProperty>, ShapeError> {
        let schemas = self.named_schemas(entry)?;
        let keys: Vec<_> = self.document.keys(entry.value).collect();
        let compile = |(key, (text, schema))| {
            let pattern = self.regex(text, &self.entry(&entry.pointer, key))?;
            Ok(PatternProperty { pattern, schema })
        };
        keys.into_iter().zip(schemas).map(compile).collect()
    }

    /// `minContains` and `maxContains` mean nothing without `contains`, but they have to be counts
    /// all the same.
    pub(super) fn contains(
        &mut self,
        schema: &mut Schema,
        node: usize,
        pointer: &str,
    ) -> Result<(), ShapeError> {
        let find = |name| self.find(node, pointer, name);
        let [contains, min, max] = ["contains", "minContains", "maxContains"].map(find);
        let min = min.map(|entry| self.count(&entry)).transpose()?;
        let max = max.map(|entry| self.count(&entry)).transpose()?;
        if let Some(entry) = contains {
            let count = Bounds { min: min.unwrap_or(1), max: max.unwrap_or(u64::MAX) };
            let contains =
                Contains { schema: self.subschema(&entry), count, has_min: min.is_some() };
            schema.array.get_or_insert_default().contains = Some(contains);
        }
        Ok(())
    }
}
