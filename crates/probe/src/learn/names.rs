//! Which names and texts of bodies may stand in a shape that others read. What is in doubt may not.

/// A longer key is no name that a programmer chose.
const NAME_BYTES_MAX: usize = 64;

/// A longer value is no word of a list.
const WORD_BYTES_MAX: usize = 24;

/// As many digits in a row, or in all, are a code, a number or a date.
const DIGITS_MAX: usize = 3;

/// As many hexadecimal digits in a row, with decimal ones among them, are a hash or an id.
const HEX_DIGITS_MAX: usize = 7;

/// A shorter run of letters and digits can look like anything.
const THROWN_BYTES_MIN: usize = 12;

/// The last words of fields whose values come from a short list in somebody's source code. All other
/// fields keep their values to themselves, because what looks like a list may be the few people of
/// a small data set.
const KINDS: [&str; 31] = [
    "access",
    "align",
    "category",
    "currency",
    "difficulty",
    "direction",
    "encoding",
    "format",
    "kind",
    "language",
    "locale",
    "mode",
    "order",
    "orientation",
    "outcome",
    "phase",
    "plan",
    "priority",
    "result",
    "role",
    "scope",
    "severity",
    "sort",
    "stage",
    "state",
    "status",
    "tier",
    "type",
    "unit",
    "variant",
    "visibility",
];

/// Whether a key is data, as the ids and names of people are that some services use as keys, and not
/// the name of a field.
pub(super) fn is_data(key: &str) -> bool {
    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic() || "_$@".contains(c));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_$@.:-".contains(&byte);
    !starts_well
        || key.len() > NAME_BYTES_MAX
        || !key.bytes().all(plain)
        // An address of mail has one in the middle; "@context" is a name.
        || key[1..].contains('@')
        || is_code(key)
}

/// Whether the keys of an object below a field of this name are data: `countsByUser`.
pub(super) fn is_index(name: &str) -> bool {
    let follows = |at: usize| name[at..].starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let mut found = name.match_indices("By").chain(name.match_indices("by_"));
    found.any(|(at, _)| at > 0 && follows(at + 2)) || (name.starts_with("by") && follows(2))
}

/// Whether the values of a field may be listed, going by its name.
pub(super) fn names_a_kind(name: &str) -> bool {
    let start = name.rfind(|c: char| c.is_ascii_uppercase() || "_-.:".contains(c)).unwrap_or(0);
    let last = name[start..].trim_start_matches(['_', '-', '.', ':']).to_ascii_lowercase();
    let singular = last.strip_suffix('s').unwrap_or(&last);
    KINDS.iter().any(|kind| *kind == last || *kind == singular)
}

/// Whether a value can be a word of a list, and no identifier.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=WORD_BYTES_MAX).contains(&text.len())
        && text.bytes().all(plain)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !is_code(text)
}

/// Whether there are too many digits for a word, or letters and digits as chance throws them.
fn is_code(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_hex =
        |run: &str| run.len() > HEX_DIGITS_MAX && run.bytes().any(|byte| byte.is_ascii_digit());
    digits > DIGITS_MAX
        || text.split(|c: char| !c.is_ascii_hexdigit()).any(is_hex)
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_thrown)
}

/// Whether small and large letters and digits take turns more often than in words written together.
fn is_thrown(run: &str) -> bool {
    let class = |byte: &u8| (byte.is_ascii_lowercase(), byte.is_ascii_digit());
    let turns = run.as_bytes().windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    run.len() >= THROWN_BYTES_MIN && turns * 2 >= run.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_data_are_told_from_names() {
        for name in [
            "profileId",
            "x",
            "_id",
            "$ref",
            "@type",
            "sha256",
            "x-rate-limit",
            "isOnIOSOrAPIOnLTE",
            "authorDisplayNameV2",
        ] {
            assert!(!is_data(name), "{name}");
        }
        for key in [
            "",
            "0",
            "2024-01-01",
            "usr_18273645",
            "a1b2c3d4e",
            "deadbeef1",
            "eyJhbGciOiJIUzI1NiJ9",
            "dQw4w9WgXcQa",
            "张三",
            "Zhang San",
            "a@example.com",
            "+49170",
            "https://example.com/a",
            &"x".repeat(65),
        ] {
            assert!(is_data(key), "{key}");
        }
    }

    #[test]
    fn an_index_is_known_by_its_name() {
        for name in ["countsByUser", "byOwner", "likes_by_user", "ByOwner"] {
            assert_eq!(is_index(name), name != "ByOwner", "{name}");
        }
        for name in ["createdBy", "bytes", "standbyMode", "by", "Bypass", "hobby"] {
            assert!(!is_index(name), "{name}");
        }
    }

    #[test]
    fn only_fields_that_name_a_kind_show_values() {
        for name in ["status", "publicationStatus", "work_type", "roles", "sort-order", "kind"] {
            assert!(names_a_kind(name), "{name}");
        }
        for name in ["title", "authorDisplayName", "typeId", "city", "accessToken", "", "kindly"] {
            assert!(!names_a_kind(name), "{name}");
        }
    }

    #[test]
    fn words_have_no_codes_in_them() {
        for word in ["published", "zh-CN", "v2", "a.b:c_d", "UTF-8", "custom-world"] {
            assert!(is_word(word), "{word}");
        }
        for text in ["", "12", "two words", "张三", "PZ-12345", "10.0.0.1", "0badc0ffee", "a@b"] {
            assert!(!is_word(text), "{text}");
        }
        assert!(is_word(&"x".repeat(24)) && !is_word(&"x".repeat(25)));
    }
}
