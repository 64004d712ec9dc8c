//! What happens to one column, and why, for whoever reviews a policy.

use super::render::line;
use super::{Nested, Policy, Rule, SEED_DENIED_COLUMNS, Table, compile};
use crate::glob;

impl Policy {
    /// Says in a few lines what happens to a column and why. A key inside a JSON column is named
    /// with dots: `levels_json.level_name`. Every name gets an answer, also one that no list has.
    pub fn explain(&self, table: &str, column: &str) -> String {
        let mut text = String::new();
        let Some(known) = self.table(table).map(|index| &self.tables[index]) else {
            self.explain_table(table, &mut text);
            return text;
        };
        let mut keys = column.split('.');
        let first = keys.next().unwrap_or_default();
        let Some(index) = known.column(first) else {
            explain_unlisted(&format!("{}.{first}", known.name), first, &mut text);
            return text;
        };
        let found = &known.columns[index];
        let (mut place, mut rule) = (format!("{}.{}", known.name, found.name), &found.rule);
        for name in keys {
            let Some(key) = key(rule, name) else {
                explain_unlisted(&format!("{place}.{name}"), name, &mut text);
                return text;
            };
            place = format!("{}.{}", known.name, key.place);
            rule = &key.rule;
        }
        line(&mut text, format_args!("{place}: {}", self.action(known, rule)));
        self.explain_rule(known, rule, &mut text);
        let name = place.rsplit('.').next().unwrap_or_default();
        let camel = compile::camel(name);
        if camel != name {
            line(&mut text, format_args!("  also spelled: {camel}"));
        }
        if !column.contains('.') {
            explain_uses(known, index, &mut text);
        }
        text
    }

    fn explain_table(&self, table: &str, text: &mut String) {
        match self.deny.iter().find(|pattern| glob::matches(pattern, table)) {
            Some(pattern) => line(
                text,
                format_args!(
                    "{table}: denied\n  The deny list has \"{pattern}\". The table is skipped, its rows are counted, and no policy can allow it."
                ),
            ),
            None => line(
                text,
                format_args!(
                    "{table}: unknown: dropped\n  No [[table]] of the policy has this name or alias. The table is skipped, and its rows are counted."
                ),
            ),
        }
    }

    fn explain_rule(&self, table: &Table, rule: &Rule, text: &mut String) {
        line(text, format_args!("  {}", in_words(rule)));
        match rule {
            Rule::Pseudonym(domain) | Rule::Path(domain) => self.explain_domain(*domain, text),
            Rule::Json(Nested::Keys(keys)) => {
                let names: Vec<_> = keys.list.iter().map(|key| key.name.as_str()).collect();
                line(text, format_args!("  listed keys: {}", names.join(", ")));
            }
            Rule::Json(Nested::Items(rule)) => {
                line(text, format_args!("  each value: {}", self.action(table, rule)));
                self.explain_rule(table, rule, text);
            }
            _ => {}
        }
    }

    fn explain_domain(&self, index: usize, text: &mut String) {
        let domain = &self.domains[index];
        line(text, format_args!("  domain: {}", domain.name));
        line(text, format_args!("  form: {}", domain.form_in_words()));
        if !domain.patterns().is_empty() {
            line(text, format_args!("  in paths: {}", domain.patterns().join(", ")));
        }
        let joined = self.tables.iter().flat_map(|table| {
            let is_joined = move |rule: &Rule| *rule == Rule::Pseudonym(index);
            let columns = table.columns.iter().filter(move |column| is_joined(&column.rule));
            columns.map(move |column| format!("{}.{}", table.name, column.name))
        });
        line(text, format_args!("  joined with: {}", joined.collect::<Vec<_>>().join(", ")));
    }
}

fn key<'p>(rule: &'p Rule, name: &str) -> Option<&'p super::Key> {
    match rule {
        Rule::Json(Nested::Keys(keys)) => keys.find(name).map(|index| &keys.list[index]),
        Rule::Json(Nested::Items(rule)) => key(rule, name),
        _ => None,
    }
}

fn explain_unlisted(place: &str, name: &str, text: &mut String) {
    if compile::denied(name, SEED_DENIED_COLUMNS.into_iter()).is_some() {
        line(
            text,
            format_args!(
                "{place}: denied: dropped\n  Session columns are never extracted; a policy may only list them as \"drop\"."
            ),
        );
    } else {
        line(
            text,
            format_args!(
                "{place}: unknown: dropped\n  The policy does not list it. It is left out and counted; list it with a rule to keep something of it, or as \"drop\" to say that it is known."
            ),
        );
    }
}

fn explain_uses(table: &Table, column: usize, text: &mut String) {
    let mut uses = Vec::new();
    if table.id == column {
        uses.push("the row's id, on which its texts and its place in a sample depend");
    }
    if let Some(work) = &table.work {
        let is = |part: Option<usize>| part == Some(column);
        uses.extend(is(work.owner).then_some("the owner in the works list"));
        uses.extend(is(work.code).then_some("the code in the works list"));
    }
    if let Some(published) = &table.published {
        uses.extend((published.column == column).then_some("says whether a work is published"));
        uses.extend(
            (published.deleted == Some(column)).then_some("says whether a work is deleted"),
        );
    }
    for usage in uses {
        line(text, format_args!("  used as: {usage}"));
    }
}

fn in_words(rule: &Rule) -> &'static str {
    match rule {
        Rule::Drop => {
            "It is listed in order to leave it out: dropped and counted, but not as unknown."
        }
        Rule::Read => "It is read and not written.",
        Rule::Keep(None) => "Numbers, true and false stay as they are; text is an error.",
        Rule::Keep(Some(_)) => {
            "Only these values stay as they are; others become null and are counted."
        }
        Rule::Count(None) => "A whole number, kept digit for digit.",
        Rule::Count(Some(_)) => "A whole number, rounded to so many significant digits.",
        Rule::Time(None) => "A moment in microseconds, kept.",
        Rule::Time(Some(_)) => {
            "A moment in microseconds, shifted by whole seconds that only the key tells and that are the same for all times of one author."
        }
        Rule::Text => {
            "Synthetic text with as many characters and bytes and the same scripts; nothing of the original but its punctuation."
        }
        Rule::KeptText => "The original text, because the policy asks for it.",
        Rule::Pseudonym(_) => {
            "An identifier: a pseudonym that only the key tells, the same wherever the same value occurs in its domain."
        }
        Rule::Path(_) => {
            "A path or URL: listed words and extensions stay, ids become pseudonyms, host and query are dropped."
        }
        Rule::Json(_) => {
            "JSON, also inside a text: what is listed has rules of its own, the rest is left out and counted."
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Policy;

    fn check(table: &str, column: &str, expected: &[&str]) {
        let text = Policy::builtin().explain(table, column);
        for part in expected {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }

    #[test]
    fn every_column_is_explained_with_its_reason() {
        let table = "puzzle_work_profile";
        check(
            table,
            "owner_user_id",
            &[
                "puzzle_work_profile.owner_user_id: { pseudonym = \"user\" }\n",
                "domain: user\n",
                "form: `user-` and 16",
                "in paths: user_*, user-*",
                "ownerUserId",
                "used as: the owner in the works list",
                "custom_world_profile.owner_user_id",
            ],
        );
        check(table, "profileId", &["puzzle_work_profile.profile_id", "the row's id"]);
        check(table, "public_work_code", &["form: another code", "the code in the works list"]);
        check(table, "publication_status", &["says whether a work is published"]);
        check(table, "levels_json", &["listed keys: cover_asset_id, cover_image_src"]);
        check(table, "levels_json.levelName", &["levels_json.level_name: \"text\"", "Synthetic"]);
        check(table, "theme_tags_json", &["each value: \"text\"", "Synthetic"]);
        check("match_3_d_work_profile", "title", &["match3d_work_profile.title"]);
        check("custom_world_profile", "playable", &["unknown: dropped"]);
    }

    #[test]
    fn what_is_not_listed_is_explained_too() {
        let table = "puzzle_work_profile";
        check(table, "moderation_note", &["moderation_note: unknown: dropped"]);
        check(table, "levels_json.session_id", &["levels_json.session_id: unknown: dropped"]);
        check(table, "levels_json.sourceSessionId", &["denied: dropped"]);
        check(table, "source_session_id", &["\"drop\"", "listed in order to leave it out"]);
        check("profile_redeem_code", "id", &["denied", "profile_redeem_*"]);
        check("something", "id", &["something: unknown: dropped"]);
    }
}
