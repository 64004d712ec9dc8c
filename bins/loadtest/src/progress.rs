//! What a person or a log sees while the load runs, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scenario::Scenario;
use workload::{Progress, ProgressTimes};

use crate::phase::phase;

const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How far back the rate and the p95 look, at least.
const WINDOW: Duration = Duration::from_secs(2);

/// Shows a run's progress from a thread of its own, until it is dropped.
pub(crate) struct ProgressView {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressView {
    /// Shows a bar on a terminal, and otherwise a line every few seconds.
    pub(crate) fn start(
        progress: Arc<Progress>,
        duration: Duration,
        scenarios: Vec<Scenario>,
    ) -> io::Result<Self> {
        let (end, ended) = channel();
        let show = move || {
            let mut view = View { window: Window::new(&progress), progress, duration, scenarios };
            match io::stderr().is_terminal() {
                true => show_bar(&mut view, &ended),
                false => show_lines(&mut view, &ended),
            }
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

/// What is shown of a run.
struct View {
    progress: Arc<Progress>,
    duration: Duration,
    scenarios: Vec<Scenario>,
    window: Window,
}

fn show_bar(view: &mut View, ended: &Receiver<()>) {
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(Some(millis(view.duration)), target);
    let style = ProgressStyle::with_template("{bar:10} {wide_msg}");
    bar.set_style(style.expect("the template is valid").progress_chars("█░ "));
    every(BAR_EVERY, ended, |elapsed| {
        bar.set_position(millis(elapsed).min(millis(view.duration)));
        bar.set_message(view.line(elapsed));
    });
    bar.finish_and_clear();
}

fn show_lines(view: &mut View, ended: &Receiver<()>) {
    every(LINE_EVERY, ended, |elapsed| {
        // Nobody is helped by a run that fails because nobody reads its progress.
        let _unseen = writeln!(io::stderr(), "running {}", view.line(elapsed));
    });
}

fn every(step: Duration, ended: &Receiver<()>, mut show: impl FnMut(Duration)) {
    let begun = Instant::now();
    while ended.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
        show(begun.elapsed());
    }
}

impl View {
    /// With the bar before it, this fits into the 80 columns of a narrow terminal.
    fn line(&mut self, elapsed: Duration) -> String {
        let View { progress, duration, scenarios, window } = self;
        let (busy, allocated) = progress.users();
        let Recent { rate, p95 } = window.recent(progress, elapsed);
        let p95 = p95.map_or_else(|| "-".to_owned(), rounded);
        // Where one thing is tried after the other, nobody knows yet what will be asked for.
        let phase = match scenarios.is_empty() {
            true => String::new(),
            false => format!(" {}", phase(scenarios.iter(), elapsed)),
        };
        format!(
            "{:.0}s/{:.0}s{phase}, {rate:.0} req/s, p95 {p95}, {busy}/{allocated} VUs, {} failed, {} dropped",
            elapsed.as_secs_f64(),
            duration.as_secs_f64(),
            progress.failed(),
            progress.dropped(),
        )
    }
}

/// What the run was like at two moments of the last seconds, to tell what is new since.
struct Window {
    older: Moment,
    newer: Moment,
}

struct Moment {
    at: Duration,
    requests: u64,
    times: ProgressTimes,
}

/// What happened lately.
struct Recent {
    /// HTTP requests that ended, a second.
    rate: f64,
    p95: Option<Duration>,
}

impl Moment {
    fn of(progress: &Progress, at: Duration) -> Self {
        Moment { at, requests: progress.requests(), times: progress.times() }
    }
}

impl Window {
    fn new(progress: &Progress) -> Self {
        let begin = || Moment::of(progress, Duration::ZERO);
        Window { older: begin(), newer: begin() }
    }

    /// What happened since a moment that is one to two window lengths ago.
    fn recent(&mut self, progress: &Progress, at: Duration) -> Recent {
        let now = Moment::of(progress, at);
        let since = (at - self.older.at).as_secs_f64();
        let rate = (now.requests - self.older.requests) as f64 / since.max(f64::MIN_POSITIVE);
        let p95 = now.times.percentile_since(&self.older.times, 95.0);
        if at - self.newer.at >= WINDOW {
            self.older = std::mem::replace(&mut self.newer, now);
        }
        Recent { rate, p95 }
    }
}

/// Two digits are what the times are right to.
fn rounded(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.0}µs"),
        1e3..1e4 => format!("{:.1}ms", micros / 1e3),
        1e4..1e6 => format!("{:.0}ms", micros / 1e3),
        _ => format!("{:.1}s", micros / 1e6),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_asked_for_and_what_comes_of_it() {
        let progress = Arc::new(Progress::default());
        let duration = Duration::from_secs(30);
        let scenarios = vec![Scenario::constant_vus(1, duration, Duration::ZERO).unwrap()];
        let window = Window::new(&progress);
        let mut view = View { progress, duration, scenarios, window };
        let line = view.line(Duration::from_secs(4));
        assert_eq!(line, "4s/30s 1 VUs, 0 req/s, p95 -, 0/0 VUs, 0 failed, 0 dropped");
        assert!(line.len() + 11 <= 80);
    }

    #[test]
    fn times_have_two_digits() {
        let shown = [7, 950, 1_240, 99_400, 840_000, 2_340_000]
            .map(|micros| rounded(Duration::from_micros(micros)));
        assert_eq!(shown, ["7µs", "950µs", "1.2ms", "99ms", "840ms", "2.3s"]);
    }
}
