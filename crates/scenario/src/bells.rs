//! Who of a worker's virtual users wants to be polled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use futures_util::task::AtomicWaker;

/// The queue of all that were woken, and the worker that is to hear of it.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    rung: Mutex<VecDeque<usize>>,
    worker: AtomicWaker,
    /// The worker is looking anyhow, and need not be woken.
    attended: AtomicBool,
}

/// Wakes one virtual user.
#[derive(Debug)]
pub(crate) struct Bell {
    slot: usize,
    is_rung: AtomicBool,
    bells: Arc<Bells>,
}

impl Bells {
    /// The worker begins to look, and hears of what comes later by `waker`.
    pub(crate) fn attend(&self, waker: &Waker) {
        self.worker.register(waker);
        self.attended.store(true, Ordering::SeqCst);
    }

    /// The worker stops looking. Says `false` if somebody rang in the meantime.
    pub(crate) fn leave(&self) -> bool {
        self.attended.store(false, Ordering::SeqCst);
        let is_empty = self.queue().is_empty();
        if !is_empty {
            self.attended.store(true, Ordering::SeqCst);
        }
        is_empty
    }

    /// Wakes the worker, if it is not looking already.
    pub(crate) fn call(&self) {
        if !self.attended.load(Ordering::SeqCst) {
            self.worker.wake();
        }
    }

    /// Whose turn it is.
    pub(crate) fn next(&self) -> Option<usize> {
        self.queue().pop_front()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    pub(crate) fn new(slot: usize, bells: &Arc<Bells>) -> Arc<Self> {
        Arc::new(Bell { slot, is_rung: AtomicBool::new(false), bells: Arc::clone(bells) })
    }

    /// Has to come before the user is polled, so that what happens from then on is heard.
    pub(crate) fn silence(&self) {
        self.is_rung.store(false, Ordering::SeqCst);
    }

    pub(crate) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::SeqCst) {
            self.bells.queue().push_back(self.slot);
            self.bells.call();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(AtomicBool);

    impl Wake for Heard {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_bell_is_heard_once_and_wakes_who_is_not_looking() {
        let (bells, heard) = (Arc::new(Bells::default()), Arc::new(Heard::default()));
        let (first, second) = (Bell::new(1, &bells), Bell::new(2, &bells));
        bells.attend(&Waker::from(Arc::clone(&heard)));
        second.ring();
        first.ring();
        second.ring();
        assert!(!heard.0.load(Ordering::SeqCst), "who looks is not woken");
        assert!(!bells.leave());
        assert_eq!((bells.next(), bells.next(), bells.next()), (Some(2), Some(1), None));
        assert!(bells.leave());
        second.silence();
        second.ring();
        assert!(heard.0.load(Ordering::SeqCst));
        assert_eq!(bells.next(), Some(2));
    }
}
