//! JSON that a tool has written: what is expected in it, with its place in messages.

use std::path::{Path, PathBuf};

use espsim_sweep::failure::Failure;
use serde_json::Value;

use super::measured::POSSIBLE;

/// The value of a text.
///
/// # Errors
/// [`Failure`] at what is no JSON.
pub fn parse(path: &Path, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let line = error.line();
        let begins = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let end = text[begins..].find('\n').map_or(text.len(), |n| begins + n);
        Failure::at(path, text, begins..end, format!("{}:{line}: {error}", path.display()))
    })
}

/// Something of a document, by the path to it.
pub struct At<'a> {
    path: &'a Path,
    name: String,
    value: &'a Value,
}

impl<'a> At<'a> {
    /// All of it.
    pub fn new(path: &'a Path, value: &'a Value) -> Self {
        At { path, name: String::new(), value }
    }

    /// What is wrong here.
    pub fn failure(&self, what: &str) -> Failure {
        let name = if self.name.is_empty() { "the document" } else { &self.name };
        Failure::new(format!("{}: `{name}` {what}", self.path.display()))
    }

    /// What stands under a key, if something does.
    pub fn get(&self, key: &str) -> Option<At<'a>> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Some(At { path: self.path, name, value: self.value.get(key)? })
    }

    /// The same where something must.
    ///
    /// # Errors
    /// [`Failure`] where nothing does.
    pub fn need(&self, key: &str) -> Result<At<'a>, Failure> {
        self.get(key).ok_or_else(|| self.failure(&format!("has no `{key}`")))
    }

    /// As text.
    ///
    /// # Errors
    /// [`Failure`] for another kind.
    pub fn text(&self) -> Result<&'a str, Failure> {
        self.value.as_str().ok_or_else(|| self.failure(&format!("is {}: a text", short(self.value))))
    }

    /// As a number above zero.
    ///
    /// # Errors
    /// [`Failure`] for what is none.
    pub fn positive(&self) -> Result<f64, Failure> {
        let number = self.value.as_f64().filter(|number| POSSIBLE.contains(number));
        number.ok_or_else(|| self.failure(&format!("is {}: a number above zero", short(self.value))))
    }

    /// As a flag.
    ///
    /// # Errors
    /// [`Failure`] for another kind.
    pub fn flag(&self) -> Result<bool, Failure> {
        self.value.as_bool().ok_or_else(|| self.failure(&format!("is {}: true or false", short(self.value))))
    }
}

/// A value as a message shows it.
fn short(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        other => other.to_string().chars().take(60).collect(),
    }
}

/// The JSON files of a folder, in the order of their names.
///
/// # Errors
/// [`Failure`] for a folder that cannot be read or has none.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::io("read folder", folder, &error);
    let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    match files.is_empty() {
        true => Err(Failure::new(format!("no file *.json in {}", folder.display()))),
        false => Ok(files),
    }
}
