//! A load test without HTTP: jobs for a queue in memory, more and more of them, until it is full.
//!
//! Time is paused, so that its half minute takes milliseconds and ends the same way each time.

use std::cell::Cell;
use std::error::Error;
use std::time::Duration;

use scenario::{RampingArrivalRate, Scenario, Stage, Stop, user_fn};
use tokio::sync::{mpsc, oneshot};

/// The one worker behind the queue needs so long for a job: it can do 100 a second.
const SERVICE: Duration = Duration::from_millis(10);
const CAPACITY: usize = 8;

/// Who hands in a job waits for this to be answered.
type Job = oneshot::Sender<()>;

async fn work(mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        tokio::time::sleep(SERVICE).await;
        // Nobody waits any more for the answer to a job that was cut off.
        let _unheard = job.send(());
    }
}

/// From nothing to twice of what the worker can do, in 20 s, and 10 s of that.
fn ramp() -> Result<Scenario, scenario::ScenarioError> {
    let stage = |secs, target| Stage { duration: Duration::from_secs(secs), target };
    let ramp = RampingArrivalRate {
        start_rate: 0,
        time_unit: Duration::from_secs(1),
        stages: vec![stage(20, 200), stage(10, 200)],
        pre_allocated_vus: 1,
        max_vus: 50,
    };
    Scenario::ramping_arrival_rate(ramp, Duration::from_secs(1))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build()?.block_on(load())
}

async fn load() -> Result<(), Box<dyn Error>> {
    let (queue, jobs) = mpsc::channel(CAPACITY);
    tokio::spawn(work(jobs));
    let (done, refused) = (Cell::new(0), Cell::new(0));
    let hand_in = async |_| {
        let (job, answer) = oneshot::channel();
        match queue.try_send(job) {
            Ok(()) => {
                answer.await.expect("the worker answers every job");
                done.set(done.get() + 1);
            }
            Err(_full) => refused.set(refused.get() + 1),
        }
    };
    let tally = scenario::run(&ramp()?, |_vu| user_fn(hand_in), &(), &Stop::new()).await;

    // The ramp plans 2,000 starts, and what follows 2,000 more, the last of which is on the very end.
    assert_eq!(tally.planned, 3_999);
    // A full queue refuses at once, so that a user is free for every start, and all are done.
    assert_eq!((tally.dropped, tally.interrupted), (0, 0));
    assert_eq!(done.get() + refused.get(), tally.completed);
    // As long as the worker keeps up, for 10 s, it does all of 500 jobs; then 100 a second.
    assert!((2_490..2_520).contains(&done.get()), "{} jobs were done", done.get());
    Ok(())
}

#[test]
fn the_example_holds() {
    main().unwrap();
}
