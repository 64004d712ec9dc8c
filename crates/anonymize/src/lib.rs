//! Dump bytes in, sanitized rows out: a whitelist of tables and columns, a rule for each column,
//! and pseudonyms that are stable and keyed.
//!
//! Data for tests often starts as a private dump. This crate lets through what a [`Policy`] lists
//! and nothing else: an unknown table, column or key inside JSON is dropped and counted. Every
//! identifier becomes a token that is the same wherever the same value occurs, in other tables and
//! inside paths too, so joins still work. The tokens follow from a secret [`PseudonymKey`], so
//! that nobody without it can test a guess. No error and no [`Manifest`] shows a value.
//!
//! # On your own tables, in ten lines
//!
//! A policy names the tables and has a rule for each column; [`Policy::BUILTIN_TOML`] is a long one
//! with comments. A key is 32 bytes from a source of randomness, and is kept as long as new data must
//! join the old. Then a run:
//!
//! ```
//! use anonymize::{DatasetWriter, Policy, PseudonymKey, anonymize};
//!
//! let policy = Policy::from_toml(
//!     r#"
//!     version = 1
//!     [domains.guest]
//!     prefix = "guest"
//!     [[table]]
//!     name = "booking"
//!     id = "guest_id"
//!     columns = { guest_id = { pseudonym = "guest" }, note = "text", nights = "count" }
//!     "#,
//! )?;
//! let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8))?;
//! let dump = r#"{"booking": [{"guest_id": "Ann", "note": "late", "nights": 2, "card": "4111"}]}"#;
//!
//! let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
//! let manifest = anonymize(dump.as_bytes(), &policy, &key, &mut writer)?;
//! let dataset = dataset::Dataset::from_json(&writer.into_inner()).expect("the dataset is whole");
//!
//! assert_eq!(dataset.rows("booking")[0]["nights"], 2);
//! assert!(!dataset.rows("booking")[0].contains_key("card"));
//! assert_eq!(manifest.tables[0].unknown_columns["card"], 1);
//! # Ok::<(), anonymize::AnonymizeError>(())
//! ```
//!
//! Where only tokens are wanted, [`Pseudonymizer`] works alone.
//!
//! # More of it
//!
//! - **Where rows go** is a [`Sink`]: [`DatasetWriter`] makes one file of all tables, [`ImportWriter`]
//!   a dump like the one that was read, [`Sampler`] passes on a few rows of each table. A pair of sinks
//!   is a sink. One of your own takes each [`CleanRow`] as JSON; `examples/clinic.rs` prints them.
//! - **Where rows come from** is a [`Dump`], or several: [`DumpOptions`] say what a dump does not say
//!   itself, such as the table of an SQL answer.
//! - **How** is up to the [`Anonymizer`]: threads, rows in the dump's own form, real ids.
//! - **Whether it worked** can be searched for: [`Anonymizer::show_private`] reads the dump again and
//!   shows each text that no output may hold. The crate `leak-audit` searches with care; this is the
//!   idea of it, for rows in the dump's form:
//!
//! ```
//! use anonymize::{Anonymizer, Dump, ImportWriter, Policy, Private, PrivatePlace, PseudonymKey};
//!
//! /// Counts the private texts, and those that an output holds.
//! struct Search(String, usize, usize);
//!
//! impl Private for Search {
//!     fn place(&mut self, _: &PrivatePlace<'_>) {}
//!     fn json(&mut self, piece: &[u8]) {
//!         // A long text would come in several pieces, and `piece` may hold more than one.
//!         let text = String::from_utf8_lossy(piece);
//!         self.1 += 1;
//!         self.2 += usize::from(self.0.contains(text.trim_matches('"')));
//!     }
//!     fn end(&mut self) {}
//! }
//!
//! let policy = Policy::from_toml(
//!     r#"
//!     version = 1
//!     [domains.guest]
//!     prefix = "guest"
//!     [[table]]
//!     name = "booking"
//!     id = "guest"
//!     columns = { guest = { pseudonym = "guest" }, note = "text", room = { keep = ["single"] } }
//!     "#,
//! )?;
//! let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8))?;
//! let rows = br#"[{"schema": {"elements": [{"name": "guest"}, {"name": "card"}, {"name": "note"}]},
//!                  "rows": [["Ann Other", "4111 1111", "late arrival"]]}]"#;
//! let mut options = anonymize::DumpOptions::default();
//! options.table = Some("booking".to_owned());
//! let mut dumps = [Dump::again(|| Ok(Box::new(&rows[..]))).options(options)];
//!
//! let anonymizer = Anonymizer::new(&policy, &key).threads(2).import(true);
//! let mut writer = ImportWriter::new(Vec::new());
//! anonymizer.run(&mut dumps, &mut writer)?;
//! let output = String::from_utf8(writer.into_inner()).expect("JSON is UTF-8");
//! assert!(output.contains(r#"{"name":"booking","columns":["guest","note"],"rows":["#));
//!
//! let mut search = Search(output, 0, 0);
//! anonymizer.show_private(&mut dumps, true, &mut search)?;
//! assert_eq!((search.1, search.2), (3, 0));
//! # Ok::<(), anonymize::AnonymizeError>(())
//! ```
//!
//! # What it doesn't do
//!
//! It opens no file, makes no key and keeps no global state. As long as the key or the original
//! exists, what it makes is pseudonymised, not anonymous in the sense of the law: exact counts and
//! times can still single out a work that is public.

mod anonymizer;
#[doc(hidden)]
pub mod bench;
mod cell;
mod dump;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod glob;
mod identity;
mod import;
mod import_writer;
mod json;
mod key;
mod layout;
mod manifest;
mod nested;
mod number;
mod origin;
mod path;
mod permute;
mod pipeline;
mod policy;
mod private;
mod read;
mod row;
mod rows;
mod scan;
mod shape;
mod sink;
mod text;
mod token;
mod value;

pub use anonymizer::{Anonymizer, Dump, anonymize};
pub use dump::{DumpOptions, Format, Found, MAX_ROW_BYTES};
pub use error::{AnonymizeError, Defect, Place};
pub use import_writer::{IMPORT_WORDS, ImportWriter};
pub use key::{Form, PUBLIC_KEY_MARKER, PseudonymKey, Pseudonymizer};
pub use manifest::{Manifest, TableManifest};
pub use policy::{Action, Policy, RuleLine};
pub use private::{Privacy, Private, PrivatePlace};
pub use rows::{CleanRow, WorkRef};
pub use sink::{DatasetWriter, Sampler, Sink, Spool, TableStart};
pub use text::information;
