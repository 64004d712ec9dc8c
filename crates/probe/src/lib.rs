//! Judges a response: status class, and the body against a declared shape, in one pass.
//!
//! A load test that counts statuses misses the failure that hurts: the right status with the wrong
//! body. This crate looks at every body, fast enough to do so under load, and says what is wrong by
//! path and kind. It never repeats a value of a body, so what it says may be logged.
//!
//! # Example
//!
//! ```
//! use probe::{Limits, Probe, Shape, StatusClass, status_class};
//!
//! let shape = Shape::from_json(br#"{
//!   "type": "object", "required": ["items"],
//!   "properties": {"items": {"type": "array", "items": {
//!     "required": ["profileId"], "properties": {"profileId": {"type": "string"}}
//!   }}}
//! }"#)?;
//! let mut probe = Probe::new(Limits::default());
//!
//! assert_eq!(status_class(200), StatusClass::Success);
//! assert!(probe.check(&shape, br#"{"items": [{"profileId": "a"}]}"#).is_empty());
//!
//! let violations = probe.check(&shape, br#"{"items": [{"profileId": 7}, {}]}"#);
//! let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
//! assert_eq!(lines, [
//!     "/items/*/profileId: type: expected string, found number",
//!     "/items/*/profileId: required: expected a value, found nothing",
//! ]);
//! # Ok::<(), probe::ShapeError>(())
//! ```
//!
//! # Shapes
//!
//! A shape is a JSON Schema of dialect 2020-12 with these keywords: `type`, `enum`, `const`;
//! `required`, `properties`, `patternProperties`, `additionalProperties`, `propertyNames`,
//! `minProperties`, `maxProperties`, `dependentRequired`; `items`, `prefixItems`, `contains`,
//! `minContains`, `maxContains`, `minItems`, `maxItems`, `uniqueItems`; `minLength`, `maxLength` (in
//! code points), `pattern`; `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`,
//! `multipleOf`; `anyOf`, `oneOf`, `allOf`, `not`, `if`, `then`, `else`; `$ref`, `$defs`, `$id`,
//! `$anchor`. The schemas `true` and `false` work. `title`, `description`, `$comment`, `default` and
//! `examples` are read and mean nothing, and `$schema` may name this dialect, at the root and beside
//! an `$id`. Any other keyword is an error when the shape is loaded, with a pointer to it.
//!
//! A `$ref` leads to a place in the document, by JSON Pointer, `$anchor` or `$id`, or to the dialect's
//! own schema, `https://json-schema.org/draft/2020-12/schema`. Nothing is ever fetched: a reference
//! out of the document is an error.
//!
//! A pattern is a regular expression of ECMA-262 with the flag u, and matches anywhere in a text. It
//! takes time in proportion to the text, so look-arounds and back-references are an error. Escapes of
//! punctuation that the flag u forbids, such as `\-`, stand for the character.
//!
//! Numbers written as integers are compared exactly, whatever their size, and 1.0 is an integer. A
//! number with a fraction or an exponent is the double nearest to it, unless it is beyond the
//! doubles; nearer to 0 than any of them, it is 0.
//! `multipleOf` divides decimals: 0.0075 is a multiple of 0.0001.
//! The shapes of the gallery's routes are in [`gallery`].
//!
//! # Beside judging
//!
//! A [`Learner`] writes a shape from bodies. A [`FieldProfiler`] counts what the fields of a body are
//! like, so that bodies of different times can be compared though each is in order.
//!
//! # What it doesn't do
//!
//! It reads no file, sends no request, and decides nothing about a run: counting violations and
//! judging a status is the caller's. It does not accept what JSON leaves open: a key that stands
//! twice in an object is a violation, as are bytes behind the document and half of a surrogate pair.

mod collect;
mod compile;
mod contract;
mod document;
mod duplicates;
mod error;
mod escape;
mod fingerprint;
pub mod gallery;
mod items;
mod kept;
mod learn;
mod marks;
mod multiple;
mod node;
mod number;
mod pattern;
mod probe;
mod profile;
mod properties;
mod reading;
mod references;
mod shape;
mod splice;
mod status;
mod tape;
mod types;
mod unique;
mod violation;
mod walk;

pub use contract::Contract;
pub use error::ShapeError;
pub use items::ItemRules;
pub use learn::{LearnError, LearnLimits, Learner};
pub use probe::{Examined, Limits, Probe};
pub use profile::{FieldProfile, FieldProfiler, FieldTally};
pub use shape::Shape;
pub use status::{StatusClass, status_class};
pub use types::Types;
pub use violation::{Expected, Found, Keyword, Violation};
