//! Dump bytes in, sanitized rows out: a whitelist of tables and columns, a rule for each column,
//! and pseudonyms that are stable and keyed.
//!
//! Data for tests often starts as a private dump. This crate lets through what a [`Policy`] lists
//! and nothing else: an unknown table, column or key inside JSON is dropped and counted. Every
//! identifier becomes a token that is the same wherever the same value occurs, in other tables and
//! inside paths too, so joins still work. The tokens follow from a secret [`PseudonymKey`], so
//! that nobody without it can test a guess. No error and no [`Manifest`] shows a value.
//!
//! # Example
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
//! # What it doesn't do
//!
//! It opens no file, makes no key and keeps no global state. As long as the key or the original
//! exists, what it makes is pseudonymised, not anonymous in the sense of the law: exact counts and
//! times can still single out a work that is public.

#[doc(hidden)]
pub mod bench;
mod cell;
mod dump;
mod error;
mod glob;
mod identity;
mod import;
mod json;
mod key;
mod layout;
mod manifest;
mod meter;
mod nested;
mod number;
mod path;
mod permute;
mod policy;
mod read;
mod row;
mod rows;
mod shape;
mod sink;
mod text;
mod token;
mod value;

pub use dump::{MAX_ROW_BYTES, anonymize};
pub use error::{AnonymizeError, Defect, Place};
pub use key::{Form, PUBLIC_KEY_MARKER, PseudonymKey, Pseudonymizer};
pub use manifest::{Manifest, TableManifest};
pub use policy::{ColumnRule, Policy};
pub use rows::{CleanRow, WorkRef};
pub use sink::{DatasetWriter, Sampler, Sink};
