//! `espsim calibrate --ssh`: copies this program to another host, measures there and brings the profile back.
//!
//! One connection of the plain OpenSSH client carries everything. A shell script there makes a temporary folder, takes the
//! program from its standard input, runs it, sends what it wrote and removes the folder: at its end, on a signal, and when its
//! standard input ends, as it does if this side is killed or the connection is lost.

mod answer;
mod machine;
mod refusal;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use espsim_model::profile::Profile;
use espsim_sweep::failure::Failure;
use espsim_sweep::quote::shell_words;
use espsim_sweep::store::partial::{absent, write_new};

use self::answer::{Answer, read};
use self::machine::machine;
use self::refusal::refusal;
use super::args::CalibrateArgs;
use crate::console::{print, say};

/// What runs on the other host: without single quotes, in which it is sent.
const SCRIPT: &str = include_str!("host.sh");
/// Options of this side, which the other one is not given; each has a value.
const OWN: [&str; 4] = ["--ssh", "--ssh-option", "--binary", "--out"];
/// Options of the client: give up on a host that does not answer, and notice a lost connection within a minute.
const CLIENT: [&str; 4] = ["ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=4", "Compression=yes"];
/// Lines of the other side that are kept to find out what went wrong.
const MOST_LINES: usize = 50;

/// Calibrates another host, `words` the command line.
///
/// # Errors
/// [`Failure`] for files that exist, a program that cannot be read, a client that is missing, a host that refuses or cannot
/// run the program, or a calibration that failed there.
pub fn calibrate(args: &CalibrateArgs, host: &str, words: &[String]) -> Result<(), Failure> {
    if host.is_empty() || host.starts_with('-') || host.chars().any(char::is_whitespace) {
        return Err(Failure::new(format!("--ssh is `{host}`: a host as ssh takes it, such as root@server")));
    }
    if args.profile.as_ref().is_some_and(|name| !name.starts_with("preset:")) {
        let help = "give a preset, or calibrate without --only";
        return Err(Failure::new("--profile is a file of this host: --ssh takes presets").with_help(Some(help.into())));
    }
    absent(&[&args.out])?;
    let path = match &args.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe().map_err(|error| Failure::new(format!("cannot find this program: {error}")))?,
    };
    let program = std::fs::read(&path).map_err(|error| Failure::io("read program", &path, &error))?;
    let machine = machine(&program)
        .ok_or_else(|| Failure::new(format!("--binary {}: neither a program of Linux nor a script", path.display())))?;
    say(&format!("espsim: copying {} ({} MiB) to {host}", path.display(), program.len() >> 20));
    let child = start(args, host, &command(program.len(), machine, words))?;
    let Told { answer, status, lines } = converse(child, &program)?;
    match answer {
        Answer::Files(files) if status.success() => write(&args.out, &files, host),
        answer => Err(refusal(host, &answer, status.code(), &lines)),
    }
}

/// What the other host is told to do, as its user's shell takes it.
fn command(size: usize, machine: &str, words: &[String]) -> String {
    let size = size.to_string();
    let options = options(words);
    let all = ["sh", "-c", SCRIPT, "espsim", &size, machine].into_iter().chain(options.iter().map(String::as_str));
    format!("exec {}", shell_words(all))
}

/// Options of the command line that are for the calibration itself.
fn options(words: &[String]) -> Vec<String> {
    let after = words.iter().position(|word| word == "calibrate").map_or(0, |at| at + 1);
    let mut options = Vec::new();
    let mut skip = false;
    for word in &words[after.min(words.len())..] {
        if std::mem::take(&mut skip) {
            continue;
        }
        let own =
            OWN.iter().find_map(|own| word.strip_prefix(own).filter(|rest| rest.is_empty() || rest.starts_with('=')));
        match own {
            Some(rest) => skip = rest.is_empty(),
            None => options.push(word.clone()),
        }
    }
    options
}

fn start(args: &CalibrateArgs, host: &str, command: &str) -> Result<Child, Failure> {
    let mut client = Command::new("ssh");
    client.arg("-T");
    // The first value of an option counts.
    for option in args.ssh_option.iter().map(String::as_str).chain(CLIENT) {
        client.args(["-o", option]);
    }
    client.args(["--", host, command]);
    let child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    child.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new("there is no `ssh` on this host")
            .with_help(Some("install the OpenSSH client (Debian: apt install openssh-client)".into())),
        _ => Failure::new(format!("cannot start ssh: {error}")),
    })
}

/// What came of it.
struct Told {
    answer: Answer,
    status: ExitStatus,
    /// What the client and the other side said.
    lines: Vec<String>,
}

/// Sends the program, shows what the other side says, and takes its answer. Standard input stays open until then: its end
/// would end the calibration.
fn converse(mut child: Child, program: &[u8]) -> Result<Told, Failure> {
    let (Some(mut input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Failure::new("cannot talk to ssh"));
    };
    let (done, is_done) = mpsc::channel::<()>();
    let (answer, lines) = std::thread::scope(|scope| {
        scope.spawn(move || {
            // Whoever does not take it says why.
            if input.write_all(program).and_then(|()| input.flush()).is_ok() {
                let _ = is_done.recv();
            }
        });
        let heard = scope.spawn(|| listen(errors));
        let answer = read(&mut BufReader::new(output));
        drop(done);
        (answer, heard.join().unwrap_or_default())
    });
    let status = child.wait().map_err(|error| Failure::new(format!("cannot wait for ssh: {error}")))?;
    Ok(Told { answer: answer.unwrap_or(Answer::Nothing), status, lines })
}

/// Shows lines as they come, and keeps the last ones.
fn listen(errors: impl Read) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        say(&line);
        lines.push(line);
        if lines.len() > MOST_LINES {
            lines.remove(0);
        }
    }
    lines
}

/// Writes what came under names of this side, the profile last, and prints the summary.
fn write(out: &Path, files: &[(String, Vec<u8>)], host: &str) -> Result<(), Failure> {
    let of = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, octets)| octets.as_slice());
    let profile = of(PROFILE).ok_or_else(|| Failure::new(format!("{host} sent no profile")))?;
    let text = std::str::from_utf8(profile).map_err(|_| Failure::new(format!("the profile of {host} is no text")))?;
    Profile::from_toml(text).map_err(|error| Failure::new(format!("the profile of {host} is unusable: {error}")))?;
    let beside: Vec<(PathBuf, &[u8])> =
        files.iter().filter_map(|(name, octets)| Some((beside(out, name)?, octets.as_slice()))).collect();
    absent(&beside.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>())?;
    for (path, octets) in &beside {
        write_new(path, octets)?;
    }
    write_new(out, profile)?;
    print(of("summary").unwrap_or_default())?;
    let names: Vec<String> = beside.iter().map(|(path, _)| format!(" and {}", path.display())).collect();
    say(&format!(
        "espsim: calibrated {host}; wrote {}{}; use it with --profile {}",
        out.display(),
        names.concat(),
        out.display()
    ));
    Ok(())
}

/// The profile's name there.
const PROFILE: &str = "host.toml";

/// Where a file that stands beside the profile goes: `host.svg` beside `here.toml` is `here.svg`. None other is taken.
fn beside(out: &Path, name: &str) -> Option<PathBuf> {
    let rest = name.strip_prefix("host").filter(|rest| [".svg", "-timeline.csv"].contains(rest))?;
    let stem = out.file_stem()?.to_string_lossy();
    Some(out.with_file_name(format!("{stem}{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_gets_the_options_of_the_calibration() {
        let words = |text: &str| options(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(words("espsim calibrate --ssh a@b --quick --out x.toml --held-out"), ["--quick", "--held-out"]);
        assert_eq!(
            words("espsim calibrate --ssh=calibrate --binary=x --only sa-path --ssh-option Port=2"),
            ["--only", "sa-path"]
        );
        assert!(!SCRIPT.contains('\''), "it is sent in single quotes");
        assert!(command(5, "any", &[]).starts_with("exec sh -c 'umask 077\n"));
    }

    #[test]
    fn files_get_names_of_this_side() {
        let name = |name: &str| beside(Path::new("a/here.toml"), name);
        assert_eq!(name("host.svg"), Some("a/here.svg".into()));
        assert_eq!(name("host-timeline.csv"), Some("a/here-timeline.csv".into()));
        assert!(["host.toml", "host/../../x.svg", "summary", ".bashrc"].iter().all(|other| name(other).is_none()));
    }
}
