//! What a set of metrics took in, second by second, in bounded memory.

use std::time::Duration;

use crate::block::{OpenBlock, TrendBlock};
use crate::{Gauge, Metric, Rate};

/// The blocks that are kept. At this number pairs of them are joined, so that a run of up to half an
/// hour has every second, one of an hour every two seconds, and one of a day every 64.
pub(crate) const BLOCKS_MAX: usize = 1800;
/// The bytes that closed blocks may take. Above it pairs of blocks are joined too.
pub(crate) const BYTES_MAX: usize = 16 << 20;

/// The columns of a set, one for each metric: what happened to it in each block.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The seconds of a block: a power of 2.
    width: u64,
    /// The block that is still added to; all before it are closed.
    open: usize,
    /// The second from which on the open block is over.
    closes_at: u64,
    /// The bytes of what is closed, about.
    bytes: usize,
    columns: Vec<Column>,
}

/// One metric's blocks. A column that ends early had nothing to say since.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// The amount added, and the sum before the open block.
    Counter { before: u64, blocks: Vec<u64> },
    /// The events, and those before the open block.
    Rate { before: Rate, blocks: Vec<Rate> },
    /// The greatest level; that of the open block so far.
    Level { open: Option<u64>, blocks: Vec<Option<u64>> },
    /// The samples, of a trend that is followed.
    Trend { open: OpenBlock, blocks: Vec<TrendBlock> },
    /// Nothing, of a trend that is not.
    Nothing,
}

impl Default for History {
    fn default() -> Self {
        History { width: 1, open: 0, closes_at: 1, bytes: 0, columns: Vec::new() }
    }
}

impl History {
    /// Adds the column of a metric that was registered.
    pub(crate) fn add(&mut self, metric: &Metric) {
        self.columns.push(match metric {
            Metric::Counter(before) => Column::Counter { before: *before, blocks: Vec::new() },
            Metric::Rate(before) => Column::Rate { before: *before, blocks: Vec::new() },
            Metric::Gauge(_) => Column::Level { open: None, blocks: Vec::new() },
            Metric::Trend(_) => Column::Nothing,
        });
    }

    /// Follows a trend from now on.
    pub(crate) fn follow(&mut self, at: usize) {
        if matches!(self.columns[at], Column::Nothing) {
            self.columns[at] = Column::Trend { open: OpenBlock::default(), blocks: Vec::new() };
        }
    }

    pub(crate) fn record(&mut self, at: usize, sample: Duration) {
        if let Column::Trend { open, .. } = &mut self.columns[at] {
            open.record(sample);
        }
    }

    pub(crate) fn level(&mut self, at: usize, level: u64) {
        if let Column::Level { open, .. } = &mut self.columns[at] {
            *open = (*open).max(Some(level));
        }
    }

    pub(crate) fn width(&self) -> u64 {
        self.width
    }

    /// The number of closed blocks.
    pub(crate) fn len(&self) -> usize {
        self.open
    }

    pub(crate) fn column(&self, at: usize) -> &Column {
        &self.columns[at]
    }

    /// Whether the open block is over when this second begins.
    pub(crate) fn is_over(&self, second: u64) -> bool {
        second >= self.closes_at
    }

    /// Closes the open block with what the metrics have come to, and opens that of `second`.
    pub(crate) fn close(&mut self, second: u64, metrics: &[Metric]) {
        self.keep(metrics);
        self.open = usize::try_from(second / self.width).unwrap_or(usize::MAX).max(self.open + 1);
        while self.open > BLOCKS_MAX || (self.bytes > BYTES_MAX && self.open > 1) {
            self.join();
        }
        self.closes_at = (self.open as u64 + 1) * self.width;
    }

    /// Closes the open block for good.
    pub(crate) fn finish(&mut self, metrics: &[Metric]) {
        self.keep(metrics);
        self.open += 1;
        self.bound();
    }

    fn keep(&mut self, metrics: &[Metric]) {
        for (column, metric) in self.columns.iter_mut().zip(metrics) {
            self.bytes += column.close(self.open, metric);
        }
    }

    /// Keeps a history whose blocks are all closed within the bounds.
    fn bound(&mut self) {
        while self.open > BLOCKS_MAX || (self.bytes > BYTES_MAX && self.open > 1) {
            self.join_closed();
        }
        self.closes_at = (self.open as u64 + 1) * self.width;
    }

    /// Joins every two blocks, so that there are half as many.
    fn join(&mut self) {
        self.columns.iter_mut().for_each(Column::join);
        self.width *= 2;
        self.open /= 2;
        self.bytes = self.columns.iter().map(Column::bytes).sum();
    }

    /// Adds the closed blocks of a metric of another history.
    pub(crate) fn merge(&mut self, at: usize, other: &History, other_at: usize) {
        match (&mut self.columns[at], &other.columns[other_at]) {
            (own @ Column::Nothing, column @ Column::Trend { .. }) => *own = column.closed(),
            (own, column) => own.merge(column),
        }
    }

    /// Makes both histories' blocks equally long, as a merge needs them. Returns the other one.
    pub(crate) fn aligned(&mut self, other: &History) -> History {
        let columns = other.columns.iter().map(Column::closed).collect();
        let mut other = History { columns, ..*other };
        while self.width < other.width {
            self.join_closed();
        }
        while other.width < self.width {
            other.join_closed();
        }
        other
    }

    /// Joins blocks of a history that is closed, so that the last one may have no other to join.
    fn join_closed(&mut self) {
        let blocks = self.open.div_ceil(2);
        self.join();
        self.open = blocks;
    }

    /// Takes in that the other history went on for longer, and keeps within the bounds.
    pub(crate) fn merged(&mut self, other: &History) {
        self.open = self.open.max(other.open);
        self.bytes = self.columns.iter().map(Column::bytes).sum();
        self.bound();
    }

    /// A history of the same blocks without a column.
    pub(crate) fn without_columns(&self) -> History {
        History { columns: Vec::new(), ..*self }
    }

    /// Adds a copy of another history's column.
    pub(crate) fn copy(&mut self, other: &History, at: usize) {
        self.columns.push(other.columns[at].closed());
    }

    /// The bytes on the heap, open blocks included.
    pub(crate) fn bytes(&self) -> usize {
        let open = self.columns.iter().map(Column::open_bytes).sum::<usize>();
        let columns = self.columns.capacity() * size_of::<Column>();
        columns + open + self.columns.iter().map(Column::bytes).sum::<usize>()
    }
}

impl Column {
    /// Keeps what the metric gained as the block `at`. Returns by how many bytes that is more.
    fn close(&mut self, at: usize, metric: &Metric) -> usize {
        match (self, metric) {
            (Column::Counter { before, blocks }, Metric::Counter(sum)) if *sum > *before => {
                let gained = sum - std::mem::replace(before, *sum);
                put(blocks, at, |block| *block += gained)
            }
            (Column::Rate { before, blocks }, Metric::Rate(rate)) if rate.total > before.total => {
                let gained = *rate - std::mem::replace(before, *rate);
                put(blocks, at, |block| *block += gained)
            }
            (Column::Level { open, blocks }, Metric::Gauge(Some(Gauge { last, .. }))) => {
                let greatest = open.take().max(Some(*last));
                // The next block begins with this level, and may never set another one.
                put(blocks, at, |block| *block = (*block).max(greatest))
                    + put(blocks, at + 1, |block| *block = (*block).max(Some(*last)))
            }
            (Column::Trend { open, blocks }, _) if !open.is_empty() => {
                let closed = open.close();
                let bytes = closed.heap_bytes();
                put(blocks, at, |block| block.merge(&closed)) + bytes
            }
            _ => 0,
        }
    }

    fn join(&mut self) {
        match self {
            Column::Counter { blocks, .. } => halve(blocks, |own, more| *own += more),
            Column::Rate { blocks, .. } => halve(blocks, |own, more| *own += *more),
            Column::Level { blocks, .. } => halve(blocks, |own, more| *own = (*own).max(*more)),
            Column::Trend { blocks, .. } => halve(blocks, TrendBlock::merge),
            Column::Nothing => {}
        }
    }

    fn merge(&mut self, other: &Column) {
        match (self, other) {
            (Column::Counter { blocks, .. }, Column::Counter { blocks: more, .. }) => {
                add_all(blocks, more, |own, more| *own += more);
            }
            (Column::Rate { blocks, .. }, Column::Rate { blocks: more, .. }) => {
                add_all(blocks, more, |own, more| *own += *more);
            }
            (Column::Level { blocks, .. }, Column::Level { blocks: more, .. }) => {
                add_all(blocks, more, |own, more| *own = (*own).max(*more));
            }
            (Column::Trend { blocks, .. }, Column::Trend { blocks: more, .. }) => {
                add_all(blocks, more, TrendBlock::merge);
            }
            _ => {}
        }
    }

    /// A copy of what is closed.
    fn closed(&self) -> Column {
        match self {
            Column::Trend { blocks, .. } => {
                Column::Trend { open: OpenBlock::default(), blocks: blocks.clone() }
            }
            other => other.clone(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Column::Counter { blocks, .. } => size_of_val(&blocks[..]),
            Column::Rate { blocks, .. } => size_of_val(&blocks[..]),
            Column::Level { blocks, .. } => size_of_val(&blocks[..]),
            Column::Trend { blocks, .. } => {
                let heap = blocks.iter().map(TrendBlock::heap_bytes).sum::<usize>();
                size_of_val(&blocks[..]) + heap
            }
            Column::Nothing => 0,
        }
    }

    fn open_bytes(&self) -> usize {
        if let Column::Trend { open, .. } = self { open.heap_bytes() } else { 0 }
    }
}

/// Changes the block `at`, which is made with all that are missing before it. Returns the bytes that
/// this took.
fn put<T: Clone + Default>(blocks: &mut Vec<T>, at: usize, change: impl FnOnce(&mut T)) -> usize {
    let missing = (at + 1).saturating_sub(blocks.len());
    blocks.resize(blocks.len() + missing, T::default());
    change(&mut blocks[at]);
    missing * size_of::<T>()
}

fn halve<T>(blocks: &mut Vec<T>, add: impl Fn(&mut T, &T)) {
    let mut all = std::mem::take(blocks).into_iter();
    blocks.reserve_exact(all.len().div_ceil(2));
    while let Some(mut own) = all.next() {
        if let Some(more) = all.next() {
            add(&mut own, &more);
        }
        blocks.push(own);
    }
}

fn add_all<T: Clone + Default>(blocks: &mut Vec<T>, more: &[T], add: impl Fn(&mut T, &T)) {
    let len = blocks.len().max(more.len());
    blocks.resize(len, T::default());
    blocks.iter_mut().zip(more).for_each(|(own, more)| add(own, more));
}
