//! A dataset row as the card that a response carries.

use dataset::Row;
use serde_json::{Map, Value};

/// Columns that only a detail carries: they hold a whole work and would make up most of a list.
pub(crate) const DETAIL_ONLY: [&str; 2] = ["levels_json", "profile_payload_json"];

/// Everything the row has.
pub(crate) fn detail_card(row: &Row) -> Value {
    card(row, |_| true)
}

/// The row without its heavy columns.
pub(crate) fn list_card(row: &Row) -> Value {
    card(row, |column| !DETAIL_ONLY.contains(&column))
}

fn card(row: &Row, shown: impl Fn(&str) -> bool) -> Value {
    let columns = row.iter().filter(|(column, _)| shown(column));
    Value::Object(columns.map(|(column, value)| field(row, column, value)).collect::<Map<_, _>>())
}

/// The field's name and value. A column with the suffix `_json` loses it where its value is JSON or
/// absent, unless another column has that name already.
fn field(row: &Row, column: &str, value: &Value) -> (String, Value) {
    let whole = || (camel_case(column), value.clone());
    match column.strip_suffix("_json") {
        Some(stem) if !stem.is_empty() && !row.contains_key(stem) => match value {
            Value::String(text) => serde_json::from_str(text)
                .map_or_else(|_| whole(), |inner| (camel_case(stem), inner)),
            other => (camel_case(stem), other.clone()),
        },
        _ => whole(),
    }
}

fn camel_case(column: &str) -> String {
    let mut name = String::with_capacity(column.len());
    let mut raise = false;
    for letter in column.chars() {
        match letter {
            '_' => raise = !name.is_empty(),
            _ if raise => {
                name.push(letter.to_ascii_uppercase());
                raise = false;
            }
            _ => name.push(letter),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(value: &Value) -> Row {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn columns_become_camel_case_fields() {
        for (column, expected) in [
            ("profile_id", "profileId"),
            ("a_b_c", "aBC"),
            ("title", "title"),
            ("_hidden__x_", "hiddenX"),
            ("level_2", "level2"),
        ] {
            assert_eq!(camel_case(column), expected);
        }
    }

    #[test]
    fn json_strings_are_parsed_and_renamed() {
        let row = row(&json!({
            "tags_json": "[\"a\"]", "broken_json": "[", "absent_json": null, "tree_json": {"a": 1},
            "cover": "x", "cover_json": "{}", "_json": "1",
        }));
        assert_eq!(
            detail_card(&row),
            json!({
                "tags": ["a"], "brokenJson": "[", "absent": null, "tree": {"a": 1},
                "cover": "x", "coverJson": "{}", "json": "1",
            })
        );
    }

    #[test]
    fn a_list_card_leaves_the_heavy_columns_out() {
        let row = row(&json!({"id": 1, "levels_json": "[1]", "profile_payload_json": "{}"}));
        assert_eq!(list_card(&row), json!({"id": 1}));
        assert_eq!(detail_card(&row), json!({"id": 1, "levels": [1], "profilePayload": {}}));
    }
}
