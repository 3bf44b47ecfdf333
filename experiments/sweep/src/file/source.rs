//! The text of a file, and where every value in it stands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::failure::Failure;
use crate::file::plain;

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
    let (mut into, mut twice) = (Spans::new(), None);
    table_spans("", DeTable::parse(text)?.get_ref(), &mut into, &mut twice);
    Ok((into, twice))
}

fn table_spans(prefix: &str, table: &DeTable<'_>, into: &mut Spans, twice: &mut Option<String>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        // From the key to the end of a value; of a table only its name.
        let at = match value.get_ref() {
            DeValue::Table(_) => key.span(),
            _ => key.span().start..value.span().end,
        };
        value_spans(path, at, value.get_ref(), into, twice);
    }
}

fn value_spans(path: String, at: Range<usize>, value: &DeValue<'_>, into: &mut Spans, twice: &mut Option<String>) {
    match value {
        DeValue::Table(table) => table_spans(&path, table, into, twice),
        DeValue::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                value_spans(format!("{path}[{i}]"), item.span(), item.get_ref(), into, twice);
            }
        }
        _ => {}
    }
    // Of tables both count, as one.
    if into.insert(path.clone(), at).is_some() && !matches!(value, DeValue::Table(_)) {
        *twice = Some(path);
    }
}
