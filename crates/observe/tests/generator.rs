//! The real system: what it tells must be true, and where it tells nothing, nothing is made up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use observe::{GeneratorUsage, GeneratorWatch};

/// Watches one worker that spins for 1.2 s, with a tick in the middle.
fn watch_a_spinning_worker() -> GeneratorUsage {
    let mut watch = GeneratorWatch::begin();
    let (done, spinning) = std::sync::mpsc::channel::<()>();
    let spin = move || while spinning.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {};
    let worker = std::thread::Builder::new().name("load-0".to_owned()).spawn(spin).unwrap();
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(600));
        watch.tick();
        // Too early to say anything: no tick.
        watch.tick();
    }
    let usage = watch.end();
    drop(done);
    worker.join().unwrap();
    usage
}

#[test]
fn a_spinning_worker_is_seen_to_be_busy() {
    let usage = watch_a_spinning_worker();
    assert!(usage.watched >= Duration::from_millis(1200), "{usage:?}");
    if !cfg!(target_os = "linux") {
        assert!(usage.workers.is_none() && usage.machine.is_none(), "{usage:?}");
        assert!(usage.limits.descriptors.is_none() && usage.descriptors_peak.is_none());
        return;
    }
    let workers = usage.workers.unwrap();
    assert_eq!(workers.threads, 1);
    assert!(workers.cpu_mean > 0.0 && workers.cpu_max <= 1.0, "{workers:?}");
    // On a crowded machine it waits for a core instead of running, and is as busy.
    assert!(workers.busy_at_least(0.8) >= Duration::from_millis(500), "{workers:?}");
    let machine = usage.machine.unwrap();
    assert!(machine.busy_mean > 0.0 && machine.steal_max >= machine.steal_mean, "{machine:?}");
    assert!(usage.memory_peak_bytes.unwrap() > 100_000);
    assert!(usage.descriptors_peak.unwrap() < usage.limits.descriptors.unwrap());
}
