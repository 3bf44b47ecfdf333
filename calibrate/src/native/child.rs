//! Measuring in a process of its own, which is the root of a user namespace where it has to be, and ends with this one.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::measurement::{Measurement, Plan, measure};
use super::spaces::become_privileged;
use crate::sa_path::error::{Doing, SaPathError};

/// The hidden command of this program that measures and writes what it has to say.
pub const COMMAND: &str = "native-inside";

/// A line from the process that measures.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(String),
    Done(Box<Measurement>),
    Failed { what: String, remedy: String },
}

/// Measures in a process of `program`, which is this one. `progress` is told what is going on.
///
/// # Errors
/// [`SaPathError`] as of [`measure`], or if the process cannot be started or ends without a result.
pub fn measure_in_child(program: &Path, progress: &mut dyn FnMut(&str)) -> Result<Measurement, SaPathError> {
    let mut child = Process(
        Command::new(program)
            .arg(COMMAND)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Signals of the terminal end this process, and the other with it.
            .process_group(0)
            .spawn()
            .doing(format!("start {}", program.display()))?,
    );
    let lines = child.0.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    for line in lines {
        let line = line.doing("listen to the process that measures")?;
        match serde_json::from_str(&line) {
            Ok(Line::Progress(what)) => progress(&what),
            Ok(Line::Done(measurement)) => return Ok(*measurement),
            Ok(Line::Failed { what, remedy }) => return Err(SaPathError::Unavailable { what, remedy }),
            Err(error) => return Err(SaPathError::unavailable(format!("the process that measures said {error}"), "")),
        }
    }
    Err(SaPathError::unavailable("the process that measures ended without a result", ""))
}

/// Measures in this process and writes lines to standard output. It must have one thread yet.
///
/// # Errors
/// An error of writing; all others are written.
pub fn inside() -> std::io::Result<()> {
    let parent = parent_id();
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before that.
    if parent_id() != parent {
        return Ok(());
    }
    let say = |line: &Line| {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        std::io::stdout().write_all(&text)
    };
    let mut progress = |what: &str| drop(say(&Line::Progress(what.to_owned())));
    match become_privileged().and_then(|()| measure(&Plan::FULL, &mut progress)) {
        Ok(measurement) => say(&Line::Done(Box::new(measurement))),
        Err(error) => {
            let remedy = error.remedy().unwrap_or_default().to_owned();
            say(&Line::Failed { what: error.to_string(), remedy })
        }
    }
}

/// A process that is ended with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already if it ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
