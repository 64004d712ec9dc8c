//! Anonymizes a dump that has nothing to do with games, under a policy of its own.
//!
//! Run it with `cargo run -p anonymize --example bookings`.

use std::error::Error;
use std::io::{self, Write};

use anonymize::{DatasetWriter, Policy, PseudonymKey, anonymize};

const POLICY: &str = r#"
version = 1
deny = ["payment*"]

[paths]
words = ["scans", "page1", "page2"]
extensions = ["png"]

[domains.guest]
prefix = "guest"
match = ["guest-*"]

[domains.booking]
prefix = "booking"

[[table]]
name = "bookings"
id = "id"
[table.columns]
id = { pseudonym = "booking" }
guest = { pseudonym = "guest" }
wish = "text"
nights = "count"
room = { keep = ["single", "double"] }
arrival = "time"
passport_scan = { path = "guest" }
extras = { json = { keys = { name = "text", price = "count" } } }
"#;

const DUMP: &str = r#"{
  "bookings": [
    {"id": 1, "guest": "guest-ann", "wish": "Quiet room, please", "nights": 2, "room": "double",
     "arrival": 1783790679306661, "passport_scan": "/scans/guest-ann/page1.png",
     "extras": [{"name": "Breakfast", "price": 12, "voucher": "X1"}], "door_code": "4711"},
    {"id": 2, "guest": "guest-ann", "wish": "晚到", "nights": 1, "room": "suite of Ann", "arrival": null}
  ],
  "payments": [{"card": "4111 1111 1111 1111"}]
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy::from_toml(POLICY)?;
    // A real key comes from the system's random source and is kept secret.
    let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8))?;
    let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
    let manifest = anonymize(DUMP.as_bytes(), &policy, &key, &mut writer)?;
    let mut out = io::stdout().lock();
    out.write_all(&writer.into_inner())?;
    writeln!(out, "{}", serde_json::to_string_pretty(&manifest)?)?;
    Ok(())
}
