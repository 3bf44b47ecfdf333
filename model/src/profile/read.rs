//! From the text of a profile to its values and back.

use toml::{Table, Value};

use super::schema::check_keys;
use super::{FORMAT, Profile, ProfileError, base, beside, migrate};

impl Profile {
    /// Reads a profile from TOML text: of this format or an older one, complete or with a base preset for what it leaves
    /// out.
    ///
    /// # Errors
    /// [`ProfileError`] for a text that is not TOML, of a format that is not read, that lacks keys or has some that no
    /// profile has, all of them at once, or with a value that no host can have.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        let syntax = |e: toml::de::Error| ProfileError::Syntax { message: e.message().to_owned(), span: e.span() };
        let table: Table = text.parse().map_err(syntax)?;
        // Types with their places in the text, where it is of this format: of a table that was changed there are none.
        let is_whole = table.get("format") == Some(&Value::from(FORMAT)) && !table.contains_key(base::KEY);
        let read = Profile::from_table(table);
        match (&read, is_whole) {
            (Err(ProfileError::Syntax { .. }), true) => toml::from_str::<Profile>(text).map_err(syntax).and(read),
            _ => read,
        }
    }

    /// The same from a table.
    ///
    /// # Errors
    /// As [`Profile::from_toml`].
    pub(super) fn from_table(table: Table) -> Result<Self, ProfileError> {
        // The version first: another version's keys would be reported as unknown.
        let mut current = match table.get("format").and_then(Value::as_integer) {
            Some(found) => migrate::to_current(table, found)?,
            None => {
                return Err(ProfileError::Value {
                    key: "format".into(),
                    value: "missing".into(),
                    allowed: "a profile starts with `format = 4`",
                });
            }
        };
        beside::taken_apart(&mut current)?;
        let whole = base::filled(current)?;
        check_keys(&whole)?;
        let profile: Profile = serde_path_to_error::deserialize(whole).map_err(|error| ProfileError::Syntax {
            message: format!("`{}`: {}", error.path(), error.inner().message()),
            span: None,
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// The profile as TOML text.
    ///
    /// # Errors
    /// None in practice: every field has a TOML form.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}
