//! What comes about by chance stops nothing, and more than that does.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::collections::BTreeSet;

use common::{Random, grammar, options, origin, places, run};
use leak_audit::{AuditError, Certificate, Kind};
use proptest::prelude::*;

fn texts(seed: u64, count: usize) -> Vec<String> {
    let mut random = Random(seed);
    (0..count)
        .map(|_| {
            let length = 4 + random.below(9);
            random.han(length)
        })
        .collect()
}

fn rows<'a>(column: &str, values: impl Iterator<Item = &'a String>) -> String {
    let rows: Vec<String> =
        values.map(|value| serde_json::json!({ column: value }).to_string()).collect();
    format!("{{\"tables\":{{\"t\":[\n{}\n]}}}}", rows.join(",\n"))
}

fn audit(
    secrets: &[String],
    output: &str,
    memory: usize,
) -> Result<Certificate, AuditError<std::convert::Infallible>> {
    run(grammar(), options(memory), output, 1 << 20, &mut |collector| {
        secrets.iter().for_each(|secret| collector.text(origin(Kind::Sensitive), secret));
    })
}

#[test]
fn synthetic_text_is_no_leak_of_texts_like_it() {
    let output = rows("title", texts(1, 50_000).iter());
    for seed in 2..6 {
        let secrets = texts(seed, 50_000);
        let certificate = audit(&secrets, &output, 64 << 20).unwrap();
        assert!(certificate.coincidences > 100, "{certificate:?}");
        assert!(certificate.decoy_hits > 0, "{certificate:?}");
        let filtered = audit(&secrets, &output, 2 << 20).unwrap();
        assert_eq!(filtered.coincidences, certificate.coincidences);
        assert_eq!(
            (filtered.common, filtered.kept_only),
            (certificate.common, certificate.kept_only)
        );
        println!("{certificate:?}\n{filtered:?}");
    }
}

#[test]
fn a_copied_column_of_short_texts_is_more_than_chance_explains() {
    // Each of these alone is short enough to be chance.
    let mut random = Random(9);
    let short: BTreeSet<String> = (0..40_000).map(|_| random.han(5)).collect();
    let short: Vec<String> = short.into_iter().collect();
    let all = audit(&short, &rows("title", short.iter()), 64 << 20);
    assert!(
        matches!(all, Err(AuditError::Leak { .. } | AuditError::Unexplained { .. })),
        "{all:?}"
    );
}

#[test]
fn permuted_codes_may_meet_and_copied_ones_may_not() {
    let mut random = Random(4);
    let mut codes = |count: usize| -> Vec<String> {
        (0..count).map(|_| format!("PW-{:08}", random.below(100_000_000))).collect()
    };
    let (secrets, others) = (codes(60_000), codes(60_000));
    for memory in [64 << 20, 1 << 20] {
        let certificate = audit(&secrets, &rows("code", others.iter()), memory).unwrap();
        assert!(certificate.coincidences > 5, "{certificate:?}");
        let copied = audit(&secrets, &rows("code", secrets.iter()), memory);
        assert!(matches!(copied, Err(AuditError::Unexplained { .. })), "{copied:?}");
    }
}

#[test]
fn a_certificate_is_the_same_each_time_and_with_any_threads() {
    let (secrets, output) = (texts(1, 2_000), rows("title", texts(2, 2_000).iter()));
    let certificate = |memory, threads| {
        let mut options = options(memory);
        options.threads = threads;
        run(grammar(), options, &output, 1 << 20, &mut |collector| {
            secrets.iter().for_each(|secret| collector.text(origin(Kind::Dropped), secret));
        })
        .unwrap()
    };
    for memory in [64 << 20, 50_000, 5_000] {
        let one = certificate(memory, 1);
        assert_eq!(one, certificate(memory, 1));
        assert_eq!(one, certificate(memory, 3));
    }
    let json = serde_json::to_value(certificate(64 << 20, 1)).unwrap();
    assert_eq!(json["method"], "exact");
    assert_eq!(json["hits"], 0);
    assert_eq!(json["secrets"], 2_000);
    assert!(json["outputBytes"].as_u64().unwrap() > 10_000);
}

/// Whether any secret is in any text, the slow way.
fn naive(secrets: &[String], texts: &[String]) -> BTreeSet<String> {
    let is_word =
        |text: &str| matches!(text, "published" | "cover" | "items" | "rows" | "t" | "id");
    let secrets = secrets.iter().map(|secret| secret.to_ascii_lowercase());
    secrets
        .filter(|secret| secret.chars().count() >= 4 && !is_word(secret))
        .filter(|secret| {
            let mut searched = texts.iter().filter(|text| !is_word(&text.to_ascii_lowercase()));
            searched.any(|text| text.to_ascii_lowercase().contains(secret.as_str()))
        })
        .collect()
}

proptest! {
    #[test]
    fn exact_filter_and_naive_search_agree(
        secrets in prop::collection::vec("[abB猫\u{1f600}]{2,11}|published", 0..40),
        texts in prop::collection::vec("[abA猫\u{1f600}]{0,30}|published|cover", 0..12),
        chunk in 1_usize..70,
        memory in prop::sample::select(vec![300_usize, 1_000, 3_000, 10_000, 1 << 20]),
        threads in 1_usize..3,
    ) {
        let output = serde_json::to_string(&texts).unwrap();
        let dump = serde_json::to_string(&secrets).unwrap();
        let mut options = options(memory);
        options.threads = threads;
        let verdict = run(grammar(), options, &output, chunk, &mut |collector| {
            for piece in dump.as_bytes().chunks(chunk) {
                collector.json(origin(Kind::Denied), piece);
            }
            collector.json_end(origin(Kind::Denied));
        });
        let expected = naive(&secrets, &texts);
        let total = match &verdict {
            Ok(_) => 0,
            Err(AuditError::Leak { total, .. }) => *total,
            Err(other) => panic!("{other}"),
        };
        prop_assert_eq!(total, expected.len() as u64, "{:?} {:?}", verdict, expected);
        prop_assert_eq!(places(&verdict).is_empty(), expected.is_empty());
    }

    #[test]
    fn any_memory_gives_the_same_hits(
        secrets in prop::collection::vec("[ab猫]{4,10}", 0..40),
        texts in prop::collection::vec("[ab猫]{0,30}", 0..12),
        memory in 200_usize..5_000,
    ) {
        let output = serde_json::to_string(&texts).unwrap();
        let verdict = |memory| {
            let verdict = run(grammar(), options(memory), &output, 99, &mut |collector| {
                secrets.iter().for_each(|secret| collector.text(origin(Kind::Denied), secret));
            });
            match verdict {
                Ok(_) => (Vec::new(), 0),
                Err(AuditError::Leak { hits, total }) => (hits, total),
                Err(other) => panic!("{other}"),
            }
        };
        prop_assert_eq!(verdict(memory), verdict(24 << 20));
    }
}
