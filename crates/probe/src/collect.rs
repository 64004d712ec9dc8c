//! Gathers violations: each once, no more than a bound, each with the path that leads there.

use crate::compile::push_segment;
use crate::violation::{Expected, Found, Keyword, Violation};

/// A step from a container to what it holds, in the form that may be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Segment<'a> {
    /// A name that the shape has.
    Name(&'a str),
    /// Any array index, or a name that only the body has.
    Any,
}

#[derive(Debug)]
pub(crate) struct Collector<'a> {
    path: Vec<Segment<'a>>,
    text: String,
    violations: Vec<Violation>,
    violations_max: usize,
    /// How deep the value lies that is in violation, least of all; `usize::MAX` without any.
    shallowest: usize,
}

/// What a schema that was tried says about a value.
#[derive(Debug)]
pub(crate) struct Attempt {
    violations: Vec<Violation>,
    pub(crate) shallowest: usize,
}

impl<'a> Collector<'a> {
    /// Goes on with a list that has violations already.
    pub(crate) fn new(violations: Vec<Violation>, violations_max: usize) -> Self {
        let (path, text) = (Vec::new(), String::new());
        Self { path, text, violations, violations_max, shallowest: usize::MAX }
    }

    /// Says that the search ended early. Without any violation so far this is the one, because the
    /// search is only made for bodies that have some.
    pub(crate) fn give_up(&mut self) {
        if self.violations.is_empty() {
            let effort = Violation::whole(Keyword::Effort, Expected::Effort, Found::More);
            self.violations.push(effort);
        }
    }

    pub(crate) fn finish(self) -> Vec<Violation> {
        self.violations
    }

    pub(crate) fn enter(&mut self, segment: Segment<'a>) {
        self.path.push(segment);
    }

    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    pub(crate) fn depth(&self) -> usize {
        self.path.len()
    }

    /// Whether there is no room for another violation, so that looking further is in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.violations.len() >= self.violations_max
    }

    /// Adds a violation of the value at the current path.
    pub(crate) fn add(&mut self, keyword: Keyword, expected: Expected, found: Found) {
        self.shallowest = self.shallowest.min(self.depth());
        self.keep(keyword, expected, found);
    }

    /// Adds a violation of the object at the current path that is shown at one of its properties.
    pub(crate) fn add_below(
        &mut self,
        name: &'a str,
        keyword: Keyword,
        expected: Expected,
        found: Found,
    ) {
        self.shallowest = self.shallowest.min(self.depth());
        self.enter(Segment::Name(name));
        self.keep(keyword, expected, found);
        self.leave();
    }

    fn keep(&mut self, keyword: Keyword, expected: Expected, found: Found) {
        self.render_path();
        if self.is_full() || self.has(keyword, found) {
            return;
        }
        self.violations.push(Violation { path: self.text.clone(), keyword, expected, found });
    }

    fn has(&self, keyword: Keyword, found: Found) -> bool {
        self.violations.iter().any(|known| {
            known.keyword == keyword && known.found == found && known.path == self.text
        })
    }

    fn render_path(&mut self) {
        self.text.clear();
        for segment in &self.path {
            match segment {
                Segment::Name(name) => push_segment(&mut self.text, name),
                Segment::Any => self.text.push_str("/*"),
            }
        }
    }

    /// Starts an empty list for one of several schemas and hands out the list so far.
    pub(crate) fn begin_attempt(&mut self) -> Attempt {
        Attempt {
            violations: std::mem::take(&mut self.violations),
            shallowest: std::mem::replace(&mut self.shallowest, usize::MAX),
        }
    }

    /// Ends what [`Collector::begin_attempt`] started, whose answer is `before`.
    pub(crate) fn end_attempt(&mut self, before: Attempt) -> Attempt {
        Attempt {
            violations: std::mem::replace(&mut self.violations, before.violations),
            shallowest: std::mem::replace(&mut self.shallowest, before.shallowest),
        }
    }

    /// Takes over what an attempt has found.
    pub(crate) fn adopt(&mut self, attempt: Attempt) {
        self.shallowest = self.shallowest.min(attempt.shallowest);
        for violation in attempt.violations {
            self.text.clone_from(&violation.path);
            if !self.is_full() && !self.has(violation.keyword, violation.found) {
                self.violations.push(violation);
            }
        }
    }
}
