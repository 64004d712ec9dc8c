//! From what was seen to a JSON Schema.

use super::json::Json;
use super::names;
use super::seen::{Member, Members, Room, Seen};

/// Fewer values of one body than this do not show that none is ever empty or negative. Those of other
/// bodies do not count, because a run sees the same body again and again.
const EVIDENCE_MIN: u64 = 8;

/// So many arrays of one body show that all have the same length.
const TUPLES_MIN: u64 = 20;
const TUPLE_LENGTHS: std::ops::RangeInclusive<usize> = 2..=4;

/// Fewer keys with values of the same fields may be the fields of a record.
const ALIKE_KEYS_MIN: usize = 8;
/// Some name of a record's fields stands in more than one of so many objects.
const FEW_OBJECTS: u64 = 4;

type Keywords = Vec<(String, Json)>;

pub(super) fn shape(root: &Seen, title: &str, bodies: u64) -> String {
    let bodies = if bodies == 1 { "1 body".to_owned() } else { format!("{bodies} bodies") };
    let description = format!(
        "Learnt from {bodies}. Loosen what may change: required, enum, minItems, minLength, minimum."
    );
    let mut keywords = Vec::new();
    push(&mut keywords, "$schema", Json::text("https://json-schema.org/draft/2020-12/schema"));
    push(&mut keywords, "title", Json::text(title));
    push(&mut keywords, "description", Json::text(&description));
    keywords.extend(schema(root, false));
    let mut text = String::new();
    Json::Object(keywords).write(0, 0, &mut text);
    text.push('\n');
    text
}

fn push(keywords: &mut Keywords, name: &str, value: Json) {
    keywords.push((name.to_owned(), value));
}

fn number(value: usize) -> Json {
    Json::Plain(value.to_string())
}

/// The keywords for a place. Field names are those of the members around it.
fn schema(seen: &Seen, is_index: bool) -> Keywords {
    let mut keywords = Vec::new();
    let types = types(seen);
    if seen.anything || types.is_empty() {
        return keywords;
    }
    match types[..] {
        [only] => push(&mut keywords, "type", Json::text(only)),
        _ => push(&mut keywords, "type", Json::texts(types.iter().copied())),
    }
    push_words(&mut keywords, seen, &types);
    if seen.empty_strings == 0 && seen.strings.in_one_body >= EVIDENCE_MIN {
        push(&mut keywords, "minLength", number(1));
    }
    if !seen.negative && seen.numbers.in_one_body >= EVIDENCE_MIN {
        push(&mut keywords, "minimum", number(0));
    }
    push_array(&mut keywords, seen);
    push_object(&mut keywords, seen, is_index);
    keywords
}

fn types(seen: &Seen) -> Vec<&'static str> {
    let number = if seen.fractions > 0 { "number" } else { "integer" };
    let seen_types = [
        ("boolean", seen.booleans),
        (number, seen.numbers.total),
        ("string", seen.strings.total),
        ("array", seen.arrays.total),
        ("object", seen.objects),
        ("null", seen.nulls),
    ];
    seen_types.iter().filter(|(_, count)| *count > 0).map(|(name, _)| *name).collect()
}

fn push_words(keywords: &mut Keywords, seen: &Seen, types: &[&str]) {
    let are_texts = types.iter().all(|name| matches!(*name, "string" | "null"));
    let Some(words) = seen.choices.words().filter(|_| are_texts) else { return };
    let Json::List(mut values) = Json::texts(words) else { return };
    // An enum speaks about nulls too.
    values.extend((seen.nulls > 0).then(|| "null".to_owned()));
    push(keywords, "enum", Json::List(values));
}

fn push_array(keywords: &mut Keywords, seen: &Seen) {
    let (least, most) = seen.lengths;
    if is_tuple(seen) {
        push(keywords, "minItems", number(least));
        push(keywords, "maxItems", number(most));
    } else if seen.arrays.in_one_body >= EVIDENCE_MIN && least > 0 {
        push(keywords, "minItems", number(1));
    }
    if let Some(item) = &seen.item {
        push_schema(keywords, "items", schema(item, false));
    }
}

/// Whether all arrays are as long as each other because they mean a pair or the like, and not because
/// the lists happen to be so.
fn is_tuple(seen: &Seen) -> bool {
    let (least, most) = seen.lengths;
    let is_number =
        |item: &Seen| types(item).iter().all(|name| ["integer", "number"].contains(name));
    least == most
        && TUPLE_LENGTHS.contains(&least)
        && seen.arrays.in_one_body >= TUPLES_MIN
        && !seen.within_map
        && seen.item.as_ref().is_some_and(|item| !item.anything && is_number(item))
}

/// A schema that asks for nothing is left out.
fn push_schema(keywords: &mut Keywords, name: &str, schema: Keywords) {
    if !schema.is_empty() {
        push(keywords, name, Json::Object(schema));
    }
}

fn push_object(keywords: &mut Keywords, seen: &Seen, is_index: bool) {
    match &seen.members {
        Members::Named { list, .. } if list.is_empty() => {}
        Members::Named { list, closed } if is_index || is_map(list, seen.objects) => {
            if !closed {
                push_schema(keywords, "additionalProperties", schema(&joined(list), false));
            }
        }
        Members::Named { list, .. } => push_properties(keywords, list, seen.objects),
        Members::Mapped(Some(value)) => {
            push_schema(keywords, "additionalProperties", schema(value, false));
        }
        Members::Mapped(None) => {}
    }
}

fn push_properties(keywords: &mut Keywords, list: &[Member], objects: u64) {
    let required: Vec<&str> = list
        .iter()
        .filter(|member| member.present == objects)
        .map(|member| &*member.name)
        .collect();
    if !required.is_empty() {
        push(keywords, "required", Json::texts(required));
    }
    let property = |member: &Member| {
        let schema = schema(&member.seen, names::is_index(&member.name));
        (member.name.to_string(), Json::Object(schema))
    };
    push(keywords, "properties", Json::Object(list.iter().map(property).collect()));
}

/// Whether the keys are data, going by where they stand: each in few objects, or each with a value
/// of the same fields or of the same plain type.
fn is_map(list: &[Member], objects: u64) -> bool {
    let is_rare = |member: &Member| member.present * FEW_OBJECTS <= objects;
    if objects >= EVIDENCE_MIN && list.iter().all(is_rare) {
        return true;
    }
    list.len() >= ALIKE_KEYS_MIN && (have_one_plain_type(list) || have_the_same_fields(list))
}

/// Whether all values are texts, or all numbers, or all booleans; nulls may stand for any.
fn have_one_plain_type(list: &[Member]) -> bool {
    let mut common = None;
    list.iter().all(|member| {
        let types = types(&member.seen).into_iter().filter(|name| *name != "null");
        match types.collect::<Vec<_>>()[..] {
            [] => !member.seen.anything,
            ["array" | "object"] => false,
            [name] => !member.seen.anything && *common.get_or_insert(name) == name,
            _ => false,
        }
    })
}

fn have_the_same_fields(list: &[Member]) -> bool {
    let first = list.first().and_then(|member| fields_alone(&member.seen));
    first.is_some() && list.iter().all(|member| fields_alone(&member.seen) == first)
}

/// The names of the fields of a place that has objects with some, and nothing else.
fn fields_alone(seen: &Seen) -> Option<Vec<&str>> {
    let Members::Named { list, .. } = &seen.members else { return None };
    if seen.anything || list.is_empty() || types(seen) != ["object"] {
        return None;
    }
    let mut names: Vec<_> = list.iter().map(|member| &*member.name).collect();
    names.sort_unstable();
    Some(names)
}

/// What the values of all keys have in common.
fn joined(list: &[Member]) -> Seen {
    let mut room = Room {
        depth_max: usize::MAX,
        places_max: usize::MAX,
        keys_max: usize::MAX,
        places: list.iter().map(|member| member.seen.places()).sum(),
        generalised: 0,
        body: 0,
    };
    let mut values = list.iter().map(|member| member.seen.clone());
    let mut joined = values.next().unwrap_or_else(|| Seen::new(false, true));
    values.for_each(|value| joined.absorb(value, &mut room));
    joined.forget_choices();
    joined
}
