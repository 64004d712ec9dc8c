//! The one source of every value: random draws that are the same everywhere, and a note of what
//! must stay secret.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Secrets;

/// Draws values and records the secret ones where a test asked for them.
pub(crate) struct Source<'s> {
    rng: ChaCha8Rng,
    seed: u64,
    drawn: u64,
    secrets: Option<&'s mut Secrets>,
}

impl<'s> Source<'s> {
    pub(crate) fn new(seed: u64, secrets: Option<&'s mut Secrets>) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), seed, drawn: 0, secrets }
    }

    /// A number below `bound`, by multiplication: no float, so the same on every platform.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.rng.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// True about `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A new identifier such as `asset_9f86d081884c7d65`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let id = format!("{prefix}{:012x}", self.rng.next_u64() >> 16);
        self.note_id(&id);
        id
    }

    /// One of `pool` users; the same index is the same person in every table.
    pub(crate) fn user(&mut self, pool: u64) -> User {
        let index = self.below(pool.max(1));
        let user = User::new(self.seed, index);
        self.note_id(&user.id);
        user
    }

    /// The code under which others find this user.
    pub(crate) fn user_code(&mut self, user: &User) -> String {
        self.note_id(&user.code);
        user.code.clone()
    }

    /// A public work code such as `PZ-7K2M9QXA`.
    pub(crate) fn work_code(&mut self, prefix: &str) -> String {
        const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let digits: String = (0..8).map(|_| char::from(self.pick(ALPHABET))).collect();
        let code = format!("{prefix}-{digits}");
        self.note_id(&code);
        code
    }

    pub(crate) fn session(&mut self, prefix: &str) -> String {
        let session = format!("{prefix}{:012x}", self.rng.next_u64() >> 16);
        if let Some(secrets) = &mut self.secrets {
            secrets.sessions.insert(session.clone());
        }
        session
    }

    /// A unique string that a search can find anywhere.
    pub(crate) fn canary(&mut self, place: &str) -> String {
        self.drawn += 1;
        let canary = format!("CANARY-{place}-{}-{:08x}", self.drawn, self.rng.next_u32());
        self.note_canary(&canary);
        canary
    }

    /// A mobile number: a canary although it has no mark.
    pub(crate) fn phone(&mut self) -> String {
        let phone = format!("1{:010}", 3_000_000_000 + self.below(6_999_999_999));
        self.note_canary(&phone);
        phone
    }

    pub(crate) fn note_canary(&mut self, canary: &str) {
        if let Some(secrets) = &mut self.secrets {
            secrets.canaries.insert(canary.to_owned());
        }
    }

    pub(crate) fn note_text(&mut self, text: &str) {
        if let Some(secrets) = &mut self.secrets
            && text.chars().count() >= 4
        {
            secrets.texts.insert(text.to_owned());
        }
    }

    fn note_id(&mut self, id: &str) {
        if let Some(secrets) = &mut self.secrets {
            secrets.ids.insert(id.to_owned());
        }
    }
}

/// A person, made from an index so that no list of people has to be kept.
pub(crate) struct User {
    pub(crate) id: String,
    code: String,
    pub(crate) index: u64,
}

impl User {
    fn new(seed: u64, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x7573_6572_0000_0000);
        rng.set_word_pos(u128::from(index) * 4);
        let id = format!("user_{:08}{:08x}", index + 1, rng.next_u32());
        Self { id, code: format!("SY-{:08X}", rng.next_u32()), index }
    }
}
