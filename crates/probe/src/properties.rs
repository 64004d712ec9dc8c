//! The named properties of an object schema, found by name in constant time.

use crate::Types;
use crate::fingerprint::{fingerprint, same};
use crate::shape::SchemaId;

/// So many names are compared one by one.
const FEW: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) name: Box<str>,
    /// Absent if only `required` names it; then it is an additional property.
    pub(crate) schema: Option<SchemaId>,
    /// The types of the schema, if they are all that it asks for.
    pub(crate) types_only: Option<Types>,
}

/// Names and their schemas: those of `properties` in the order of the document, then those that
/// only `required` has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties {
    list: Vec<Property>,
    /// Open addressing by fingerprint: the place of a property plus 1, or 0 for none. Never more
    /// than a quarter full, and its length is a power of two.
    slots: Vec<u32>,
    /// The number of the first place among those of the whole shape.
    base: usize,
}

/// Which property came after which in the bodies so far. Only guesses: each is looked at before it
/// is believed, so it does not matter which shape they are from.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Vec<u32>);

impl Properties {
    /// The caller sees to it that the name is a new one.
    pub(crate) fn push(&mut self, name: &str, schema: Option<SchemaId>) {
        self.list.push(Property { name: name.into(), schema, types_only: None });
        if self.list.len() * 4 <= self.slots.len() {
            return self.enter(self.list.len() - 1);
        }
        self.slots = vec![0; (self.list.len() * 8).next_power_of_two()];
        (0..self.list.len()).for_each(|place| self.enter(place));
    }

    fn enter(&mut self, place: usize) {
        let mut slot = self.slot(self.list[place].name.as_bytes());
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = place as u32 + 1;
    }

    /// Where the search for a name starts. There must be slots.
    fn slot(&self, name: &[u8]) -> usize {
        // The upper half has the good bits, and is more than any table needs.
        (fingerprint(name) >> 32) as usize & (self.slots.len() - 1)
    }

    /// Takes note of what is known once the whole shape is compiled: the number of the first place,
    /// and the types of schemas that ask for nothing else.
    pub(crate) fn finish(&mut self, base: usize, types_only: impl Fn(SchemaId) -> Option<Types>) {
        self.base = base;
        for property in &mut self.list {
            property.types_only = property.schema.and_then(&types_only);
        }
    }

    /// The place of a name that stands behind the property at `before`, counted from 1, or behind
    /// the opening bracket, which is 0.
    #[inline(always)]
    pub(crate) fn find_after(
        &self,
        before: usize,
        name: &[u8],
        guesses: &mut Guesses,
    ) -> Option<usize> {
        let guess = guesses.0.get(self.base + before).map_or(before, |&guess| guess as usize);
        if self.list.get(guess).is_some_and(|property| same(property.name.as_bytes(), name)) {
            return Some(guess);
        }
        self.find_and_note(before, name, guesses)
    }

    #[inline(never)]
    fn find_and_note(&self, before: usize, name: &[u8], guesses: &mut Guesses) -> Option<usize> {
        let place = self.find(name)?;
        let at = self.base + before;
        if guesses.0.len() <= at {
            guesses.0.resize(self.base + self.list.len() + 1, u32::MAX);
        }
        guesses.0[at] = place as u32;
        Some(place)
    }

    /// The place of a name.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        // Few names are told from another by their lengths sooner than by a hash.
        if self.list.len() <= FEW {
            return self.list.iter().position(|property| same(property.name.as_bytes(), name));
        }
        let mut slot = self.slot(name);
        loop {
            let place = (self.slots[slot] as usize).checked_sub(1)?;
            if same(self.list[place].name.as_bytes(), name) {
                return Some(place);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }

    pub(crate) fn list(&self) -> &[Property] {
        &self.list
    }

    pub(crate) fn schemas_mut(&mut self) -> impl Iterator<Item = &mut SchemaId> {
        self.list.iter_mut().filter_map(|property| property.schema.as_mut())
    }

    /// The set of all places as one bit each, if 64 bits do for it.
    pub(crate) fn all_places(&self) -> Option<u64> {
        match self.list.len() {
            64 => Some(u64::MAX),
            len => 1u64.checked_shl(len as u32).map(|behind| behind - 1),
        }
    }
}

/// The bit of a place in a set of places; none beyond the first 64.
pub(crate) fn place_bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1u64.checked_shl(place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_from_anywhere_and_no_other_is() {
        for len in [0, 1, 2, 7, 64, 65, 300] {
            let name = |n: usize| format!("{}-{n}", "x".repeat(n % 12));
            let mut properties = Properties::default();
            (0..len).for_each(|n| properties.push(&name(n), None));
            let mut guesses = Guesses::default();
            for before in [0, 1, len / 2, len, 0, len] {
                for n in (0..len).chain((0..len).rev()) {
                    let found =
                        properties.find_after(before.min(len), name(n).as_bytes(), &mut guesses);
                    assert_eq!(found, Some(n), "{n} of {len}");
                }
                assert_eq!(
                    properties.find_after(before.min(len), name(len).as_bytes(), &mut guesses),
                    None
                );
                assert_eq!(properties.find(b""), None);
            }
        }
    }

    #[test]
    fn places_have_a_bit_each_up_to_64() {
        let mut properties = Properties::default();
        for place in 0..64 {
            properties.push(&place.to_string(), None);
            let bits = (0..=place).fold(0, |bits, place| bits | place_bit(place));
            assert_eq!(properties.all_places(), Some(bits));
        }
        properties.push("64", None);
        assert_eq!((properties.all_places(), place_bit(64)), (None, 0));
    }
}
