//! Hands strings over to the thread that takes them, so that another can go on reading.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::collect::{Origin, Taken, Taker};
use crate::strings::Found;

/// How much is handed over at once, in bytes, with what is kept beside the text.
const BATCH: usize = 256 * 1024;
/// How many batches wait.
const WAITING: usize = 2;

/// Strings with their origins.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Each with the number of the first string that has it.
    origins: Vec<(usize, Origin)>,
}

impl Batch {
    /// Its memory: strings may be empty, and there may be many.
    fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends) + size_of_val(&*self.origins)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.origins.clear();
    }

    fn give(&self, taker: &mut Taker<'_>) {
        let mut start = 0;
        for (index, (first, origin)) in self.origins.iter().enumerate() {
            let after = self.origins.get(index + 1).map_or(self.ends.len(), |(first, _)| *first);
            for end in &self.ends[*first..after] {
                taker.found(*origin, &self.text[start..*end]);
                start = *end;
            }
        }
    }
}

/// What is told to the other thread.
enum Order<'a> {
    /// From here on it takes what comes.
    Start(Box<Taker<'a>>),
    Take(Batch),
}

/// The side that hands over.
pub(crate) struct Giver<'a> {
    orders: SyncSender<Order<'a>>,
    /// Batches to be filled again.
    used: Receiver<Batch>,
    batch: Batch,
}

/// The side that takes.
pub(crate) struct Helper<'a> {
    orders: Receiver<Order<'a>>,
    used: Sender<Batch>,
}

pub(crate) fn hands<'a>() -> (Giver<'a>, Helper<'a>) {
    let (orders, taken) = sync_channel(WAITING);
    let (emptied, used) = channel();
    let giver = Giver { orders, used, batch: Batch::default() };
    (giver, Helper { orders: taken, used: emptied })
}

impl<'a> Giver<'a> {
    pub(crate) fn start(&self, taker: Taker<'a>) {
        self.order(Order::Start(Box::new(taker)));
    }

    /// Hands over what is there, once it is enough.
    pub(crate) fn give(&mut self) {
        if self.batch.bytes() >= BATCH {
            self.flush();
        }
    }

    pub(crate) fn flush(&mut self) {
        let next = self.used.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, next);
        self.order(Order::Take(full));
    }

    fn order(&self, order: Order<'a>) {
        // Nobody takes it only after a panic, which is passed on when the thread is joined.
        let _ = self.orders.send(order);
    }

    /// Takes strings that belong to one place.
    pub(crate) fn at(&mut self, origin: Origin) -> impl Found {
        At { origin, batch: &mut self.batch }
    }
}

struct At<'b> {
    origin: Origin,
    batch: &'b mut Batch,
}

impl Found for At<'_> {
    fn found(&mut self, text: &[u8]) {
        let batch = &mut *self.batch;
        if batch.origins.last().is_none_or(|(_, last)| *last != self.origin) {
            batch.origins.push((batch.ends.len(), self.origin));
        }
        batch.text.extend_from_slice(text);
        batch.ends.push(batch.text.len());
    }
}

impl Helper<'_> {
    /// Works until nothing more comes. Nothing, if it was never told to start.
    pub(crate) fn work(self) -> Option<Taken> {
        let mut taker = None;
        for order in self.orders {
            match order {
                Order::Start(started) => taker = Some(started),
                Order::Take(mut batch) => {
                    if let Some(taker) = &mut taker {
                        batch.give(taker);
                    }
                    batch.clear();
                    // At the end nobody fills it again.
                    let _ = self.used.send(batch);
                }
            }
        }
        taker.map(|taker| taker.into_taken())
    }
}
