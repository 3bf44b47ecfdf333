//! From measured rows to the parameters of the model.
//!
//! | parameter | what it is computed from |
//! |---|---|
//! | `stack.send` | plain datagrams: cycles at size 0, less the guest's share of a system call, plus the host's system call |
//! | `stack.xfrm` | ESP in software less plain less the kernel's own AEAD at the same plaintext, at size 0, tunnel mode |
//! | `stack.xfrm_offload` | ESP left to the device less plain, at size 0, tunnel mode |
//! | `stack.xfrm_offload_segment` | super-packets left to the device less those segmented without ESP: slope by segments |
//! | `stack.segment` | super-packets segmented by the kernel less super-packets dropped at the route lookup: slope by segments |
//! | `stack.forward` | super-packets forwarded whole less super-packets dropped, up to five segments |
//! | `sa.*` | the control path's times, less a netlink no-op there, plus one on the host |
//!
//! System calls of a User-Mode Linux kernel are traced and take thousands of cycles; that is why both corrections are
//! there. Cycles are counted by the clock of the kernel that they were spent in, and become time by the same: a guest's
//! by [`Measurement::frequency`], the host's by [`Interface::frequency`]. Where the running kernel is measured they cancel. AEAD costs are the host's, from its own calibration: the
//! guest's cipher is taken out.

mod check;
mod control;
mod interface;
mod rows;

use espsim_model::profile::{Estimate, Profile, SaCost};
use espsim_model::stack::{COSTS, Stack};

use self::check::checks;
use self::control::control;
use self::rows::Rows;
use super::data_path::{BATCH, Protection};
use super::estimate::of_passes;
use super::guest::Kernel;
use super::kernel_aead::plaintext;
use super::super_packets::Way;
use super::{Measurement, Mode};
use crate::term::Term;

pub use check::Check;
pub use control::{Predicted, failovers};
pub use interface::Interface;
pub(super) use interface::system_call;
pub(crate) use rows::line;

/// Octets that tunnel mode adds to the plaintext: the inner IPv4 header.
const INNER_HEADER: u64 = 20;

/// The parameters, and how well they predict.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// `stack.*`: key, value with interval, how it was computed.
    pub stack: Vec<(&'static str, Estimate, &'static str)>,
    /// `[sa]`.
    pub sa: Option<SaCost>,
    /// Sums of parameters beside measured sums.
    pub checks: Vec<Check>,
}

/// Computes parameters. Nothing of an emulated kernel is a time: of it there are none.
pub fn fit(measurement: &Measurement, kernel: Kernel, host: &Interface) -> Fitted {
    let rows = Rows(measurement);
    if kernel == Kernel::Emulated {
        return Fitted { stack: Vec::new(), sa: None, checks: Vec::new() };
    }
    // Elsewhere there is nothing to correct.
    let sa = control(measurement, Some(host).filter(|_| kernel == Kernel::Uml));
    let system_call = host.system_call - measurement.system_call / BATCH as f64;
    let tunnel = Some(Mode::Tunnel);
    let mut stack = Vec::new();
    let plain = rows.datagrams(|_, payload, pass| rows.datagram(Protection::Plain, None, payload, pass));
    stack.push((
        "stack.send",
        of_passes(&plain.iter().map(|line| line.0 + system_call).collect::<Vec<_>>()),
        "plain UDP by sendmmsg, cycles at size 0, less the system call's share there, plus one system call of the host",
    ));
    let offload = rows.datagrams(|_, payload, pass| {
        Some(
            rows.datagram(Protection::Offloaded, tunnel, payload, pass)?
                - rows.datagram(Protection::Plain, None, payload, pass)?,
        )
    });
    stack.push((
        "stack.xfrm_offload",
        intercepts(&offload),
        "ESP offloaded to netdevsim less plain UDP, tunnel mode, cycles at size 0",
    ));
    let software = rows.datagrams(|aead, payload, pass| {
        let aead = aead?;
        let cipher = aead.0 + aead.1 * plaintext(payload + INNER_HEADER) as f64;
        Some(
            rows.datagram(Protection::Software, tunnel, payload, pass)?
                - rows.datagram(Protection::Plain, None, payload, pass)?
                - cipher,
        )
    });
    if !software.is_empty() {
        stack.push((
            "stack.xfrm",
            intercepts(&software),
            "ESP in software less plain UDP less the kernel's AES-GCM by AF_ALG, tunnel mode, cycles at size 0",
        ));
    }
    let by_segments = |way: Way, base: Way| {
        of_passes(&rows.super_packets(|size, pass| line(&rows.above(way, base, size, pass).collect::<Vec<_>>()).1))
    };
    stack.push((
        "stack.xfrm_offload_segment",
        by_segments(Way::Offloaded, Way::Plain),
        "super-packets with ESP offloaded to netdevsim less those segmented without ESP, slope by segments",
    ));
    stack.push((
        "stack.segment",
        by_segments(Way::Plain, Way::Dropped),
        "forwarded super-packets segmented by the kernel less dropped ones, slope by segments",
    ));
    let forward = rows.super_packets(|size, pass| {
        let few = rows.above(Way::PlainTso, Way::Dropped, size, pass).filter(|(segments, _)| *segments <= 5.0);
        let cycles: Vec<f64> = few.map(|(_, cycles)| cycles).collect();
        cycles.iter().sum::<f64>() / cycles.len() as f64
    });
    stack.push((
        "stack.forward",
        of_passes(&forward),
        "super-packets of up to five segments forwarded whole less dropped ones",
    ));
    let checks = checks(&rows, &stack);
    Fitted { stack, sa, checks }
}

/// Puts parameters into a profile; those that were not measured stay and say so. `version` is the kernel's own: its first
/// word is named. For the running kernel: [`crate::native::derive`] is for guests.
pub fn apply(fitted: &Fitted, version: &str, base: &Profile) -> Profile {
    let mut profile = base.clone();
    let release = version.split_whitespace().next().unwrap_or_default();
    let how = format!("measured: Linux {release} on netdevsim");
    if !fitted.stack.is_empty() {
        for cost in COSTS.iter().filter(|cost| cost.stacks.contains(&Stack::Kernel)) {
            let key = cost.key(Stack::Kernel);
            let row = fitted.stack.iter().find(|row| row.0 == key);
            let fault = row.and_then(|&(key, cycles, method)| Term { key, cycles, method }.fault());
            let (Some(&(_, estimate, method)), None) = (row, &fault) else {
                let source = profile.sources.entry(key).or_default();
                if !source.starts_with(NOT_MEASURED) {
                    let why = fault.map_or(String::new(), |why| format!(", {why}"));
                    *source = format!("{NOT_MEASURED}{why}; {source}");
                }
                continue;
            };
            cost.of(&mut profile.stack).0 = estimate.value;
            profile.intervals.insert(key.clone(), estimate);
            profile.sources.insert(key, format!("{how}: {method}"));
        }
    }
    // What was measured of ESP in software has the request to the cipher in it.
    if profile.sources.get("stack.xfrm").is_some_and(|source| source.starts_with(&how)) {
        profile.stack.crypto_request.0 = 0.0;
        profile.intervals.remove("stack.crypto_request");
        profile.sources.insert("stack.crypto_request".to_owned(), format!("{how}: part of stack.xfrm"));
    }
    if let Some(sa) = &fitted.sa {
        profile.sa = Some(sa.clone());
        let method = "requests by netlink, send to acknowledgement, less a no-op there, plus one on the host; a real \
                      NIC's firmware adds to what is offloaded";
        profile.sources.insert("sa".to_owned(), format!("{how}: {method}"));
    }
    profile
}

/// How the source of a value begins that was not measured on this host.
pub const NOT_MEASURED: &str = "not measured here";

fn intercepts(lines: &[(f64, f64)]) -> Estimate {
    of_passes(&lines.iter().map(|line| line.0).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A difference lost in noise, as a busy host gives it, is no measurement: the profile keeps what it had.
    #[test]
    fn what_covers_zero_is_not_measured() {
        let estimate =
            |value: f64, half: f64| Estimate { value, low: Some(value - half), high: Some(value + half), n: Some(5) };
        let fitted = Fitted {
            stack: vec![
                ("stack.send", estimate(900.0, 50.0), "measured as it is"),
                ("stack.xfrm", estimate(-812.0, 100.0), "a difference, all of it below zero"),
                ("stack.segment", estimate(-100.0, 300.0), "a difference, partly below zero"),
            ],
            sa: None,
            checks: Vec::new(),
        };
        let base = espsim_model::preset::profile("zen4").unwrap().unwrap();
        let profile = apply(&fitted, "6.12 #1", &base);
        Profile::from_toml(&profile.to_toml().unwrap()).expect("the model takes it");
        assert_eq!(profile.stack.send.0, 900.0);
        assert_eq!(profile.stack.xfrm, base.stack.xfrm);
        for key in ["stack.xfrm", "stack.segment"] {
            let source = &profile.sources[key];
            assert!(source.starts_with("not measured here, -") && source.contains("covers zero"), "{source}");
        }
        assert_eq!(profile.stack.segment, base.stack.segment);
    }
}
