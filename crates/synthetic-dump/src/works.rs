//! Rows of the six tables that hold works.

use serde_json::{Map, Value, json};

use crate::fields::{asset_path, micros, nested, none, option, some, timestamp};
use crate::source::{Source, User};
use crate::words;

/// One row of a work table; `index` counts the rows of that table from 0.
pub(crate) fn row(table: &str, source: &mut Source<'_>, index: u64) -> Value {
    match table {
        "puzzle_work_profile" => puzzle(source, index),
        "custom_world_profile" => custom_world(source, index),
        "match3d_work_profile" => other(source, index, "match3d", "M3"),
        "square_hole_work_profile" => other(source, index, "square-hole", "SH"),
        "big_fish_work_profile" => other(source, index, "big-fish", "BF"),
        _ => other(source, index, "visual-novel", "VN"),
    }
}

/// The first rows are published, so that a small table still shows something.
fn status(source: &mut Source<'_>, index: u64) -> &'static str {
    if index < 2 || source.chance(85) { "published" } else { "draft" }
}

fn counts(source: &mut Source<'_>, row: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        row.insert((*name).to_owned(), source.below(20_000).into());
    }
}

fn extend(row: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        row.extend(more);
    }
}

fn puzzle(source: &mut Source<'_>, index: u64) -> Value {
    let user = source.user(index / 3 + 8);
    let asset = source.id("asset_");
    let created = micros(source);
    let status = status(source, index);
    let mut row = puzzle_names(source, &user);
    extend(&mut row, puzzle_texts(source));
    let published = (status == "published").then(|| timestamp(created + 86_400_000_000));
    extend(
        &mut row,
        json!({
            "cover_image_src": some(asset_path(source, "generated-puzzle-assets", &asset, &user.id)),
            "cover_asset_id": some(asset),
            "levels_json": levels(source, &user, index),
            "publication_status": status,
            "publish_ready": status == "published",
            "created_at": timestamp(created),
            "updated_at": timestamp(created + source.below(1_000_000_000_000)),
            "published_at": option(published),
            "moderation_note": source.canary("note"),
        }),
    );
    counts(source, &mut row, &["play_count", "like_count", "remix_count"]);
    Value::Object(row)
}

fn puzzle_names(source: &mut Source<'_>, user: &User) -> Map<String, Value> {
    let mut row = Map::new();
    extend(
        &mut row,
        json!({
            "profile_id": source.id("puzzle-profile-"),
            "work_id": source.id("puzzle-work-"),
            "owner_user_id": user.id,
            "public_work_code": some(source.work_code("PZ")),
            "author_display_name": words::author(source, user.index),
            "source_session_id": some(source.session("puzzle-session-")),
        }),
    );
    row
}

fn puzzle_texts(source: &mut Source<'_>) -> Value {
    json!({
        "work_title": words::title(source),
        "work_description": words::summary(source, 1),
        "level_name": words::title(source),
        "summary": words::summary(source, 1),
        "theme_tags_json": nested(&json!(words::tags(source))),
    })
}

fn levels(source: &mut Source<'_>, user: &User, index: u64) -> Value {
    let session = source.session("puzzle-session-");
    let level = |source: &mut Source<'_>| {
        let asset = source.id("asset_");
        json!({
            "level_id": source.id("puzzle-level-"),
            "level_name": words::title(source),
            "cover_image_src": format!("/generated-puzzle-assets/{}/{asset}/image.png", user.id),
            "cover_asset_id": asset,
            "session_id": session,
        })
    };
    let levels: Vec<Value> = (0..1 + u64::from(index % 12 == 5)).map(|_| level(source)).collect();
    nested(&Value::Array(levels))
}

fn custom_world(source: &mut Source<'_>, index: u64) -> Value {
    let user = source.user(index / 2 + 4);
    let created = micros(source);
    let status = status(source, index);
    let asset = source.id("asset_");
    let mut row = Map::new();
    extend(
        &mut row,
        json!({
            "profile_id": source.id("custom-world-profile-"),
            "owner_user_id": user.id,
            "public_work_code": some(source.work_code("CW")),
            "author_public_user_code": some(source.user_code(&user)),
            "source_agent_session_id": some(source.session("custom-world-agent-session-")),
            "author_display_name": words::author(source, user.index),
            "world_name": words::title(source),
            "subtitle": words::title(source),
            "summary_text": words::summary(source, 2),
            "theme_mode": source.pick(&["martial", "arcane", "machina", "tide", "rift", "mythic"]),
            "cover_image_src": some(asset_path(source, "generated-custom-world-covers", &asset, &user.id)),
            "profile_payload_json": world_payload(source, &user),
        }),
    );
    extend(&mut row, custom_world_state(source, status, created));
    counts(source, &mut row, &["play_count", "like_count"]);
    Value::Object(row)
}

fn custom_world_state(source: &mut Source<'_>, status: &str, created: u64) -> Value {
    json!({
        "playable_npc_count": 2,
        "landmark_count": 1 + source.below(9),
        "publication_status": status,
        "published_at": if status == "published" { some(created + 3_600_000_000) } else { none() },
        "deleted_at": none(),
        "created_at": created,
        "updated_at": created + source.below(1_000_000_000_000),
        "internal_review_json": nested(&json!({ "reviewer": source.canary("review") })),
    })
}

fn world_payload(source: &mut Source<'_>, user: &User) -> Value {
    let npc = |source: &mut Source<'_>| {
        let asset = source.id("asset_");
        json!({
            "id": source.id("npc-"),
            "name": words::role(source),
            "description": words::summary(source, 1),
            "image_src": format!("/generated-characters/{asset}/portrait.png"),
            "prompt": source.canary("npc-prompt"),
        })
    };
    nested(&json!({
        "owner_user_id": user.id,
        "name": words::title(source),
        "playable_npcs": [npc(source), npc(source)],
        "landmarks": [{ "id": source.id("landmark-"), "name": words::title(source) }],
        "draft_session": { "session_id": source.session("custom-world-agent-session-") },
    }))
}

/// The four smaller tables have the same columns, with every value plain.
fn other(source: &mut Source<'_>, index: u64, kind: &str, code: &str) -> Value {
    let user = source.user(index / 2 + 4);
    let created = micros(source);
    let status = status(source, index);
    let asset = source.id("asset_");
    let mut row = Map::new();
    extend(
        &mut row,
        json!({
            "profile_id": source.id(&format!("{kind}-profile-")),
            "work_id": source.id(&format!("{kind}-work-")),
            "owner_user_id": user.id,
            "source_session_id": source.session(&format!("{kind}-session-")),
            "public_work_code": source.work_code(code),
            "author_display_name": words::author(source, user.index),
            "title": words::title(source),
            "summary": words::summary(source, 3),
            "tags_json": nested(&json!(words::tags(source))),
            "cover_image_src": asset_path(source, &format!("generated-{kind}-assets"), &asset, &user.id),
            "cover_asset_id": asset,
            "publication_status": status,
            "created_at": created,
            "updated_at": created + 60_000_000,
            "published_at": (status == "published").then_some(created),
            "generation_prompt": source.canary("prompt"),
        }),
    );
    counts(source, &mut row, &["play_count", "like_count"]);
    Value::Object(row)
}
