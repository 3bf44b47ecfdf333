//! One round: every number of busy cores, once for each work.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::Work;
use crate::CalibrateError;
use crate::gate::stolen_seconds;
use crate::inventory::Topology;
use crate::pinned::on_cpus;
use crate::sample::median;
use crate::thread::usage;

/// How long cores are busy before they are looked at: longer than a clock governor takes to answer.
const WARM_UP: Duration = Duration::from_millis(20);
/// How long one look is: short, so that a thread that loses its core now and then still has looks without.
const WINDOW: Duration = Duration::from_millis(5);
/// Looks in a row.
const WINDOWS: u32 = 10;
/// Operations between two readings of the clock take at least about this long.
const BATCH: u32 = 32;
/// Largest share of the CPUs' time that a hypervisor may take in one go.
const STOLEN: f64 = 0.01;

/// An operation that a thread repeats.
pub(super) type Operation = Box<dyn FnMut()>;

/// What one round gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Round {
    /// For each work and each of its numbers of cores the mean speed of a core, relative to one of its kind alone; `None`
    /// where it was disturbed.
    pub(super) speeds: Vec<Vec<Option<f64>>>,
    /// For each work the operations per CPU second of a core alone, which its speeds are relative to.
    pub(super) alone: Vec<Option<f64>>,
    /// The same for two hardware threads of one core, with the first work.
    pub(super) siblings: Option<f64>,
}

/// Powers of two, all cores, and all hardware threads; plain instructions only on cores of their own.
pub(super) fn counts(topology: &Topology, work: Work) -> Vec<usize> {
    let (separate, all) = (topology.separate().max(1), topology.order().len());
    let powers = (0..usize::BITS).map(|power| 1 << power).take_while(|&count| count < separate);
    let threads = matches!(work, Work::Cipher(..)) && all > separate;
    powers.chain([separate]).chain(threads.then_some(all)).collect()
}

impl Round {
    pub(super) fn measure(works: &[Work], topology: &Topology) -> Result<Round, CalibrateError> {
        let order = topology.order();
        let (mut speeds, mut all_alone) = (Vec::new(), Vec::new());
        for &work in works {
            let alone = Alone::measure(work, topology, &order)?;
            all_alone.push(order.first().and_then(|&cpu| alone.of(topology.kind(cpu))));
            let mut row = Vec::new();
            for count in counts(topology, work) {
                let cpus = &order[..count.min(order.len())];
                // One core alone is what all are compared with.
                row.push(if count == 1 {
                    alone.of(topology.kind(order[0])).map(|_| 1.0)
                } else {
                    alone.relative(work, topology, cpus)?
                });
            }
            speeds.push(row);
        }
        let siblings = match (works.first(), topology.siblings()) {
            (Some(&work), Some(pair)) => Alone::measure(work, topology, &pair)?.relative(work, topology, &pair)?,
            _ => None,
        };
        Ok(Round { speeds, alone: all_alone, siblings })
    }
}

/// Operations per CPU second of a core alone, by its kind.
struct Alone(Vec<Option<f64>>);

impl Alone {
    /// Of the first CPU of each kind.
    fn measure(work: Work, topology: &Topology, cpus: &[usize]) -> Result<Alone, CalibrateError> {
        let kinds = cpus.iter().map(|&cpu| topology.kind(cpu)).max().map_or(0, |last| last + 1);
        let one = |kind| match cpus.iter().find(|&&cpu| topology.kind(cpu) == kind) {
            Some(&cpu) => Ok(rates(work, &[cpu])?.map(|rates| rates[0])),
            None => Ok(None),
        };
        Ok(Alone((0..kinds).map(one).collect::<Result<_, CalibrateError>>()?))
    }

    fn of(&self, kind: usize) -> Option<f64> {
        self.0.get(kind).copied().flatten()
    }

    /// The mean speed of CPUs that are all busy.
    fn relative(&self, work: Work, topology: &Topology, cpus: &[usize]) -> Result<Option<f64>, CalibrateError> {
        let Some(rates) = rates(work, cpus)? else { return Ok(None) };
        let speeds: Option<Vec<f64>> =
            cpus.iter().zip(rates).map(|(&cpu, rate)| Some(rate / self.of(topology.kind(cpu))?)).collect();
        Ok(speeds.map(|speeds| speeds.iter().sum::<f64>() / speeds.len() as f64))
    }
}

/// Operations per CPU second of each CPU while all of them are busy; `None` where one lost its core too often or a
/// hypervisor took time away.
fn rates(work: Work, cpus: &[usize]) -> Result<Option<Vec<f64>>, CalibrateError> {
    let start = Barrier::new(cpus.len());
    let before = stolen_seconds(cpus);
    let rates: Vec<Option<f64>> = on_cpus(cpus, |_| {
        let operation = work.operation();
        start.wait();
        undisturbed(&windows(operation?))
    })?;
    let busy = (WARM_UP + WINDOW * WINDOWS).as_secs_f64() * cpus.len() as f64;
    let stolen = before.zip(stolen_seconds(cpus)).is_some_and(|(before, after)| after - before > STOLEN * busy);
    Ok(rates.into_iter().collect::<Option<Vec<f64>>>().filter(|_| !stolen))
}

/// One look at a thread: operations per CPU second, and whether it lost its core.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    rate: f64,
    switched: bool,
}

fn windows(mut operation: Operation) -> Vec<Window> {
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        operation();
    }
    let mut look = |end: Duration| {
        let ((time, switches), mut operations) = (usage(), 0u32);
        while start.elapsed() < end {
            (0..BATCH).for_each(|_| operation());
            operations += BATCH;
        }
        let (later, switched) = usage();
        Window { rate: f64::from(operations) / (later - time), switched: switched != switches || operations == 0 }
    };
    (1..=WINDOWS).map(|window| look(WARM_UP + WINDOW * window)).collect()
}

/// The median of the looks at a thread that kept its core, if they are half of them or more.
fn undisturbed(windows: &[Window]) -> Option<f64> {
    let kept: Vec<f64> = windows.iter().filter(|window| !window.switched).map(|window| window.rate).collect();
    (2 * kept.len() >= windows.len() && !kept.is_empty()).then(|| median(&kept))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::aead::BACKENDS;
    use crate::inventory::topology_of;
    use espsim_model::profile::Algorithm;

    #[test]
    fn numbers_of_cores_ascend_to_all() {
        let of = |cpus: usize, work| counts(&topology_of(Path::new("/none"), &(0..cpus).collect::<Vec<_>>()), work);
        assert_eq!(
            [1, 2, 12, 16].map(|cpus| of(cpus, Work::Plain)),
            [vec![1], vec![1, 2], vec![1, 2, 4, 8, 12], vec![1, 2, 4, 8, 16]]
        );
    }

    #[test]
    fn hardware_threads_come_after_cores() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/devices/system/cpu");
        for cpu in 0..4 {
            let topology = folder.join(format!("cpu{cpu}/topology"));
            std::fs::create_dir_all(&topology).unwrap();
            std::fs::write(topology.join("core_cpus_list"), ["0-1", "2-3"][cpu / 2]).unwrap();
        }
        std::fs::write(folder.join("online"), "0-3").unwrap();
        let topology = topology_of(root.path(), &[0, 1, 2, 3]);
        assert_eq!(counts(&topology, Work::Cipher(Algorithm::Aes128Gcm, &BACKENDS[0])), [1, 2, 4]);
        assert_eq!(counts(&topology, Work::Plain), [1, 2]);
    }

    #[test]
    fn looks_at_a_thread_that_lost_its_core_are_dropped() {
        let kept = |rate| Window { rate, switched: false };
        let lost = |rate| Window { rate, switched: true };
        assert_eq!(undisturbed(&[kept(10.0), lost(4.0), kept(12.0), lost(1.0)]), Some(11.0));
        assert_eq!(undisturbed(&[kept(10.0), lost(4.0), lost(5.0)]), None, "most were disturbed");
        assert_eq!(undisturbed(&[]), None);
    }

    #[test]
    fn a_thread_that_shares_its_core_is_seen_to_lose_it() {
        let cpu = *crate::host::usable_cpus().last().unwrap();
        // Three threads on one core: CPU time goes on at the core's speed, but each loses the core all the time.
        let crowd = on_cpus(&[cpu; 3], |_| windows(Work::Plain.operation().unwrap())).unwrap();
        assert!(crowd.iter().all(|windows| windows.iter().any(|window| window.switched)), "{crowd:?}");
    }
}
