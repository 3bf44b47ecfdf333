//! What a guest tells the host: lines of JSON, the last of which is the result.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::sa_path::{Measurement, SaPathError};

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Message {
    /// What is going on. The first one says that the guest has come up.
    Progress(String),
    /// Everything that was measured.
    Done(Box<Measurement>),
    /// Why nothing was.
    Failed { what: String, remedy: String },
}

impl Message {
    pub(super) fn failed(error: &SaPathError) -> Self {
        Message::Failed { what: error.to_string(), remedy: error.remedy().unwrap_or_default().to_owned() }
    }
}

/// Writes lines to a file or a serial line.
pub(super) struct Writer(File);

impl Writer {
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Writer(File::options().create(true).append(true).open(path)?))
    }

    pub(super) fn write(&mut self, message: &Message) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// Reads lines as they come.
pub(super) struct Lines {
    read: usize,
}

impl Lines {
    pub(super) fn new() -> Self {
        Lines { read: 0 }
    }

    /// Messages that have come since the last call. Whatever is no message, such as what a terminal adds, is passed
    /// over.
    pub(super) fn next(&mut self, text: &[u8]) -> Vec<Message> {
        let new = text.get(self.read..).unwrap_or_default();
        let Some(end) = new.iter().rposition(|&octet| octet == b'\n') else { return Vec::new() };
        self.read += end + 1;
        let lines = new[..end].split(|&octet| octet == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line.trim_ascii()).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_read_and_each_once() {
        let mut lines = Lines::new();
        assert!(lines.next(b"{\"progress\":\"up").is_empty());
        let text = b"{\"progress\":\"up\"}\r\nnoise\n{\"failed\":{\"what\":\"a\",\"remedy\":\"b\"}}\n{\"prog";
        let messages = lines.next(text);
        assert!(matches!(&messages[..], [Message::Progress(up), Message::Failed { .. }] if up == "up"), "{messages:?}");
        assert!(lines.next(text).is_empty());
    }
}
