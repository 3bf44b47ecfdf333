//! A value of the host, or why it is not known.

use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A value that the host tells, or the reason why it does not. In a file a known value stands as it is and an unknown
/// one as `{ unknown = "reason" }`, so no value may be a table itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact<T> {
    // First: a list of one text would be read as a reason too.
    /// The value.
    Known(T),
    /// Not known.
    Unknown(Reason),
}

/// Why a value is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The reason, as a phrase for people.
    pub unknown: String,
}

impl<T> Fact<T> {
    /// An unknown value and why it is.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Fact::Unknown(Reason { unknown: reason.into() })
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value) => Some(value),
            Fact::Unknown(_) => None,
        }
    }

    /// Why the value is not known, if it is not.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Fact::Known(_) => None,
            Fact::Unknown(reason) => Some(&reason.unknown),
        }
    }

    /// What `f` makes of a known value.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Fact::Known(value) => f(value),
            Fact::Unknown(reason) => Fact::Unknown(reason),
        }
    }
}

impl<T> From<Result<T, String>> for Fact<T> {
    fn from(result: Result<T, String>) -> Self {
        match result {
            Ok(value) => Fact::Known(value),
            Err(reason) => Fact::unknown(reason),
        }
    }
}

/// One attribute of sysfs: the file's text without the line end.
pub(super) fn text(folder: &Path, name: &str) -> Fact<String> {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) if text.trim().is_empty() => Fact::unknown(format!("{name} is empty")),
        Ok(text) => Fact::Known(text.trim().to_owned()),
        Err(error) => Fact::unknown(format!("{name}: {}", cause(&error))),
    }
}

/// One attribute of sysfs that is a decimal number or has another textual form.
pub(super) fn number<T: FromStr>(folder: &Path, name: &str) -> Fact<T> {
    text(folder, name).and_then(|text| match text.parse() {
        Ok(value) => Fact::Known(value),
        Err(_) => Fact::unknown(format!("{name} reads `{text}`, which is not what the kernel writes there")),
    })
}

/// The name of what a symbolic link points to, such as `driver`.
pub(super) fn link_name(folder: &Path, name: &str, missing: &str) -> Fact<String> {
    match std::fs::read_link(folder.join(name)) {
        Ok(target) => match target.file_name() {
            Some(last) => Fact::Known(last.to_string_lossy().into_owned()),
            None => Fact::unknown(format!("{name} points nowhere")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Fact::unknown(missing),
        Err(error) => Fact::unknown(format!("{name}: {}", cause(&error))),
    }
}

/// What the system said, in words that need no error number.
pub(super) fn cause(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "not readable as this user".into(),
        _ => error.to_string(),
    }
}
