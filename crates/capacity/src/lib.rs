//! Finds the highest rate that holds, from one trial to the next.
//!
//! A [`Search`] says which [`Rate`] to try, is told how the trial went, and says the next one, until
//! it knows between which two rates the capacity is. It knows no clock, no load and no metrics:
//! whoever uses it makes the trials, against a web service, a queue, or a function in a test.
//!
//! # Example
//!
//! ```
//! use capacity::{Ended, Next, Search, SearchConfig, Trial};
//!
//! let mut search = Search::new(SearchConfig::default())?;
//! // A service that holds up to 137 requests a second.
//! let finding = loop {
//!     match search.next() {
//!         Next::Try { rate, .. } => {
//!             let held = rate.per_second() <= 137.0;
//!             search.record(rate, if held { Trial::Held } else { Trial::Failed });
//!         }
//!         Next::Done(finding) => break finding,
//!     }
//! };
//! assert_eq!(finding.ended, Ended::Found);
//! let (holds, fails) = (finding.holds.unwrap(), finding.fails.unwrap());
//! assert!(holds.rate.per_second() <= 137.0 && fails.rate.per_second() > 137.0);
//! assert_eq!((holds.tally.held, holds.tally.total()), (3, 3));
//! # Ok::<(), capacity::CapacityError>(())
//! ```
//!
//! # How it searches
//!
//! It doubles the rate until a trial fails, halves the distance on the log scale until the two rates
//! are near enough, and then repeats both: the lower one has to hold, and the upper one to fail, more
//! often than once. What is said of a rate follows from all of its trials, so that later ones may
//! turn it around: a rate that fails although a higher one held is tried again, and so is one that
//! held once and failed once, or that was too much for the generator. A rate that cannot make up its mind does not hold.
//!
//! # What it doesn't do
//!
//! It does not judge a trial, and it assumes that what holds at a rate holds at lower ones too. Where
//! that is not so, it finds the lowest rate at which it breaks.

mod finding;
mod rate;
mod search;
mod tally;

pub use finding::{Bound, Ended, Finding};
pub use rate::Rate;
pub use search::{CapacityError, Next, Purpose, Search, SearchConfig};
pub use tally::{Tally, Trial};
