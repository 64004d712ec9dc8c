//! The timeouts of a virtual user's requests, on one timer.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::TransportError;

/// A moment, and what it means if it comes first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) at: Instant,
    pub(crate) error: TransportError,
}

impl Limit {
    /// Whichever comes first.
    pub(crate) fn or(self, other: Limit) -> Self {
        if other.at < self.at { other } else { self }
    }
}

/// A timer that is set again only if it would ring too late or rang too early. Setting tokio's timer
/// takes a lock, and nearly every request is over long before its time is.
#[derive(Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Whether the limit has come; if not, the task is woken then or earlier.
    pub(crate) fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    /// Sets the alarm once, as a request does that is soon over.
    async fn set(alarm: &mut Alarm, at: Instant) {
        poll_fn(|cx| Poll::Ready(alarm.poll(at, cx).is_ready())).await;
    }

    #[tokio::test]
    async fn it_rings_at_a_limit_that_is_earlier_or_later_than_the_last_one() {
        let (begun, mut alarm) = (Instant::now(), Alarm::default());
        for (set_before, limit) in [(1, 5), (3_600_000, 15), (10, 25)] {
            set(&mut alarm, begun + Duration::from_millis(set_before)).await;
            let at = begun + Duration::from_millis(limit);
            poll_fn(|cx| alarm.poll(at, cx)).await;
            assert!(Instant::now() >= at);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the hour was not waited for");
    }
}
