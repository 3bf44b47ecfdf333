//! The calibrations, quick and full: one way of measuring, two plans of what to measure.

use std::cell::RefCell;
use std::collections::BTreeMap;

use espsim_model::profile::{AeadCost, Algorithm, BEYOND, Profile};
use espsim_model::units::{Bytes, CyclesPerByte, Hertz};

use crate::aead::{Context, KERNEL, Unavailable, openssl_version, self_check_of};
use crate::clock::{self, core_frequency, time_stamp_counter};
use crate::cold::Pool;
use crate::fit::Size;
use crate::gate::{self, Conditions, Watch};
use crate::inventory::{Topology, topology};
use crate::pinned::on_last_core;
use crate::plan::Plan;
use crate::report::{Report, Skipped};
use crate::sample::{median, nine_tenths};
use crate::scaling::{SCALING_BEYOND, scaling};
use crate::series::Series;
use crate::{CalibrateError, host, memory};

/// What a calibration gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The profile.
    pub profile: Profile,
    /// What lies behind it.
    pub report: Report,
}

/// Measures sealing with AES-GCM, copy, checksum and the core's frequency in less than a second, on a thread of its
/// own, pinned to one core. What is not measured keeps the value and the origin that it has in `base`. `progress` is
/// told what is going on.
///
/// # Errors
/// [`CalibrateError`] if implementations disagree, the clock is unusable or the thread dies.
pub fn quick(base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    run(&Plan::quick(), base, progress)
}

/// Measures every algorithm with every implementation that this host has, seal and open, in cache and out of it; copy,
/// checksum, allocation and stream bandwidth; how much cores slow each other. Takes less than a minute. What the
/// process cannot measure, the network stack and the socket's memory bandwidth, keeps the value and the origin that it
/// has in `base`.
///
/// # Errors
/// As [`quick`].
pub fn full(base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    run(&Plan::full(), base, progress)
}

fn run(plan: &Plan, base: &Profile, progress: &mut dyn FnMut(&str)) -> Result<Calibration, CalibrateError> {
    progress("checking AEAD implementations against each other");
    self_check_of(&plan.backends, plan.algorithms)?;
    // Before the thread is pinned, after which it would see one core.
    let mut base = base.clone();
    let place = Place {
        stand_in: std::mem::replace(&mut base.host.model, host::cpu_model()),
        topology: topology(),
        emulated: gate::emulator().is_some(),
    };
    base.host.cores = host::cores();
    // Before the thread is pinned too: the watch is over all CPUs.
    let watch = Watch::start();
    // Progress is told from here, since it need not be able to move to another thread.
    let (say, said) = std::sync::mpsc::channel::<String>();
    let mut calibration = std::thread::scope(|scope| {
        let measuring = scope.spawn(|| on_last_core(|pinned| measure(plan, base, &place, pinned, say)));
        said.iter().for_each(|message| progress(&message));
        measuring.join().map_err(|_| CalibrateError::Thread("it panicked".into()))??
    })?;
    let report = &mut calibration.report;
    let noise = Conditions {
        frequency: Some(report.frequency_change),
        spread: Some(report.noise),
        drift: Some(report.drift),
        outliers: Some(report.outliers),
        ..watch.end()
    };
    report.conditions.insert("ciphers".to_owned(), noise);
    if plan.whole_host {
        progress("streaming memory with all cores");
        let watch = Watch::start();
        report.stream = Some(memory::stream_bytes_per_second()? / 1e9);
        report.conditions.insert("stream".to_owned(), watch.end());
        let scaling = scaling(&calibration.profile, progress)?;
        scaling.write(&mut calibration.profile);
        report.conditions.insert("scaling".to_owned(), scaling.conditions.clone());
        report.scaling = Some(scaling);
    }
    Ok(calibration)
}

/// Where it is measured, and what stands in for what is not.
struct Place {
    stand_in: String,
    topology: Topology,
    emulated: bool,
}

impl Place {
    /// The CPU that single values are from, in words.
    fn core(&self, pinned: bool) -> String {
        let cpu = self.topology.representative().filter(|_| pinned);
        cpu.map_or_else(|| "any CPU: pinning is not allowed".into(), |cpu| self.topology.place(cpu))
    }
}

fn measure(
    plan: &Plan,
    base: Profile,
    place: &Place,
    pinned: bool,
    say: std::sync::mpsc::Sender<String>,
) -> Result<Calibration, CalibrateError> {
    // Nobody listening is no reason to stop.
    let say = |message: String| drop(say.send(message));
    let mut report = Report {
        rows: Vec::new(),
        fits: Vec::new(),
        cold: Vec::new(),
        worst_residual: 0.0,
        noise: 0.0,
        frequency_change: 0.0,
        drift: 0.0,
        outliers: 0.0,
        conditions: BTreeMap::new(),
        scaling: None,
        measured_on: place.core(pinned),
        limits: place.topology.limits(),
        skipped: Vec::new(),
        memory: Vec::new(),
        allocation_ns: None,
        stream: None,
        caches: host::caches(),
        time_stamp_counter: time_stamp_counter(),
        counters: host::counters(),
        openssl: plan.whole_host.then(openssl_version).and_then(Result::ok),
    };
    // Pass after pass over everything: what changes from one to the next, the clock, the neighbours, where contexts and
    // packets lie in memory, is seen in each value and goes into its interval. Contexts stay, so that the next ones lie
    // elsewhere.
    let (mut frequencies, changes) = (Vec::new(), RefCell::default());
    let mut opened: Vec<Vec<Opened>> = Vec::new();
    let mut passes: Vec<Vec<Vec<Size>>> = Vec::new();
    for pass in 0..plan.passes {
        let (contexts, skipped) = open(plan);
        report.skipped = skipped;
        let frequency = core_frequency()?;
        frequencies.push(frequency.get() as f64);
        let series = series(plan, &contexts, frequency, &changes);
        passes.resize(series.len(), Vec::new());
        for (series, passes) in series.iter().zip(&mut passes) {
            say(format!("pass {} of {}: {} with {}", pass + 1, plan.passes, series.algorithm.name(), series.backend));
            passes.push(series.sample(plan)?);
        }
        opened.push(contexts);
    }
    let contexts = opened.last().map_or(&[][..], Vec::as_slice);
    // What a moment's clock was is chance; cycles of all passes together belong to what it mostly was.
    let frequency = Hertz::new(median(&frequencies) as u64);
    let series = series(plan, contexts, frequency, &changes);
    say("looking into where implementations change their ways".to_owned());
    let mut between = Vec::new();
    for (series, passes) in series.iter().zip(&passes) {
        between.push(series.between(plan, passes)?);
    }
    // At other times too: a neighbour's burst must not be taken for a change of ways.
    for _ in 1..plan.passes {
        for (series, sizes) in series.iter().zip(&mut between) {
            series.again(plan, sizes)?;
        }
    }
    let mut aead = Vec::new();
    let mut pool = (!plan.cold_sizes.is_empty()).then(Pool::new);
    for ((series, passes), between) in series.iter().zip(passes).zip(between) {
        say(format!("{} with {}: packets outside the caches", series.algorithm.name(), series.backend));
        aead.extend(series.conclude(plan, passes, between, pool.as_mut(), &mut report)?);
    }
    report.noise = median(&report.rows.iter().map(|row| row.spread).collect::<Vec<_>>());
    report.outliers = report.rows.iter().map(|row| row.outliers).sum::<f64>() / report.rows.len() as f64;
    report.drift = nine_tenths(report.fits.iter().map(|fit| fit.drift).collect());
    if plan.whole_host {
        say("measuring copies and checksums".to_owned());
        report.memory = memory::by_size();
        report.allocation_ns = Some(memory::allocation_seconds() * 1e9);
    }
    report.frequency_change = nine_tenths(changes.into_inner());
    Ok(Calibration { profile: profile(plan, base, place, pinned, frequency, aead), report })
}

/// An algorithm, the name of an implementation, and its context.
type Opened = (Algorithm, &'static str, Box<dyn Context>);

/// Contexts of all implementations, and what is lacking.
fn open(plan: &Plan) -> (Vec<Opened>, Vec<Skipped>) {
    let (mut opened, mut skipped) = (Vec::new(), Vec::new());
    for &algorithm in plan.algorithms {
        for backend in &plan.backends {
            match backend.context(algorithm) {
                Ok(context) => opened.push((algorithm, backend.name, context)),
                Err(Unavailable::Lacks) => {}
                Err(Unavailable::Because(reason)) => skipped.push(Skipped { backend: backend.name, algorithm, reason }),
            }
        }
    }
    (opened, skipped)
}

/// Every implementation in every direction.
fn series<'a>(
    plan: &Plan,
    contexts: &'a [Opened],
    frequency: Hertz,
    changes: &'a RefCell<Vec<f64>>,
) -> Vec<Series<'a>> {
    let both = |(algorithm, backend, context): &'a Opened| {
        let one = |&direction| {
            let (algorithm, context) = (*algorithm, &**context);
            Series { algorithm, backend, direction, context, frequency, changes }
        };
        plan.directions.iter().map(one).collect::<Vec<_>>()
    };
    contexts.iter().flat_map(both).collect()
}

fn profile(
    plan: &Plan,
    base: Profile,
    place: &Place,
    pinned: bool,
    frequency: Hertz,
    measured: Vec<AeadCost>,
) -> Profile {
    let mut profile = base;
    let stand_in = &place.stand_in;
    for (key, source) in &mut profile.sources {
        if key.starts_with("stack") || key == "memory.bandwidth" {
            *source = format!("not measured here: {stand_in}; {source}");
        }
    }
    let hertz = frequency.get() as f64;
    profile.host.frequency = frequency;
    profile.host.ddio = host::has_ddio();
    let level = |level: u8| host::caches().into_iter().find(|cache| cache.level == level).map(|c| Bytes::new(c.octets));
    for (key, size, place) in [("host.l2", level(2), &mut profile.host.l2), ("host.l3", level(3), &mut profile.host.l3)]
    {
        if let Some(size) = size.filter(|size| size.get() > 0) {
            *place = size;
            profile.sources.insert(key.to_owned(), "measured: sysfs or CPUID".to_owned());
        }
    }
    profile.memory.copy = CyclesPerByte(memory::copy_seconds_per_byte() * hertz);
    profile.memory.checksum = CyclesPerByte(memory::checksum_seconds_per_byte() * hertz);
    // What was measured replaces all costs of that algorithm and direction; others stay what they were.
    profile
        .aead
        .retain(|old| !measured.iter().any(|new| (new.algorithm, new.direction) == (old.algorithm, old.direction)));
    let kept: Vec<String> = profile.aead.iter().map(AeadCost::key).collect();
    profile.aead.splice(0..0, measured);
    profile.sources.retain(|key, _| !key.starts_with("aead.") || kept.contains(key));
    attach(&mut profile, &place.topology);
    forget_other_cores(&mut profile);
    let thread = if pinned { "pinned thread" } else { "thread not pinned" };
    let batches = format!(
        "measured: median of {} batches of at least {:.0} us, {thread}, warm buffers; packets to open are sealed \
         outside the measured time",
        plan.rounds,
        plan.batch_seconds * 1e6
    );
    let of_kernel = "measured: AF_ALG in the running kernel, less the same calls with cipher_null and digest_null";
    let kernel: Vec<String> = profile.aead.iter().filter(|cost| cost.backend == KERNEL).map(AeadCost::key).collect();
    profile.sources.extend(kernel.into_iter().map(|key| (key, of_kernel.to_owned())));
    for (key, source) in [
        ("host.model", "measured: the CPU's brand string".to_owned()),
        ("host.cores", "measured: cores that the process may use".to_owned()),
        (
            "host.frequency",
            format!(
                "measured: chain of dependent additions, fastest of {} rounds each time, median of {} times",
                clock::PASSES,
                plan.passes
            ),
        ),
        ("host.ddio", "derived: from the CPU's vendor, Intel Xeon has DDIO".to_owned()),
        ("memory.copy", "measured: copies of 64 KiB from 8 MiB of data into a warm buffer".to_owned()),
        ("memory.checksum", "measured: RFC 1071 over 1448 octets in cache".to_owned()),
        ("aead", batches),
    ] {
        profile.sources.insert(key.to_owned(), source);
    }
    if place.emulated {
        says_emulated(&mut profile);
    }
    profile
}

/// How cores of another machine slow each other tells nothing of this one's: until it is measured, only what is expected does.
fn forget_other_cores(profile: &mut Profile) {
    let host = &mut profile.host;
    for table in [&mut host.scaling, &mut host.scaling_chacha, &mut host.scaling_stack] {
        table.clear();
    }
    (host.siblings, host.avx_frequency, host.scaling_beyond) = (None, None, Some(BEYOND));
    profile
        .sources
        .retain(|key, _| !key.starts_with("host.scaling") && key != "host.siblings" && key != "host.avx_frequency");
    profile.sources.insert("host.scaling_beyond".to_owned(), SCALING_BEYOND.to_owned());
}

/// An emulator's times are a fact of function: nothing of them counts as measured.
fn says_emulated(profile: &mut Profile) {
    for source in profile.sources.values_mut().filter(|source| source.starts_with("measured: ")) {
        *source = format!("estimate: emulated, not a time of this CPU; {source}");
    }
}

/// What the topology tells of the core that was measured: who shares its cache and its socket.
fn attach(profile: &mut Profile, topology: &Topology) {
    let Some(cpu) = topology.representative() else { return };
    let (l3, socket) = topology.shared_by(cpu);
    let mut measured = |key: &str| _ = profile.sources.insert(key.to_owned(), "measured: sysfs".to_owned());
    if let Some(cores) = l3 {
        profile.host.l3_cores = cores;
        measured("host.l3_cores");
    }
    let several = topology.packages.known().is_some_and(|packages| packages.len() > 1);
    profile.host.socket_cores = socket.filter(|_| several);
    if several {
        measured("host.socket_cores");
    }
}

#[cfg(test)]
mod tests {
    use espsim_model::preset::{self, Evidence};
    use espsim_model::profile::{Algorithm, Direction};

    use super::*;

    #[test]
    fn a_full_plan_covers_every_algorithm_both_ways() {
        let base = preset::profile("zen4").unwrap().unwrap();
        // Few and short: what is measured is not looked at.
        let plan = Plan {
            sizes: &[16, 64, 90, 128, 256, 300, 429, 576, 777, 1024, 1440, 1500, 2048, 3000, 6000, 9000],
            rounds: 5,
            batch_seconds: 2e-6,
            cold_sizes: &[1440],
            whole_host: false,
            ..Plan::full()
        };
        let mut said = Vec::new();
        let calibration = run(&plan, &base, &mut |message| said.push(message.to_owned())).unwrap();
        let (profile, report) = (&calibration.profile, &calibration.report);
        for algorithm in Algorithm::ALL {
            let available = plan.backends.iter().filter(|backend| backend.context(algorithm).is_ok()).count();
            for direction in [Direction::Seal, Direction::Open] {
                let of = |cost: &&AeadCost| cost.algorithm == algorithm && cost.direction == direction;
                let costs: Vec<_> = profile.aead.iter().filter(of).collect();
                assert_eq!(costs.len(), available, "{}: measured ones replace all others", algorithm.name());
                assert!(costs.iter().all(|cost| profile.evidence(&cost.key()) == Evidence::Measured));
            }
            assert!(said.iter().any(|message| message.contains(algorithm.name())));
        }
        assert_eq!(report.fits.len(), profile.aead.len());
        // Behind system calls caches are not seen.
        let direct: Vec<_> = report.fits.iter().filter(|fit| fit.backend != KERNEL).collect();
        assert_eq!(report.cold.len(), direct.len());
        assert!(direct.iter().all(|fit| fit.cold.is_some()));
        assert!(report.skipped.iter().all(|skipped| !skipped.reason.is_empty()));
        assert!(report.skipped.iter().any(|skipped| skipped.backend == "aws-lc-rs"), "its CBC pads");
        assert!(profile.sources.keys().all(|key| !key.starts_with("aead.")), "no source of a replaced cost is left");
        assert!(Profile::from_toml(&profile.to_toml().unwrap()).unwrap() == *profile, "text and back");
    }
}
