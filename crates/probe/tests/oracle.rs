//! Generated schemas and bodies, judged here and by the `jsonschema` crate, which must agree.
//!
//! The cases are the same in every run. Bodies stay within what both sides read alike: no key
//! twice, and numbers that a double holds exactly.

use probe::{Limits, Probe, Shape, ShapeError};
use serde_json::{Map, Value, json};

const SCHEMAS: u64 = 2_000;
const BODIES_PER_SCHEMA: usize = 15;

/// SplitMix64: the cases need no better numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn some_of<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        from.iter().filter(|_| self.one_in(2)).cloned().collect()
    }
}

const NAMES: [&str; 6] = ["a", "b", "c~/d", "é", "", "longer-name"];
const TEXTS: [&str; 7] = ["", "a", "ab", "é森", "😀", "a\"\\\n", "abcdefghij"];
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
            1 => json!({"$ref": format!("#/$defs/{}", random.below(2))}),
            2 => json!({"const": value(random, 1)}),
            _ => json!({"type": random.pick(&TYPES)}),
        };
    }
    let mut schema = Map::new();
    for _ in 0..=random.below(4) {
        let (keyword, value) = keyword(random, depth);
        schema.insert(keyword.to_owned(), value);
    }
    Value::Object(schema)
}

fn keyword(random: &mut Random, depth: usize) -> (&'static str, Value) {
    const KEYWORDS: [&str; 31] = [
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
        "additionalProperties" | "items" | "not" | "if" | "then" | "else" => {
            schema(random, depth - 1)
        }
        "title" => json!("text"),
        _ => json!(random.below(4)),
    };
    (keyword, value)
}

/// Values that are made to fit better than chance: parts of the schema's own values and names.
fn body(random: &mut Random, schema: &Value, depth: usize) -> Value {
    if random.one_in(4) || depth == 0 {
        return value(random, depth.min(3));
    }
    let fitting = ["const", "enum", "anyOf", "allOf", "oneOf", "properties", "items", "type"];
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
            json!({"0": {"items": {"$ref": "#"}, "maxLength": 2}, "1": {"type": ["string", "object"],
                "additionalProperties": {"$ref": "#/$defs/0"}}, "x0": first, "x1": {"$ref": "#/$defs/1"}}),
        );
    }
    root
}

#[test]
fn the_jsonschema_crate_agrees() {
    let mut random = Random(20_260_521);
    let mut probe = Probe::new(Limits::default());
    let (mut accepted, mut refused) = (0, 0);
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
        for _ in 0..BODIES_PER_SCHEMA {
            let body = body(&mut random, &schema, 4);
            let violations = probe.check(&shape, body.to_string().as_bytes());
            let expected = oracle.is_valid(&body);
            let conforms = violations.is_empty();
            assert_eq!(
                conforms, expected,
                "schema {number}: {schema}\nbody: {body}\n{violations:?}"
            );
            *(if conforms { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(accepted + refused > 25_000, "{accepted} accepted, {refused} refused");
    assert!(accepted > 5_000 && refused > 5_000, "{accepted} accepted, {refused} refused");
}
