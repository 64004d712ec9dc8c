//! What wakes a worker when something comes due.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

#[cfg(target_os = "linux")]
mod linux;
mod thread;

use crate::Timing;

/// Far enough ahead for an alarm that nobody waits for.
const NEVER: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// One moment to be woken at.
pub(crate) struct Alarm {
    kind: Kind,
    set: Option<Instant>,
}

enum Kind {
    /// The runtime's own timer, which has steps of a millisecond and follows paused time.
    Runtime(Pin<Box<Sleep>>),
    #[cfg(target_os = "linux")]
    Timer(linux::Timer),
    Thread(thread::Sleeper),
}

impl Alarm {
    /// An alarm of that precision, or of the runtime's where the system has no better one to give.
    pub(crate) fn new(timing: Timing) -> Self {
        let kind = match timing {
            Timing::Precise => precise(),
            Timing::Runtime => None,
        };
        let runtime = || Kind::Runtime(Box::pin(sleep_until(Instant::now() + NEVER)));
        Alarm { kind: kind.unwrap_or_else(runtime), set: None }
    }

    /// Waits for another moment. An alarm that is set to the same moment again stays as it is.
    pub(crate) fn set(&mut self, at: Option<Instant>) {
        if self.set == at {
            return;
        }
        self.set = at;
        match (&mut self.kind, at) {
            (Kind::Runtime(sleep), Some(at)) => sleep.as_mut().reset(at),
            #[cfg(target_os = "linux")]
            (Kind::Timer(timer), Some(at)) => timer.set(at),
            (Kind::Thread(sleeper), Some(at)) => sleeper.set(at),
            (_, None) => {}
        }
    }

    /// Whether the moment has come; if not, the task is woken when it comes.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.set.is_none() {
            return Poll::Pending;
        }
        let rung = match &mut self.kind {
            Kind::Runtime(sleep) => sleep.as_mut().poll(cx),
            #[cfg(target_os = "linux")]
            Kind::Timer(timer) => timer.poll(cx),
            Kind::Thread(sleeper) => sleeper.poll(cx),
        };
        if rung.is_ready() {
            self.set = None;
        }
        rung
    }
}

#[cfg(target_os = "linux")]
fn precise() -> Option<Kind> {
    linux::Timer::new().ok().map(Kind::Timer).or_else(sleeping)
}

#[cfg(not(target_os = "linux"))]
fn precise() -> Option<Kind> {
    sleeping()
}

fn sleeping() -> Option<Kind> {
    thread::Sleeper::new().ok().map(Kind::Thread)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    /// Waits for three moments and says how late the latest one was noticed.
    async fn ring(mut alarm: Alarm) -> Duration {
        let mut latest = Duration::ZERO;
        for _ in 0..3 {
            let at = Instant::now() + Duration::from_micros(2300);
            alarm.set(Some(at));
            poll_fn(|cx| alarm.poll(cx)).await;
            assert!(at <= Instant::now(), "an alarm rings at its time or later");
            latest = latest.max(at.elapsed());
        }
        alarm.set(None);
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(cx).is_pending())).await);
        latest
    }

    #[test]
    fn every_kind_of_alarm_rings_at_its_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sleeping = Alarm { kind: sleeping().expect("a thread can be started"), set: None };
            for alarm in [Alarm::new(Timing::Runtime), Alarm::new(Timing::Precise), sleeping] {
                // Generous, because a test machine may be busy; benchmarks measure the precision.
                assert!(ring(alarm).await < Duration::from_secs(5));
            }
        });
    }
}
