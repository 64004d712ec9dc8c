//! What ends the process early must not leave anything of it behind.

use std::io::{self, Write};

/// k6's code for a run that a signal ended.
const INTERRUPTED: u8 = 105;

/// From here on, Ctrl-C and SIGTERM remove the temporary files, whatever the program waits for, and
/// a crash writes no memory to the disk.
pub(crate) fn prepare() {
    write_no_core();
    // Where a signal is ignored already, as under nohup, everything stays as it is. Then SIGTERM
    // leaves files with temporary names, as SIGKILL always does.
    let _ = ctrlc::try_set_handler(|| {
        let _ = writeln!(io::stderr(), "extract: interrupted; nothing unfinished is left");
        cli::end_without_files(INTERRUPTED)
    });
}

/// The memory holds the key and rows of the dump.
#[cfg(unix)]
fn write_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    // Where the system refuses, the limit is as it was for every other program.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn write_no_core() {}
