//! Times as integers of picoseconds, for what must come back as it was: `#[serde(with = "as_ps")]`. As text they have six
//! digits after the point.

use serde::{Deserialize, Deserializer, Serializer};

use super::Time;

/// Writes picoseconds.
///
/// # Errors
/// Those of the format.
pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_ps())
}

/// Reads picoseconds.
///
/// # Errors
/// Those of the format.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    u64::deserialize(deserializer).map(Time::from_ps)
}

/// The same for a time that may be absent.
pub mod option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Time;

    /// Writes picoseconds, or nothing.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(Time::as_ps).serialize(serializer)
    }

    /// Reads picoseconds, or nothing.
    ///
    /// # Errors
    /// Those of the format.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Time::from_ps))
    }
}
