//! What a person or a log sees while the load runs, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use workload::Progress;

const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows a run's progress from a thread of its own, until it is dropped.
pub(crate) struct ProgressView {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressView {
    /// Shows a bar on a terminal, and otherwise a line every ten seconds.
    pub(crate) fn start(progress: Arc<Progress>, duration: Duration) -> io::Result<Self> {
        let (end, ended) = channel();
        let show = move || match io::stderr().is_terminal() {
            true => show_bar(&progress, duration, &ended),
            false => show_lines(&progress, duration, &ended),
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(show)?;
        Ok(ProgressView { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was reported when it happened.
            let _ended = thread.join();
        }
    }
}

fn show_bar(progress: &Progress, duration: Duration, ended: &Receiver<()>) {
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(Some(millis(duration)), target);
    let style = ProgressStyle::with_template("{bar:10} {wide_msg}");
    bar.set_style(style.expect("the template is valid").progress_chars("█░ "));
    every(BAR_EVERY, ended, |elapsed| {
        bar.set_position(millis(elapsed).min(millis(duration)));
        bar.set_message(line(progress, elapsed, duration));
    });
    bar.finish_and_clear();
}

fn show_lines(progress: &Progress, duration: Duration, ended: &Receiver<()>) {
    every(LINE_EVERY, ended, |elapsed| {
        // Nobody is helped by a run that fails because nobody reads its progress.
        let _unseen = writeln!(io::stderr(), "running {}", line(progress, elapsed, duration));
    });
}

fn every(step: Duration, ended: &Receiver<()>, mut show: impl FnMut(Duration)) {
    let begun = Instant::now();
    while ended.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
        show(begun.elapsed());
    }
}

/// With the bar before it, this fits into the 80 columns of a narrow terminal.
fn line(progress: &Progress, elapsed: Duration, duration: Duration) -> String {
    let (busy, allocated) = progress.users();
    format!(
        "{:.0}s/{:.0}s, {busy}/{allocated} VUs, {} done, {} dropped, {} requests, {} failed",
        elapsed.as_secs_f64(),
        duration.as_secs_f64(),
        progress.completed(),
        progress.dropped(),
        progress.requests(),
        progress.failed(),
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
