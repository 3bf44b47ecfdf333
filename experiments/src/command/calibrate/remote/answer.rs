//! What the other host sends back.

use std::io::{self, BufRead, ErrorKind, Read};

/// The most octets of a file that is taken, and of a line.
const MOST_OCTETS: u64 = 64 << 20;
const LONGEST_LINE: u64 = 4096;
/// The most files.
const MOST_FILES: usize = 16;

/// What the other host sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Files by their names there.
    Files(Vec<(String, Vec<u8>)>),
    /// The program cannot be run there.
    CannotRun {
        /// System and machine, as `uname -sm` says.
        machine: String,
    },
    /// The calibration failed there.
    Failed {
        /// Its exit code.
        code: i32,
    },
    /// Nothing, or not all of it.
    Nothing,
}

/// Reads an answer to its end; what a shell says when it starts comes before and is passed over.
///
/// # Errors
/// [`io::Error`] for what is none.
pub fn read(from: &mut impl BufRead) -> io::Result<Answer> {
    let wrong = || io::Error::from(ErrorKind::InvalidData);
    let mut files = Vec::new();
    loop {
        let mut line = Vec::new();
        if from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(Answer::Nothing);
        }
        let line = String::from_utf8_lossy(&line);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["espsim-cannot-run", ref machine @ ..] => return Ok(Answer::CannotRun { machine: machine.join(" ") }),
            ["espsim-code", code] => match code.parse().map_err(|_| wrong())? {
                0 => {}
                code => return Ok(Answer::Failed { code }),
            },
            ["espsim-file", name, size] => {
                let size = size.parse().ok().filter(|size| *size <= MOST_OCTETS && files.len() < MOST_FILES);
                let size = size.ok_or_else(wrong)?;
                let mut octets = Vec::new();
                if from.by_ref().take(size).read_to_end(&mut octets)? as u64 != size {
                    return Ok(Answer::Nothing);
                }
                files.push((name.to_owned(), octets));
            }
            ["espsim-end"] => return Ok(Answer::Files(files)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Answer> {
        read(&mut text.as_bytes()).ok()
    }

    #[test]
    fn files_are_taken_by_their_length() {
        let text = "Welcome to this host\nespsim-code 0\nespsim-file summary 5\na\nb\n\nespsim-file host.toml 11\nespsim-end\nespsim-end\n";
        let files = [("summary", "a\nb\n\n"), ("host.toml", "espsim-end\n")];
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        assert_eq!(of(text), Some(Answer::Files(files.into())));
        // Cut off anywhere it is no answer.
        assert!((0..text.len() - 12).all(|n| of(&text[..n]) == Some(Answer::Nothing)));
    }

    #[test]
    fn refusals_are_told_apart_from_noise() {
        let machine = "Linux aarch64".to_owned();
        assert_eq!(of("espsim-cannot-run Linux aarch64\n"), Some(Answer::CannotRun { machine }));
        assert_eq!(of("espsim-code 2\n"), Some(Answer::Failed { code: 2 }));
        assert_eq!(of("espsim-file a 99999999999\n"), None);
        assert_eq!(of(&"espsim-file a 0\n".repeat(MOST_FILES + 1)), None);
    }
}
