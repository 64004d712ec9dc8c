use std::sync::Arc;

use tokio::sync::watch;

/// Ends a run before its schedule does. Clones share one state and may be used from any thread.
#[derive(Clone, Debug)]
pub struct Stop {
    level: Arc<watch::Sender<Level>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Run,
    Finish,
    Abort,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// A handle with which nothing is stopped yet.
    pub fn new() -> Self {
        Stop { level: Arc::new(watch::Sender::new(Level::Run)) }
    }

    /// Starts no more iterations and lets those that run finish, within the graceful stop.
    pub fn finish(&self) {
        self.raise(Level::Finish);
    }

    /// Starts no more iterations and interrupts those that run.
    pub fn abort(&self) {
        self.raise(Level::Abort);
    }

    /// Whether either was asked for.
    pub fn is_stopped(&self) -> bool {
        *self.level.borrow() > Level::Run
    }

    fn raise(&self, to: Level) {
        self.level.send_if_modified(|level| {
            let raised = to > *level;
            *level = to.max(*level);
            raised
        });
    }

    /// Waits until no more iterations are to be started.
    pub async fn finishing(&self) {
        self.reached(Level::Finish).await;
    }

    /// Waits until running iterations are to be interrupted.
    pub async fn aborting(&self) {
        self.reached(Level::Abort).await;
    }

    async fn reached(&self, wanted: Level) {
        let waited = self.level.subscribe().wait_for(|&level| level >= wanted).await.map(drop);
        debug_assert!(waited.is_ok(), "the sender lives as long as this handle");
    }
}
