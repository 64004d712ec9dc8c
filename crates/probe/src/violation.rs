use std::fmt;

use crate::Types;
use crate::document::Malformed;
use crate::node::Node;

/// One way in which a body does not conform. It tells places and kinds and never a value, so it may
/// be logged and counted.
///
/// It displays as `/data/items/*/profileId: type: expected string, found number`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation {
    /// A JSON Pointer to the value, or to where a missing one belongs; empty for the whole body.
    /// Array indices, and names that the shape does not have, are shown as `*`.
    pub path: String,
    /// The rule that is broken.
    pub keyword: Keyword,
    /// What the rule asks for.
    pub expected: Expected,
    /// What is there instead.
    pub found: Found,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(whole body)" } else { &self.path };
        let Self { keyword, expected, found, .. } = self;
        write!(f, "{path}: {keyword}: expected {expected}, found {found}")
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// The name that is shown.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

names! {
    /// The rule that a body breaks: a keyword of JSON Schema, or what every body has to be.
    Keyword {
        /// The body is longer than [`Limits::body_bytes_max`](crate::Limits::body_bytes_max).
        Size = "size",
        /// The body has nothing but white space.
        Empty = "empty",
        /// The body is not UTF-8, or escapes half of a surrogate pair.
        Encoding = "encoding",
        /// The body is not JSON.
        Syntax = "syntax",
        /// The body ends in the middle.
        Truncated = "truncated",
        /// There are bytes behind the JSON document.
        Trailing = "trailing",
        /// The body is nested deeper than [`Limits::depth_max`](crate::Limits::depth_max).
        Depth = "depth",
        /// An object has a key twice.
        DuplicateKey = "duplicate key",
        /// Judging takes far more steps than values and schemas account for, or applies more than
        /// 1,024 schemas inside each other, so it was given up. The body may conform.
        Effort = "effort",
        /// A schema `false` stands where there is a value.
        FalseSchema = "false",
        /// `type`.
        Type = "type",
        /// `enum`.
        Enum = "enum",
        /// `const`.
        Const = "const",
        /// `required`.
        Required = "required",
        /// `dependentRequired`.
        DependentRequired = "dependentRequired",
        /// `propertyNames`.
        PropertyNames = "propertyNames",
        /// `patternProperties`, where the schema of a pattern is `false`.
        PatternProperties = "patternProperties",
        /// `additionalProperties`.
        AdditionalProperties = "additionalProperties",
        /// `minProperties`.
        MinProperties = "minProperties",
        /// `maxProperties`.
        MaxProperties = "maxProperties",
        /// `items`, where it is `false`.
        Items = "items",
        /// `minItems`.
        MinItems = "minItems",
        /// `maxItems`.
        MaxItems = "maxItems",
        /// `contains`, without `minContains` beside it.
        Contains = "contains",
        /// `minContains`.
        MinContains = "minContains",
        /// `maxContains`.
        MaxContains = "maxContains",
        /// `uniqueItems`.
        UniqueItems = "uniqueItems",
        /// `minLength`.
        MinLength = "minLength",
        /// `maxLength`.
        MaxLength = "maxLength",
        /// `pattern`.
        Pattern = "pattern",
        /// `multipleOf`.
        MultipleOf = "multipleOf",
        /// `minimum`.
        Minimum = "minimum",
        /// `maximum`.
        Maximum = "maximum",
        /// `exclusiveMinimum`.
        ExclusiveMinimum = "exclusiveMinimum",
        /// `exclusiveMaximum`.
        ExclusiveMaximum = "exclusiveMaximum",
        /// `anyOf`.
        AnyOf = "anyOf",
        /// `oneOf`.
        OneOf = "oneOf",
        /// `not`.
        Not = "not",
        /// No place of the [item rules](crate::ItemRules) leads to items.
        Place = "place",
        /// Two items of a list have the same id.
        UniqueId = "unique id",
        /// The ids are not those that are [known](crate::ItemRules::known).
        DatasetId = "dataset id",
        /// A detail is not the one that was [asked for](crate::ItemRules::asked).
        AskedId = "asked id",
    }
}

/// What a rule asks for. Limits are those of the shape; the values of `enum` and `const` are not
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Expected {
    /// A JSON document in UTF-8.
    Json,
    /// The end of the body.
    End,
    /// Judging within the bound on its effort.
    Effort,
    /// No more nested containers than this.
    Depth(usize),
    /// No more bytes than this.
    Bytes(usize),
    /// Each key once in its object.
    UniqueKey,
    /// Each item once in its array.
    UniqueItems,
    /// A name that the schema of names admits.
    Name,
    /// A text that matches a pattern, which is given as the shape has it, cut if it is long.
    Pattern(String),
    /// A value of one of these types.
    Types(Types),
    /// The value that `const` names.
    Constant,
    /// One of this many values that `enum` lists.
    Listed(usize),
    /// A property of that name.
    Present,
    /// No value there.
    Absent,
    /// At least so many characters, items, matching items or properties.
    AtLeast(u64),
    /// At most so many characters, items, matching items or properties.
    AtMost(u64),
    /// A number within a bound, which is given as the shape has it: `at least 0`, or `a multiple of
    /// 0.5`.
    Number(String),
    /// A match with at least one of this many schemas.
    AnyOf(usize),
    /// A match with exactly one of this many schemas.
    OneOf(usize),
    /// No match with a schema.
    NoMatch,
    /// Items at one of the places where they are looked for.
    Items,
    /// Each id once in its list.
    UniqueId,
    /// An id of the dataset.
    DatasetId,
    /// Every id of the dataset.
    WholeDataset,
    /// The id that was asked for.
    AskedId,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json => f.write_str("a JSON document"),
            Self::End => f.write_str("the end"),
            Self::Effort => f.write_str("a bounded number of steps"),
            Self::Depth(max) => write!(f, "at most {max} nested arrays and objects"),
            Self::Bytes(max) => write!(f, "at most {max} bytes"),
            Self::UniqueKey => f.write_str("each key once"),
            Self::UniqueItems => f.write_str("each item once"),
            Self::Name => f.write_str("another name"),
            Self::Pattern(pattern) => write!(f, "a match with {pattern}"),
            Self::Types(types) => types.fmt(f),
            Self::Constant => f.write_str("the value of the shape"),
            Self::Listed(count) => write!(f, "one of the {count} values of the shape"),
            Self::Present => f.write_str("a value"),
            Self::Absent => f.write_str("no value"),
            Self::AtLeast(min) => write!(f, "at least {min}"),
            Self::AtMost(max) => write!(f, "at most {max}"),
            Self::Number(bound) => f.write_str(bound),
            Self::AnyOf(count) => write!(f, "a match with one or more of {count} schemas"),
            Self::OneOf(count) => write!(f, "a match with exactly one of {count} schemas"),
            Self::NoMatch => f.write_str("no match with the schema"),
            Self::Items => f.write_str("items at one of the places where they are looked for"),
            Self::UniqueId => f.write_str("each id once"),
            Self::DatasetId => f.write_str("an id of the dataset"),
            Self::WholeDataset => f.write_str("every id of the dataset"),
            Self::AskedId => f.write_str("the one that was asked for"),
        }
    }
}

names! {
    /// The kind of what is there.
    Found {
        /// No value.
        Nothing = "nothing",
        /// `null`.
        Null = "null",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A number.
        Number = "number",
        /// A string.
        String = "string",
        /// An array.
        Array = "array",
        /// An object.
        Object = "object",
        /// A count or a number below the bound, or less than all.
        Less = "less",
        /// A count or a number above the bound.
        More = "more",
        /// A second value under the same key, an item that is equal to another, or one of the same id.
        Again = "it again",
        /// Another text than what was asked for or is known.
        Other = "another",
        /// More than one schema that matches.
        Several = "several",
        /// Bytes that are not UTF-8, or half of a surrogate pair.
        Bytes = "bytes of another encoding",
        /// A byte that JSON does not allow there.
        Garbage = "something else",
        /// Text that starts like HTML or XML.
        Markup = "markup",
        /// The end of the body.
        End = "the end",
    }
}

impl Found {
    pub(crate) fn kind(node: Node<'_>) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(_) => Self::Boolean,
            Node::Number(_) => Self::Number,
            Node::String(_) => Self::String,
            Node::Array(_) => Self::Array,
            Node::Object(_) => Self::Object,
        }
    }
}

impl Violation {
    /// A violation of the body as a whole.
    pub(crate) fn whole(keyword: Keyword, expected: Expected, found: Found) -> Self {
        Self { path: String::new(), keyword, expected, found }
    }

    pub(crate) fn malformed(malformed: Malformed, depth_max: usize) -> Self {
        let (keyword, expected, found) = match malformed {
            Malformed::Empty => (Keyword::Empty, Expected::Json, Found::Nothing),
            Malformed::Encoding => (Keyword::Encoding, Expected::Json, Found::Bytes),
            Malformed::Syntax => (Keyword::Syntax, Expected::Json, Found::Garbage),
            Malformed::Markup => (Keyword::Syntax, Expected::Json, Found::Markup),
            Malformed::Truncated => (Keyword::Truncated, Expected::Json, Found::End),
            Malformed::Trailing => (Keyword::Trailing, Expected::End, Found::Garbage),
            Malformed::Depth => (Keyword::Depth, Expected::Depth(depth_max), Found::More),
        };
        Self::whole(keyword, expected, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_as_one_line() {
        let mut violation = Violation {
            path: "/data/items/*/profileId".to_owned(),
            keyword: Keyword::Type,
            expected: Expected::Types(Types::STRING),
            found: Found::Number,
        };
        let line = "/data/items/*/profileId: type: expected string, found number";
        assert_eq!(violation.to_string(), line);
        violation.path.clear();
        let line = "(whole body): type: expected string, found number";
        assert_eq!(violation.to_string(), line);
    }
}
