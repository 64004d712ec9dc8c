//! Takes the secrets of a dump, as texts or as raw JSON.

use std::{fmt, mem};

use crate::decoy::Decoys;
use crate::exact::{Exact, Hashed};
use crate::fold::lower_into;
use crate::grammar::Rules;
use crate::hands::Giver;
use crate::hash::{Anchor, Sums};
use crate::index::Index;
use crate::part::Part;
use crate::path;
use crate::strings::{Finder, Found, head};

/// How much is looked through between two looks at the memory, in bytes.
const PIECE: usize = 16 * 1024;

/// What a place of the dump is to the output. The most private comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A table that no output may hold.
    Denied,
    /// A column, key or table that was left out.
    Dropped,
    /// A value that the output has in another form.
    Sensitive,
}

/// Where a secret comes from, in the caller's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the place is to the output.
    pub kind: Kind,
    /// A table's number.
    pub table: u32,
    /// A column's number.
    pub column: u32,
    /// Where in the dump.
    pub offset: u64,
}

/// Takes the secrets of a dump.
///
/// Secrets are strings of four characters or more that are no public words. Of a path or URL the
/// parts are secrets too, decoded and without extension as well, and of a string that holds JSON
/// the strings in it, to a depth of four. Of a string longer than 64 KiB the first 64 KiB are one.
/// Numbers are not taken.
pub struct Collector<'a> {
    finder: Finder,
    texts: Finder,
    /// Nothing once another thread has it.
    taker: Option<Taker<'a>>,
    giver: Option<Giver<'a>>,
    build: &'a mut dyn FnMut() -> Option<Index>,
}

impl<'a> Collector<'a> {
    /// A collector that calls `build` for what the outputs hold once the secrets are too many, and
    /// then leaves the strings to another thread, if there is one.
    pub(crate) fn new(
        taker: Taker<'a>,
        giver: Option<Giver<'a>>,
        build: &'a mut dyn FnMut() -> Option<Index>,
    ) -> Self {
        let (finder, texts) = (Finder::default(), Finder::default());
        let mut collector = Self { finder, texts, taker: Some(taker), giver, build };
        collector.hand_over();
        collector
    }

    /// Takes a decoded text.
    pub fn text(&mut self, origin: Origin, text: &str) {
        let texts = &mut self.texts;
        let mut take = |found: &mut dyn Found| {
            found.found(head(text.as_bytes()));
            texts.look_into(text.as_bytes(), found);
        };
        match (&mut self.taker, &mut self.giver) {
            (Some(taker), _) => take(&mut From { origin, taker }),
            (None, Some(giver)) => take(&mut giver.at(origin)),
            (None, None) => {}
        }
        self.go_on();
    }

    /// Takes raw JSON in pieces of any size: its strings, object keys among them. Escapes are
    /// decoded, and halves of characters and broken UTF-8 are replaced.
    pub fn json(&mut self, origin: Origin, piece: &[u8]) {
        for piece in piece.chunks(PIECE) {
            match (&mut self.taker, &mut self.giver) {
                (Some(taker), _) => self.finder.feed(piece, &mut From { origin, taker }),
                (None, Some(giver)) => self.finder.feed(piece, &mut giver.at(origin)),
                (None, None) => {}
            }
            self.go_on();
        }
    }

    /// Says that the JSON has ended. What follows belongs to something else.
    pub fn json_end(&mut self, origin: Origin) {
        match (&mut self.taker, &mut self.giver) {
            (Some(taker), _) => self.finder.end(&mut From { origin, taker }),
            (None, Some(giver)) => self.finder.end(&mut giver.at(origin)),
            (None, None) => {}
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        match (&mut self.taker, &mut self.giver) {
            (Some(taker), _) if taker.is_full() => {
                taker.narrow((self.build)());
                self.hand_over();
            }
            (None, Some(giver)) => giver.give(),
            _ => {}
        }
    }

    /// Where only candidates are kept, the rest of the work is another thread's.
    fn hand_over(&mut self) {
        if let Some(giver) = &self.giver
            && let Some(taker) = self.taker.take_if(|taker| taker.is_narrow())
        {
            giver.start(taker);
        }
    }

    /// What was taken, unless another thread has it, which ends after this.
    pub(crate) fn finish(self) -> Option<Taken> {
        if self.taker.is_none()
            && let Some(mut giver) = self.giver
        {
            giver.flush();
        }
        self.taker.map(Taker::into_taken)
    }
}

impl fmt::Debug for Collector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

/// How many strings were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) secrets: u64,
    pub(crate) words: u64,
    pub(crate) too_short: u64,
}

/// What a walk is for.
pub(crate) enum Aim {
    /// All secrets, as long as they fit.
    All(Exact),
    /// Those that may be in an output.
    Candidates(Index, Exact),
    /// None, because the outputs could not be read.
    Nothing,
}

/// What a walk has collected.
pub(crate) struct Taken {
    pub(crate) aim: Aim,
    pub(crate) counts: Counts,
    /// In the first walk only.
    pub(crate) decoys: Option<Decoys>,
    /// What did not fit.
    pub(crate) rest: Vec<Part>,
}

/// Takes secrets one by one.
pub(crate) struct Taker<'a> {
    taken: Taken,
    rules: &'a Rules,
    lower: String,
    decoded: Vec<u8>,
    sums: Sums,
    waiting: Waiting,
}

/// How many secrets are looked up at once, so that the processor waits for several of them.
const LOOKUPS: usize = 32;

/// Secrets that are still to be looked up in the index.
struct Waiting {
    text: Vec<u8>,
    /// Each with the end of its text.
    secrets: Vec<(Origin, Anchor, usize)>,
    /// Anchors that are not there: many secrets of a dump are there many times.
    absent: Vec<Option<Anchor>>,
}

impl Waiting {
    /// So many that they stay in a near cache.
    const ABSENT: usize = 4096;

    fn new() -> Self {
        let (text, secrets) = (Vec::new(), Vec::new());
        Self { text, secrets, absent: vec![None; Self::ABSENT] }
    }

    fn is_absent(&self, anchor: Anchor) -> bool {
        self.absent[Self::place(anchor)] == Some(anchor)
    }

    fn place(anchor: Anchor) -> usize {
        anchor.hash().unwrap_or_default() as usize % Self::ABSENT
    }
}

impl<'a> Taker<'a> {
    pub(crate) fn new(rules: &'a Rules, aim: Aim, decoys: Option<Decoys>) -> Self {
        let taken = Taken { aim, counts: Counts::default(), decoys, rest: Vec::new() };
        let (lower, decoded) = (String::new(), Vec::new());
        let (sums, waiting) = (Sums::default(), Waiting::new());
        Self { taken, rules, lower, decoded, sums, waiting }
    }

    fn take(&mut self, origin: Origin, text: &[u8]) {
        match self.rules.hasher.anchor(text) {
            Anchor::TooShort => self.taken.counts.too_short += 1,
            Anchor::Broken => self.take(origin, String::from_utf8_lossy(text).as_bytes()),
            Anchor::Short(_) | Anchor::Long(..) if self.rules.is_word(text) => {
                self.taken.counts.words += 1;
            }
            anchor @ (Anchor::Short(_) | Anchor::Long(..)) => {
                self.taken.counts.secrets += 1;
                if let Some(decoys) = &mut self.taken.decoys {
                    decoys.offer(self.rules, text);
                }
                self.keep(origin, text, anchor);
            }
        }
    }

    fn keep(&mut self, origin: Origin, text: &[u8], anchor: Anchor) {
        match self.taken.aim {
            Aim::All(_) => self.insert(origin, text, anchor),
            Aim::Candidates(..) if self.waiting.is_absent(anchor) => {}
            Aim::Candidates(..) => {
                self.waiting.text.extend_from_slice(text);
                self.waiting.secrets.push((origin, anchor, self.waiting.text.len()));
                if self.waiting.secrets.len() == LOOKUPS {
                    self.look_up();
                }
            }
            Aim::Nothing => {}
        }
    }

    /// Keeps those of the waiting secrets that may be in an output.
    fn look_up(&mut self) {
        let Aim::Candidates(index, _) = &self.taken.aim else { return };
        let Waiting { text, secrets, .. } = &mut self.waiting;
        let mut may_end = [false; LOOKUPS];
        for (may_end, (_, anchor, _)) in may_end.iter_mut().zip(&*secrets) {
            *may_end = index.may_end(*anchor);
        }
        let (text, secrets) = (mem::take(text), mem::take(secrets));
        let mut start = 0;
        for (may_end, (origin, anchor, end)) in may_end.into_iter().zip(&secrets) {
            if may_end {
                self.look_up_all(*origin, &text[start..*end], *anchor);
            } else {
                self.waiting.absent[Waiting::place(*anchor)] = Some(*anchor);
            }
            start = *end;
        }
        (self.waiting.text, self.waiting.secrets) = (text, secrets);
        self.waiting.text.clear();
        self.waiting.secrets.clear();
    }

    #[cold]
    fn look_up_all(&mut self, origin: Origin, text: &[u8], anchor: Anchor) {
        if let Aim::Candidates(index, _) = &self.taken.aim
            && index.may_have_all(self.rules, text, &mut self.sums)
        {
            self.insert(origin, text, anchor);
            self.make_room();
        }
    }

    fn insert(&mut self, origin: Origin, text: &[u8], anchor: Anchor) {
        lower_into(&String::from_utf8_lossy(text), &mut self.lower);
        let Some(anchor) = anchor.hash() else { return };
        let secret = hashed(self.rules, &self.lower, anchor);
        if let Aim::All(exact) | Aim::Candidates(_, exact) = &mut self.taken.aim {
            exact.insert(secret, origin);
        }
    }

    /// Puts off parts of what may be in an output until the others fit.
    fn make_room(&mut self) {
        if let Aim::Candidates(_, exact) = &mut self.taken.aim {
            while exact.is_full() {
                self.taken.rest.push(exact.halve());
            }
        }
    }

    pub(crate) fn into_taken(mut self) -> Taken {
        self.look_up();
        self.taken
    }

    fn is_narrow(&self) -> bool {
        matches!(self.taken.aim, Aim::Candidates(..))
    }

    /// Whether all secrets do not fit any more.
    fn is_full(&self) -> bool {
        matches!(&self.taken.aim, Aim::All(exact) if exact.is_full())
    }

    /// The texts are too many: from here on only those are kept that may be in an output.
    fn narrow(&mut self, index: Option<Index>) {
        let old = mem::replace(&mut self.taken.aim, Aim::Nothing);
        let (Aim::All(mut exact), Some(index)) = (old, index) else { return };
        exact.retain(|secret| {
            let text = secret.text.as_bytes();
            index.may_have(self.rules, text, self.rules.hasher.anchor(text), &mut self.sums)
        });
        self.taken.aim = Aim::Candidates(index, exact);
        self.make_room();
    }
}

fn hashed<'a>(rules: &Rules, text: &'a str, anchor: u64) -> Hashed<'a> {
    Hashed { text, anchor, whole: rules.hasher.whole(text.as_bytes()) }
}

/// The taker as one place of the dump sees it.
struct From<'b, 'a> {
    origin: Origin,
    taker: &'b mut Taker<'a>,
}

impl Found for From<'_, '_> {
    fn found(&mut self, text: &[u8]) {
        self.taker.found(self.origin, text);
    }
}

impl Taker<'_> {
    /// Takes a string and the parts of it.
    pub(crate) fn found(&mut self, origin: Origin, text: &[u8]) {
        self.take(origin, text);
        if let Some(segments) = path::segments(text) {
            segments.for_each(|segment| self.segment(origin, segment));
        }
    }

    fn segment(&mut self, origin: Origin, segment: &[u8]) {
        self.stems(origin, segment);
        let mut decoded = mem::take(&mut self.decoded);
        if path::decode(segment, &mut decoded) {
            self.stems(origin, &decoded);
        }
        self.decoded = decoded;
    }

    fn stems(&mut self, origin: Origin, segment: &[u8]) {
        self.take(origin, segment);
        if let Some((stem, _)) = path::split_extension(segment) {
            self.take(origin, stem);
        }
    }
}
