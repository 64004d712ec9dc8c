use std::collections::BTreeSet;

use crate::compile;
use crate::document::Document;
use crate::multiple::Divisor;
use crate::number::OwnedNumber;
use crate::pattern::Pattern;
use crate::properties::Properties;
use crate::violation::Keyword;
use crate::{ShapeError, Types};

/// A compiled shape: what a body has to look like. It never changes, and threads may share it.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The schemas of the document; the first is the root.
    pub(crate) schemas: Vec<Schema>,
    /// Every name that a path may show.
    pub(crate) names: BTreeSet<Box<str>>,
    /// The document itself, which holds the values of `enum` and `const`.
    pub(crate) document: Document,
}

impl Shape {
    /// Compiles a JSON Schema (2020-12) from the bytes of its document.
    ///
    /// The keywords are those that the [crate page](crate#shapes) lists.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] says where the document is no JSON Schema or asks for what is not supported.
    /// No keyword is ever ignored.
    pub fn from_json(schema: &[u8]) -> Result<Self, ShapeError> {
        compile::shape(schema)
    }

    /// The shape that every JSON document has.
    pub fn any() -> Self {
        compile::shape(b"true").expect("true is a schema, which a test checks")
    }

    pub(crate) fn schema(&self, id: SchemaId) -> &Schema {
        &self.schemas[id.0 as usize]
    }
}

/// The place of a schema in its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SchemaId(pub(crate) u32);

impl SchemaId {
    pub(crate) const ROOT: Self = Self(0);
}

/// One schema, its rules sorted by the type of value that they speak about.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    /// None of the types for the schema `false`, never otherwise.
    pub(crate) types: Types,
    /// Whether the types are all there is to check.
    pub(crate) types_only: bool,
    /// In code points.
    pub(crate) length: Bounds,
    pub(crate) pattern: Option<Box<Pattern>>,
    pub(crate) numbers: Vec<NumberRule>,
    pub(crate) multiple_of: Option<Box<Divisor>>,
    pub(crate) array: Option<Box<ArrayRules>>,
    pub(crate) object: Option<Box<ObjectRules>>,
    /// The rules for values of any type.
    pub(crate) in_place: Vec<InPlace>,
}

impl Schema {
    /// The schema that admits the given types and asks for nothing else.
    pub(crate) fn of(types: Types) -> Self {
        Self {
            types,
            types_only: true,
            length: Bounds::default(),
            pattern: None,
            numbers: Vec::new(),
            multiple_of: None,
            array: None,
            object: None,
            in_place: Vec::new(),
        }
    }

    /// Whether it is the schema `false`.
    pub(crate) fn admits_nothing(&self) -> bool {
        self.types == Types::NONE
    }

    /// The target of a schema that is a reference and nothing else.
    pub(crate) fn mere_reference(&self) -> Option<SchemaId> {
        match self.in_place[..] {
            [InPlace::Ref(target)] if self.types == Types::ANY && self.has_no_rules_by_type() => {
                Some(target)
            }
            _ => None,
        }
    }

    /// The schemas that this one applies to the value or to what is in it.
    pub(crate) fn applied_mut(&mut self) -> impl Iterator<Item = &mut SchemaId> {
        let array = self.array.iter_mut().flat_map(|rules| rules.schemas_mut());
        let object = self.object.iter_mut().flat_map(|rules| rules.schemas_mut());
        array.chain(object).chain(self.in_place.iter_mut().flat_map(InPlace::schemas_mut))
    }

    fn has_no_rules_by_type(&self) -> bool {
        self.length == Bounds::default()
            && self.pattern.is_none()
            && self.numbers.is_empty()
            && self.multiple_of.is_none()
            && self.array.is_none()
            && self.object.is_none()
    }

    pub(crate) fn has_types_only(&self) -> bool {
        self.in_place.is_empty() && self.has_no_rules_by_type()
    }
}

/// A count and its two inclusive bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { min: 0, max: u64::MAX }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NumberRule {
    pub(crate) keyword: Keyword,
    pub(crate) bound: OwnedNumber,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ArrayRules {
    pub(crate) count: Bounds,
    /// The schemas of the first items, one each.
    pub(crate) prefix: Vec<SchemaId>,
    /// The schema of all further items.
    pub(crate) items: Option<SchemaId>,
    pub(crate) contains: Option<Contains>,
    /// Whether no two items may be equal.
    pub(crate) unique: bool,
}

impl ArrayRules {
    fn schemas_mut(&mut self) -> impl Iterator<Item = &mut SchemaId> {
        let contains = self.contains.iter_mut().map(|contains| &mut contains.schema);
        self.prefix.iter_mut().chain(self.items.as_mut()).chain(contains)
    }
}

/// How many items match a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contains {
    pub(crate) schema: SchemaId,
    pub(crate) count: Bounds,
    /// Whether `minContains` names the lower bound, which is 1 otherwise.
    pub(crate) has_min: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectRules {
    pub(crate) count: Bounds,
    pub(crate) properties: Properties,
    /// The places of the required names, for those within the first 64.
    pub(crate) required: u64,
    /// The other required names.
    pub(crate) required_more: Vec<Box<str>>,
    pub(crate) patterns: Vec<PatternProperty>,
    /// The schema of the names themselves.
    pub(crate) names: Option<SchemaId>,
    /// The schema of properties that neither `properties` nor a pattern names.
    pub(crate) additional: Option<SchemaId>,
    pub(crate) dependent: Vec<Dependent>,
}

impl ObjectRules {
    fn schemas_mut(&mut self) -> impl Iterator<Item = &mut SchemaId> {
        let patterns = self.patterns.iter_mut().map(|property| &mut property.schema);
        let others = self.names.iter_mut().chain(self.additional.as_mut());
        self.properties.schemas_mut().chain(patterns).chain(others)
    }
}

/// The schema of the properties whose names match.
#[derive(Clone, Debug)]
pub(crate) struct PatternProperty {
    pub(crate) pattern: Pattern,
    pub(crate) schema: SchemaId,
}

/// If the name is there, then so must be the others.
#[derive(Clone, Debug)]
pub(crate) struct Dependent {
    pub(crate) name: Box<str>,
    pub(crate) others: Vec<Box<str>>,
}

/// A rule that applies to the value itself, whatever its type.
#[derive(Clone, Debug)]
pub(crate) enum InPlace {
    /// The node of the value in the shape's document.
    Const(usize),
    /// The nodes of the values in the shape's document.
    Enum(Vec<usize>),
    Ref(SchemaId),
    AllOf(Vec<SchemaId>),
    AnyOf(Vec<SchemaId>),
    OneOf(Vec<SchemaId>),
    Not(SchemaId),
    If {
        condition: SchemaId,
        then: Option<SchemaId>,
        otherwise: Option<SchemaId>,
    },
}

impl InPlace {
    /// The schemas that are applied to the same value.
    pub(crate) fn schemas(&self) -> Vec<SchemaId> {
        self.clone().schemas_mut().map(|id| *id).collect()
    }

    fn schemas_mut(&mut self) -> Box<dyn Iterator<Item = &mut SchemaId> + '_> {
        match self {
            Self::Const(_) | Self::Enum(_) => Box::new(std::iter::empty()),
            Self::Ref(id) | Self::Not(id) => Box::new(std::iter::once(id)),
            Self::AllOf(ids) | Self::AnyOf(ids) | Self::OneOf(ids) => Box::new(ids.iter_mut()),
            Self::If { condition, then, otherwise } => {
                Box::new(std::iter::once(condition).chain(then.as_mut()).chain(otherwise.as_mut()))
            }
        }
    }
}
