//! Single values of a profile that are set over it: `--set profile.stack.xfrm=900`.

use toml::{Table, Value};

use super::evidence::SET;
use super::{Delay, Profile, ProfileError, UnknownKey};

impl Profile {
    /// The same with values set by their key paths: `stack.xfrm`, `host.frequency`, `sa.add`, and for a cipher
    /// `aead.aes-128-gcm.seal.ring.per_octet`. A value loses its interval, which was another's, and its source.
    ///
    /// # Errors
    /// [`ProfileError`] for a key that is none of a value, or a value that no host can have.
    pub fn with(&self, values: &[(String, Value)]) -> Result<Profile, ProfileError> {
        let syntax = |message: String| ProfileError::Syntax { message, span: None };
        let mut table = Table::try_from(self).map_err(|error| syntax(error.to_string()))?;
        for (key, value) in values {
            let known = self.values();
            if !known.contains(key) {
                return Err(ProfileError::Keys {
                    missing: Vec::new(),
                    unknown: vec![UnknownKey { key: key.clone(), known }],
                });
            }
            let now = match key.strip_prefix("aead.") {
                Some(_) => self.place_of_coefficient(&mut table, key),
                None => key.split_once('.').and_then(|(of, name)| table.get_mut(of)?.get_mut(name)),
            };
            if let Some(now) = now {
                *now = in_place_of(now, value)?;
            }
            for (of, new) in [("intervals", None), ("sources", Some(Value::from(SET)))] {
                if let Some(of) = table.get_mut(of).and_then(Value::as_table_mut) {
                    of.remove(key);
                    of.extend(new.map(|new| (key.clone(), new)));
                }
            }
        }
        Profile::from_table(table)
    }

    fn place_of_coefficient<'a>(&self, table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
        let (row, name) = key.rsplit_once('.')?;
        let i = self.aead.iter().position(|cost| cost.key() == row)?;
        table.get_mut("aead")?.get_mut(i)?.get_mut("curve")?.get_mut(name)
    }
}

/// A value in the form that stands there: of an estimate the value alone, of a distribution the same time always.
fn in_place_of(now: &Value, value: &Value) -> Result<Value, ProfileError> {
    let syntax = |message: String| ProfileError::Syntax { message, span: None };
    let is_distribution = now.get("quantiles").is_some();
    match (now, value) {
        (Value::Table(_), Value::String(time)) if is_distribution => {
            let time = time.parse().map_err(|error: crate::units::UnitError| syntax(error.to_string()))?;
            Value::try_from(Delay::constant(time)).map_err(|error| syntax(error.to_string()))
        }
        (Value::Table(_), Value::Integer(_) | Value::Float(_)) if !is_distribution => {
            Ok(Table::from_iter([("value".to_owned(), value.clone())]).into())
        }
        _ => Ok(value.clone()),
    }
}
