//! Slurm's commands.

use std::path::Path;
use std::process::Command;

use espsim_sweep::failure::Failure;
use espsim_sweep::quote::shell_words;

/// How many indices an array may have, from 0.
///
/// # Errors
/// [`Failure`] if Slurm cannot be asked.
pub fn max_array_size() -> Result<u32, Failure> {
    let config = output("scontrol", &["show", "config"])?;
    let value = config.lines().find_map(|line| line.strip_prefix("MaxArraySize")?.split_once('='));
    value.and_then(|(_, number)| number.trim().parse().ok()).ok_or_else(|| {
        Failure::new("scontrol show config does not say MaxArraySize").with_help(Some("give --max-array-size".into()))
    })
}

/// The words of the command that submits a script of a folder.
pub fn sbatch(folder: &Path, script: &str, dependency: Option<&str>) -> Vec<String> {
    let mut words = vec!["--parsable".to_owned(), format!("--chdir={}", folder.display())];
    if let Some(job) = dependency {
        // After every task has ended well; if one cannot, joining is pointless.
        words.extend([format!("--dependency=afterok:{job}"), "--kill-on-invalid-dep=yes".to_owned()]);
    }
    words.push(folder.join(script).display().to_string());
    words
}

/// Submits, and gives the job's number.
///
/// # Errors
/// [`Failure`] with what Slurm says.
pub fn submit(words: &[String]) -> Result<String, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let printed = output("sbatch", &words)?;
    // With several clusters the name of one follows.
    let job = printed.trim().split(';').next().unwrap_or_default();
    match !job.is_empty() && job.bytes().all(|octet| octet.is_ascii_digit()) {
        true => Ok(job.to_owned()),
        false => Err(Failure::new(format!("sbatch printed no job number: `{}`", printed.trim()))),
    }
}

/// Takes a job back.
pub fn cancel(job: &str) {
    // What led here is the error to report.
    let _ = output("scancel", &[job]);
}

fn output(program: &str, words: &[&str]) -> Result<String, Failure> {
    let done = Command::new(program).args(words).output().map_err(|error| {
        Failure::new(format!("cannot start {program}: {error}"))
            .with_help(Some("Slurm's commands must be installed; --dry-run shows what would be submitted".into()))
    })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let command = shell_words(std::iter::once(program).chain(words.iter().copied()));
    Err(Failure::new(format!("{command}: {}", String::from_utf8_lossy(&done.stderr).trim())))
}
