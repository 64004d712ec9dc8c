//! Any bytes as a shape and as bodies: never a panic, what serde_json takes is taken, what is known
//! again is judged as it would be in full, and what is learnt holds for what it was learnt from.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use probe::{
    Contract, ItemRules, Keyword, LearnLimits, Learner, Limits, Probe, Shape, Violation, gallery,
};

/// For bytes that are no shape.
static SHAPES: LazyLock<Vec<Arc<Shape>>> = LazyLock::new(|| {
    let source = |name: &&str| gallery::shape_source(name).expect("a built-in shape");
    let built_in = gallery::NAMES.iter().map(source);
    let odd = [
        r#"{"not": {"const": {"data": {"items": []}}}, "uniqueItems": true}"#,
        r#"{"oneOf": [{"minProperties": 2}, {"contains": {"type": "object"}}, {"type": "string"}]}"#,
    ];
    let shape = |source: &str| Arc::new(Shape::from_json(source.as_bytes()).expect("a shape"));
    built_in.chain(odd).map(shape).collect()
});

static ANY: LazyLock<Shape> = LazyLock::new(Shape::any);

/// The bytes up to the next line of `--`, and the rest.
fn part(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(4).position(|window| window == b"\n--\n") {
        Some(at) => (&data[..at], &data[at + 4..]),
        None => (data, &[]),
    }
}

fn texts(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(ToString::to_string).collect()
}

/// What serde_json takes is taken, but for what JSON leaves open and the bounds; what it refuses is
/// refused, but for numbers beyond the doubles.
fn beside_serde_json(probe: &mut Probe, body: &[u8]) {
    let ours = probe.check(&ANY, body);
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(_) => {
            let open = [Keyword::DuplicateKey, Keyword::Depth];
            assert!(ours.iter().all(|found| open.contains(&found.keyword)), "{:?}", texts(ours));
        }
        Err(error) => {
            let text = error.to_string();
            let bound = text.contains("out of range") || text.contains("recursion limit");
            assert!(bound || !ours.is_empty(), "{text}");
        }
    }
}

/// Whatever was seen conforms to what was learnt.
fn learnt(probe: &mut Probe, bodies: &[Vec<u8>]) {
    let mut learner = Learner::new(LearnLimits::default());
    let seen: Vec<_> = bodies.iter().filter(|body| learner.observe(body).is_ok()).collect();
    let shape = Shape::from_json(learner.shape_json("any").as_bytes()).expect("a learnt shape");
    for body in seen {
        assert_eq!(texts(probe.check(&shape, body)), [""; 0]);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let (schema, mut rest) = part(data);
    let shape = match Shape::from_json(schema) {
        Ok(shape) => Arc::new(shape),
        Err(error) => {
            // An error can be shown, whatever it is about.
            assert!(!error.to_string().is_empty());
            Arc::clone(&SHAPES[usize::from(choice) % SHAPES.len()])
        }
    };
    let contract = Contract::new(shape);
    let rules = ItemRules::of_list(["/data/items", "/items", "/data", ""], "profileId");
    let contract = if choice & 1 == 0 { contract } else { contract.with_items(rules) };
    let mut bodies = vec![schema.to_vec()];
    while !rest.is_empty() && bodies.len() < 8 {
        let (body, more) = part(rest);
        bodies.push(body.to_vec());
        bodies.push([b"{\"data\":", body, b",\"meta\":{\"requestId\":\"r\"}}"].concat());
        bodies.push([b"{\"meta\":{\"id\":[1]}, \"data\" : ", body, b"}"].concat());
        rest = more;
    }
    let mut probe = Probe::new(Limits::default());
    let mut full = Probe::new(Limits { kept_bytes_max: 0, ..Limits::default() });
    for body in bodies.iter().chain(&bodies) {
        let ours = probe.examine(&contract, &[], body);
        let theirs = full.examine(&contract, &[], body);
        // What is remembered takes no effort.
        if ours.unchanged && theirs.violations.iter().any(|one| one.keyword == Keyword::Effort) {
            continue;
        }
        assert_eq!(texts(ours.violations), texts(theirs.violations));
        assert_eq!(ours.items, theirs.items);
    }
    for body in &bodies {
        beside_serde_json(&mut full, body);
    }
    learnt(&mut full, &bodies);
});
