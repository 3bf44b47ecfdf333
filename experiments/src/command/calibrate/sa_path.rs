//! `espsim calibrate --only sa-path`: measures real SAs in this kernel or in a guest, writes profile, timeline and
//! figure.

use std::path::Path;
use std::time::{Duration, Instant};

use espsim_calibrate::native;
use espsim_calibrate::sa_path::guest::{self, Kernel, Order};
use espsim_calibrate::sa_path::stack::{self, Fitted, Interface};
use espsim_calibrate::sa_path::{Event, Failover, Measurement, SaPathError, What, measure as measure_here, passes};
use espsim_model::profile::Profile;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{as_text, named};
use espsim_sweep::store::partial::{Partial, absent, in_the_way, write_new};
use espsim_sweep::store::points_csv::csv_of;

use indicatif::ProgressBar;

use super::args::{CalibrateArgs, Guest};
use super::{progress_bar, sa_path_tables, tell};
use crate::console::{print, say};
use crate::host_profile::{base, cache_folder, filled_from_itself};

/// Starts a guest's process in the place of this one.
///
/// # Errors
/// [`Failure`] if it cannot be started.
pub fn guest_launch(command: &[String]) -> Result<(), Failure> {
    guest::become_guest(command).map_err(failure)
}

/// Measures as the first process of a guest and powers it off.
pub fn guest_inside(result: &Path, plan: &str) {
    // What a host without esp4 cannot prove.
    let native_esp = "native ESP: packets decrypted by the peer are those encrypted";
    guest::run_inside(result, &guest::plan_of(plan), (native_esp, native::esp_works));
}

/// Measures and writes.
///
/// # Errors
/// [`Failure`] for a profile that cannot be read, files that are in the way, or an SA path that cannot be measured.
pub fn measure(args: &CalibrateArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let beside = |ending: &str| {
        let stem = args.out.file_stem().unwrap_or_default().to_string_lossy();
        args.out.with_file_name(format!("{stem}{ending}"))
    };
    let (timeline, figure) = (beside("-timeline.csv"), beside(".svg"));
    absent(&[&args.out, &timeline, &figure])?;
    let partial = Partial::create(&args.out)?;
    let base = match &args.profile {
        Some(name) => filled_from_itself(named(name)?)?,
        None => base()?,
    };
    let bar = progress_bar();
    let (kernel, measurement) = run(args, &mut |message| tell(&bar, message)).map_err(failure)?;
    tell(&bar, "this host's own system calls and netlink");
    let fitted = stack::fit(&measurement, kernel, &Interface::of_host().map_err(failure)?);
    let (profile, lacking) = taken(&fitted, &measurement, kernel, &base.profile, &bar)?;
    bar.finish_and_clear();
    write(&profile, &measurement, kernel, partial, [&args.out, &timeline, &figure])?;
    print(sa_path_tables::summary(&measurement, kernel, &fitted).as_bytes())?;
    for lacking in &lacking {
        print(format!("not taken: {lacking}\n").as_bytes())?;
    }
    say(&format!(
        "espsim: {} the SA path in {:.0} s; wrote {}, {} and {}; everything else in the profile is from {}",
        if kernel == Kernel::Native { "measured" } else { "ran" },
        started.elapsed().as_secs_f64(),
        args.out.display(),
        timeline.display(),
        figure.display(),
        base.from
    ));
    say(match kernel {
        Kernel::Native => "espsim: stack.* and [sa] are measured in the running kernel",
        Kernel::Uml | Kernel::Kvm => {
            "espsim: a guest's times are not this host's: what only the guest can tell is derived from them, times what this \
             kernel takes longer for the same operations; sources have the formula"
        }
        Kernel::Emulated => {
            "espsim: an emulated kernel's times are none: stack.* and [sa] were left as they were; the counters, refusals and \
             the failovers' order are facts"
        }
    });
    Ok(())
}

/// The profile with what was measured, and what of it was not taken. Of a guest, nothing is taken as it is.
fn taken(
    fitted: &Fitted,
    measurement: &Measurement,
    kernel: Kernel,
    base: &Profile,
    bar: &ProgressBar,
) -> Result<(Profile, Vec<String>), Failure> {
    let name = match kernel {
        Kernel::Native => return Ok((stack::apply(fitted, &measurement.kernel, base), Vec::new())),
        Kernel::Emulated => return Ok((base.clone(), Vec::new())),
        Kernel::Uml => "a User-Mode Linux guest of Linux",
        Kernel::Kvm => "a guest with KVM of Linux",
    };
    let program =
        std::env::current_exe().map_err(|error| Failure::new(format!("cannot find this program: {error}")))?;
    let own = match native::measure_in_child(&program, &mut |message| tell(bar, message)) {
        Ok(own) => own,
        Err(error) => return Ok((base.clone(), vec![format!("all of the guest: this kernel's own costs: {error}")])),
    };
    let mut profile = base.clone();
    let outcomes = native::apply(&own, &mut profile);
    let faults = outcomes.iter().filter_map(|one| Some(format!("{}: {}", one.term.key, one.fault.as_ref()?)));
    let release = measurement.kernel.split_whitespace().next().unwrap_or_default();
    let derived = native::derive(&own, fitted, &format!("{name} {release}"), &mut profile);
    let lacking = own.skipped.iter().cloned().chain(faults).chain(derived).collect();
    Ok((profile, lacking))
}

/// Measures where asked, or where it can be done best.
fn run(args: &CalibrateArgs, say: &mut dyn FnMut(&str)) -> Result<(Kernel, Measurement), SaPathError> {
    let cache = args.guest_cache.clone().or_else(|| Some(cache_folder()?.join("guest"))).unwrap_or_default();
    let program =
        std::env::current_exe().map_err(|error| SaPathError::System { doing: "find this program".into(), error })?;
    let order = Order { program, cache, limit: Duration::from_secs(args.guest_timeout.into()) };
    match args.guest {
        Some(Guest::Native) => native(say),
        Some(Guest::Uml) => guest::measure_in(guest::Guest::Uml, &order, say),
        Some(Guest::Qemu) => guest::measure_in(guest::Guest::Qemu, &order, say),
        None => best(&order, say),
    }
}

/// The running kernel, else the first guest that is prepared.
fn best(order: &Order, say: &mut dyn FnMut(&str)) -> Result<(Kernel, Measurement), SaPathError> {
    let lacking = match native(say) {
        Err(SaPathError::Unavailable { what, .. }) => what,
        done => return done,
    };
    let mut reasons = vec![format!("native: {lacking}")];
    for (name, kind) in [("uml", guest::Guest::Uml), ("qemu", guest::Guest::Qemu)] {
        match guest::prepared(kind, &order.cache) {
            Ok(()) => {
                say(&format!("not in the running kernel ({lacking}): in a guest, {name}"));
                return guest::measure_in(kind, order, say);
            }
            Err(error) => reasons.push(format!("{name}: {error}")),
        }
    }
    Err(SaPathError::Unavailable {
        what: format!("the SA path can be measured nowhere here\n{}", reasons.join("\n")),
        remedy: "prepare a guest: calibrate/guest/uml.sh needs no privileges and takes some minutes".into(),
    })
}

/// Each pass on a thread of its own, which enters namespaces and does not come back.
fn native(say: &mut dyn FnMut(&str)) -> Result<(Kernel, Measurement), SaPathError> {
    let measurement = passes(|plan, pass| {
        let (tell, told) = std::sync::mpsc::channel::<String>();
        std::thread::scope(|scope| {
            let measuring = scope.spawn(move || {
                espsim_calibrate::pin_to_last_core();
                measure_here(plan, &mut |message| drop(tell.send(message.to_owned())))
            });
            told.iter().for_each(|message| say(&format!("{pass}: {message}")));
            let panicked = || SaPathError::Guest { what: "the measuring thread stopped".into(), remedy: String::new() };
            measuring.join().map_err(|_| panicked())?
        })
    })?;
    Ok((Kernel::Native, measurement))
}

fn failure(error: SaPathError) -> Failure {
    let help = error.remedy().filter(|remedy| !remedy.is_empty()).map(str::to_owned);
    Failure::new(format!("the SA path cannot be measured: {error}")).with_help(help)
}

fn write(
    profile: &Profile,
    measurement: &Measurement,
    kernel: Kernel,
    partial: Partial,
    [out, timeline, figure]: [&Path; 3],
) -> Result<(), Failure> {
    let text = as_text(profile)?;
    let rows = rows(&measurement.failovers)?;
    let svg = sa_path_tables::figure(measurement, kernel);
    for (path, octets) in [(timeline, rows), (figure, svg.into_bytes())] {
        write_new(path, &octets)?;
    }
    if partial.commit_new(out, text.as_bytes())? { Ok(()) } else { Err(in_the_way(out)) }
}

/// All failovers as one table: who, when, what.
fn rows(failovers: &[Failover]) -> Result<Vec<u8>, Failure> {
    let header = ["policy", "sas", "at_us", "sa", "event", "fate", "sequence", "device", "refusal"];
    let row = |failover: &Failover, event: &Event| {
        let (what, fate, sequence, device, refusal) = match &event.what {
            What::Packet { fate, sequence, device } => ("packet", fate.name(), *sequence, device.as_deref(), None),
            What::Control { request, refusal } => (request.as_str(), "", None, None, refusal.as_deref()),
        };
        vec![
            failover.policy.name().to_owned(),
            failover.sas.to_string(),
            format!("{:.3}", event.at_us),
            event.sa.map_or_else(String::new, |sa| sa.to_string()),
            what.to_owned(),
            fate.to_owned(),
            sequence.map_or_else(String::new, |sequence| sequence.to_string()),
            device.unwrap_or_default().to_owned(),
            refusal.unwrap_or_default().to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> =
        failovers.iter().flat_map(|failover| failover.timeline.iter().map(move |event| row(failover, event))).collect();
    csv_of(&header.map(str::to_owned), &rows)
}
