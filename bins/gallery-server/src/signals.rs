//! What ends the server: Ctrl-C everywhere, SIGTERM where there is one.

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(windows)]
pub(crate) use windows::Signals;

#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(crate) struct Signals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Signals {
        /// From here on the signals do not kill the process.
        pub(crate) fn new() -> io::Result<Self> {
            let interrupt = signal(SignalKind::interrupt())?;
            Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
        }

        /// Waits for the first of them.
        pub(crate) async fn end(&mut self) {
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

    pub(crate) struct Signals(CtrlC);

    impl Signals {
        /// From here on Ctrl-C does not kill the process.
        pub(crate) fn new() -> io::Result<Self> {
            ctrl_c().map(Self)
        }

        /// Waits for it.
        pub(crate) async fn end(&mut self) {
            self.0.recv().await;
        }
    }
}
