//! The text of a file, and where every value in it stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::failure::Failure;
use crate::file::plain;
use crate::file::walk::walk;

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    spans: Spans,
}

impl Source {
    /// A TOML text with the places of its values; `path` is for messages.
    ///
    /// # Errors
    /// [`Failure`] for what is no TOML, or has a key twice.
    pub fn toml(path: &Path, text: String) -> Result<Self, Failure> {
        let (spans, twice) = spans(&text).map_err(|error| syntax(path, &text, &error))?;
        if let Some(key) = twice {
            let message = format!("`{key}` stands twice, written in two ways");
            return Err(Failure::at(path, &text, spans[&key].clone(), message));
        }
        plain::check(path, &text)?;
        Ok(Source { path: path.to_owned(), text, spans })
    }

    /// An error at a key of this file; at the file's start if the key is not in it.
    pub fn failure(&self, key: &str, message: impl Into<String>) -> Failure {
        Failure::at(&self.path, &self.text, self.span(key).unwrap_or(0..0), message)
    }

    /// The list of tables that a key has; none where the key is not there.
    ///
    /// # Errors
    /// [`Failure`] at the key if it has something else.
    pub(super) fn tables(&self, key: &str, value: Option<Value>) -> Result<Vec<Table>, Failure> {
        let wrong = || self.failure(key, format!("`{key}` is a list of tables: [[{key}]]"));
        let table = |entry| if let Value::Table(table) = entry { Ok(table) } else { Err(wrong()) };
        match value {
            None => Ok(Vec::new()),
            Some(Value::Array(entries)) => entries.into_iter().map(table).collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// Where a key path stands: its own place, or that of the nearest table or list around it.
    pub fn span(&self, key: &str) -> Option<Range<usize>> {
        let mut key = key;
        loop {
            if let Some(span) = self.spans.get(key) {
                return Some(span.clone());
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }
}

/// What TOML's parser says, at its place.
pub fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    Failure::at(path, text, error.span().unwrap_or(0..0), error.message().to_owned())
}

type Spans = BTreeMap<String, Range<usize>>;

/// The place of every value, by key path; list elements as `key[i]`. With it a key path that two values have: `a.b = 1` and
/// `"a.b" = 2` are the same parameter, but not to TOML.
fn spans(text: &str) -> Result<(Spans, Option<String>), toml::de::Error> {
    let (mut spans, mut twice) = (Spans::new(), None);
    walk("", DeTable::parse(text)?.get_ref(), &mut |path, key, value| {
        // From the key to the end of a value; of a table only its name.
        let at = match (key, value.get_ref()) {
            (Some(key), DeValue::Table(_)) => key.span(),
            (Some(key), _) => key.span().start..value.span().end,
            (None, _) => value.span(),
        };
        // Of tables both count, as one.
        if spans.insert(path.to_owned(), at).is_some() && !matches!(value.get_ref(), DeValue::Table(_)) {
            twice = Some(path.to_owned());
        }
    });
    Ok((spans, twice))
}
