use std::fmt;

use crate::node::Node;

/// A set of JSON types, as the keyword `type` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Types(u8);

impl Types {
    /// No type at all; nothing is of it.
    pub const NONE: Self = Self(0);
    /// `null`.
    pub const NULL: Self = Self(1);
    /// `boolean`.
    pub const BOOLEAN: Self = Self(1 << 1);
    /// `integer`: a number without a fraction; 1.0 is one.
    pub const INTEGER: Self = Self(1 << 2);
    /// `number`, which includes the integers.
    pub const NUMBER: Self = Self(1 << 3 | 1 << 2);
    /// The numbers that are no integers.
    pub(crate) const FRACTION: Self = Self(1 << 3);
    /// `string`.
    pub const STRING: Self = Self(1 << 4);
    /// `array`.
    pub const ARRAY: Self = Self(1 << 5);
    /// `object`.
    pub const OBJECT: Self = Self(1 << 6);
    /// Every type.
    pub const ANY: Self = Self(0x7f);

    /// Each name with its type, in the order in which they are shown.
    const NAMED: [(&'static str, Self); 7] = [
        ("null", Self::NULL),
        ("boolean", Self::BOOLEAN),
        ("integer", Self::INTEGER),
        ("number", Self::NUMBER),
        ("string", Self::STRING),
        ("array", Self::ARRAY),
        ("object", Self::OBJECT),
    ];

    /// The type of a name, such as `string`; `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, types)| *types)
    }

    /// The types of either set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every type of `other` is in the set.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The type of a value: of numbers, integers have their own, and all others that of the numbers
    /// which are no integers.
    pub(crate) fn of(node: Node<'_>) -> Self {
        match node {
            Node::Null => Self::NULL,
            Node::Bool(_) => Self::BOOLEAN,
            Node::Number(number) if number.is_integer() => Self::INTEGER,
            Node::Number(_) => Self::FRACTION,
            Node::String(_) => Self::STRING,
            Node::Array(_) => Self::ARRAY,
            Node::Object(_) => Self::OBJECT,
        }
    }

    /// Whether a value of this [type](Self::of) is of one of the types.
    #[inline]
    pub(crate) fn admits(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        // The integers are not named beside the numbers that include them.
        let hidden = move |types| types == Self::INTEGER && self.includes(Self::NUMBER);
        Self::NAMED
            .into_iter()
            .filter(move |&(_, types)| self.includes(types) && !hidden(types))
            .map(|(name, _)| name)
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => return f.write_str("nothing"),
            Self::ANY => return f.write_str("anything"),
            _ => {}
        }
        for (index, name) in self.names().enumerate() {
            f.write_str(if index == 0 { "" } else { " or " })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Number;

    #[test]
    fn types_show_as_the_names_of_the_keyword() {
        assert_eq!(Types::STRING.with(Types::NULL).to_string(), "null or string");
        assert_eq!(Types::NUMBER.to_string(), "number");
        assert_eq!(Types::INTEGER.to_string(), "integer");
        assert_eq!(Types::NUMBER.with(Types::INTEGER).to_string(), "number");
        assert_eq!(Types::NONE.to_string(), "nothing");
        assert_eq!(Types::from_name("float"), None);
    }

    #[test]
    fn an_integer_is_a_number_but_not_the_reverse() {
        let [one, half] =
            [Number::Float(1.0), Number::Float(0.5)].map(|number| Types::of(Node::Number(number)));
        assert!(Types::NUMBER.admits(one) && Types::NUMBER.admits(half));
        assert!(Types::INTEGER.admits(one) && !Types::INTEGER.admits(half));
        assert!(!Types::STRING.with(Types::NULL).admits(one));
    }
}
