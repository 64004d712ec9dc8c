//! The same name in other spellings: `user_account`, `userAccount`, `User-Account`.

use crate::glob;

/// The first pattern that a name fits however it is spelled.
pub(super) fn is_one_of<'p>(
    name: &str,
    mut patterns: impl Iterator<Item = &'p str>,
) -> Option<&'p str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let name = plain(name);
    patterns.find(|pattern| glob::matches(&plain(pattern), &name))
}

/// How TypeScript spells a name: `match_3_d_work` is `match3DWork`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
        camel
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_holds_for_every_spelling() {
        for name in ["user_account", "userAccount", "UserAccount", "USER-ACCOUNT", "useraccount"] {
            assert_eq!(is_one_of(name, ["x", "user_account"].into_iter()), Some("user_account"));
        }
        for name in ["profileRedeemCode", "profile_redeem_", "ProfileRedeem"] {
            assert_eq!(is_one_of(name, ["profile_redeem_*"].into_iter()), Some("profile_redeem_*"));
        }
        assert_eq!(is_one_of("user_accounts", ["user_account"].into_iter()), None);
    }

    #[test]
    fn camel_case_is_as_typescript_has_it() {
        let cases = [
            ("puzzle_work_profile", "puzzleWorkProfile"),
            ("match3d_work_profile", "match3dWorkProfile"),
            ("match_3_d_work_profile", "match3DWorkProfile"),
            ("booking", "booking"),
            ("_a__b_", "aB"),
        ];
        for (snake, expected) in cases {
            assert_eq!(camel(snake), expected);
        }
    }
}
