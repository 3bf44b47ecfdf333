//! Errors of what the user gave: file, line, key, value, what is allowed, nearest name.

use std::path::Path;

use espsim_model::layers::LayerError;
use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// Anything that keeps a command from doing what it was asked; exit code 2.
#[derive(Debug, Error, Diagnostic)]
pub enum Failure {
    /// A place in a file is wrong.
    #[error("{message}")]
    #[diagnostic()]
    File {
        /// What is wrong and what is allowed.
        message: String,
        /// The file.
        #[source_code]
        source_code: NamedSource<String>,
        /// The place in it.
        #[label("here")]
        span: SourceSpan,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// The command line or the surroundings are wrong.
    #[error("{message}")]
    #[diagnostic()]
    Other {
        /// What is wrong and what is allowed.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
}

impl Failure {
    /// An error without a place in a file.
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Other { message: message.into(), help: None }
    }

    /// An error at a place in a file.
    pub fn at(path: &Path, text: &str, span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        let message = message.into();
        let source_code = NamedSource::new(path.display().to_string(), text.to_owned());
        let end = span.end.min(text.len());
        let start = span.start.min(end);
        Failure::File { help: nearest_in(&message), message, source_code, span: (start..end).into() }
    }

    /// The same with a suggestion.
    #[must_use]
    pub fn with_help(mut self, advice: Option<String>) -> Self {
        let (Failure::File { help, .. } | Failure::Other { help, .. }) = &mut self;
        *help = advice.or(help.take());
        self
    }

    /// A file or folder that the system does not let us use.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Failure::new(format!("cannot {what} {}: {error}", path.display()))
    }
}

/// What a layer error says, with the nearest preset where one was misspelt.
pub fn explain(error: &LayerError) -> (String, Option<String>) {
    match error {
        LayerError::Preset { error, .. } => {
            let names: Vec<&str> = error.kind.files().iter().map(|(name, _)| *name).collect();
            (format!("{error}; there are {}", names.join(", ")), nearest(&error.name, &names))
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
