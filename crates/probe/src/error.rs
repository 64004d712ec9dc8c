use thiserror::Error;

/// Why a text is not a usable shape. Pointers are JSON Pointers into the shape.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// The keyword `$schema` names another dialect.
    #[error("{pointer}: only https://json-schema.org/draft/2020-12/schema is read here")]
    Dialect {
        /// The keyword.
        pointer: String,
    },
    /// An object of the shape has a key twice.
    #[error("{pointer}: the key stands there twice")]
    DuplicateKey {
        /// The second occurrence.
        pointer: String,
    },
    /// The text is not JSON.
    #[error("the shape is not a JSON document: it has {reason}")]
    Json {
        /// What is wrong with the text.
        reason: String,
    },
    /// A keyword has a value that it cannot have.
    #[error("{pointer}: the keyword needs {expected}")]
    Keyword {
        /// The keyword.
        pointer: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A regular expression that cannot be used: it is none of ECMA-262, or it has a look-around or a
    /// back-reference, for which a text could take any time, or it is too large.
    #[error("{pointer}: the pattern {reason}")]
    Pattern {
        /// The keyword `pattern`, or the member of `patternProperties`.
        pointer: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A schema leads back to itself for the same value, or through too many steps.
    #[error("{pointer}: the schema leads back to itself, or over more than {steps_max} steps")]
    Recursion {
        /// The schema where that was noticed.
        pointer: String,
        /// The number of steps that are allowed.
        steps_max: usize,
    },
    /// A `$ref` that leads out of the document, or to no place in it. The dialect's own schema,
    /// `https://json-schema.org/draft/2020-12/schema`, is the one other document that is known.
    #[error("{pointer}: the reference leads to no place in this document")]
    Reference {
        /// The `$ref`.
        pointer: String,
    },
    /// The text is too long for a shape.
    #[error("the shape is longer than {bytes_max} bytes")]
    TooLarge {
        /// The number of bytes that are allowed.
        bytes_max: usize,
    },
    /// A keyword that this crate does not know or does not support there.
    #[error("{pointer}: the keyword is not supported")]
    UnsupportedKeyword {
        /// The keyword.
        pointer: String,
    },
}
