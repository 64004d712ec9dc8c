//! Reads the written bytes of a sanitized output and searches for what must not be there.
mod audit;
mod collect;
mod decoy;
mod error;
mod exact;
mod filter;
mod fold;
mod gate;
mod grammar;
mod hash;
mod json;
mod part;
mod path;
mod place;
mod reader;
mod search;
mod strings;
mod threads;
mod verdict;

pub use audit::{Audit, Certificate, Method, Options, Output};
pub use collect::{Collector, Kind, Origin};
pub use error::{AuditError, Hit};
pub use grammar::{Column, Grammar};
pub use place::Rows;
