//! A gallery service over a dataset: the load test's default target, and the tests' server.
//!
//! A [`Gallery`] has the works-list routes of Genarrative, with their envelope, bearer token,
//! backpressure and disabled entries, over a [`dataset::Dataset`]. Lists and details are serialised
//! once; a response shares those bytes and adds only its request id, so that a load test measures
//! its own cost and not this server's. [`GalleryServer`] runs it on the current tokio runtime, and
//! [`EmbeddedGallery`] on a thread of its own. [`GalleryStats`] says what the server saw, for tests
//! that compare it with what a client counted, and each [`Fault`] makes some answers wrong, in a way
//! that repeats from run to run.
//!
//! # Routes
//!
//! | route | answers with |
//! | --- | --- |
//! | `/api/runtime/puzzle/gallery` | the published puzzles |
//! | `/api/runtime/puzzle/gallery/{profile_id}` | one of them |
//! | `/api/runtime/custom-world-gallery` | the published custom worlds |
//! | `/api/runtime/custom-world-gallery/{owner_user_id}/{profile_id}` | one of them |
//! | `/api/runtime/custom-world-gallery/by-code/{code}` | one of them, by its public work code |
//! | `/api/runtime/puzzle/works` | all puzzles of the token's user |
//! | `/api/runtime/puzzle/works/{profile_id}` | one of them |
//! | `/api/runtime/custom-world/works` | all custom worlds of the token's user |
//! | `/healthz` | `{"data":{"status":"ok"},…}` |
//!
//! A list is `{"data":{"items":[card…]},"meta":{"requestId":"…"}}`, a detail has one `item` in
//! place of `items`, and an error is `{"error":{"code":"…","message":"…"},"meta":{…}}`. A card is
//! the dataset's row: columns in camel case, and JSON text in columns ending `_json` parsed and
//! named without the ending. Cards of a list lack `levels_json` and `profile_payload_json`.
//!
//! | status | code | when |
//! | --- | --- | --- |
//! | 401 | `unauthorized` | a personal route without the right token |
//! | 404 | `not_found` | another path, or a work that is unknown or not to be seen here |
//! | 405 | `method_not_allowed` | neither GET nor HEAD |
//! | 429 | `too_many_requests` | one request more than the limit is in progress |
//! | 503 | `creation_entry_disabled` | the route's entry is disabled |
//!
//! # Example
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! let file = br#"{
//!   "format": "genarrative-works", "formatVersion": 1, "keyId": "0f1e2d3c4b5a6978",
//!   "tables": {"puzzle_work_profile": [{"profile_id": "profile-a"}]},
//!   "normalizedWorks": [{"kind": "puzzle", "table": "puzzle_work_profile",
//!                        "profileId": "profile-a", "published": true}],
//!   "counts": {"puzzle_work_profile": 1, "normalizedWorks": 1}
//! }"#;
//! let dataset = dataset::Dataset::from_json(file)?;
//! let gallery = gallery::Gallery::new(&dataset, gallery::GalleryConfig::new())?;
//! let server = gallery::EmbeddedGallery::start(gallery)?;
//!
//! let mut stream = TcpStream::connect(server.local_addr())?;
//! stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
//! let mut response = String::new();
//! stream.read_to_string(&mut response)?;
//! assert!(response.starts_with("HTTP/1.1 200 OK"));
//! assert_eq!(server.stats().count("/healthz", 200), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it doesn't do
//!
//! It has no TLS, no HTTP/2 and no pages, and it reads no request body. It does not defend itself
//! against slow clients, so it belongs on a loopback address. It opens no file and prints nothing.

mod card;
mod catalogue;
mod config;
mod embedded;
mod error;
mod fault;
mod gallery;
mod reply;
mod route;
mod server;
mod stats;
mod token;

pub use config::{Entry, GalleryConfig};
pub use embedded::EmbeddedGallery;
pub use error::GalleryError;
pub use fault::{Fault, FaultAction};
pub use gallery::Gallery;
pub use server::{GalleryServer, SHUTDOWN_GRACE};
pub use stats::GalleryStats;
pub use token::AuthToken;
