//! What is asked of the elements of an array together: `contains` and `uniqueItems`.

use super::Walk;
use crate::node::Nodes;
use crate::shape::{ArrayRules, Contains};
use crate::unique::{self, Budget};
use crate::violation::{Expected, Found, Keyword};

/// How much of the comparison of elements counts as one step.
const UNITS_PER_STEP: u64 = 64;

impl<N: Nodes + ?Sized> Walk<'_, N> {
    pub(super) fn elements<const REPORT: bool>(
        &mut self,
        rules: &ArrayRules,
        index: usize,
    ) -> bool {
        let contains = rules.contains.as_ref();
        let conforms = contains.is_none_or(|rule| self.contains::<REPORT>(rule, index));
        if !rules.unique || (!REPORT && !conforms) || self.given_up {
            return conforms;
        }
        let differ = self.all_differ(index) || {
            let expected = || Expected::UniqueItems;
            self.fail::<REPORT>(Keyword::UniqueItems, expected, Found::Again)
        };
        conforms & differ
    }

    fn contains<const REPORT: bool>(&mut self, rule: &Contains, index: usize) -> bool {
        // From here on, further matches decide nothing.
        let enough = match rule.count.max {
            u64::MAX => rule.count.min,
            max => rule.count.min.max(max.saturating_add(1)),
        };
        let mut matches = 0;
        for element in self.nodes.elements(index) {
            if matches >= enough || self.given_up {
                break;
            }
            matches += u64::from(self.apply::<false>(rule.schema, element));
        }
        let min = if rule.has_min { Keyword::MinContains } else { Keyword::Contains };
        self.bounds::<REPORT>(rule.count, matches, [min, Keyword::MaxContains])
    }

    fn all_differ(&mut self, index: usize) -> bool {
        let units_left = self.steps_left.saturating_mul(UNITS_PER_STEP);
        let mut budget = Budget { units_left };
        let differ = unique::all_differ(self.nodes, index, &mut self.scratch.unique, &mut budget);
        self.given_up |= budget.is_spent();
        self.steps_left = budget.units_left / UNITS_PER_STEP;
        differ
    }
}
