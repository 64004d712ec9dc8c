//! Rows are cleaned in batches by several threads, and come out in the order of the dump.
//!
//! What a row becomes depends on the row, the policy and the key alone, so the number of threads
//! can't be seen in the output. Neither can it in an error: of several, the one that stands first
//! in the dump is reported.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};

use crate::dump::{Handler, RowAt};
use crate::layout::Layout;
use crate::manifest::{Kinds, Manifest, Tallies, Tally};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::row::{RowCleaner, Tools};
use crate::rows::CleanRows;
use crate::scan::Watch;
use crate::sink::{Sink, TableStart};
use crate::{AnonymizeError, Defect, Place, PseudonymKey};

/// A batch is handed over when it has this many bytes: few enough to stay in a core's cache, and
/// enough to make the hand-over cheap.
pub(crate) const BATCH_BYTES: usize = 256 << 10;

/// The batches in flight for each thread: one at work, one waiting.
const BATCHES_PER_THREAD: usize = 2;

/// What a thread says when it has panicked.
const PANICKED: u64 = u64::MAX;

type Numbered = (u64, Box<Batch>);

/// Rows of one table on their way to a thread and back.
#[derive(Default)]
pub(crate) struct Batch {
    table: usize,
    layout: Arc<Layout>,
    raw: Vec<u8>,
    rows: Vec<(usize, RowAt)>,
    clean: CleanRows,
    tally: Tally,
    error: Option<AnonymizeError>,
}

impl Batch {
    /// Cleans every row, up to the first that can't be.
    fn work(&mut self, cleaner: &mut RowCleaner<'_>, policy: &Policy) {
        let mut start = 0;
        for (end, at) in &self.rows {
            let raw = &self.raw[start..*end];
            start = *end;
            self.tally.rows_in += 1;
            let cleaned =
                cleaner.clean(raw, self.table, &self.layout, &mut self.clean, &mut self.tally);
            if let Err(defect) = cleaned {
                let table = &policy.tables[self.table];
                let column = defect.column.map(|column| table.columns[column].name.clone());
                let place = Place { column, ..at.place(&table.name) };
                self.error = Some(AnonymizeError::Dump { place, defect: defect.defect });
                return;
            }
            self.tally.rows_out += 1;
        }
    }

    fn clear(&mut self) {
        self.raw.clear();
        self.rows.clear();
        self.clean.clear();
    }
}

/// What the sink gets, in the order of the dump.
enum Step {
    Table(usize, Arc<Layout>, Arc<Origin>),
    /// A batch, once it is back.
    Rows(Option<Box<Batch>>),
}

/// Where batches go to be worked on.
enum Workers<'p> {
    Here(Box<RowCleaner<'p>>),
    Threads { to: Sender<Numbered>, back: Receiver<Numbered>, limit: usize },
}

/// Takes rows from the dump, has them cleaned, and feeds the sink in order.
pub(crate) struct Pipeline<'s, 'p> {
    policy: &'p Policy,
    sink: &'s mut dyn Sink,
    /// How many dumps the run has.
    dumps: usize,
    workers: Workers<'p>,
    filling: Box<Batch>,
    #[expect(clippy::vec_box, reason = "batches travel in their boxes")]
    free: Vec<Box<Batch>>,
    steps: VecDeque<Step>,
    /// The number of the first of `steps`; a batch carries the number of its step.
    first_step: u64,
    in_flight: usize,
    tallies: Tallies,
}

impl<'s, 'p> Pipeline<'s, 'p> {
    /// Starts `threads` threads in `scope`, or none where one thread does it all.
    pub(crate) fn start<'t>(
        scope: &'t Scope<'t, 'p>,
        threads: usize,
        tools: &'p Tools<'p>,
        sink: &'s mut dyn Sink,
        dumps: usize,
    ) -> Self {
        let workers = if threads <= 1 {
            Workers::Here(Box::new(RowCleaner::new(tools)))
        } else {
            let (to, jobs) = channel();
            let (done, back) = channel();
            let jobs = Arc::new(Mutex::new(jobs));
            for _ in 0..threads {
                let (jobs, done) = (Arc::clone(&jobs), done.clone());
                scope.spawn(move || work(&jobs, &done, tools));
            }
            Workers::Threads { to, back, limit: threads * BATCHES_PER_THREAD }
        };
        let (policy, tallies) = (tools.policy, Tallies::new(tools.policy));
        Self {
            policy,
            sink,
            dumps,
            workers,
            filling: Box::default(),
            free: Vec::new(),
            steps: VecDeque::new(),
            first_step: 0,
            in_flight: 0,
            tallies,
        }
    }

    /// Sends the batch being filled on its way.
    fn dispatch(&mut self) -> Result<(), AnonymizeError> {
        if self.filling.rows.is_empty() {
            return Ok(());
        }
        let next = self.free.pop().unwrap_or_default();
        let mut batch = mem::replace(&mut self.filling, next);
        (self.filling.table, self.filling.layout) = (batch.table, Arc::clone(&batch.layout));
        match &mut self.workers {
            Workers::Here(cleaner) => {
                batch.work(cleaner, self.policy);
                self.steps.push_back(Step::Rows(Some(batch)));
            }
            Workers::Threads { to, .. } => {
                let number = self.first_step + self.steps.len() as u64;
                self.steps.push_back(Step::Rows(None));
                self.in_flight += 1;
                to.send((number, batch)).expect("the threads live as long as this sender");
            }
        }
        self.receive(false)?;
        self.feed()
    }

    /// Takes back what is done; waits while too much is in flight, or for everything.
    fn receive(&mut self, all: bool) -> Result<(), AnonymizeError> {
        let Workers::Threads { back, limit, .. } = &self.workers else { return Ok(()) };
        let limit = if all { 0 } else { *limit };
        loop {
            let done = if self.in_flight > limit { back.recv().ok() } else { back.try_recv().ok() };
            let Some((number, batch)) = done else { return Ok(()) };
            assert_ne!(number, PANICKED, "a thread that cleans rows has panicked");
            self.in_flight -= 1;
            let step = (number - self.first_step) as usize;
            self.steps[step] = Step::Rows(Some(batch));
        }
    }

    /// Gives the sink all steps that are next in order and done.
    fn feed(&mut self) -> Result<(), AnonymizeError> {
        while let Some(step) = self.steps.front_mut() {
            match step {
                Step::Rows(None) => return Ok(()),
                Step::Table(table, layout, origin) => {
                    let table = &self.policy.tables[*table];
                    let start = TableStart::new(table, layout, origin, self.dumps == 1);
                    self.sink.table(&start).map_err(AnonymizeError::Write)?;
                }
                Step::Rows(batch) => {
                    let mut batch = batch.take().expect("one that is not back was matched above");
                    self.write(&mut batch)?;
                    batch.clear();
                    self.free.push(batch);
                }
            }
            self.steps.pop_front();
            self.first_step += 1;
        }
        Ok(())
    }

    fn write(&mut self, batch: &mut Batch) -> Result<(), AnonymizeError> {
        let table = &self.policy.tables[batch.table];
        let kind = table.work.as_ref().map_or("", |work| &work.kind);
        for row in 0..batch.clean.len() {
            let row = batch.clean.row(row, &table.name, kind);
            self.tallies.works += u64::from(table.work.is_some());
            self.sink.row(&row).map_err(AnonymizeError::Write)?;
        }
        self.tallies.tables[batch.table].add(mem::take(&mut batch.tally));
        batch.error.take().map_or(Ok(()), Err)
    }

    /// Waits for everything that is on its way. An error here stands earlier in the dump than
    /// whatever made the reading end.
    pub(crate) fn drain(&mut self) -> Result<(), AnonymizeError> {
        self.dispatch()?;
        self.receive(true)?;
        self.feed()
    }

    /// Ends the sink.
    pub(crate) fn finish(
        self,
        key: &PseudonymKey,
        real_ids: bool,
    ) -> Result<Manifest, AnonymizeError> {
        self.sink.finish().map_err(AnonymizeError::Write)?;
        Ok(self.tallies.into_manifest(self.policy, key, real_ids))
    }
}

fn work(jobs: &Mutex<Receiver<Numbered>>, done: &Sender<Numbered>, tools: &Tools<'_>) {
    let mut cleaner = RowCleaner::new(tools);
    let _alarm = Alarm(done);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, mut batch)) = job else { return };
        batch.work(&mut cleaner, tools.policy);
        if done.send((number, batch)).is_err() {
            return;
        }
    }
}

/// Tells the reader that a thread is gone; it would wait for the thread's batch for ever.
struct Alarm<'d>(&'d Sender<Numbered>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send((PANICKED, Box::default()));
        }
    }
}

impl Watch for Pipeline<'_, '_> {
    const WANTS_SKIPPED: bool = false;

    fn skipped_bytes(&mut self, _: &[u8]) {}
}

impl Handler for Pipeline<'_, '_> {
    fn table(
        &mut self,
        table: usize,
        layout: &Arc<Layout>,
        origin: &Arc<Origin>,
    ) -> Result<(), AnonymizeError> {
        self.dispatch()?;
        (self.filling.table, self.filling.layout) = (table, Arc::clone(layout));
        if mem::replace(&mut self.tallies.tables[table].present, true) {
            let place =
                Place { table: Some(self.policy.tables[table].name.clone()), ..Place::default() };
            return Err(AnonymizeError::Dump { place, defect: Defect::Duplicate });
        }
        self.steps.push_back(Step::Table(table, Arc::clone(layout), Arc::clone(origin)));
        self.feed()
    }

    fn row(&mut self, raw: &[u8], at: &RowAt) -> Result<(), AnonymizeError> {
        self.filling.raw.extend_from_slice(raw);
        self.filling.rows.push((self.filling.raw.len(), *at));
        if self.filling.raw.len() >= BATCH_BYTES { self.dispatch() } else { Ok(()) }
    }

    fn table_end(&mut self) -> Result<(), AnonymizeError> {
        self.dispatch()
    }

    fn skipped(&mut self, name: &str, rows: u64) {
        let denied = self.policy.is_denied(name);
        let names = if denied { &mut self.tallies.denied } else { &mut self.tallies.unknown };
        names.insert(name, rows, Kinds::default());
    }

    fn watching(&mut self, _: Option<&str>, _: u64) {}
}
