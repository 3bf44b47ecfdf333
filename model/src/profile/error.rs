//! Why a profile cannot be used.

use super::{FORMAT, OLDEST};

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or not a profile.
    #[error("{message}")]
    Syntax {
        /// What is wrong, in the parser's words.
        message: String,
        /// Where in the text, as a range of octets.
        span: Option<std::ops::Range<usize>>,
    },
    /// A format that is no longer read.
    #[error("profile format {found} is older than what this espsim reads ({OLDEST} to {FORMAT}): calibrate again")]
    Older {
        /// The version in the file.
        found: i64,
    },
    /// A format that this program does not know yet.
    #[error("profile format {found} was written by a newer espsim; this one reads {OLDEST} to {FORMAT}")]
    Newer {
        /// The version in the file.
        found: i64,
    },
    /// Keys that must be there or must not.
    #[error("{}", keys_in_words(missing, unknown))]
    Keys {
        /// Key paths of what is missing.
        missing: Vec<String>,
        /// What no profile has.
        unknown: Vec<UnknownKey>,
    },
    /// The preset that a file is based on.
    #[error("`base` is `{name}`: there is no such CPU preset")]
    Base {
        /// The name in the file.
        name: String,
    },
    /// A value that no host can have.
    #[error("`{key}` is {value}: {allowed}")]
    Value {
        /// Key path of the value.
        key: String,
        /// The value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

/// A key that no profile has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Key path.
    pub key: String,
    /// What may stand in its place.
    pub known: Vec<String>,
}

fn keys_in_words(missing: &[String], unknown: &[UnknownKey]) -> String {
    let list = |keys: Vec<&String>| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let unknown: Vec<&String> = unknown.iter().map(|unknown| &unknown.key).collect();
    let parts = [
        (!missing.is_empty()).then(|| format!("missing: {}", list(missing.iter().collect()))),
        (!unknown.is_empty()).then(|| format!("no profile has: {}", list(unknown))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
