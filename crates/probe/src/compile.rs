//! From the document of a shape to its rules.
//!
//! Schemas are compiled one at a time from a list of places, and a reference only adds a place, so
//! neither nesting nor a chain of references costs stack.

mod assertions;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Document;
use crate::duplicates;
use crate::node::{Node, Nodes};
use crate::number::Number;
use crate::pattern::Patterns;
use crate::properties::place_bit;
use crate::references::References;
use crate::shape::{
    ArrayRules, Dependent, InPlace, NumberRule, ObjectRules, Schema, SchemaId, Shape,
};
use crate::violation::Keyword;
use crate::{ShapeError, Types};

const SHAPE_BYTES_MAX: usize = 1 << 20;
const SHAPE_DEPTH_MAX: usize = 128;

/// How many schemas may be applied to one value inside each other. It bounds the stack of a check,
/// together with the depth of the body.
const IN_PLACE_STEPS_MAX: usize = 32;

pub(crate) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

pub(crate) fn shape(bytes: &[u8]) -> Result<Shape, ShapeError> {
    if bytes.len() > SHAPE_BYTES_MAX {
        return Err(ShapeError::TooLarge { bytes_max: SHAPE_BYTES_MAX });
    }
    let mut document = Document::read(bytes, SHAPE_DEPTH_MAX)
        .map_err(|malformed| ShapeError::Json { reason: malformed.to_string() })?;
    if let Some(key) = duplicates::first(&document, &mut duplicates::Scratch::default()) {
        return Err(ShapeError::DuplicateKey { pointer: pointer_to(&document, key) });
    }
    let references = References::of(&mut document)?;
    let schemas = Compiler::new(&document, &references).run()?;
    let names = names(&schemas);
    Ok(Shape { schemas, names, document })
}

/// The pointer to the member whose key is the given node.
fn pointer_to(document: &Document, key: usize) -> String {
    let mut pointer = String::new();
    let mut at = 0;
    loop {
        let mut members = document.keys(at);
        if let Some(member) = members.find(|&member| key < document.next(member + 1)) {
            push_segment(&mut pointer, document.key(member));
            at = member + 1;
            if member == key {
                return pointer;
            }
        } else {
            let behind = |&(_, element): &(usize, usize)| key < document.next(element);
            let Some((index, element)) = document.elements(at).enumerate().find(behind) else {
                return pointer;
            };
            push_segment(&mut pointer, &index.to_string());
            at = element;
        }
    }
}

/// Appends a name to a JSON Pointer.
pub(crate) fn push_segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    for c in name.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(c),
        }
    }
}

fn names(schemas: &[Schema]) -> BTreeSet<Box<str>> {
    let objects = schemas.iter().filter_map(|schema| schema.object.as_deref());
    objects
        .flat_map(|rules| rules.properties.list().iter().map(|property| property.name.clone()))
        .collect()
}

/// Where a schema stands in the document.
struct Place {
    node: usize,
    pointer: String,
}

/// One keyword of a schema. `value` is the node of its value.
struct Entry<'d> {
    key: &'d str,
    value: usize,
    pointer: String,
}

impl Entry<'_> {
    fn needs(&self, expected: &'static str) -> ShapeError {
        ShapeError::Keyword { pointer: self.pointer.clone(), expected }
    }
}

struct Compiler<'d> {
    document: &'d Document,
    references: &'d References,
    patterns: Patterns,
    /// The schemas that are known by now, in the order of their ids.
    places: Vec<Place>,
    ids: BTreeMap<usize, SchemaId>,
}

impl<'d> Compiler<'d> {
    fn new(document: &'d Document, references: &'d References) -> Self {
        let (patterns, places, ids) = (Patterns::new(), Vec::new(), BTreeMap::new());
        Self { document, references, patterns, places, ids }
    }

    fn run(mut self) -> Result<Vec<Schema>, ShapeError> {
        self.place(0, String::new());
        let mut schemas = Vec::new();
        while let Some(place) = self.places.get(schemas.len()) {
            let (node, pointer) = (place.node, place.pointer.clone());
            schemas.push(self.schema(node, &pointer)?);
        }
        self.check_recursion(&schemas)?;
        shorten_references(&mut schemas);
        finish_properties(&mut schemas);
        Ok(schemas)
    }

    /// The id of the schema at a node, which is compiled in its turn.
    fn place(&mut self, node: usize, pointer: String) -> SchemaId {
        let next = SchemaId(self.places.len() as u32);
        let id = *self.ids.entry(node).or_insert(next);
        if id == next {
            self.places.push(Place { node, pointer });
        }
        id
    }

    fn schema(&mut self, node: usize, pointer: &str) -> Result<Schema, ShapeError> {
        match self.document.at(node) {
            Node::Bool(true) => Ok(Schema::of(Types::ANY)),
            Node::Bool(false) => Ok(Schema::of(Types::NONE)),
            Node::Object(_) => self.keywords(node, pointer),
            _ => Err(ShapeError::Keyword {
                pointer: pointer.to_owned(),
                expected: "a schema: an object or a boolean",
            }),
        }
    }

    fn keywords(&mut self, node: usize, pointer: &str) -> Result<Schema, ShapeError> {
        let mut schema = Schema::of(Types::ANY);
        for key in self.document.keys(node) {
            let entry = self.entry(pointer, key);
            self.keyword(&mut schema, node, &entry)?;
        }
        self.required(&mut schema, node, pointer)?;
        self.conditional(&mut schema, node, pointer)?;
        self.contains(&mut schema, node, pointer)?;
        schema.types_only = schema.has_types_only();
        Ok(schema)
    }

    fn entry(&self, parent: &str, key: usize) -> Entry<'d> {
        let name = self.document.key(key);
        let mut pointer = parent.to_owned();
        push_segment(&mut pointer, name);
        Entry { key: name, value: key + 1, pointer }
    }

    /// The entry of a keyword, where the schema has it.
    fn find(&self, node: usize, parent: &str, name: &str) -> Option<Entry<'d>> {
        self.document.get(node, name).map(|value| self.entry(parent, value - 1))
    }

    fn keyword(
        &mut self,
        schema: &mut Schema,
        node: usize,
        entry: &Entry<'d>,
    ) -> Result<(), ShapeError> {
        match entry.key {
            "type" => schema.types = self.types(entry)?,
            "minLength" => schema.length.min = self.count(entry)?,
            "maxLength" => schema.length.max = self.count(entry)?,
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                schema.numbers.push(self.number_rule(entry)?);
            }
            "pattern" => schema.pattern = Some(self.pattern(entry)?),
            "multipleOf" => schema.multiple_of = Some(self.divisor(entry)?),
            "items" | "prefixItems" | "minItems" | "maxItems" | "uniqueItems" => {
                self.array_keyword(schema.array.get_or_insert_default(), entry)?;
            }
            "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "minProperties"
            | "maxProperties"
            | "dependentRequired" => {
                self.object_keyword(schema.object.get_or_insert_default(), entry)?;
            }
            "const" | "enum" | "$ref" | "allOf" | "anyOf" | "oneOf" | "not" => {
                schema.in_place.push(self.in_place(entry)?);
            }
            "$defs" => drop(self.named_schemas(entry)?),
            "$schema" => self.dialect(node, entry)?,
            // These are read once the other keywords of the schema are known.
            "required" | "if" | "then" | "else" | "contains" | "minContains" | "maxContains" => {}
            // These are read before the first schema is.
            "$id" | "$anchor" => {}
            "title" | "description" | "$comment" | "default" | "examples" => {}
            _ => {
                return Err(ShapeError::UnsupportedKeyword { pointer: entry.pointer.clone() });
            }
        }
        Ok(())
    }

    /// Only the root of a document, or of a resource in it, has a dialect.
    fn dialect(&self, node: usize, entry: &Entry<'_>) -> Result<(), ShapeError> {
        if entry.pointer != "/$schema" && self.document.get(node, "$id").is_none() {
            return Err(ShapeError::UnsupportedKeyword { pointer: entry.pointer.clone() });
        }
        if self.document.key(entry.value).trim_end_matches('#') == DIALECT {
            return Ok(());
        }
        Err(ShapeError::Dialect { pointer: entry.pointer.clone() })
    }

    fn array_keyword(
        &mut self,
        rules: &mut ArrayRules,
        entry: &Entry<'d>,
    ) -> Result<(), ShapeError> {
        match entry.key {
            "items" => rules.items = Some(self.subschema(entry)),
            "prefixItems" => rules.prefix = self.subschemas(entry)?,
            "uniqueItems" => rules.unique = self.boolean(entry)?,
            "minItems" => rules.count.min = self.count(entry)?,
            _ => rules.count.max = self.count(entry)?,
        }
        Ok(())
    }

    fn object_keyword(
        &mut self,
        rules: &mut ObjectRules,
        entry: &Entry<'d>,
    ) -> Result<(), ShapeError> {
        match entry.key {
            "properties" => self.properties(rules, entry)?,
            "patternProperties" => rules.patterns = self.pattern_properties(entry)?,
            "propertyNames" => rules.names = Some(self.subschema(entry)),
            "additionalProperties" => rules.additional = Some(self.subschema(entry)),
            "minProperties" => rules.count.min = self.count(entry)?,
            "maxProperties" => rules.count.max = self.count(entry)?,
            _ => rules.dependent = self.dependent(entry)?,
        }
        Ok(())
    }

    fn in_place(&mut self, entry: &Entry<'d>) -> Result<InPlace, ShapeError> {
        Ok(match entry.key {
            "const" => InPlace::Const(entry.value),
            "enum" => InPlace::Enum(self.array(entry)?),
            "$ref" => InPlace::Ref(self.reference(entry)?),
            "allOf" => InPlace::AllOf(self.subschemas(entry)?),
            "anyOf" => InPlace::AnyOf(self.subschemas(entry)?),
            "oneOf" => InPlace::OneOf(self.subschemas(entry)?),
            _ => InPlace::Not(self.subschema(entry)),
        })
    }

    fn types(&self, entry: &Entry<'_>) -> Result<Types, ShapeError> {
        let names = match self.document.at(entry.value) {
            Node::Array(_) => self.array(entry)?,
            _ => vec![entry.value],
        };
        let types = names.into_iter().map(|name| Types::from_name(self.document.key(name)));
        let types = types.reduce(|all, one| Some(all?.with(one?))).flatten();
        types.ok_or_else(|| entry.needs("the name of a type or a list of them"))
    }

    /// A count is an integer, so 2.0 is one. Beyond 64 bits the largest count does as well.
    fn count(&self, entry: &Entry<'_>) -> Result<u64, ShapeError> {
        let Node::Number(number) = self.document.at(entry.value) else {
            return Err(entry.needs("an integer from 0"));
        };
        if !number.is_integer() || number.compare(Number::Signed(0)).is_lt() {
            return Err(entry.needs("an integer from 0"));
        }
        Ok(match number {
            Number::Signed(value) => value.unsigned_abs(),
            Number::Unsigned(value) => value,
            Number::Float(value) => value as u64,
            Number::Big(_) => u64::MAX,
        })
    }

    fn number_rule(&self, entry: &Entry<'_>) -> Result<NumberRule, ShapeError> {
        let keyword = match entry.key {
            "minimum" => Keyword::Minimum,
            "maximum" => Keyword::Maximum,
            "exclusiveMinimum" => Keyword::ExclusiveMinimum,
            _ => Keyword::ExclusiveMaximum,
        };
        let bound = self.document.number(entry.value).ok_or_else(|| entry.needs("a number"))?;
        Ok(NumberRule { keyword, bound: bound.clone() })
    }

    /// The nodes of the elements.
    fn array(&self, entry: &Entry<'_>) -> Result<Vec<usize>, ShapeError> {
        match self.document.at(entry.value) {
            Node::Array(_) => Ok(self.document.elements(entry.value).collect()),
            _ => Err(entry.needs("an array")),
        }
    }

    fn subschema(&mut self, entry: &Entry<'_>) -> SchemaId {
        self.place(entry.value, entry.pointer.clone())
    }

    fn subschemas(&mut self, entry: &Entry<'_>) -> Result<Vec<SchemaId>, ShapeError> {
        let nodes = self.array(entry)?;
        if nodes.is_empty() {
            return Err(entry.needs("at least one schema"));
        }
        let place = |(index, node)| self.place(node, format!("{}/{index}", entry.pointer));
        Ok(nodes.into_iter().enumerate().map(place).collect())
    }

    fn named_schemas(&mut self, entry: &Entry<'d>) -> Result<Vec<(&'d str, SchemaId)>, ShapeError> {
        let Node::Object(_) = self.document.at(entry.value) else {
            return Err(entry.needs("an object of schemas"));
        };
        let members = self.document.keys(entry.value).map(|key| self.entry(&entry.pointer, key));
        let members: Vec<_> = members.collect();
        Ok(members.iter().map(|member| (member.key, self.subschema(member))).collect())
    }

    fn properties(&mut self, rules: &mut ObjectRules, entry: &Entry<'d>) -> Result<(), ShapeError> {
        for (name, schema) in self.named_schemas(entry)? {
            rules.properties.push(name, Some(schema));
        }
        Ok(())
    }

    fn strings(&self, entry: &Entry<'_>) -> Result<Vec<&'d str>, ShapeError> {
        let text = |node| match self.document.at(node) {
            Node::String(text) => Some(text),
            _ => None,
        };
        let texts: Option<Vec<_>> = self.array(entry)?.into_iter().map(text).collect();
        let texts = texts.ok_or_else(|| entry.needs("an array of names"))?;
        let unique: BTreeSet<_> = texts.iter().collect();
        if unique.len() == texts.len() { Ok(texts) } else { Err(entry.needs("each name once")) }
    }

    fn dependent(&self, entry: &Entry<'d>) -> Result<Vec<Dependent>, ShapeError> {
        let Node::Object(_) = self.document.at(entry.value) else {
            return Err(entry.needs("an object of name lists"));
        };
        let members = self.document.keys(entry.value).map(|key| {
            let member = self.entry(&entry.pointer, key);
            let others = self.strings(&member)?.into_iter().map(Box::from).collect();
            Ok(Dependent { name: member.key.into(), others })
        });
        members.collect()
    }

    /// Marks the required ones among the properties, and appends those that are not there.
    fn required(&self, schema: &mut Schema, node: usize, pointer: &str) -> Result<(), ShapeError> {
        let Some(entry) = self.find(node, pointer, "required") else { return Ok(()) };
        let names = self.strings(&entry)?;
        if names.is_empty() {
            return Ok(());
        }
        let rules = schema.object.get_or_insert_default();
        for name in names {
            let place = rules.properties.find(name.as_bytes()).unwrap_or_else(|| {
                rules.properties.push(name, None);
                rules.properties.list().len() - 1
            });
            rules.required |= place_bit(place);
            if place_bit(place) == 0 {
                rules.required_more.push(name.into());
            }
        }
        Ok(())
    }

    /// `then` and `else` mean nothing without `if`, but they have to be schemas all the same.
    fn conditional(
        &mut self,
        schema: &mut Schema,
        node: usize,
        pointer: &str,
    ) -> Result<(), ShapeError> {
        let [condition, then, otherwise] = ["if", "then", "else"]
            .map(|name| self.find(node, pointer, name).map(|entry| self.subschema(&entry)));
        if let Some(condition) = condition {
            schema.in_place.push(InPlace::If { condition, then, otherwise });
        }
        Ok(())
    }

    fn reference(&mut self, entry: &Entry<'d>) -> Result<SchemaId, ShapeError> {
        let Node::String(text) = self.document.at(entry.value) else {
            return Err(entry.needs("a reference into this document"));
        };
        let target = self.references.resolve(self.document, entry.value, text);
        let unresolved = || ShapeError::Reference { pointer: entry.pointer.clone() };
        let target = target.ok_or_else(unresolved)?;
        Ok(self.place(target.node, target.pointer))
    }

    /// Follows the schemas that are applied to one and the same value, level by level; whatever is
    /// still reached after the allowed number of steps is a loop or as good as one.
    fn check_recursion(&self, schemas: &[Schema]) -> Result<(), ShapeError> {
        let below: Vec<Vec<SchemaId>> = schemas
            .iter()
            .map(|schema| schema.in_place.iter().flat_map(InPlace::schemas).collect())
            .collect();
        let mut reached: BTreeSet<usize> = (0..schemas.len()).collect();
        for _ in 0..IN_PLACE_STEPS_MAX {
            reached = reached.iter().flat_map(|&id| &below[id]).map(|id| id.0 as usize).collect();
        }
        let Some(&last) = reached.first() else { return Ok(()) };
        let pointer = self.places[last].pointer.clone();
        Err(ShapeError::Recursion { pointer, steps_max: IN_PLACE_STEPS_MAX })
    }
}

/// Lets a schema that is nothing but a reference be skipped by those that apply it. There are no
/// loops, because they have been refused.
fn shorten_references(schemas: &mut [Schema]) {
    let targets: Vec<_> = schemas.iter().map(Schema::mere_reference).collect();
    let shorten = |id: &mut SchemaId| {
        while let Some(target) = targets[id.0 as usize] {
            *id = target;
        }
    };
    for schema in schemas {
        schema.applied_mut().for_each(shorten);
    }
}

/// Gives each named property of the shape a number of its own, and one to each list for its start.
fn finish_properties(schemas: &mut [Schema]) {
    let types_only = |schema: &Schema| schema.types_only.then_some(schema.types);
    let types_only: Vec<_> = schemas.iter().map(types_only).collect();
    let mut next = 0;
    for rules in schemas.iter_mut().filter_map(|schema| schema.object.as_deref_mut()) {
        rules.properties.finish(next, |id| types_only[id.0 as usize]);
        next += rules.properties.list().len() + 1;
    }
}
