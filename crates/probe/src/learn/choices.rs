//! What a value is shared by, which tells a list of words from the values of a few items.

use super::names;

/// More distinct values than this are no list.
const CHOICES_MAX: usize = 8;
/// Fewer values of a field than this do not show that it has a list.
const VALUES_MIN: u64 = 50;
/// A value that fewer items of one body have may be one item's own.
const SHARED_MIN: u64 = 5;

/// How often something stood in all bodies, and in one of them at most. The same body comes again
/// and again in a run, so only the second number says that many items are alike.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    pub(super) total: u64,
    pub(super) in_one_body: u64,
    /// The body that is counted, and the count in it. Bodies are numbered from 1.
    body: (u64, u64),
}

impl Crowd {
    pub(super) fn note(&mut self, body: u64) {
        if self.body.0 != body {
            self.body = (body, 0);
        }
        self.body.1 += 1;
        self.total += 1;
        self.in_one_body = self.in_one_body.max(self.body.1);
    }

    /// Adds what was counted in other bodies.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.total += other.total;
        self.in_one_body = self.in_one_body.max(other.in_one_body);
    }

    /// Forgets which body is counted, because another learner numbers its own.
    pub(super) fn of_elsewhere(&self) -> Self {
        Self { body: (0, 0), ..self.clone() }
    }
}

/// The distinct texts of a field, as long as they may be a list of words.
#[derive(Clone, Debug)]
pub(super) enum Choices {
    /// There are too many, or one that is no word, or the field's name forbids it.
    None,
    Some(Vec<(Box<str>, Crowd)>),
}

impl Choices {
    pub(super) fn of_field(is_kind: bool) -> Self {
        if is_kind { Self::Some(Vec::new()) } else { Self::None }
    }

    pub(super) fn note(&mut self, text: &str, body: u64) {
        let Self::Some(list) = self else { return };
        if let Some((_, crowd)) = list.iter_mut().find(|(known, _)| **known == *text) {
            return crowd.note(body);
        }
        if list.len() == CHOICES_MAX || !names::is_word(text) {
            *self = Self::None;
            return;
        }
        let mut crowd = Crowd::default();
        crowd.note(body);
        list.push((text.into(), crowd));
    }

    /// Adds what another learner has seen.
    pub(super) fn absorb(&mut self, other: &Self) {
        let (Self::Some(list), Self::Some(more)) = (&mut *self, other) else {
            *self = Self::None;
            return;
        };
        for (text, crowd) in more {
            match list.iter_mut().find(|(known, _)| known == text) {
                Some((_, known)) => known.absorb(crowd),
                None => list.push((text.clone(), crowd.of_elsewhere())),
            }
        }
        if list.len() > CHOICES_MAX {
            *self = Self::None;
        }
    }

    /// The words in ascending order, if they are a list that many items of a body share.
    pub(super) fn words(&self) -> Option<Vec<&str>> {
        let Self::Some(list) = self else { return None };
        let total: u64 = list.iter().map(|(_, crowd)| crowd.total).sum();
        let is_shared = list.iter().all(|(_, crowd)| crowd.in_one_body >= SHARED_MIN);
        let mut words: Vec<_> = list.iter().map(|(text, _)| &**text).collect();
        words.sort_unstable();
        (is_shared && total >= VALUES_MIN && !words.is_empty()).then_some(words)
    }
}
