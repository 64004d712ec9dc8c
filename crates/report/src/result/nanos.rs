use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration in whole nanoseconds, which loses nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nanos(pub(super) Duration);

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Nearly everything fits into 64 bits, which more serializers and readers know.
        match u64::try_from(self.0.as_nanos()) {
            Ok(nanos) => serializer.serialize_u64(nanos),
            Err(_) => serializer.serialize_u128(self.0.as_nanos()),
        }
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SECOND: u128 = 1_000_000_000;
        let nanos = u128::deserialize(deserializer)?;
        let seconds = u64::try_from(nanos / SECOND)
            .map_err(|_| serde::de::Error::custom("longer than a duration can be"))?;
        Ok(Nanos(Duration::new(seconds, (nanos % SECOND) as u32)))
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Nanos(duration)
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        nanos.0
    }
}
