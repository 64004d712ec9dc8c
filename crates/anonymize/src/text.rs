//! Synthetic text: what has the same size and look as the original, and says nothing of it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Frequent Han characters, the most frequent first, from public frequency lists.
const HAN: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里\
用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它\
与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身\
果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更\
别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司\
五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清";

/// How many slots the weighted table has; a power of two, so that a draw is a mask.
const SLOTS: usize = 4096;

/// Makes texts, with the Han characters about as unevenly distributed as in real writing: an even
/// distribution would compress far worse than any real text.
pub(crate) struct TextMaker {
    han: Box<[char; SLOTS]>,
}

impl TextMaker {
    pub(crate) fn new() -> Self {
        let characters: Vec<char> = HAN.chars().collect();
        Self { han: Box::new(weighted(&characters)) }
    }

    /// The generator behind the texts of one cell.
    pub(crate) fn generator(seed: [u8; 32]) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(seed)
    }

    /// Appends a text with as many characters as `original`, each of the same class and with the
    /// same number of bytes. Spaces and punctuation are kept.
    pub(crate) fn append(&self, original: &str, rng: &mut ChaCha8Rng, out: &mut String) {
        out.reserve(original.len());
        out.extend(original.chars().map(|character| self.replace(character, rng)));
    }

    fn replace(&self, original: char, rng: &mut ChaCha8Rng) -> char {
        match class(original) {
            Class::Kept => original,
            Class::Han => self.han[rng.next_u32() as usize % SLOTS],
            Class::Range(first, last) => draw(first, last, rng),
        }
    }
}

/// What a character may turn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Spaces, punctuation and what only joins other characters.
    Kept,
    /// One of the frequent three-byte Han characters.
    Han,
    /// Any character between two, both included, all with the same number of bytes.
    Range(char, char),
}

pub(crate) fn class(character: char) -> Class {
    match character {
        'a'..='z' => Class::Range('a', 'z'),
        'A'..='Z' => Class::Range('A', 'Z'),
        '0'..='9' => Class::Range('0', '9'),
        // One for all, since a row of different ones can be a hidden mark of its author.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' => Class::Range('\u{200d}', '\u{200d}'),
        '\u{80}'..='\u{9f}' | '\u{ad}' => Class::Range('\u{ad}', '\u{ad}'),
        _ if is_punctuation(character) => Class::Kept,
        _ => wide(character),
    }
}

/// Whether the character is no letter and no number, and in a block that is mostly punctuation.
fn is_punctuation(character: char) -> bool {
    let is_in_block = matches!(
        character,
        '\0'..='\u{bf}' | '×' | '÷' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '・'
    );
    // These blocks have letters and numbers too: ª, ², 〇, half-width kana.
    (is_in_block && !character.is_alphanumeric()) || character == 'ー'
}

fn wide(character: char) -> Class {
    match character {
        'À'..='Þ' => Class::Range('À', 'Ö'),
        'ß'..='ÿ' => Class::Range('à', 'ö'),
        'Α'..='Ω' => Class::Range('Σ', 'Ω'),
        'α'..='ω' => Class::Range('α', 'ω'),
        'А'..='Я' => Class::Range('А', 'Я'),
        'а'..='я' => Class::Range('а', 'я'),
        'ぁ'..='ゖ' => Class::Range('ぁ', 'ゖ'),
        'ァ'..='ヺ' => Class::Range('ァ', 'ヺ'),
        '가'..='힣' => Class::Range('가', '힣'),
        // Full-width digits and letters.
        '\u{ff10}'..='\u{ff19}' => Class::Range('\u{ff10}', '\u{ff19}'),
        '\u{ff21}'..='\u{ff3a}' => Class::Range('\u{ff21}', '\u{ff3a}'),
        '\u{ff41}'..='\u{ff5a}' => Class::Range('\u{ff41}', '\u{ff5a}'),
        // Half-width kana.
        '\u{ff66}'..='\u{ff9d}' => Class::Range('\u{ff71}', '\u{ff9d}'),
        '\u{20000}'..='\u{2ffff}' => Class::Range('\u{20000}', '\u{2a6df}'),
        _ => by_width(character),
    }
}

/// The rest, Han of the basic plane and emoji among them: something of the same number of bytes.
fn by_width(character: char) -> Class {
    match character.len_utf8() {
        2 => Class::Range('а', 'я'),
        3 => Class::Han,
        _ => Class::Range('\u{1f600}', '\u{1f64f}'),
    }
}

fn draw(first: char, last: char, rng: &mut ChaCha8Rng) -> char {
    let span = u64::from(last as u32 - first as u32 + 1);
    let step = (u64::from(rng.next_u32()) * span) >> 32;
    char::from_u32(first as u32 + step as u32).expect("no range holds a surrogate")
}

/// Gives the n-th character a share of slots in proportion to 1/n. Whole numbers only: a float
/// could round differently on another machine and change the output.
fn weighted(characters: &[char]) -> [char; SLOTS] {
    let weights: Vec<u64> = (1..=characters.len() as u64).map(|rank| (1 << 32) / rank).collect();
    let total: u64 = weights.iter().sum();
    let mut slots = ['\0'; SLOTS];
    let (mut index, mut passed) = (0, weights[0]);
    for (slot, place) in slots.iter_mut().enumerate() {
        while passed * (SLOTS as u64) <= slot as u64 * total {
            index += 1;
            passed += weights[index];
        }
        *place = characters[index];
    }
    slots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn make(original: &str, seed: u8) -> String {
        let mut out = String::new();
        TextMaker::new().append(original, &mut TextMaker::generator([seed; 32]), &mut out);
        out
    }

    fn shape(text: &str) -> Vec<(Class, usize)> {
        text.chars().map(|character| (class(character), character.len_utf8())).collect()
    }

    #[test]
    fn nothing_of_the_original_is_left_but_its_look() {
        let original = "雨巷里的猫咪,共12关!Tel 13800001234 ✨🎐\nçà";
        let text = make(original, 1);
        assert_eq!(shape(&text), shape(original));
        assert_ne!(text, make(original, 2));
        for secret in ["雨巷", "猫咪", "138", "1234", "Tel"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains(',') && text.contains('!') && text.contains('\n'));
    }

    #[test]
    fn no_letter_number_or_hidden_mark_is_taken_for_punctuation() {
        for original in
            ["ﾔﾏﾀﾞﾀﾛｳ", "ﾡﾢﾣﾤ", "²³¹ªº¼½µ", "〡〢〣〤〥〇", "々〆〱", "\u{90}\u{85}\u{90}"]
        {
            let (text, left) = (make(original, 4), |kept: &char| original.contains(*kept));
            assert!(text.chars().filter(left).count() < 3, "{original} gave {text}");
        }
        let (one, other) =
            (make("a\u{200b}\u{200c}\u{fe0e}", 5), make("b\u{2060}\u{200d}\u{fe00}", 5));
        assert_eq!(one, other);
        assert_eq!(make("！，。「」…— ー・", 6), "！，。「」…— ー・");
    }

    #[test]
    fn frequent_characters_are_frequent() {
        let text = make(&"猫".repeat(10_000), 3);
        let count = |wanted| text.chars().filter(|character| *character == wanted).count();
        assert!(count('的') > 5 * count('在'), "{} {}", count('的'), count('在'));
        assert!(TextMaker::new().han.contains(&'清'), "the rarest must still be drawn");
    }

    #[test]
    fn the_weighted_table_has_only_known_three_byte_characters() {
        assert!(HAN.chars().all(|character| character.len_utf8() == 3));
        assert!(TextMaker::new().han.iter().all(|character| *character != '\0'));
    }

    proptest! {
        #[test]
        fn characters_bytes_and_classes_are_kept(original in ".*", seed: u8) {
            prop_assert_eq!(shape(&make(&original, seed)), shape(&original));
        }
    }
}
