//! Tells wake-ups that bring news from those that a virtual user's own turn causes.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// Nobody has a turn: whoever rings wakes the task.
const OUTSIDE: u8 = 0;
/// A turn goes on, and the connection is still to be polled in it.
const INSIDE: u8 = 1;
/// Somebody rang in this turn after the connection was polled, or while it was.
const RUNG: u8 = 2;

/// The waker of a connection. Handing it a request wakes it, although it is polled next anyway; each
/// such wake-up would cost the task another turn.
pub(crate) struct Bell {
    state: Arc<State>,
    waker: Waker,
}

struct State {
    state: AtomicU8,
    task: Mutex<Waker>,
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let order = Ordering::SeqCst;
        let before = self.state.compare_exchange(INSIDE, RUNG, order, order);
        if before == Err(OUTSIDE) {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

impl Bell {
    pub(crate) fn new() -> Self {
        let state =
            State { state: AtomicU8::new(OUTSIDE), task: Mutex::new(Waker::noop().clone()) };
        let state = Arc::new(state);
        Bell { waker: Waker::from(Arc::clone(&state)), state }
    }

    /// Whatever rings from now on has the connection polled in this turn.
    pub(crate) fn silence(&self) {
        self.state.state.store(INSIDE, Ordering::SeqCst);
    }

    /// Begins a turn of this task.
    pub(crate) fn begin(&self, cx: &Context<'_>) {
        self.silence();
        let mut task = self.state.task.lock().unwrap_or_else(PoisonError::into_inner);
        task.clone_from(cx.waker());
    }

    /// For polling the connection.
    pub(crate) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// Ends a turn. Says whether the connection has to be polled once more.
    pub(crate) fn end(&self) -> bool {
        self.state.state.swap(OUTSIDE, Ordering::SeqCst) == RUNG
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn only_what_rings_between_turns_wakes_the_task() {
        let count = Arc::new(Count::default());
        let task = Waker::from(Arc::clone(&count));
        let bell = Bell::new();
        let ring = || bell.context().waker().wake_by_ref();
        for round in 1..=2 {
            bell.begin(&Context::from_waker(&task));
            ring();
            // The connection is polled after that, and then nothing rings.
            bell.silence();
            assert!(!bell.end());
            bell.begin(&Context::from_waker(&task));
            bell.silence();
            ring();
            ring();
            assert!(bell.end(), "it has to be polled once more");
            assert_eq!(count.0.load(Ordering::Relaxed), round - 1);
            ring();
            assert_eq!(count.0.load(Ordering::Relaxed), round);
        }
    }
}
