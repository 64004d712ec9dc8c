//! Generated schemas and bodies, judged here and by the `jsonschema` crate, which must agree.
//!
//! The cases are the same in every run. Bodies stay within what both sides read alike: no key
//! twice, and numbers that a double holds exactly.

mod random;

use std::collections::BTreeMap;

use probe::{Limits, Probe, Shape, ShapeError};
use random::Random;
use serde_json::{Map, Value, json};

const SCHEMAS: u64 = 6_500;
const BODIES_PER_SCHEMA: usize = 22;

const NAMES: [&str; 6] = ["a", "b", "c~/d", "é", "", "longer-name"];
const TEXTS: [&str; 7] = ["", "a", "ab", "é森", "😀", "a\"\\\n", "abcdefghij"];
/// What both engines read alike; what ECMA-262 has of its own is in the tests of the translation.
const PATTERNS: [&str; 12] = [
    "", "^a", "b$", "^[a-c]*$", "é", "^.{2}$", r"^\w+$", "^$|森", "[^a-z]", "(ab|cd)+", r"\S",
    "a?b*c+",
];
const DIVISORS: [f64; 12] =
    [1.0, 2.0, 3.0, 7.0, 0.5, 1.5, 0.1, 0.01, 0.0025, 1e-7, 1e10, 123456789.125];
const REFERENCES: [&str; 5] = [
    "#/$defs/0",
    "#/$defs/1",
    "#one",
    "http://oracle.example/two",
    "http://oracle.example/two#two",
];
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

fn number(random: &mut Random) -> Value {
    let numbers = [
        json!(0),
        json!(-0.0),
        json!(1),
        json!(1.0),
        json!(-1),
        json!(1.5),
        json!(2),
        json!(2.5),
        json!(3),
        json!(1e10),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(0.1),
        json!(-0.3),
        json!(0.0075),
        json!(19.99),
        json!(21),
        json!(1e-7),
        json!(3e22),
        json!(4_503_599_627_370_497.5),
    ];
    random.pick(&numbers)
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.one_in(2)),
        2 | 3 => number(random),
        4 => json!(random.pick(&TEXTS)),
        5 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let names = random.some_of(&NAMES);
            names.into_iter().map(|name| (name.to_owned(), value(random, depth - 1))).collect()
        }
    }
}

fn schemas(random: &mut Random, depth: usize) -> Value {
    (0..=random.below(3)).map(|_| schema(random, depth - 1)).collect()
}

fn named_schemas(random: &mut Random, depth: usize) -> Value {
    let names = random.some_of(&NAMES);
    let members = names.into_iter().map(|name| (name.to_owned(), schema(random, depth - 1)));
    Value::Object(members.collect())
}

fn schema(random: &mut Random, depth: usize) -> Value {
    if depth == 0 || random.one_in(12) {
        return match random.below(6) {
            0 => json!(random.one_in(2)),
            1 => json!({"$ref": random.pick(&REFERENCES)}),
            2 => json!({"const": value(random, 1)}),
            _ => json!({"type": random.pick(&TYPES)}),
        };
    }
    let mut schema = Map::new();
    for _ in 0..=random.below(4) {
        let (keyword, value) = keyword(random, depth);
        schema.insert(keyword.to_owned(), value);
    }
    if schema.contains_key("contains") && random.one_in(2) {
        schema.insert(
            random.pick(&["minContains", "maxContains"]).to_owned(),
            json!(random.below(4)),
        );
    }
    Value::Object(schema)
}

fn keyword(random: &mut Random, depth: usize) -> (&'static str, Value) {
    const KEYWORDS: [&str; 44] = [
        "type",
        "type",
        "enum",
        "const",
        "required",
        "properties",
        "properties",
        "additionalProperties",
        "items",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "title",
        "default",
        "pattern",
        "pattern",
        "multipleOf",
        "multipleOf",
        "patternProperties",
        "patternProperties",
        "propertyNames",
        "contains",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "$ref",
    ];
    let keyword = random.pick(&KEYWORDS);
    let value = match keyword {
        "type" if random.one_in(2) => json!(random.pick(&TYPES)),
        "type" => {
            let mut types = random.some_of(&TYPES);
            types.extend(types.is_empty().then_some("object"));
            json!(types)
        }
        "enum" => (0..=random.below(4)).map(|_| value(random, 2)).collect(),
        "const" | "default" => value(random, 2),
        "required" => json!(random.some_of(&NAMES)),
        "dependentRequired" => {
            let (name, others) = (random.pick(&NAMES), random.some_of(&NAMES));
            json!({name: others})
        }
        "properties" => named_schemas(random, depth),
        "prefixItems" | "anyOf" | "oneOf" | "allOf" => schemas(random, depth),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => number(random),
        "additionalProperties" | "items" | "contains" | "not" | "if" | "then" | "else" => {
            schema(random, depth - 1)
        }
        "title" => json!("text"),
        "pattern" => json!(random.pick(&PATTERNS)),
        "multipleOf" => json!(random.pick(&DIVISORS)),
        "patternProperties" => {
            let patterns: Vec<_> = (0..=random.below(2)).map(|_| random.pick(&PATTERNS)).collect();
            let member = |pattern: &str| (pattern.to_owned(), schema(random, depth - 1));
            Value::Object(patterns.into_iter().map(member).collect())
        }
        "propertyNames" => name_schema(random, depth),
        "uniqueItems" => json!(!random.one_in(4)),
        "$ref" => json!(random.pick(&REFERENCES)),
        _ => json!(random.below(4)),
    };
    (keyword, value)
}

/// A schema of names; most others admit all of them or none.
fn name_schema(random: &mut Random, depth: usize) -> Value {
    match random.below(4) {
        0 => schema(random, depth - 1),
        1 => json!({"pattern": random.pick(&PATTERNS)}),
        2 => json!({"enum": random.some_of(&NAMES)}),
        _ => json!({"maxLength": random.below(4)}),
    }
}

/// An array in which some values come again, now and then written in another way.
fn repetitive(random: &mut Random, depth: usize) -> Value {
    let mut elements: Vec<Value> = Vec::new();
    let len = if random.one_in(4) { 8 + random.below(8) } else { random.below(5) };
    for _ in 0..len {
        let again = !elements.is_empty() && random.one_in(5);
        elements.push(match (again, random.below(3)) {
            (true, _) => same_value(&random.pick(&elements)),
            (false, 0) => json!({"a": random.below(40), "b": [random.below(3), {"c": null}]}),
            (false, 1) => json!([random.below(90), value(random, depth)]),
            (false, _) => json!(random.below(90)),
        });
    }
    Value::Array(elements)
}

/// An equal value, with integers as fractions and the members of objects the other way around.
fn same_value(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() < 1 << 53 => json!(integer as f64),
            _ => value.clone(),
        },
        Value::Array(elements) => elements.iter().map(same_value).collect(),
        Value::Object(members) => {
            members.iter().rev().map(|(name, value)| (name.clone(), same_value(value))).collect()
        }
        _ => value.clone(),
    }
}

/// Values that are made to fit better than chance: parts of the schema's own values and names.
fn body(random: &mut Random, schema: &Value, depth: usize) -> Value {
    if random.one_in(4) || depth == 0 {
        return value(random, depth.min(3));
    }
    let fitting = [
        "const",
        "enum",
        "anyOf",
        "allOf",
        "oneOf",
        "properties",
        "items",
        "type",
        "contains",
        "uniqueItems",
    ];
    let keyword = random.pick(&fitting);
    match (keyword, &schema[keyword]) {
        ("const", fixed) if !fixed.is_null() => fixed.clone(),
        ("enum", Value::Array(values)) => random.pick(values),
        ("anyOf" | "allOf" | "oneOf", Value::Array(all)) => {
            let one = random.pick(all);
            body(random, &one, depth - 1)
        }
        ("properties", Value::Object(members)) => {
            let members = members.iter().filter(|_| !random.one_in(4)).collect::<Vec<_>>();
            let member =
                |(name, inner): (&String, &Value)| (name.clone(), body(random, inner, depth - 1));
            members.into_iter().map(member).collect()
        }
        ("items", inner @ (Value::Object(_) | Value::Bool(_))) => {
            (0..random.below(4)).map(|_| body(random, inner, depth - 1)).collect()
        }
        ("contains", inner @ Value::Object(_)) => {
            (0..random.below(4)).map(|_| body(random, inner, depth - 1)).collect()
        }
        ("uniqueItems", Value::Bool(_)) => repetitive(random, depth.min(2)),
        ("type", Value::String(name)) => value_of_type(random, name),
        _ => value(random, depth.min(3)),
    }
}

fn value_of_type(random: &mut Random, name: &str) -> Value {
    match name {
        "null" => Value::Null,
        "boolean" => json!(true),
        "string" => json!(random.pick(&TEXTS)),
        "array" => (0..random.below(4)).map(|_| value(random, 1)).collect(),
        "object" => json!({random.pick(&NAMES): value(random, 1)}),
        _ => number(random),
    }
}

fn document(random: &mut Random) -> Value {
    let mut root = schema(random, 3);
    if let Value::Object(members) = &mut root {
        // The second one is recursive, but only one level further down.
        let first = schema(random, 1).to_string().replace("#/$defs/", "#/$defs/x");
        let first: Value = serde_json::from_str(&first).expect("the text of a value");
        members.insert(
            "$defs".to_owned(),
            json!({"0": {"items": {"$ref": "#"}, "maxLength": 2}, "1": {"$anchor": "one", "type": ["string", "object"],
                "additionalProperties": {"$ref": "#/$defs/0"}},
                "2": {"$id": "http://oracle.example/two", "uniqueItems": true, "contains": {"$ref": "#two"},
                "$defs": {"two": {"$anchor": "two", "multipleOf": 0.5, "pattern": "a"}}}, "x0": first, "x1": {"$ref": "#/$defs/1"}}),
        );
    }
    root
}

/// What a violation may be of; each is to decide some of the cases.
const RULES: [&str; 29] = [
    "additionalProperties",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "false",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "propertyNames",
    "required",
    "type",
    "uniqueItems",
];

/// Whether a value or one inside of it is of a kind.
fn has(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::Array(elements) => elements.iter().any(|element| has(element, is)),
            Value::Object(members) => members.values().any(|member| has(member, is)),
            _ => false,
        }
}

/// Numbers of which the oracle divides not the decimals but the nearest double. So it denies that
/// 18446744073709551615 is a multiple of 1.5, which it is, and has 1e300 as a multiple of 3, which it
/// is not; the double nearest to it is. Only integers that it divides by integers are exact.
fn is_large(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.abs() >= (1_u64 << 53) as f64)
}

#[test]
fn the_jsonschema_crate_agrees() {
    let mut random = Random(20_260_521);
    let mut probe = Probe::new(Limits::default());
    let (mut accepted, mut refused) = (0, 0);
    let mut broken = BTreeMap::new();
    for number in 0..SCHEMAS {
        let schema = document(&mut random);
        let text = schema.to_string();
        let shape = match Shape::from_json(text.as_bytes()) {
            Ok(shape) => shape,
            // Some references end in themselves, and the root may be a schema without definitions.
            Err(ShapeError::Recursion { .. } | ShapeError::Reference { .. }) => continue,
            Err(error) => panic!("schema {number}: {error}: {schema}"),
        };
        let oracle = jsonschema::draft202012::new(&schema).expect("the schema is valid");
        let divides = has(&schema, &|value| value["multipleOf"].is_number());
        let divides_by_fraction = has(&schema, &|value| {
            value["multipleOf"].as_f64().is_some_and(|divisor| divisor.fract() != 0.0)
        });
        for _ in 0..BODIES_PER_SCHEMA {
            let body = body(&mut random, &schema, 4);
            if divides && has(&body, &|value| is_large(value) && value.is_f64())
                || divides_by_fraction && has(&body, &is_large)
            {
                continue;
            }
            let violations = probe.check(&shape, body.to_string().as_bytes());
            let expected = oracle.is_valid(&body);
            let conforms = violations.is_empty();
            assert_eq!(
                conforms, expected,
                "schema {number}: {schema}\nbody: {body}\n{violations:?}"
            );
            for violation in violations {
                *broken.entry(violation.keyword.name()).or_insert(0) += 1;
            }
            *(if conforms { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(accepted + refused > 100_000, "{accepted} accepted, {refused} refused");
    assert!(accepted > 30_000 && refused > 30_000, "{accepted} accepted, {refused} refused");
    broken.retain(|_, count| *count >= 10);
    assert_eq!(broken.into_keys().collect::<Vec<_>>(), RULES);
}
