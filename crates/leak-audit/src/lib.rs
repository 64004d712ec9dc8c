//! Reads the written bytes of a sanitized output and searches for what must not be there.
//!
//! An anonymizer that checks itself repeats its own mistakes. This crate shares no code with one: it
//! is given the strings of a dump that are private, reads the outputs with a JSON reader of its own,
//! and gives a [`Certificate`] or says what leaks, where, and where it comes from. It never shows a
//! value. It opens no files and has no clock: readers and closures go in, a verdict comes out.
//!
//! ```
//! use std::{convert::Infallible, io};
//!
//! use leak_audit::{Audit, AuditError, Column, Grammar, Kind, Options, Origin, Output, Rows};
//!
//! let dump = r#"[{"name":"Alice Liddell","phone":"+44 7911"}]"#;
//! let written = r#"{"people":[{"id":"user-abcdefghijklm234","about":"ask Alice Liddell"}]}"#;
//!
//! // No synthetic text is made here, so that chance excuses nothing.
//! let grammar = Grammar::new(|_| None)
//!     .token_prefixes(["user"])
//!     .column("people", "id", Column::Strict)
//!     .column("people", "about", Column::Text);
//! let origin = Origin { kind: Kind::Denied, table: 0, column: 0, offset: 0 };
//! let mut open = || -> io::Result<Box<dyn io::Read>> { Ok(Box::new(written.as_bytes())) };
//! let verdict = Audit::new(grammar, Options::default()).run::<Infallible>(
//!     &mut |secrets| {
//!         secrets.json(origin, dump.as_bytes());
//!         secrets.json_end(origin);
//!         Ok(())
//!     },
//!     &mut [Output { name: "people.json", rows: Rows::Named, open: &mut open }],
//! );
//! let Err(AuditError::Leak { hits, .. }) = verdict else { panic!("it leaks") };
//! assert_eq!(hits[0].place, "/people/0/about");
//! ```
//!
//! # What is found
//!
//! Every string of four characters or more ([`Collector`] says which), as a whole or inside of a
//! longer one, escaped or not, in a path, in JSON inside of a string, in either case of ASCII
//! letters. Numbers are not searched for, nor in, and of a string that is JSON as a whole only the
//! strings are searched, except in columns of text. What a string is searched for depends on its
//! [`Column`]. A part of a secret is found only where it is a secret by itself. A public word, a token and a path of both are not searched for parts of secrets.
//!
//! # How
//!
//! While the secrets fit into a quarter of the memory they are kept as they are, and the outputs are
//! read once. Otherwise the outputs are read first: hashes of all their windows of four, six and
//! eight characters go into a bitmap of fixed size. Then the dump is walked, and only secrets of
//! which all windows are there are kept, and compared character by character in one more pass. So
//! there is no false negative, and no hit that was not compared. What does not fit, of the outputs
//! or of those secrets, is searched for part by part, each with a walk of its own.
//!
//! # Chance
//!
//! Synthetic text and permuted codes hold some short values of a big dump by chance. A secret met
//! there takes as many bits to be drawn as its characters do together. With *n* characters searched
//! and *s* secrets it is
//!
//! - a leak from log₂ *n* + log₂ *s* + 20 bits on, or if the generator cannot make it;
//! - said nothing of below log₂ *n* bits, where chance is expected to make it (`common`), and with 0
//!   bits, where only kept characters are in it (`keptOnly`);
//! - a coincidence between these.
//!
//! Coincidences are counted as distinct secrets and compared with decoys. A decoy is a secret with
//! its characters in another order, each in a place of one of its kind: as likely as the secret, and
//! not in the dump. They are made of an even share of all secrets, one of *f*, and searched for like
//! these. If *d* decoys are met, chance explains
//!
//! > *m* + 5 √*m* coincidences, where *m* = *f* · (*d* + 5 √*d* + 14),
//!
//! five standard deviations up both times, and 14 because a mean of 14 gives no hit at all once in a
//! million times. More are [`AuditError::Unexplained`].
//!
//! In strict columns chance has no say, and in kept ones only secrets that no sensitive place of the
//! dump has are leaks.

mod audit;
mod collect;
mod decoy;
mod error;
mod exact;
mod fold;
mod gate;
mod grammar;
mod hands;
mod hash;
mod index;
mod json;
mod outputs;
mod part;
mod path;
mod place;
mod reader;
mod search;
mod strings;
mod threads;
mod verdict;

pub use audit::{Ahead, Audit, Certificate, Method, Options};
pub use collect::{Collector, Kind, Origin};
pub use error::{AuditError, Hit};
pub use grammar::{Column, Grammar};
pub use outputs::Output;
pub use place::Rows;
