//! Why another host could not be calibrated, and what to do.

use espsim_sweep::failure::Failure;

use super::answer::Answer;

/// The client's own exit code.
const CLIENT: i32 = 255;

/// What the client says, why that is, and what helps.
const SAID: [(&str, &str, &str); 9] = [
    (
        "Host key verification failed",
        "its host key is not known here, or has changed",
        "connect once by `ssh HOST` and look at the key",
    ),
    (
        "Permission denied",
        "sshd refuses this user or key",
        "find the options that `ssh HOST true` needs, such as --ssh-option IdentityFile=FILE",
    ),
    (
        "Too many authentication failures",
        "sshd refuses these keys",
        "name one by --ssh-option IdentityFile=FILE --ssh-option IdentitiesOnly=yes",
    ),
    ("Connection refused", "no sshd listens there", "start it, or give its port by --ssh-option Port=N"),
    ("Could not resolve hostname", "there is no such name", "give the name or address of the host"),
    ("timed out", "it does not answer", "look whether it runs and whether a firewall is between"),
    ("No route to host", "there is no way to it", "look whether it runs and whether a firewall is between"),
    ("Bad configuration option", "ssh does not know an option", "--ssh-option takes what ssh -o takes (ssh_config(5))"),
    ("Connection closed by", "sshd closed the connection", "look into its log there"),
];

/// The failure, from what came back, the exit code of the client, and what it and the other side said.
pub fn refusal(host: &str, answer: &Answer, code: Option<i32>, lines: &[String]) -> Failure {
    let because = |why: &str, help: &str| {
        Failure::new(format!("{host} cannot be calibrated: {why}")).with_help(Some(help.replace("HOST", host)))
    };
    match (answer, code) {
        (Answer::CannotRun { machine }, _) => {
            let here = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
            because(
                &format!("it cannot run this program: it is {machine}, this program is for {here}"),
                "give a static build for it with --binary FILE: calibrate/static.sh makes them; if it is one, TMPDIR there \
                 may be mounted noexec",
            )
        }
        (Answer::Failed { code }, _) => {
            because(&format!("espsim ended with exit code {code} there, as above"), "see above")
        }
        (_, Some(90)) => because("it makes no temporary folder (mktemp -d)", "look at TMPDIR and /tmp there"),
        (_, Some(91)) => {
            because("there is no room for the program in its temporary folder", "make room in TMPDIR or /tmp there")
        }
        (_, Some(CLIENT)) => {
            let said = SAID.iter().find(|(said, ..)| lines.iter().any(|line| line.contains(said)));
            match said {
                Some((_, why, help)) => because(why, help),
                None => because(lines.last().map_or("ssh failed", String::as_str), "try `ssh HOST true`"),
            }
        }
        (_, Some(code)) => because(&format!("its shell ended with exit code {code}"), "try `ssh HOST true`"),
        (_, None) => because("ssh was killed", "try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answer: &Answer, code: Option<i32>, lines: &[&str]) -> String {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        let shown = format!("{:?}", miette::Report::new(refusal("me@there", answer, code, &lines)));
        // Broken into lines wherever they are full.
        shown
            .split(|c: char| c.is_whitespace() || c == '│')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn each_refusal_says_why_and_what_helps() {
        let client = |line: &str| said(&Answer::Nothing, Some(255), &["Pseudo-terminal", line]);
        assert!(client("Host key verification failed.").contains("ssh me@there"));
        assert!(client("me@there: Permission denied (publickey).").contains("IdentityFile"));
        assert!(client("ssh: connect to host there port 22: Connection refused").contains("no sshd listens"));
        assert!(client("something new").contains("something new"));
        assert!(said(&Answer::Nothing, Some(91), &[]).contains("no room"));
        let arm = Answer::CannotRun { machine: "Linux aarch64".into() };
        assert!(said(&arm, Some(93), &[]).contains("Linux aarch64") && said(&arm, Some(93), &[]).contains("--binary"));
        assert!(said(&Answer::Failed { code: 2 }, Some(94), &[]).contains("exit code 2"));
    }
}
