//! What a schema cannot say of an endpoint's answers, as the plan has it.

use probe::ItemRules;

use super::Role;
use super::file::ItemsFile;
use crate::template::Template;

/// Where items are looked for, unless the plan says otherwise: the service has not said whether it
/// wraps its answers, nor what it calls the list.
const LISTS: [&str; 8] =
    ["/data/items", "/data/entries", "/data/works", "/data", "/items", "/entries", "/works", ""];
const DETAILS: [&str; 8] =
    ["/data/item", "/data/entry", "/data/work", "/data", "/item", "/entry", "/work", ""];

const PLACES_MAX: usize = 32;

/// Rules of items, before it is known which ids there are.
#[derive(Clone, Debug)]
pub(crate) struct ItemsPlan {
    rules: ItemRules,
    /// The fields of the path whose values the item must have.
    fields: Vec<String>,
}

impl ItemsPlan {
    /// The rules of an endpoint with this path.
    pub(super) fn read(file: &ItemsFile, role: Role, path: &Template) -> Result<Self, String> {
        let defaults = if role == Role::List { LISTS } else { DETAILS };
        let places: Vec<&str> = match &file.at {
            Some(places) => places.iter().map(String::as_str).collect(),
            None => defaults.to_vec(),
        };
        let is_pointer = |place: &&str| place.is_empty() || place.starts_with('/');
        if places.is_empty() || places.len() > PLACES_MAX || !places.iter().all(is_pointer) {
            return Err(format!(
                "has items that need 1 to {PLACES_MAX} JSON Pointers, such as /data/items"
            ));
        }
        let fields: Vec<String> = path.fields().map(str::to_owned).collect();
        if let Some(unknown) = file.asked.keys().find(|name| !fields.contains(name)) {
            return Err(format!("has items with asked.{unknown}, which is no field of its path"));
        }
        let members = fields.iter().map(|field| file.asked.get(field).unwrap_or(field).as_str());
        let rules = match role {
            Role::List => ItemRules::of_list(places, &file.id),
            Role::Detail => ItemRules::of_detail(places, &file.id).asked(members),
        };
        Ok(ItemsPlan { rules, fields })
    }

    /// The rules, with the ids that the items of a list must have where they are known.
    pub(crate) fn rules(&self, known: Option<Vec<&str>>) -> ItemRules {
        let rules = self.rules.clone();
        match known {
            Some(ids) => rules.known(ids),
            None => rules,
        }
    }

    /// The fields of the path whose values a detail is held against, in the order of the rules.
    pub(crate) fn fields(&self) -> &[String] {
        &self.fields
    }
}
