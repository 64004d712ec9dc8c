//! Every planted leak is found, and nothing that the grammar allows is one.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use common::{grammar, options, origin, places, run, search};
use leak_audit::{AuditError, Kind};

const SMALL: usize = 24 << 20;
/// So little that secrets go through the filter, in several rounds.
const LARGE: usize = 600;

/// Checks that each of the texts is found where it should be, kept in either way.
fn check(secrets: &[&str], row: &str, expected: &[&str]) {
    let output = format!("{{\"tables\":{{\"t\":[\n{{\"id\":null}},\n{row}]}}}}\n");
    for memory in [SMALL, LARGE] {
        let filler: Vec<String> = (0..60).map(|n| format!("another secret {n}猫猫")).collect();
        let all: Vec<&str> =
            secrets.iter().copied().chain(filler.iter().map(String::as_str)).collect();
        let verdict = search(&all, Kind::Denied, &output, options(memory));
        assert_eq!(places(&verdict), expected, "{row} with {memory} bytes: {verdict:?}");
    }
}

#[test]
fn a_secret_is_found_as_a_whole_and_inside_of_others() {
    check(&["Wang Xiaoming"], r#"{"id":"Wang Xiaoming"}"#, &["/tables/t/1/id"]);
    check(&["Wang Xiaoming"], r#"{"id":"by Wang Xiaoming, 2024"}"#, &["/tables/t/1/id"]);
    check(&["Wang Xiaoming"], r#"{"id":"by WANG XIAOMING"}"#, &["/tables/t/1/id"]);
    check(&["王小明的"], r#"{"id":"x王小明的x"}"#, &["/tables/t/1/id"]);
    check(&["王小明的画室很大"], r#"{"title":"王小明的画室很大"}"#, &["/tables/t/1/title"]);
    check(&["alice"], r#"{"id":["no",{"items":"alice"}]}"#, &["/tables/t/1/id/1/items"]);
}

#[test]
fn four_characters_are_a_secret_and_three_are_none() {
    check(&["abcd", "猫猫狗狗"], r#"{"id":"abcd"}"#, &["/tables/t/1/id"]);
    check(&["abcd", "猫猫狗狗"], r#"{"id":"猫猫狗狗"}"#, &["/tables/t/1/id"]);
    check(&["abc", "猫猫狗"], r#"{"id":"abc猫猫狗"}"#, &[]);
}

#[test]
fn a_secret_is_found_in_a_path_and_parts_of_a_path_are_secrets() {
    check(&["alice"], r#"{"src":"/assets/alice/cover.webp"}"#, &["/tables/t/1/src"]);
    check(&["alice"], r#"{"src":"https://cdn.invalid/assets/alice.webp"}"#, &["/tables/t/1/src"]);
    check(&["/private/alice.png?user=bob1"], r#"{"id":"alice"}"#, &["/tables/t/1/id"]);
    check(&["/private/alice.png?user=bob1"], r#"{"id":"bob1"}"#, &["/tables/t/1/id"]);
    check(&["/a/%61lice"], r#"{"id":"alice"}"#, &["/tables/t/1/id"]);
    check(&["/a1/b2"], r#"{"src":"/assets/a1/b2/c3"}"#, &["/tables/t/1/src"]);
    check(&["/assets/cover"], r#"{"src":"https://cdn.invalid/assets/cover.webp"}"#, &[]);
}

#[test]
fn a_secret_is_found_in_json_inside_of_strings() {
    let once =
        serde_json::json!({ "data": serde_json::json!({"items": ["王小明明"]}).to_string() });
    check(&["王小明明"], &once.to_string(), &["/tables/t/1/data/items/0"]);
    let inner = serde_json::json!({"name": "王小明明"}).to_string();
    let twice = serde_json::json!({ "data": serde_json::json!([inner]).to_string() });
    check(&["王小明明"], &twice.to_string(), &["/tables/t/1/data/0/name"]);
    let dump = serde_json::json!([inner]).to_string();
    check(&[&dump], r#"{"id":"王小明明"}"#, &["/tables/t/1/id"]);
    check(&[&dump], r#"{"id":"[王小明明"}"#, &["/tables/t/1/id"]);
}

#[test]
fn escapes_hide_nothing_on_either_side() {
    check(&["中文秘密"], r#"{"id":"\u4e2d文\u79d8密"}"#, &["/tables/t/1/id"]);
    check(&["a\"b\\c\n"], r#"{"id":"a\"b\\c\n"}"#, &["/tables/t/1/id"]);
    for (dump, output) in [
        (r#"{"k":"\u4e2d\u6587\u79d8\u5bc6"}"#, r#"["中文秘密"]"#),
        (r#"{"\u4e2d\u6587\u79d8\u5bc6":1}"#, r#"["中文秘密"]"#),
        (r#"["\ud83d\ude00\ud83d\ude00ab"]"#, r#"["😀😀ab"]"#),
        (r#"["\ud83dxyz!"]"#, r#"["\ud83dxyz!"]"#),
        (r#"["[\"\\u4e2d文秘密\"]"]"#, r#"["中文秘密"]"#),
    ] {
        for size in 1..dump.len() {
            let verdict = run(grammar(), options(SMALL), output, size, &mut |collector| {
                let pieces = dump.as_bytes().chunks(size);
                pieces.for_each(|piece| collector.json(origin(Kind::Denied), piece));
                collector.json_end(origin(Kind::Denied));
            });
            assert_eq!(places(&verdict), ["/0"], "{dump}");
        }
    }
}

#[test]
fn the_first_and_the_last_byte_are_searched() {
    for output in ["\"secret\"", "[\"secret\"]", "1\n\"secret\"", "\"secret\"\n2"] {
        let verdict = search(&["secret"], Kind::Denied, output, options(SMALL));
        let Err(AuditError::Leak { hits, total: 1 }) = &verdict else { panic!("{verdict:?}") };
        assert_eq!(hits[0].offset, output.find('"').unwrap() as u64);
        assert_eq!((hits[0].characters, hits[0].times), (6, 1));
        assert_eq!(hits[0].origin, Some(origin(Kind::Denied)));
    }
}

#[test]
fn a_key_that_is_no_word_is_a_finding_and_is_not_shown() {
    check(&[], r#"{"alice":{"id":1}}"#, &["/tables/t/1/*"]);
    check(&["alice"], r#"{"alice":1}"#, &["/tables/t/1/*", "/tables/t/1/*"]);
    let inside = serde_json::json!({ "data": r#"{"alice":"x"}"# }).to_string();
    check(&[], &inside, &["/tables/t/1/data/*"]);
    // Synthetic text may look like an object.
    let text = serde_json::json!({ "title": r#"{"qwxk":"zvbn"}"# }).to_string();
    check(&[], &text, &[]);
}

#[test]
fn words_and_tokens_are_none_unless_the_dump_has_the_token() {
    check(&["published", "PUBLISHED"], r#"{"id":"published"}"#, &[]);
    check(&["user"], r#"{"id":"user-abcdefghijklm234"}"#, &[]);
    check(&["user-abcdefghijklm234"], r#"{"id":"user-abcdefghijklm234"}"#, &["/tables/t/1/id"]);
    check(
        &["abcdefghijklm234"],
        r#"{"src":"/assets/asset-abcdefghijklm234.webp"}"#,
        &["/tables/t/1/src"],
    );
    check(&["cdefghijklm234"], r#"{"id":"user-abcdefghijklm234"}"#, &[]);
    // Another prefix makes no token.
    check(&["cdefghijklm234"], r#"{"id":"work-abcdefghijklm234"}"#, &["/tables/t/1/id"]);
}

#[test]
fn chance_excuses_what_it_can_make_and_nothing_else() {
    // Two frequent characters and punctuation are expected somewhere.
    check(&["的一，。"], r#"{"title":"的一，。是不的一，。"}"#, &[]);
    check(&["……!!"], r#"{"title":"……!!"}"#, &["/tables/t/1/title"]);
    check(&["，。！？"], r#"{"title":"，。！？"}"#, &[]);
    // A character that the generator never makes.
    check(&["的猫的一"], r#"{"title":"的猫的一"}"#, &["/tables/t/1/title"]);
    let long = "里作后发过年之自下着于得那子而能生对";
    check(&[long], &format!("{{\"title\":\"{long}\"}}"), &["/tables/t/1/title"]);
    check(
        &[long],
        &format!("{{\"data\":\"{{\\\"name\\\":\\\"{long}\\\"}}\"}}"),
        &["/tables/t/1/data/name"],
    );
    // Codes: the start is kept, the rest is drawn.
    check(&["PUZZLE"], r#"{"code":"PUZZLE-1234"}"#, &[]);
    check(&["PUZZLE-1234"], r#"{"code":"PUZZLE-1234"}"#, &[]);
    check(&["PW-0123456789AB"], r#"{"code":"PW-0123456789AB"}"#, &["/tables/t/1/code"]);
    check(
        &["/x/PW-0123456789AB"],
        r#"{"code":"/x/PW-0123456789AB"}"#,
        &["/tables/t/1/code", "/tables/t/1/code"],
    );
}

#[test]
fn kept_values_may_be_sensitive_but_not_from_dropped_places_only() {
    let output = r#"{"tables":{"t":[{"note":"王小明的画室"}]}}"#;
    for memory in [SMALL, LARGE] {
        let verdict = search(&["王小明的"], Kind::Sensitive, output, options(memory));
        assert!(verdict.is_ok(), "{verdict:?}");
        let verdict = search(&["王小明的"], Kind::Dropped, output, options(memory));
        assert_eq!(places(&verdict), ["/tables/t/0/note"]);
        let verdict = run(grammar(), options(memory), output, 99, &mut |collector| {
            collector.text(origin(Kind::Denied), "王小明的画室");
            collector.text(origin(Kind::Sensitive), "王小明的画室");
        });
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}

#[test]
fn an_error_names_places_and_no_values() {
    let output = r#"{"tables":{"t":[{"id":"hush-hush-1"},{"hush-hush-2":"x"}]}}"#;
    let verdict = search(&["hush-hush-1", "hush-hush-2"], Kind::Denied, output, options(SMALL));
    let error = verdict.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("out.json at /tables/t/0/id, byte 22"), "{shown}");
    let broken = search(&["hush-hush-1"], Kind::Denied, r#"{"id":"hush" hush}"#, options(SMALL));
    let error = broken.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    assert!(matches!(error, AuditError::Output { offset: 13, .. }), "{error}");
}

#[test]
fn many_leaks_are_counted_and_twenty_are_named() {
    let secrets: Vec<String> = (0..50).map(|n| format!("secret {n:02}!")).collect();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let output = serde_json::to_string(&[&secrets[..], &secrets[..]].concat()).unwrap();
    for memory in [SMALL, LARGE] {
        let verdict = search(&secrets, Kind::Denied, &output, options(memory));
        let Err(AuditError::Leak { hits, total: 50 }) = verdict else { panic!("{verdict:?}") };
        let places: Vec<String> = hits.iter().map(|hit| hit.place.clone()).collect();
        assert_eq!(places, (0..20).map(|n| format!("/{n}")).collect::<Vec<_>>());
        assert!(hits.iter().all(|hit| hit.times == 2));
    }
}

#[test]
fn a_dump_that_changes_is_an_error() {
    let mut walks = 0;
    let filler: Vec<String> = (0..100).map(|n| format!("a secret {n}")).collect();
    // What may be in the output does not fit, so that there is a second walk.
    let output = serde_json::to_string(&filler).unwrap();
    let verdict = run(grammar(), options(LARGE), &output, 99, &mut |collector| {
        walks += 1;
        filler.iter().skip(walks).for_each(|text| collector.text(origin(Kind::Denied), text));
    });
    assert!(matches!(verdict, Err(AuditError::Changed)), "{verdict:?}");
}
