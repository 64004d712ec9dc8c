//! A thread that sleeps, for systems whose event loop has no precise timer of its own.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

/// The last part of a wait, which is slept precisely. A wait for the channel is coarser: Windows'
/// has steps of up to 16 ms.
const PRECISE: Duration = Duration::from_millis(20);

pub(crate) struct Sleeper {
    moments: Sender<Instant>,
    waker: Arc<Mutex<Option<Waker>>>,
    at: Instant,
}

impl Sleeper {
    pub(crate) fn new() -> io::Result<Self> {
        let (moments, wanted) = channel();
        let waker = Arc::default();
        let woken = Arc::clone(&waker);
        let sleep = move || sleep_through(&wanted, &woken);
        thread::Builder::new().name("load-alarm".to_owned()).spawn(sleep)?;
        Ok(Sleeper { moments, waker, at: Instant::now() })
    }

    pub(crate) fn set(&mut self, at: Instant) {
        self.at = at;
        let sent = self.moments.send(at);
        debug_assert!(sent.is_ok(), "the thread lives as long as this");
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        // Looked at after the waker was left, so that the moment cannot pass in between.
        if Instant::now() >= self.at { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Ends when the alarm is dropped.
fn sleep_through(wanted: &Receiver<Instant>, waker: &Mutex<Option<Waker>>) {
    let mut next = wanted.recv().ok();
    while let Some(at) = next {
        let coarse = at.saturating_duration_since(Instant::now()).saturating_sub(PRECISE);
        next = match wanted.recv_timeout(coarse) {
            Ok(another) => Some(another),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                // The system's sleep is far finer than its waits with a time-out.
                thread::sleep(at.saturating_duration_since(Instant::now()));
                let waker = waker.lock().unwrap_or_else(PoisonError::into_inner).take();
                waker.into_iter().for_each(Waker::wake);
                wanted.recv().ok()
            }
        };
    }
}
