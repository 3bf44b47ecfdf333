//! The noise gate: what went on beside a measurement, and whether its values can be trusted. One and the same for ciphers,
//! memory and cores.

mod emulation;
mod limits;
mod reading;

use std::path::{Path, PathBuf};
use std::time::Instant;

pub use limits::{Reason, reasons, refusing};

pub use espsim_model::profile::Conditions;

use crate::host;
use reading::Reading;

/// Shares of shorter times than this, in seconds of all CPUs together, say nothing: the system counts in ticks of 10 ms.
const LEAST_TIME: f64 = 0.2;

/// What emulates this CPU, if something does: its times are then the emulator's.
pub fn emulator() -> Option<String> {
    emulation::emulator(Path::new("/"))
}

/// Seconds that a hypervisor has taken from CPUs so far, if the system tells: in ticks of 10 ms.
pub(crate) fn stolen_seconds(cpus: &[usize]) -> Option<f64> {
    Reading::now(Path::new("/"), cpus).stolen
}

/// Watches the system while something is measured.
pub struct Watch {
    root: PathBuf,
    cpus: Vec<usize>,
    online: u32,
    began: Instant,
    first: Reading,
}

impl Watch {
    /// Begins now. To be called before a thread is pinned: it watches the CPUs that the caller may use.
    pub fn start() -> Watch {
        Watch::of(Path::new("/"), host::usable_cpus(), host::online_cpus())
    }

    fn of(root: &Path, cpus: Vec<usize>, online: u32) -> Watch {
        let first = Reading::now(root, &cpus);
        Watch { root: root.to_owned(), cpus, online, began: Instant::now(), first }
    }

    /// What went on since then.
    pub fn end(self) -> Conditions {
        let last = Reading::now(&self.root, &self.cpus);
        let emulated = emulation::emulator(&self.root);
        Conditions {
            emulated,
            ..between(&self.first, &last, self.began.elapsed().as_secs_f64(), &self.cpus, self.online)
        }
    }
}

/// Two readings that lie so many seconds apart.
fn between(first: &Reading, last: &Reading, seconds: f64, cpus: &[usize], online: u32) -> Conditions {
    let grown = |of: fn(&Reading) -> Option<f64>| Some((of(last)? - of(first)?).max(0.0));
    let all = seconds * cpus.len() as f64;
    let share = |time: Option<f64>, of: f64| time.filter(|_| all >= LEAST_TIME).map(|time| (time / of).min(1.0));
    let own = grown(|reading| reading.own);
    let others = grown(|reading| reading.busy).zip(own).map(|(busy, own)| (busy - own).max(0.0));
    // Within a moment the system counts nothing, and its load is what this process itself has done before.
    let tells = others.is_none() || all >= LEAST_TIME;
    Conditions {
        cpus: cpus.len() as u32,
        online,
        load: first.load.filter(|_| tells),
        others: share(others, all),
        steal: share(grown(|reading| reading.stolen), all),
        pressure: share(grown(|reading| reading.pressure), seconds),
        throttled: share(grown(|reading| reading.throttled), seconds),
        involuntary: (grown(|reading| reading.involuntary).zip(own))
            .filter(|(_, own)| *own >= LEAST_TIME)
            .map(|(switches, own)| switches / own),
        ..Conditions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(busy: f64, own: f64, involuntary: f64) -> Reading {
        Reading {
            busy: Some(busy),
            own: Some(own),
            involuntary: Some(involuntary),
            stolen: Some(0.0),
            pressure: Some(0.0),
            throttled: None,
            load: Some(0.1),
        }
    }

    #[test]
    fn others_are_what_is_busy_beside_this_process() {
        let after = between(&reading(100.0, 5.0, 10.0), &reading(102.0, 6.0, 40.0), 2.0, &[0, 1], 2);
        assert_eq!((after.others, after.involuntary, after.steal), (Some(0.25), Some(30.0), Some(0.0)));
        // Ticks are counted by sampling: a little less than this process says is nothing negative.
        assert_eq!(between(&reading(100.0, 5.0, 0.0), &reading(100.9, 6.0, 0.0), 1.0, &[0], 2).others, Some(0.0));
        assert_eq!(after.throttled, None, "what the system does not tell stays unknown");
    }

    #[test]
    fn a_moment_is_too_short_for_shares() {
        let short = between(&reading(1.0, 1.0, 0.0), &reading(1.01, 1.0, 5.0), 0.01, &[0, 1], 2);
        assert_eq!((short.others, short.steal, short.involuntary, short.load), (None, None, None, None));
        let silent = Reading { busy: None, ..reading(1.0, 1.0, 0.0) };
        assert_eq!(between(&silent, &silent, 0.01, &[0, 1], 2).load, Some(0.1), "all that this system tells");
    }

    #[test]
    fn a_watch_sees_its_own_host() {
        let watch = Watch::start();
        let conditions = watch.end();
        assert!(conditions.cpus >= 1 && conditions.online >= conditions.cpus);
        assert_eq!(conditions.others, None, "no time has passed");
    }
}
