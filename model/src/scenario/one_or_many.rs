//! A table that stands for one, or a list of tables for several: `[nic]` and `[[nic]]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes one as a table and several as a list.
///
/// # Errors
/// The serializer's.
pub fn serialize<T: Serialize, S: Serializer>(all: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    match all {
        [one] => one.serialize(serializer),
        several => several.serialize(serializer),
    }
}

/// Reads a table as one, and a list of at least one.
///
/// # Errors
/// The deserializer's, or an empty list.
pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct OneOrMany<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table, or a list of tables")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            let all = Vec::deserialize(SeqAccessDeserializer::new(list))?;
            match all.is_empty() {
                true => Err(serde::de::Error::invalid_length(0, &"at least one table")),
                false => Ok(all),
            }
        }
    }
    deserializer.deserialize_any(OneOrMany(PhantomData))
}
