//! Synthetic text: what has the same size and look as the original, and says nothing of it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::json;

/// Frequent Han characters, the most frequent first, from public frequency lists.
const HAN: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里\
用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它\
与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身\
果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更\
别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司\
五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清";

/// How many slots the weighted table has, as a number of bits.
const SLOT_BITS: u32 = 12;
const SLOTS: usize = 1 << SLOT_BITS;

/// How many slots one word of random bits can choose.
const PER_WORD: usize = 64 / SLOT_BITS as usize;

/// Draws numbers that are even and different for each seed. They need not be secret, because the
/// seed has no part of the text: SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    state: u64,
    bits: u64,
    left: u32,
}

impl Draws {
    /// `column` tells the columns of a row apart.
    pub(crate) fn new(row: u64, column: u64) -> Self {
        Self { state: mix(row ^ mix(column)), bits: 0, left: 0 }
    }

    /// A number of so many bits, at most 32.
    #[inline]
    fn take(&mut self, bits: u32) -> u64 {
        if self.left < bits {
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            (self.bits, self.left) = (mix(self.state), 64);
        }
        self.rest(bits)
    }

    /// The same where so many bits are left.
    #[inline]
    fn rest(&mut self, bits: u32) -> u64 {
        let drawn = self.bits & ((1 << bits) - 1);
        self.bits >>= bits;
        self.left -= bits;
        drawn
    }

    /// A number below `span`.
    #[inline]
    fn below(&mut self, span: u32) -> u32 {
        let bits = if span <= 1 << 8 { 16 } else { 32 };
        ((self.take(bits) * u64::from(span)) >> bits) as u32
    }
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Makes texts, with the Han characters about as unevenly distributed as in real writing: an even
/// distribution would compress far worse than any real text.
pub(crate) struct TextMaker {
    han: Box<[[u8; 3]; SLOTS]>,
    /// For each ASCII character, the first that it may turn into and the number of them; none
    /// where it is kept.
    ascii: [(u8, u8); 128],
}

impl TextMaker {
    pub(crate) fn new() -> Self {
        let characters: Vec<char> = HAN.chars().collect();
        let ascii = std::array::from_fn(|byte| match class(char::from(byte as u8)) {
            Class::Range(first, last) => (first as u8, last as u8 - first as u8 + 1),
            _ => (0, 0),
        });
        Self { han: Box::new(weighted(&characters)), ascii }
    }

    /// Appends a text with as many characters as `original`, each of the same class and with the
    /// same number of bytes, as it stands between the quotes of JSON. Spaces and punctuation are
    /// kept.
    pub(crate) fn append(&self, original: &str, draws: &mut Draws, out: &mut Vec<u8>) {
        out.reserve(original.len());
        let mut at = 0;
        while let Some(byte) = original.as_bytes().get(at) {
            at += match byte {
                0..0x80 => self.ascii(*byte, draws, out),
                // The middle of the basic plane, all of it Han.
                0xe4..=0xe9 => self.run_of_han(&original.as_bytes()[at..], draws, out),
                _ => self.other(&original[at..], draws, out),
            };
        }
    }

    #[inline]
    fn ascii(&self, byte: u8, draws: &mut Draws, out: &mut Vec<u8>) -> usize {
        match self.ascii[usize::from(byte)] {
            (_, 0) => json::ascii(byte, out),
            (first, span) => out.push(first + draws.below(span.into()) as u8),
        }
        1
    }

    /// Han comes in runs, in which the memory has to be made only once.
    #[inline]
    fn run_of_han(&self, rest: &[u8], draws: &mut Draws, out: &mut Vec<u8>) -> usize {
        let is_han = |bytes: &&[u8]| matches!(bytes[0], 0xe4..=0xe9);
        let length = rest.chunks_exact(3).take_while(is_han).count() * 3;
        let start = out.len();
        out.resize(start + length, 0);
        let (places, _) = out[start..].as_chunks_mut();
        let left = places.len().min((draws.left / SLOT_BITS) as usize);
        let (last, places) = places.split_at_mut(left);
        last.iter_mut().for_each(|place| *place = self.han[draws.rest(SLOT_BITS) as usize]);
        // What each word gives is drawn without asking each time whether there is enough.
        for places in places.chunks_mut(PER_WORD) {
            let mut places = places.iter_mut();
            if let Some(place) = places.next() {
                *place = self.han[draws.take(SLOT_BITS) as usize];
            }
            places.for_each(|place| *place = self.han[draws.rest(SLOT_BITS) as usize]);
        }
        length
    }

    #[inline]
    fn han(&self, draws: &mut Draws, out: &mut Vec<u8>) -> usize {
        out.extend_from_slice(&self.han[draws.take(SLOT_BITS) as usize]);
        3
    }

    #[inline(never)]
    fn other(&self, rest: &str, draws: &mut Draws, out: &mut Vec<u8>) -> usize {
        let Some(original) = rest.chars().next() else { return 1 };
        let made = match class(original) {
            Class::Kept => original,
            Class::Han => return self.han(draws, out),
            Class::Range(first, last) => draw(first, last, draws),
        };
        let mut bytes = [0; 4];
        out.extend_from_slice(made.encode_utf8(&mut bytes).as_bytes());
        original.len_utf8()
    }
}

/// How unlikely the synthesiser is to make this very character, in bits (−log₂ of the chance): 0
/// for one that it keeps where it finds it, `None` for one that it never makes.
///
/// With it, somebody who finds a short private text in an output can tell whether that is chance.
pub fn information(character: char) -> Option<f64> {
    static HAN_BITS: LazyLock<HashMap<char, f64>> = LazyLock::new(han_bits);
    match class(character) {
        Class::Kept => Some(0.0),
        Class::Han => HAN_BITS.get(&character).copied(),
        Class::Range(first, last) => {
            let span = f64::from(last as u32 - first as u32 + 1);
            (first..=last).contains(&character).then(|| span.log2())
        }
    }
}

fn han_bits() -> HashMap<char, f64> {
    let characters: Vec<char> = HAN.chars().collect();
    let slots = weighted(&characters);
    let mut counts: HashMap<char, f64> = HashMap::new();
    for slot in slots {
        let character = std::str::from_utf8(&slot).ok().and_then(|text| text.chars().next());
        *counts.entry(character.expect("the slots hold characters")).or_default() += 1.0;
    }
    counts
        .into_iter()
        .map(|(character, count)| (character, (SLOTS as f64 / count).log2()))
        .collect()
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
        // The most frequent punctuation; what follows would say the same, but later.
        '·'
        | '\u{2010}'..='\u{2027}'
        | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}'
        | '\u{ff01}'..='\u{ff0f}' => Class::Kept,
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

fn draw(first: char, last: char, draws: &mut Draws) -> char {
    let step = draws.below(last as u32 - first as u32 + 1);
    char::from_u32(first as u32 + step).expect("no range holds a surrogate")
}

/// Gives the n-th character a share of slots in proportion to 1/n. Whole numbers only: a float
/// could round differently on another machine and change the output.
fn weighted(characters: &[char]) -> [[u8; 3]; SLOTS] {
    let weights: Vec<u64> = (1..=characters.len() as u64).map(|rank| (1 << 32) / rank).collect();
    let total: u64 = weights.iter().sum();
    let mut slots = [[0; 3]; SLOTS];
    let (mut index, mut passed) = (0, weights[0]);
    for (slot, place) in slots.iter_mut().enumerate() {
        while passed * (SLOTS as u64) <= slot as u64 * total {
            index += 1;
            passed += weights[index];
        }
        characters[index].encode_utf8(place);
    }
    slots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn make(original: &str, seed: u8) -> String {
        let mut out = b"\"".to_vec();
        TextMaker::new().append(original, &mut Draws::new(seed.into(), 0), &mut out);
        out.push(b'"');
        serde_json::from_slice(&out).unwrap()
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
        let rarest = HAN.chars().last().unwrap();
        assert!(TextMaker::new().han.iter().any(|slot| slot == rarest.to_string().as_bytes()));
    }

    #[test]
    fn the_weighted_table_has_only_known_three_byte_characters() {
        assert!(HAN.chars().all(|character| character.len_utf8() == 3));
        assert!(
            TextMaker::new()
                .han
                .iter()
                .all(|slot| HAN.contains(std::str::from_utf8(slot).unwrap()))
        );
    }

    #[test]
    fn what_is_taken_for_han_by_its_first_byte_is_han() {
        assert!(('\u{4000}'..='\u{9fff}').all(|character| class(character) == Class::Han));
    }

    #[test]
    fn frequent_punctuation_is_punctuation() {
        let kept = |character: &char| class(*character) == Class::Kept;
        assert!(('\u{80}'..='\u{ffff}').filter(kept).all(is_punctuation));
    }

    #[test]
    fn every_column_draws_its_own_numbers() {
        let text = |row, column| {
            let mut out = Vec::new();
            TextMaker::new().append("aaaaaaaaaaaaaaaa", &mut Draws::new(row, column), &mut out);
            out
        };
        let texts = [text(0, 0), text(0, 1), text(1, 0), text(1, 1), text(2, 3)];
        assert_eq!(texts.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    }

    proptest! {
        #[test]
        fn characters_bytes_and_classes_are_kept(original in ".*", seed: u8) {
            prop_assert_eq!(shape(&make(&original, seed)), shape(&original));
        }
    }
}
