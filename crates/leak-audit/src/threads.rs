//! One thread reads an output, others search its strings.

use std::collections::HashMap;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::grammar::{Column, Rules};
use crate::reader::{At, Sink};
use crate::search::{Counts, Needles, Search, Seen};

/// How much is handed over at once, in bytes, with what is kept beside the text.
const BATCH: usize = 512 * 1024;
/// How many batches wait for each thread.
const WAITING: usize = 2;

/// What was read and met.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    pub(crate) counts: Counts,
    pub(crate) seen: HashMap<u32, Seen>,
}

impl Searched {
    /// The sum does not depend on the order.
    fn add(&mut self, search: &Search<'_>) {
        self.counts.add(search.counts);
        for (index, seen) in &search.seen {
            self.seen.entry(*index).or_default().add(seen);
        }
    }
}

/// Calls `read` with a sink of which `threads` threads, the calling one included, search the texts.
pub(crate) fn search<R>(
    rules: &Rules,
    needles: Needles<'_>,
    threads: usize,
    read: impl FnOnce(&mut Texts<'_>) -> R,
) -> (Searched, R) {
    let mut searched = Searched::default();
    if threads == 1 {
        let mut texts = Texts::Here(Box::new(Search::new(rules, needles)));
        let result = read(&mut texts);
        if let Texts::Here(search) = texts {
            searched.add(&search);
        }
        return (searched, result);
    }
    thread::scope(|scope| {
        let (batches, workers): (Vec<_>, Vec<_>) = (1..threads)
            .map(|_| {
                let (sender, receiver) = sync_channel(WAITING);
                (sender, scope.spawn(move || work(Search::new(rules, needles), &receiver)))
            })
            .unzip();
        let mut texts = Texts::There { batches, next: 0, batch: Batch::default() };
        let result = read(&mut texts);
        texts.send();
        drop(texts);
        for worker in workers {
            searched.add(&worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        (searched, result)
    })
}

fn work<'a>(mut search: Search<'a>, batches: &Receiver<Batch>) -> Search<'a> {
    for batch in batches {
        let mut start = 0;
        for (column, at, end) in batch.items {
            search.text(column, at, &batch.text[start..end]);
            start = end;
        }
    }
    search
}

/// Some strings of an output.
#[derive(Default)]
pub(crate) struct Batch {
    text: Vec<u8>,
    /// With the end of each one's text.
    items: Vec<(Column, At, usize)>,
}

/// Takes strings to be searched, here or by other threads.
pub(crate) enum Texts<'a> {
    Here(Box<Search<'a>>),
    There { batches: Vec<SyncSender<Batch>>, next: usize, batch: Batch },
}

impl Texts<'_> {
    fn send(&mut self) {
        let Self::There { batches, next, batch } = self else { return };
        let capacity = (batch.text.len(), batch.items.len());
        let full = mem::replace(
            batch,
            Batch { text: Vec::with_capacity(capacity.0), items: Vec::with_capacity(capacity.1) },
        );
        // Nobody takes it only after a panic, which is passed on when the thread is joined.
        let _ = batches[*next].send(full);
        *next = (*next + 1) % batches.len();
    }
}

impl Sink for Texts<'_> {
    fn text(&mut self, column: Column, at: At, text: &[u8]) {
        match self {
            Self::Here(search) => search.text(column, at, text),
            Self::There { batch, .. } => {
                batch.text.extend_from_slice(text);
                batch.items.push((column, at, batch.text.len()));
                if batch.text.len() + size_of_val(&*batch.items) >= BATCH {
                    self.send();
                }
            }
        }
    }
}
