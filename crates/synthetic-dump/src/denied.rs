//! Rows of the private tables. Every one is full of canaries, in values, key names and depths.

use serde_json::{Value, json};

use crate::fields::{micros, nested, some, timestamp};
use crate::source::Source;

pub(crate) const TABLES: [&str; 19] = [
    "ai_task",
    "ai_task_stage",
    "ai_text_chunk",
    "asset_entity_binding",
    "asset_object",
    "auth_identity",
    "auth_store_snapshot",
    "profile_invite_code",
    "profile_invite_relation",
    "profile_played_world",
    "profile_redeem_code",
    "profile_redeem_record",
    "profile_save_archive",
    "profile_wallet_ledger",
    "public_work_play_daily_stat",
    "puzzle_runtime_run",
    "refresh_session",
    "runtime_snapshot",
    "user_account",
];

/// One row of a private table.
pub(crate) fn row(table: &str, source: &mut Source<'_>, index: u64) -> Value {
    let user = source.user(index + 8);
    let time = timestamp(micros(source));
    let detail = match table {
        "user_account" => account(source),
        "auth_identity" => credential(source, "auth-identity"),
        "refresh_session" | "auth_store_snapshot" => token(source),
        "asset_object" | "asset_entity_binding" => asset(source),
        "runtime_snapshot" | "profile_save_archive" | "puzzle_runtime_run" => snapshot(source),
        "ai_task" | "ai_task_stage" | "ai_text_chunk" => task(source),
        _ => ledger(source),
    };
    json!({
        "id": source.canary(table),
        "user_id": user.id,
        "created_at": time,
        "detail": detail,
    })
}

/// A row of the table that no list mentions.
pub(crate) fn unknown_row(source: &mut Source<'_>) -> Value {
    json!({ "entry": source.canary("entry"), "enabled": true })
}

fn account(source: &mut Source<'_>) -> Value {
    let email = format!("{}@mail.example", source.canary("e-mail"));
    source.note_canary(&email);
    json!({
        "display_name": source.canary("name"),
        "phone_number": some(source.phone()),
        "email": email,
        "password_hash": format!("$argon2id$v=19$m=19456,t=2,p=1${}", source.canary("hash")),
    })
}

fn credential(source: &mut Source<'_>, place: &str) -> Value {
    let key = source.canary(place);
    // A key name that is itself a secret, and one that must not be taken for a table.
    json!({ key: source.canary("open-id"), "puzzle_work_profile": [{ "profile_id": source.canary("inner") }] })
}

fn token(source: &mut Source<'_>) -> Value {
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}", source.canary("token"));
    source.note_canary(&token);
    json!({ "refresh_token": token, "session": source.session("refresh-session-") })
}

/// An escaped quote, a bracket and a backslash: what a careless scanner stumbles over.
fn asset(source: &mut Source<'_>) -> Value {
    let odd = format!("\\\"]}}{{[ {} \\", source.canary("asset"));
    json!({ "object_key": odd, "bytes": "0102feff", "asset_id": source.id("asset_") })
}

fn snapshot(source: &mut Source<'_>) -> Value {
    let inner = json!({
        "name": "puzzle_work_profile",
        "rows": [{ "profile_id": source.canary("snapshot"), "work_title": source.canary("title") }],
    });
    json!({ "tables": [inner.clone()], "snapshot_json": nested(&inner) })
}

fn task(source: &mut Source<'_>) -> Value {
    json!({
        "prompt": format!("请根据{}写一个故事。\n第二行", source.canary("prompt")),
        "chunks": [source.canary("chunk"), [[source.canary("deep")]]],
        "usage": { "tokens": source.below(9_000) },
    })
}

fn ledger(source: &mut Source<'_>) -> Value {
    json!({ "code": source.canary("code"), "amount": -1, "balance": source.below(100_000), "note": null })
}
