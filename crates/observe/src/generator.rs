//! The load generator's own side of the window: what its threads, machine and limits allowed it.

mod tally;
mod usage;

#[cfg(any(target_os = "linux", test))]
mod parse;

#[cfg(target_os = "linux")]
#[path = "generator/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "generator/elsewhere.rs"]
mod system;

use std::time::{Duration, Instant};

use system::System;
use tally::Tally;
pub use usage::{GeneratorUsage, Limits, MachineUsage, Throttling, WorkerUsage};

/// Shares over less time say more about the kernel's bookkeeping than about the load.
const SPAN_MIN: Duration = Duration::from_millis(200);

/// Watches this process while it generates load.
///
/// Worker threads are those whose names begin with `load-`. In a process without any, such as a
/// test with one runtime, the busiest thread of each moment stands for them.
///
/// It reads a few small files of `/proc` a tick and starts no thread, so that whoever owns it decides
/// what that time is taken from. Elsewhere than on Linux every figure is `None`.
#[derive(Debug)]
pub struct GeneratorWatch {
    system: System,
    tally: Tally,
    last: Instant,
}

impl GeneratorWatch {
    /// Begins to watch.
    pub fn begin() -> Self {
        let system = System::begin();
        let tally = Tally::new(system.snapshot());
        GeneratorWatch { system, tally, last: Instant::now() }
    }

    /// Adds what happened since the last tick. Meant to be called about once a second, from any
    /// thread; it does nothing when the last tick was less than 200 ms ago.
    pub fn tick(&mut self) {
        if self.last.elapsed() >= SPAN_MIN {
            self.add();
        }
    }

    /// Adds the rest and says what was seen. Best called while the worker threads are still there:
    /// what one did since the last tick is lost with it.
    pub fn end(mut self) -> GeneratorUsage {
        self.add();
        self.tally.usage(limits())
    }

    fn add(&mut self) {
        let snapshot = self.system.snapshot();
        let now = Instant::now();
        self.tally.add(snapshot, now - self.last);
        self.last = now;
    }
}

/// What this process may use, as it is now.
pub fn limits() -> Limits {
    system::limits()
}
