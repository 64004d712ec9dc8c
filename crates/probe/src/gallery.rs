//! The shapes of the gallery's routes, built in.
//!
//! They are tolerant where nobody has said what the service answers: with an envelope or without,
//! the list under `items`, `entries` or `works` or bare, further fields welcome. They are strict
//! where a card on the page would break: ids, titles, and the types of what a card shows.

/// The names of the shapes, in ascending order.
pub const NAMES: &[&str] = &[
    "custom-world-gallery",
    "custom-world-gallery-detail",
    "custom-world-works",
    "puzzle-gallery",
    "puzzle-gallery-detail",
    "puzzle-works",
    "puzzle-works-detail",
];

macro_rules! source {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/shapes/", $name, ".json"))
    };
}

/// The JSON Schema of a name in [`NAMES`]; `None` for any other.
///
/// `custom-world-gallery-detail` is the shape of both detail routes of that kind, by owner and
/// profile id and by work code.
pub fn shape_source(name: &str) -> Option<&'static str> {
    Some(match name {
        "custom-world-gallery" => source!("custom-world-gallery"),
        "custom-world-gallery-detail" => source!("custom-world-gallery-detail"),
        "custom-world-works" => source!("custom-world-works"),
        "puzzle-gallery" => source!("puzzle-gallery"),
        "puzzle-gallery-detail" => source!("puzzle-gallery-detail"),
        "puzzle-works" => source!("puzzle-works"),
        "puzzle-works-detail" => source!("puzzle-works-detail"),
        _ => return None,
    })
}
