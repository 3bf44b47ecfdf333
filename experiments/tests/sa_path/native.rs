//! The process that measures the running kernel: what it says where it cannot, and that it leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::common::skip::skip;
use crate::common::text;
use crate::{lives, wait_until};

#[test]
fn without_namespaces_it_says_what_is_refused_and_what_helps() {
    let limits = "echo 0 > /proc/sys/user/max_net_namespaces && echo 0 > /proc/sys/user/max_user_namespaces";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", &format!("{limits} && exec $0 native-inside")])
        .arg(assert_cmd::cargo::cargo_bin!("espsim"))
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => return skip(&format!("no user namespace to be refused others in: {}", text(&output.stderr))),
        Err(error) => return skip(&format!("unshare(1): {error}")),
    };
    let said = text(&output.stdout);
    assert!(said.starts_with(r#"{"failed":"#) && said.lines().count() == 1, "{said}");
    for words in ["neither a network namespace of our own", "nor a user namespace", "run as root, or allow"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn it_ends_with_who_started_it_and_its_namespaces_with_it() {
    let mut shell = Command::new("sh")
        .args(["-c", "$0 native-inside & echo $!; wait"])
        .arg(assert_cmd::cargo::cargo_bin!("espsim"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let process = lines.next().unwrap().unwrap();
    // It has begun, or has said why it cannot.
    let said = lines.next().unwrap().unwrap();
    if said.contains("failed") {
        skip(&said);
        shell.wait().unwrap();
        return;
    }
    assert!(lives(&process));
    shell.kill().unwrap();
    shell.wait().unwrap();
    wait_until("it ends with its parent", || !lives(&process));
    let interfaces = std::fs::read_to_string("/proc/net/dev").unwrap();
    assert!(!interfaces.contains("espsim"), "its devices were never here: {interfaces}");
}
