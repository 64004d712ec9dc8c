//! The kernel's own timer, in the same event loop as the sockets.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

pub(crate) struct Timer {
    fd: AsyncFd<OwnedFd>,
    at: Instant,
}

impl Timer {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "an OwnedFd stays open and the same as long as it lives, which is all that the \
                      replacement, an unsafe function, wants to be promised"
        )]
        let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
        Ok(Timer { fd, at: Instant::now() })
    }

    pub(crate) fn set(&mut self, at: Instant) {
        self.at = at;
        // Zero would switch the timer off.
        let ahead = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let once = Itimerspec { it_interval: timespec(Duration::ZERO), it_value: timespec(ahead) };
        let set = timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once);
        debug_assert!(set.is_ok(), "the timer is there and the time is valid");
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(self.fd.poll_read_ready(cx)) {
                Ok(mut event) => event.clear_ready(),
                Err(_) => return Poll::Ready(()),
            }
            // An event of a moment that was set before is not this one's.
            if Instant::now() >= self.at {
                return Poll::Ready(());
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    let tv_sec = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: duration.subsec_nanos().into() }
}
