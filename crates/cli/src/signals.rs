//! What asks a program to end: Ctrl-C everywhere, SIGTERM where there is one.

#[cfg(unix)]
pub use unix::Signals;
#[cfg(windows)]
pub use windows::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The signals that ask a program to end.
    #[derive(Debug)]
    pub struct Signals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Signals {
        /// From here on the signals do not kill the process.
        ///
        /// # Errors
        ///
        /// The system's, where it does not let a program handle them.
        pub fn new() -> io::Result<Self> {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
        }

        /// Waits for the next of them.
        pub async fn end(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlC, ctrl_c};

    /// The signals that ask a program to end.
    #[derive(Debug)]
    pub struct Signals(CtrlC);

    impl Signals {
        /// From here on Ctrl-C does not kill the process.
        ///
        /// # Errors
        ///
        /// The system's, where it does not let a program handle it.
        pub fn new() -> io::Result<Self> {
            ctrl_c().map(Self)
        }

        /// Waits for the next one.
        pub async fn end(&mut self) {
            self.0.recv().await;
        }
    }
}
