//! `pattern` and `patternProperties`: regular expressions of ECMA-262 on an engine that takes time
//! in proportion to the text, whatever the expression.

mod translate;

use regex::{Regex, RegexBuilder};

pub(crate) use translate::Refused;

/// A compiled expression of a shape. Like in JSON Schema, a match anywhere in a text will do.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// As the shape has it, cut after [`SHOWN_CHARS_MAX`] characters.
    pub(crate) shown: Box<str>,
}

/// Violations are read by people, and there may be many.
const SHOWN_CHARS_MAX: usize = 100;

fn shown(written: &str) -> Box<str> {
    match written.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &written[..end]).into(),
        None => written.into(),
    }
}

impl Pattern {
    #[inline]
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// Compiles the patterns of one shape and bounds what they need together.
pub(crate) struct Patterns {
    bytes_left: usize,
}

impl Patterns {
    /// The memory of all compiled expressions of a shape. Each counts with the smallest of
    /// [`Patterns::SIZES`] that is enough for it.
    const BYTES_MAX: usize = 32 << 20;

    /// The bounds on one expression that are tried in turn.
    const SIZES: [usize; 3] = [1 << 14, 1 << 18, 4 << 20];

    /// Transitions that the engine may keep per expression and thread, in bytes.
    const CACHE_BYTES_MAX: usize = 1 << 20;

    pub(crate) fn new() -> Self {
        Self { bytes_left: Self::BYTES_MAX }
    }

    pub(crate) fn compile(&mut self, written: &str) -> Result<Pattern, Refused> {
        let translated = translate::to_rust(written)?;
        for size in Self::SIZES.into_iter().filter(|&size| size <= self.bytes_left) {
            let mut builder = RegexBuilder::new(&translated);
            match builder.size_limit(size).dfa_size_limit(Self::CACHE_BYTES_MAX).build() {
                Ok(regex) => {
                    self.bytes_left -= size;
                    return Ok(Pattern { regex, shown: shown(written) });
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => return Err(Refused::Syntax),
            }
        }
        Err(Refused::Size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(written: &str) -> Result<Pattern, Refused> {
        Patterns::new().compile(written)
    }

    fn matches(written: &str, text: &str) -> bool {
        let compiled = pattern(written);
        compiled.unwrap_or_else(|refused| panic!("{written}: {refused:?}")).matches(text)
    }

    #[test]
    fn expressions_mean_what_ecma_262_says() {
        for (pattern, yes, no) in [
            ("es", "expression", "e s"),
            ("^f.*o$", "foooo", "foo\n"),
            ("^.$", "🐲", "\n"),
            (".", "\u{85}", "\u{2028}"),
            ("^a$", "a", "a\n"),
            ("^a|b$", "ax", "xa"),
            (r"^\d$", "7", "৪"),
            (r"^\D$", "৪", "7"),
            (r"^\w$", "_", "é"),
            (r"^\W$", "é", "_"),
            (r"^\s$", "\u{feff}", "\u{85}"),
            (r"^\S$", "\u{85}", "\u{a0}"),
            (r"\bé", "aé", "éa"),
            (r"^\Bé", "é", "a"),
            (r"^[\d_]+$", "1_2", "é"),
            (r"^[\D]$", "x", "3"),
            (r"^[^\S]$", " ", "x"),
            (r"^[^\s\d]$", "x", "3"),
            (r"^\cA\ca$", "\u{1}\u{1}", "cA"),
            (r"^[\cJ]$", "\n", "J"),
            (r"^\x41\u0042\u{43}$", "ABC", "x41"),
            (r"^\ud83d\udc32$", "🐲", "🐉"),
            (r"^[\ud83d\udc32-\ud83d\udc33]+$", "🐲🐳", "🐉"),
            (r"^🐲*$", "🐲🐲", "🐲x"),
            (r"^[^\ud800]$", "x", ""),
            (r"^[\ud800-\uffff]$", "\u{e000}", "x"),
            (r"^\p{Letter}cole$", "École", "1cole"),
            (r"^\p{digit}$", "৪", "a"),
            (r"^\P{L}$", "1", "é"),
            (r"^\p{Script=Greek}\p{Lu}$", "αΑ", "aA"),
            (r"^[\p{Lu}\-]+$", "A-É", "a"),
            ("^[[]$", "[", "]"),
            ("^[a&&b]+$", "a&b", "c"),
            ("^[+--]+$", "+,-", "."),
            ("^[x~~y]+$", "x~y", "z"),
            ("^[a-]+$", "a-", "b"),
            ("^[-a]+$", "a-", "b"),
            (r"^[\w-]+$", "a-", "é"),
            (r"^[\b]$", "\u{8}", "b"),
            (r"^[\]\\]$", "]", "["),
            (r"^[.*+?^$]+$", "^$.*+?", "a"),
            ("^[^]$", "\n", ""),
            (r"^\/\-\.\$$", "/-.$", "a"),
            (r"^\0\t\v\f$", "\0\t\u{b}\u{c}", "0"),
            ("^(?:a|b){2,3}?$", "aba", "a"),
            ("^(?<word>a+)(b)$", "aab", "b"),
            ("^a{,2}$", "a{,2}", "aa"),
            ("^{}]$", "{}]", "}"),
            (r"^x{2}y{1,}$", "xxy", "xy"),
            ("^# a$", "# a", "#a"),
        ] {
            assert!(matches(pattern, yes), "{pattern} on {yes:?}");
            assert!(!matches(pattern, no), "{pattern} on {no:?}");
        }
        for pattern in ["[]", r"[\ud800]", r"\udc00"] {
            assert!(!matches(pattern, "any text") && !matches(pattern, ""), "{pattern}");
        }
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused_by_its_name() {
        for written in ["(?=a)", "a(?!b)", "(?<=a)b", "(?<!a)b"] {
            assert_eq!(pattern(written).err(), Some(Refused::LookAround), "{written}");
        }
        for written in [r"(a)\1", r"(?<x>a)\k<x>", r"\9"] {
            assert_eq!(pattern(written).err(), Some(Refused::BackReference), "{written}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for written in [
            "(",
            ")",
            "(?",
            "(?i:a)",
            "a**",
            "*",
            "+a",
            "a{2,1}",
            "^*",
            r"\b+",
            "[a",
            "[b-a]",
            "a|*",
            r"\",
            r"\a",
            r"\Z",
            r"\u12",
            r"\u{110000}",
            r"\x4",
            r"\c1",
            r"\p",
            r"\p{Nonsense}",
            r"[\B]",
            r"[\1]",
            "(?<>a)",
            "(?<1>a)",
            r"\00",
            r"\p{L",
            "(?#x)",
            "a{99999999999}",
        ] {
            assert_eq!(pattern(written).err(), Some(Refused::Syntax), "{written}");
        }
    }

    #[test]
    fn the_size_of_compiled_expressions_is_bounded() {
        assert_eq!(pattern("((a{1000}){1000}){1000}").err(), Some(Refused::Size));
        let mut patterns = Patterns::new();
        let large = r"^\p{L}{50}$";
        let compiled = (0..1000).take_while(|_| patterns.compile(large).is_ok()).count();
        assert!((5..1000).contains(&compiled), "{compiled}");
        assert_eq!(patterns.compile(large).err(), Some(Refused::Size));
    }

    #[test]
    fn a_long_expression_is_shown_cut() {
        let long = "é".repeat(SHOWN_CHARS_MAX);
        assert_eq!(*pattern(&long).expect("it compiles").shown, *long);
        let cut = pattern(&format!("{long}x")).expect("it compiles").shown;
        assert_eq!(*cut, *format!("{long}…"));
    }

    #[test]
    fn a_text_cannot_make_a_match_slow() {
        let text = "a".repeat(1 << 20);
        assert!(!matches("^(a|a|aa)+(a+)+$", &format!("{text}!")));
    }
}
