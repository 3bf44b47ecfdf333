//! A sweep on a real Slurm: an array of 20 tasks, one of them killed and queued again, and the join.
#![cfg(target_os = "linux")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::common::skip::skip;
use crate::common::sweep::{assert_same, program, run, succeed};

/// 160 points of less than a tenth of a second.
const SCENARIO: &str = r#"
title = "On a cluster"
[run]
max_packets = 150000
half_width = "0.001 %"
[[series]]
name = "host"
placement = "host"
[[series]]
name = "lookaside"
placement = "lookaside"
[sweep]
"traffic.packet" = ["64 B", "128 B", "256 B", "512 B", "1024 B"]
"traffic.window" = [8, 16, 32, 64]
"host.cores" = [1, 2, 4, 8]
"#;
/// Tasks of the array.
const TASKS: usize = 20;
/// Everything must be over by then.
const DEADLINE: Duration = Duration::from_secs(180);

/// Slurm's daemons and munge's, on ports and in a folder of their own.
struct Cluster {
    folder: TempDir,
    daemons: Vec<Child>,
}

impl Cluster {
    /// `None`, with the reason printed, where Slurm cannot run.
    fn start() -> Option<Self> {
        let programs = ["munged", "slurmctld", "slurmd"];
        if let Some(missing) = programs.iter().find(|name| path_of(name).is_none()) {
            skip(&format!("{missing} is not installed (Debian: slurm-wlm and munge)"));
            return None;
        }
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            skip("only root can start a Slurm of its own");
            return None;
        }
        let mut cluster = Cluster { folder: TempDir::new().unwrap(), daemons: Vec::new() };
        cluster.configure();
        cluster.daemon("munged", &["--foreground", "--force", "--num-threads=2"]);
        cluster.wait(|cluster| cluster.at("munge.sock").exists(), "munge");
        cluster.daemon("slurmctld", &["-D"]);
        cluster.daemon("slurmd", &["-D"]);
        let is_idle = |cluster: &Cluster| {
            let sinfo = cluster.command("sinfo", &["--noheader", "--format=%T"]).output().unwrap();
            String::from_utf8_lossy(&sinfo.stdout).trim() == "idle"
        };
        cluster.wait(is_idle, "Slurm");
        Some(cluster)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self) {
        for name in ["state", "spool"] {
            fs::create_dir(self.at(name)).unwrap();
        }
        let mut key = vec![0; 1024];
        std::io::Read::read_exact(&mut fs::File::open("/dev/urandom").unwrap(), &mut key).unwrap();
        fs::write(self.at("munge.key"), key).unwrap();
        fs::set_permissions(self.at("munge.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let host = host.trim().split('.').next().unwrap();
        // Held until both are known, so that they differ.
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [control, node] = ports.map(|port| port.local_addr().unwrap().port());
        let folder = self.folder.path().display();
        // A task that is queued again starts when credentials of its first run have expired: in 5 s (the least that counts), not in 120.
        let text = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
             AuthType=auth/munge\nAuthInfo=socket={folder}/munge.sock,cred_expire=5\n\
             SlurmctldPort={control}\nSlurmdPort={node}\n\
             SlurmctldPidFile={folder}/slurmctld.pid\nSlurmdPidFile={folder}/slurmd.pid\n\
             SlurmctldLogFile={folder}/slurmctld.log\nSlurmdLogFile={folder}/slurmd.log\n\
             StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nMpiDefault=none\n\
             SchedulerType=sched/builtin\nSchedulerParameters=sched_interval=1,sched_min_interval=0\n\
             MaxArraySize=1001\nSlurmdParameters=config_overrides\nReturnToService=2\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN\n\
             PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP\n"
        );
        fs::write(self.at("slurm.conf"), text).unwrap();
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(path_of(name).unwrap_or_else(|| name.into()));
        command.args(arguments).env("SLURM_CONF", self.at("slurm.conf"));
        command
    }

    fn daemon(&mut self, name: &str, arguments: &[&str]) {
        let mut command = self.command(name, arguments);
        if name == "munged" {
            for (option, file) in [
                ("key-file", "key"),
                ("socket", "sock"),
                ("pid-file", "pid"),
                ("log-file", "log"),
                ("seed-file", "seed"),
            ] {
                command.arg(format!("--{option}={}", self.at(&format!("munge.{file}")).display()));
            }
        }
        let log = fs::File::create(self.at(&format!("{name}.err"))).unwrap();
        self.daemons.push(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    fn wait(&self, is_done: impl Fn(&Cluster) -> bool, what: &str) {
        let started = Instant::now();
        while !is_done(self) {
            if started.elapsed() > DEADLINE {
                let logs = ["slurmctld.log", "slurmd.log", "munged.err"];
                let logs = logs.map(|log| fs::read_to_string(self.at(log)).unwrap_or_default());
                panic!("{what}: not within {DEADLINE:?}\n{}", logs.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Jobs first, while there is somebody to end them.
        let _ = self.command("scancel", &["--user=root", "--signal=KILL", "--full"]).output();
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn path_of(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A shard that has some finished runs and is not finished, and its process.
fn half_done(work: &Path) -> Option<(usize, Pid)> {
    let lines = |shard: &usize| {
        let journal = fs::read(work.join(format!(".shard-{shard}.partial/journal"))).unwrap_or_default();
        journal.iter().filter(|octet| **octet == b'\n').count()
    };
    // The header, and two of eight runs or so.
    let shard = (1..=TASKS).find(|shard| (3..6).contains(&lines(shard)))?;
    let argument = format!("{shard}/{TASKS}");
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_it = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = words.split(|octet| *octet == 0);
        words.next().is_some_and(|program| program.ends_with(b"espsim"))
            && words.any(|word| word == argument.as_bytes())
    };
    Some((shard, Pid::from_raw(processes.into_iter().find(is_it)?)))
}

#[test]
fn a_killed_task_is_queued_again_and_the_joined_result_is_that_of_one_run() {
    let Some(cluster) = Cluster::start() else { return };
    // A name that a shell would take apart.
    let folder = cluster.at("it's mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("big.toml"), SCENARIO).unwrap();
    succeed(&mut run(&folder, "big.toml", &["--out", "whole"]));
    let mut submit =
        program(&folder, &["submit", "--slurm", "big.toml", "--profile", "preset:zen4", "--out", "joined"]);
    let tasks = TASKS.to_string();
    submit.args(["--tasks", tasks.as_str(), "--", "-t", "10", "--comment", "two words"]);
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    let submitted = succeed(submit.env("SLURM_CONF", cluster.at("slurm.conf")).env("PATH", path));
    let printed = String::from_utf8(submitted.stdout).unwrap();
    let jobs: Vec<&str> = printed.lines().collect();
    assert_eq!(jobs.len(), 2, "{printed}");
    let work = folder.join("joined.slurm");

    let deadline = Instant::now() + DEADLINE;
    let shard = loop {
        assert!(Instant::now() < deadline && !folder.join("joined").exists(), "no task was caught half done");
        // One that has ended meanwhile cannot be killed.
        match half_done(&work) {
            Some((shard, process)) if kill(process, Signal::SIGKILL).is_ok() => break shard,
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    };

    cluster.wait(|_| folder.join("joined").exists(), "the join");
    assert_same(&folder.join("whole"), &folder.join("joined"));
    let log = fs::read_to_string(work.join(format!("task-{shard}.log"))).unwrap();
    for said in ["was ended by signal 9: queued again", "espsim: going on: "] {
        assert!(log.contains(said), "`{said}` is missing in: {log}");
    }
    let task = format!("{}_{shard}", jobs[0]);
    let shown = cluster.command("scontrol", &["show", "job", &task]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in ["Restarts=1", "TimeLimit=00:10:00", "Comment=two words"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for task in 1..=TASKS {
        assert!(work.join(format!("task-{task}.log")).exists(), "task {task}");
    }
}
