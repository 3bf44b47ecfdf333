//! Errors of what the user gave: file, line, key, value, what is allowed, nearest name.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use espsim_model::layers::LayerError;
use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::excerpt::Excerpt;
use crate::visible::escaped;

/// The most octets of a text file: a list of 100 000 points has fewer. To parse TOML takes some thirty times the memory.
const MOST_OCTETS: usize = 16 << 20;

/// Exit code of what keeps a command from doing what it was asked.
const REFUSED: u8 = 2;

/// Anything that keeps a command from doing what it was asked.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
pub struct Failure {
    /// What is wrong and what is allowed.
    message: String,
    /// What to do.
    #[help]
    help: Option<String>,
    code: u8,
    /// A part of a file, and the place in it.
    #[source_code]
    excerpt: Option<Arc<Excerpt>>,
    #[label("here")]
    place: Option<SourceSpan>,
}

impl Failure {
    /// An error without a place in a file.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: escaped(&message.into()), help: None, code: REFUSED, excerpt: None, place: None }
    }

    /// An error at a place in a file.
    pub fn at(path: &Path, text: &str, span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        let message = escaped(&message.into());
        let (excerpt, place) = Excerpt::new(escaped(&path.display().to_string()), text, span.start, span.end);
        let help = nearest_in(&message);
        Failure { message, help, code: REFUSED, excerpt: Some(Arc::new(excerpt)), place: Some(place) }
    }

    /// The same with a suggestion.
    #[must_use]
    pub fn with_help(mut self, advice: Option<String>) -> Self {
        self.help = advice.map(|advice| escaped(&advice)).or(self.help);
        self
    }

    /// The same with more that is wrong, a line each.
    #[must_use]
    pub fn and(mut self, others: &[String]) -> Self {
        self.message = escaped(&[std::slice::from_ref(&self.message), others].concat().join("\n"));
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The exit code of the program.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// A file or folder that the system does not let us use.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("the disk is full: make room on it".to_owned()),
            _ => None,
        };
        Failure::new(format!("cannot {what} {}: {error}", path.display())).with_help(help)
    }
}

/// The text of a file; `what` says what is done, such as `read scenario`.
///
/// # Errors
/// [`Failure`] for a file that cannot be read, is too long, or is not UTF-8.
pub fn read_text(what: &str, path: &Path) -> Result<String, Failure> {
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_OCTETS as u64 + 1).read_to_end(&mut octets));
    read.map_err(|error| Failure::io(what, path, &error))?;
    text(path, octets)
}

/// Octets as text; `path` is for messages.
///
/// # Errors
/// [`Failure`] for too many, and at the first octet that is not UTF-8.
pub fn text(path: &Path, octets: Vec<u8>) -> Result<String, Failure> {
    if octets.len() > MOST_OCTETS {
        return Err(Failure::new(format!("{}: more than {} MiB", path.display(), MOST_OCTETS >> 20)));
    }
    String::from_utf8(octets).map_err(|error| {
        // What is right before the error stands at the same octets in the readable copy.
        let at = error.utf8_error().valid_up_to();
        let readable = String::from_utf8_lossy(error.as_bytes());
        Failure::at(path, &readable, at..at, format!("{} is no text: this octet is not UTF-8", path.display()))
    })
}

/// What a layer error says, with the nearest preset where one was misspelt.
pub fn explain(error: &LayerError) -> (String, Option<String>) {
    match error {
        LayerError::Preset { error, .. } => {
            let names: Vec<&str> = error.kind.files().iter().map(|(name, _)| *name).collect();
            let message = format!("{error}; there are {}, or the path of a file that ends in .toml", names.join(", "));
            (message, nearest(&error.name, &names))
        }
        LayerError::Value { key, message } => (format!("`{key}`: {message}"), nearest_in(message)),
    }
}

/// "did you mean" for a name among those that exist, if one is near.
pub fn nearest(name: &str, known: &[&str]) -> Option<String> {
    let (score, best) = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.75).then(|| format!("did you mean `{best}`?"))
}

/// Serde's "unknown field `x`, expected one of `a`, `b`" carries the candidates.
fn nearest_in(message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let start = message.find("unknown field").or_else(|| message.find("unknown variant"))?;
    let names: Vec<&str> = message[start..].split('`').skip(1).step_by(2).collect();
    let (wrong, known) = names.split_first().or_else(|| quoted.split_first())?;
    nearest(wrong, known)
}
