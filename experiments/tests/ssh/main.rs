//! `espsim calibrate --ssh` with a server of its own: a profile comes back and nothing is left, whatever ends it.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // Of what is shared it uses a part.
#[path = "../all/common/mod.rs"]
mod common;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::skip::skip;
use crate::common::{espsim, text};

/// How long anything may take that does not measure.
const PATIENCE: Duration = Duration::from_secs(60);

/// An sshd with keys of its own, and what ssh must know to reach it.
struct Server {
    sshd: Child,
    folder: TempDir,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// Runs a command that must succeed.
fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Server {
    /// A server, with lines for its configuration; `None` where there can be none.
    fn start(more: &str) -> Option<Self> {
        let sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let Some(sshd) = sshd else {
            skip("no sshd: apt install openssh-server");
            return None;
        };
        // Where it drops its privileges to; as another user it drops none.
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
            && !Path::new("/run/sshd").exists()
        {
            skip("no /run/sshd: mkdir /run/sshd");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "user", "stranger"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at(key)));
        }
        fs::create_dir(at("there")).unwrap();
        fs::copy(at("user.pub"), at("authorized")).unwrap();
        // A port that is free now and, by odds, a moment later.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host_key = fs::read_to_string(at("host.pub")).unwrap();
        fs::write(at("known"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let lines = [
            "ListenAddress 127.0.0.1".to_owned(),
            format!("Port {port}"),
            format!("HostKey {}", at("host").display()),
            format!("AuthorizedKeysFile {}", at("authorized").display()),
            format!("SetEnv TMPDIR={}", at("there").display()),
            "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no".to_owned(),
            "KbdInteractiveAuthentication no".to_owned(),
            more.to_owned(),
        ];
        fs::write(at("config"), lines.join("\n") + "\n").unwrap();
        let log = fs::File::create(at("log")).unwrap();
        let sshd =
            Command::new(sshd).args(["-D", "-e", "-f"]).arg(at("config")).stdin(Stdio::null()).stderr(log).spawn();
        let server = Server { sshd: sshd.unwrap(), port, folder };
        until("sshd listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(server)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Options that reach the server with a key.
    fn options(&self, key: &str, known: &str) -> Vec<String> {
        let options = [
            format!("Port={}", self.port),
            format!("IdentityFile={}", self.at(key).display()),
            format!("UserKnownHostsFile={}", self.at(known).display()),
            "IdentitiesOnly=yes".into(),
            "IdentityAgent=none".into(),
            "BatchMode=yes".into(),
            "GlobalKnownHostsFile=/dev/null".into(),
        ];
        options.into_iter().flat_map(|option| ["--ssh-option".to_owned(), option]).collect()
    }

    /// The words of a calibration by this server.
    fn calibrate(&self, more: &[&str]) -> Vec<String> {
        let own = ["calibrate", "--ssh", "127.0.0.1", "--out", "host.toml"];
        let options = self.options("user", "known");
        own.into_iter().chain(more.iter().copied()).map(str::to_owned).chain(options).collect()
    }

    /// A program that says its version and, to calibrate, waits for ever, leaving a mark outside its folder.
    fn waiting(&self) -> String {
        let started = self.at("started").display().to_string();
        self.program(&format!("[ \"$1\" = --version ] && exit 0\necho $$ > {started}\nwhile :; do sleep 1; done"))
    }

    fn program(&self, script: &str) -> String {
        let path = self.at("program");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Whether nothing is left there, neither a file nor a process.
    fn is_clean(&self) -> bool {
        let runs = |pid: String| Path::new("/proc").join(pid.trim()).exists();
        fs::read_dir(self.at("there")).unwrap().next().is_none()
            && !fs::read_to_string(self.at("started")).is_ok_and(runs)
    }

    fn has_started(&self) -> bool {
        fs::read_to_string(self.at("started")).is_ok_and(|pid| pid.ends_with('\n'))
    }
}

/// What is refused, with its message; nothing is written.
fn refused(folder: &TempDir, words: &[String]) -> String {
    let output: Output = espsim(folder).args(words).output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    message
}

#[test]
fn a_profile_comes_back_and_nothing_is_left() {
    let Some(server) = Server::start("") else { return };
    let folder = TempDir::new().unwrap();
    let output = espsim(&folder).args(server.calibrate(&["--quick"])).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("quick calibration by espsim"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("espsim: calibrated 127.0.0.1; wrote host.toml and host.svg"));
    let shown = espsim(&folder).args(["calibrate", "--show", "host.toml"]).output().unwrap();
    assert!(shown.status.success() && text(&shown.stdout).contains("quick calibration"), "{}", text(&shown.stderr));
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["host.svg", "host.toml"]);
    until("nothing is left there", || server.is_clean());
}

#[test]
fn hosts_that_refuse_are_told_apart() {
    let Some(server) = Server::start("") else { return };
    let folder = TempDir::new().unwrap();
    let words = |key: &str, known: &str, host: &str| {
        let ssh = format!("--ssh={host}");
        let own = ["calibrate", "--quick", "--out", "host.toml", &ssh].map(str::to_owned);
        own.into_iter().chain(server.options(key, known)).collect::<Vec<_>>()
    };
    let here = "127.0.0.1";
    assert!(refused(&folder, &words("stranger", "known", here)).contains("sshd refuses this user or key"));
    assert!(refused(&folder, &words("user", "nothing", here)).contains("its host key is not known here"));
    assert!(refused(&folder, &words("user", "known", "no-such-host.invalid")).contains("there is no such name"));
    assert!(refused(&folder, &words("user", "known", "-oProxyCommand=x")).contains("a host as ssh takes it"));
    let mut closed = words("user", "known", here);
    closed.iter_mut().filter(|word| word.starts_with("Port=")).for_each(|word| *word = "Port=1".into());
    assert!(refused(&folder, &closed).contains("no sshd listens there"));
    let without: Output = espsim(&folder).env("PATH", "/nowhere").args(words("user", "known", here)).output().unwrap();
    assert!(text(&without.stderr).contains("there is no `ssh` on this host"), "{}", text(&without.stderr));
    assert!(server.is_clean());
}

#[test]
fn programs_that_cannot_run_there_are_named() {
    let Some(server) = Server::start("") else { return };
    let folder = TempDir::new().unwrap();
    let binary = |path: &str| server.calibrate(&["--binary", path]);
    // The header of a program for a machine that this is not.
    let mut other = fs::read(assert_cmd::cargo::cargo_bin!("espsim")).unwrap()[..4096].to_vec();
    other[18] = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    fs::write(server.at("other"), other).unwrap();
    let message = refused(&folder, &binary(&server.at("other").display().to_string()));
    assert!(message.contains("it cannot run this program: it is Linux") && message.contains("--binary"), "{message}");
    let broken = server.program("exit 5");
    assert!(refused(&folder, &binary(&broken)).contains("it cannot run this program"));
    fs::write(server.at("text"), "no program at all, but long enough").unwrap();
    assert!(refused(&folder, &binary(&server.at("text").display().to_string())).contains("neither a program"));
    let failing = server.program("[ \"$1\" = --version ] || { echo there is no core >&2; exit 2; }");
    let message = refused(&folder, &binary(&failing));
    assert!(message.contains("there is no core") && message.contains("ended with exit code 2 there"), "{message}");
    until("nothing is left there", || server.is_clean());
}

#[test]
fn a_host_without_room_is_named() {
    // Files of 4 KiB at the most: a disk that is full.
    let Some(server) = Server::start("ForceCommand ulimit -f 8; eval \"$SSH_ORIGINAL_COMMAND\"") else { return };
    let folder = TempDir::new().unwrap();
    let message = refused(&folder, &server.calibrate(&["--quick"]));
    assert!(message.contains("no room for the program"), "{message}");
    until("nothing is left there", || server.is_clean());
    let Some(server) = Server::start("ForceCommand TMPDIR=/nowhere; export TMPDIR; eval \"$SSH_ORIGINAL_COMMAND\"")
    else {
        return;
    };
    assert!(refused(&folder, &server.calibrate(&["--quick"])).contains("makes no temporary folder"));
}

/// The process that measures here, begun so that it can be ended; its ssh is in its own process group.
fn begun(server: &Server, folder: &TempDir) -> Child {
    let program = server.waiting();
    // Whoever runs the tests in the background may have them ignore interrupts.
    let child = Command::new("env")
        .arg("--default-signal=INT,TERM")
        .arg(assert_cmd::cargo::cargo_bin!("espsim"))
        .current_dir(folder)
        .args(server.calibrate(&["--binary", &program]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it measures there", || server.has_started());
    child
}

/// The children of a process.
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn signal(name: &str, pid: u32) {
    run(Command::new("sh").args(["-c", &format!("kill -s {name} {pid}")]));
}

#[test]
fn nothing_is_left_whatever_ends_it() {
    let Some(server) = Server::start("") else { return };
    for name in ["INT", "TERM", "KILL"] {
        let folder = TempDir::new().unwrap();
        let mut child = begun(&server, &folder);
        assert!(!server.is_clean(), "it runs");
        signal(name, child.id());
        child.wait().unwrap();
        until(&format!("after SIG{name} nothing is left there"), || server.is_clean());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nor here");
        fs::remove_file(server.at("started")).unwrap();
    }
    // The connection is lost: the client is gone, and this side says so.
    let folder = TempDir::new().unwrap();
    let mut child = begun(&server, &folder);
    let clients: Vec<u32> = children(child.id());
    assert_eq!(clients.len(), 1, "ssh");
    signal("KILL", clients[0]);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    until("without a connection nothing is left there", || server.is_clean());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nor here");
}
