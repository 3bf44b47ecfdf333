//! From measured rows to the parameters of the model.
//!
//! | parameter | what it is computed from |
//! |---|---|
//! | `stack.send` | plain datagrams: cycles at size 0, less the guest's share of a system call, plus the host's system call |
//! | `stack.xfrm` | ESP in software less plain less the kernel's own AEAD at the same plaintext, at size 0, tunnel mode |
//! | `stack.xfrm_offload` | ESP left to the device less plain, at size 0, tunnel mode |
//! | `stack.segment` | super-packets segmented by the kernel less super-packets dropped at the route lookup: slope by segments |
//! | `stack.forward` | super-packets forwarded whole less super-packets dropped, up to five segments |
//! | `sa.*` | the control path's times, less a netlink no-op there, plus one on the host |
//!
//! System calls of a User-Mode Linux kernel are traced and take thousands of cycles; that is why both corrections are
//! there. Where the running kernel is measured they cancel. AEAD costs are the host's, from its own calibration: the
//! guest's cipher is taken out.

use std::time::Instant;

use espsim_model::control::{MessageTimes, predict};
use espsim_model::profile::{Delay, Estimate, Origin, Profile, SaCost};
use espsim_model::scenario::Api;
use espsim_model::units::{Hertz, Time};

use super::control_path::what;
use super::data_path::{BATCH, Protection};
use super::error::SaPathError;
use super::estimate::of_rounds;
use super::guest::Kernel;
use super::kernel_aead::plaintext;
use super::netlink::{Channel, Request};
use super::super_packets::{SEGMENT_SIZES, SEGMENTS as SEGMENT_COUNTS, Way};
use super::{Failover, Measurement, Mode, Policy};
use crate::clock::seconds;
use crate::sample::median;

/// Octets that tunnel mode adds to the plaintext: the inner IPv4 header.
const INNER_HEADER: u64 = 20;
/// IPv4 and TCP headers without options.
const IP_AND_TCP: u64 = 40;
/// Padding length and next header (RFC 4303 section 2).
const ESP_TRAILER: u64 = 2;
/// Repetitions behind the host's own times.
const REPETITIONS: usize = 1001;
/// System calls of one repetition.
const CALLS: usize = 64;

/// What a kernel's interfaces cost with nothing behind them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interface {
    /// Cycles of a system call that does nothing.
    pub system_call: f64,
    /// A netlink request that asks for nothing, from `send` to acknowledgement; seconds.
    pub netlink: Option<f64>,
}

/// Cycles of a system call that does nothing (`getppid`), at a core frequency.
pub(super) fn system_call(frequency: Hertz) -> f64 {
    let round = |_| seconds(|| (0..CALLS).for_each(|_| _ = std::os::unix::process::parent_id())) / CALLS as f64;
    median(&(0..REPETITIONS).map(round).collect::<Vec<_>>()) * frequency.get() as f64
}

impl Interface {
    /// That of the running kernel.
    ///
    /// # Errors
    /// [`SaPathError`] if the clock is unusable.
    pub fn of_host() -> Result<Self, SaPathError> {
        let frequency = crate::clock::core_frequency()
            .map_err(|error| SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly"))?;
        let netlink = || {
            let mut channel = Channel::open(netlink_sys::protocols::NETLINK_ROUTE).ok()?;
            let mut request = Request::nothing();
            let mut times = Vec::new();
            for _ in 0..REPETITIONS {
                let start = Instant::now();
                channel.must(&mut request).ok()?;
                times.push(start.elapsed().as_secs_f64());
            }
            Some(median(&times))
        };
        Ok(Interface { system_call: system_call(frequency), netlink: netlink() })
    }
}

/// A prediction of the model's form for something else that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What.
    pub what: String,
    /// Cycles measured.
    pub measured: f64,
    /// Cycles that the fitted parameters add up to.
    pub predicted: f64,
}

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

/// Computes parameters. Nothing of an emulated kernel is a time: of it only the control path is kept, marked as such.
pub fn fit(measurement: &Measurement, kernel: Kernel, host: &Interface) -> Fitted {
    let rows = Rows(measurement);
    // Elsewhere there is nothing to correct.
    let sa = control(measurement, origin(kernel), Some(host).filter(|_| kernel == Kernel::Uml));
    if kernel == Kernel::Emulated {
        return Fitted { stack: Vec::new(), sa, checks: Vec::new() };
    }
    let system_call = host.system_call - measurement.system_call / BATCH as f64;
    let tunnel = Some(Mode::Tunnel);
    let mut stack = Vec::new();
    let plain = rows.datagrams(|_, payload, round| rows.datagram(Protection::Plain, None, payload, round));
    stack.push((
        "stack.send",
        of_rounds(&plain.iter().map(|line| line.0 + system_call).collect::<Vec<_>>()),
        "plain UDP by sendmmsg, cycles at size 0, less the system call's share there, plus one system call of the host",
    ));
    let offload = rows.datagrams(|_, payload, round| {
        Some(
            rows.datagram(Protection::Offloaded, tunnel, payload, round)?
                - rows.datagram(Protection::Plain, None, payload, round)?,
        )
    });
    stack.push((
        "stack.xfrm_offload",
        intercepts(&offload),
        "ESP offloaded to netdevsim less plain UDP, tunnel mode, cycles at size 0",
    ));
    let software = rows.datagrams(|aead, payload, round| {
        let aead = aead?;
        let cipher = aead.0 + aead.1 * plaintext(payload + INNER_HEADER) as f64;
        Some(
            rows.datagram(Protection::Software, tunnel, payload, round)?
                - rows.datagram(Protection::Plain, None, payload, round)?
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
    let segment = rows.super_packets(|size, round| {
        let points: Vec<(f64, f64)> = rows.above_dropped(Way::Plain, size, round).collect();
        line(&points).1
    });
    stack.push((
        "stack.segment",
        of_rounds(&segment),
        "forwarded super-packets segmented by the kernel less dropped ones, slope by segments",
    ));
    let forward = rows.super_packets(|size, round| {
        let few = rows.above_dropped(Way::PlainTso, size, round).filter(|(segments, _)| *segments <= 5.0);
        let cycles: Vec<f64> = few.map(|(_, cycles)| cycles).collect();
        cycles.iter().sum::<f64>() / cycles.len() as f64
    });
    stack.push((
        "stack.forward",
        of_rounds(&forward),
        "super-packets of up to five segments forwarded whole less dropped ones",
    ));
    let checks = checks(&rows, &stack);
    Fitted { stack, sa, checks }
}

/// Puts parameters into a profile; those that were not measured stay and say so.
pub fn apply(fitted: &Fitted, measurement: &Measurement, kernel: Kernel, base: &Profile) -> Profile {
    let mut profile = base.clone();
    let how = match kernel {
        Kernel::Native => "measured: Linux",
        Kernel::Uml => "measured-uml: User-Mode Linux",
        Kernel::Kvm => "measured in a guest with KVM: Linux",
        Kernel::Emulated => "emulated, a functional fact and no time: Linux",
    };
    let release = measurement.kernel.split_whitespace().next().unwrap_or_default();
    let how = format!("{how} {release} on netdevsim");
    let origin = origin(kernel);
    if !fitted.stack.is_empty() {
        profile.stack.origin = origin;
        for (key, cost) in profile.stack.costs_mut() {
            let Some((_, estimate, method)) = fitted.stack.iter().find(|row| row.0 == key) else {
                let source = profile.sources.entry(key.to_owned()).or_default();
                if !source.starts_with(NOT_MEASURED) {
                    *source = format!("{NOT_MEASURED}; {source}");
                }
                continue;
            };
            cost.0 = estimate.value.max(0.0);
            profile.intervals.insert(key.to_owned(), *estimate);
            profile.sources.insert(key.to_owned(), format!("{how}: {method}"));
        }
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

fn origin(kernel: Kernel) -> Origin {
    match kernel {
        Kernel::Native | Kernel::Kvm => Origin::Measured,
        Kernel::Uml => Origin::MeasuredUml,
        Kernel::Emulated => Origin::Emulated,
    }
}

fn intercepts(lines: &[(f64, f64)]) -> Estimate {
    of_rounds(&lines.iter().map(|line| line.0).collect::<Vec<_>>())
}

/// Measured rows, round by round: what disturbs a round disturbs all that is computed from it, so that intervals are
/// those of differences and not of sums.
struct Rows<'a>(&'a Measurement);

impl Rows<'_> {
    fn rounds(&self) -> usize {
        self.0.datagrams.first().map_or(0, |row| row.rounds.len())
    }

    fn datagram(&self, protection: Protection, mode: Option<Mode>, payload: u64, round: usize) -> Option<f64> {
        let of = |row: &&super::DatagramRow| (row.protection, row.mode, row.payload) == (protection, mode, payload);
        self.0.datagrams.iter().find(of)?.rounds.get(round).copied()
    }

    /// The line through `cycles` by payload in each round: cycles at size 0 and cycles per octet. `cycles` is told the
    /// line of the kernel's AEAD in that round, if it is known.
    fn datagrams(&self, cycles: impl Fn(Option<(f64, f64)>, u64, usize) -> Option<f64>) -> Vec<(f64, f64)> {
        let round = |round: usize| {
            let aead = self.aead(round);
            let points: Option<Vec<(f64, f64)>> = super::data_path::PAYLOADS
                .iter()
                .map(|&payload| Some((payload as f64, cycles(aead, payload as u64, round)?)))
                .collect();
            points.map(|points| line(&points))
        };
        (0..self.rounds()).filter_map(round).collect()
    }

    /// Cycles of the kernel's AEAD at size 0, and per octet.
    fn aead(&self, round: usize) -> Option<(f64, f64)> {
        let points: Option<Vec<(f64, f64)>> =
            self.0.kernel_aead.iter().map(|row| Some((row.octets as f64, *row.rounds.get(round)?))).collect();
        points.filter(|points| points.len() > 1).map(|points| line(&points))
    }

    fn super_packet(&self, way: Way, segments: u64, size: u64, round: usize) -> Option<f64> {
        let of = |row: &&super::SuperPacketRow| (row.way, row.segments, row.segment_size) == (way, segments, size);
        self.0.super_packets.iter().find(of)?.rounds.get(round).copied()
    }

    /// Segments, and cycles beyond those of super-packets that are dropped at the route lookup.
    fn above_dropped(&self, way: Way, size: u64, round: usize) -> impl Iterator<Item = (f64, f64)> {
        SEGMENT_COUNTS.iter().filter_map(move |&segments| {
            let segments = segments as u64;
            let cycles = self.super_packet(way, segments, size, round)?
                - self.super_packet(Way::Dropped, segments, size, round)?;
            Some((segments as f64, cycles))
        })
    }

    /// The mean over segment sizes, in each round.
    fn super_packets(&self, value: impl Fn(u64, usize) -> f64) -> Vec<f64> {
        let mean = |round| {
            SEGMENT_SIZES.iter().map(|&size| value(size as u64, round)).sum::<f64>() / SEGMENT_SIZES.len() as f64
        };
        (0..self.rounds()).map(mean).collect()
    }
}

/// Least squares: value at 0, slope.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    (y - slope * x, slope)
}

/// What was measured another way, beside the sum of what it costs by the parameters: super-packets of 40 segments and
/// TCP, per segment.
fn checks(rows: &Rows<'_>, stack: &[(&'static str, Estimate, &'static str)]) -> Vec<Check> {
    const SEGMENTS: u64 = 40;
    let parameter = |key: &str| stack.iter().find(|row| row.0 == key).map(|row| row.1.value);
    let over_rounds = |value: &dyn Fn(usize) -> Option<f64>| {
        let values: Option<Vec<f64>> = (0..rows.rounds()).map(value).collect();
        values.map(|values| median(&values))
    };
    // What ESP adds to a segment of so many octets of plaintext.
    let esp = |way: Way, octets: u64| match way {
        Way::Software => {
            let octets = (octets + ESP_TRAILER).next_multiple_of(4) as f64;
            let aead = over_rounds(&|round| rows.aead(round).map(|(fixed, per_byte)| fixed + per_byte * octets));
            parameter("stack.xfrm").zip(aead).map(|(xfrm, aead)| xfrm + aead)
        }
        _ => parameter("stack.xfrm_offload"),
    };
    let mut checks = Vec::new();
    let mut push = |what: String, measured: Option<f64>, predicted: Option<f64>| {
        checks.extend(measured.zip(predicted).map(|(measured, predicted)| Check { what, measured, predicted }));
    };
    for (way, name) in [(Way::Software, "ESP in software"), (Way::Offloaded, "ESP left to the device")] {
        for size in SEGMENT_SIZES.map(|size| size as u64) {
            let measured = over_rounds(&|round| {
                let dropped = rows.super_packet(Way::Dropped, SEGMENTS, size, round)?;
                Some((rows.super_packet(way, SEGMENTS, size, round)? - dropped) / SEGMENTS as f64)
            });
            let predicted =
                parameter("stack.segment").zip(esp(way, size + IP_AND_TCP)).map(|(segment, esp)| segment + esp);
            push(format!("{name}: super-packets of {SEGMENTS} x {size} B, per segment"), measured, predicted);
        }
        let tcp = |way: Way| {
            let row = rows.0.tcp.iter().find(|row| row.way == way)?;
            Some(row.cycles.value / row.frames.max(1) as f64)
        };
        let measured = tcp(way).zip(tcp(Way::Plain)).map(|(esp, plain)| esp - plain);
        let predicted = esp(way, u64::from(super::tcp::SEGMENT) + IP_AND_TCP - INNER_HEADER);
        push(format!("{name}: TCP, per segment beyond plain"), measured, predicted);
    }
    checks
}

/// A failover's control path beside what the model's closed form makes of the single requests' times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// From requests to their acknowledgements, measured.
    pub measured: Time,
    /// With every request at its median.
    pub median: Time,
    /// With every request at its quantile of 5 %, and of 99 %.
    pub range: (Time, Time),
}

/// The daemon's part of each measured failover, as `espsim_model::control::predict` has it, from the times of single
/// requests in the same kernel.
pub fn failovers(measurement: &Measurement) -> Vec<Predicted> {
    let Some(sa) = control(measurement, Origin::Measured, None) else { return Vec::new() };
    let at = |probability: f64| {
        let constant = |delay: &Delay| Delay::constant(delay.quantile(probability));
        let sa = SaCost {
            add: constant(&sa.add),
            add_offload: constant(&sa.add_offload),
            refuse: constant(&sa.refuse),
            delete: constant(&sa.delete),
            get: constant(&sa.get),
            ..sa.clone()
        };
        MessageTimes::medians(&sa, 1, Time::ZERO)
    };
    let [low, median, high] = [0.05, 0.5, 0.99].map(at);
    let one = |failover: &Failover| {
        let api = match failover.policy {
            Policy::FailThenRetry => Api::FailThenRetry,
            Policy::FallbackFlag => Api::FallbackFlag,
        };
        let last = |times| predict(Time::ZERO, times, failover.sas, failover.offloaded_after, api, true).last;
        let measured = Time::from_seconds(failover.daemon_us * 1e-6);
        Predicted { measured, median: last(&median), range: (last(&low), last(&high)) }
    };
    measurement.failovers.iter().map(one).collect()
}

/// The control path; where a host's interface is given, with the measured kernel's own taken out and that put in.
fn control(measurement: &Measurement, origin: Origin, host: Option<&Interface>) -> Option<SaCost> {
    let there = measurement.control.delay(what::NOTHING)?.median();
    let cycles = |cycles: f64| Time::from_seconds(cycles / measurement.frequency as f64);
    let call = cycles(measurement.system_call);
    let (here, call_here) = match host.and_then(|host| Some((host.netlink?, host.system_call))) {
        Some((netlink, system_call)) => (Time::from_seconds(netlink), cycles(system_call)),
        None => (there, call),
    };
    // Of so many requests, and so many more messages received than acknowledgements.
    let moved = |name: &str, requests: u64, received: u64| {
        let delay = measurement.control.delay(name)?;
        let interface = there * requests + call * received;
        let time = |time: Time| time.saturating_sub(interface) + here * requests + call_here * received;
        Some(Delay {
            n: delay.n,
            mean: time(delay.mean),
            median_interval: (time(delay.median_interval.0), time(delay.median_interval.1)),
            quantiles: delay.quantiles.iter().map(|&(probability, at)| (probability, time(at))).collect(),
        })
    };
    Some(SaCost {
        origin,
        // netdevsim's number of SAs is its own, no NIC's.
        table: None,
        add: moved(what::ADD, 1, 0)?,
        add_offload: moved(what::ADD_OFFLOAD, 1, 0)?,
        refuse: moved(what::REFUSE, 1, 0)?,
        delete: moved(what::DELETE_OFFLOAD, 1, 0)?,
        policy: moved(what::POLICY, 1, 0)?,
        get: moved(what::GET, 1, 1)?,
        rekey: moved(what::REKEY, 5, 0)?,
        migrate: moved(what::MIGRATE, 1, 0),
        notification: moved(what::NOTIFICATION, 1, 1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_points() {
        let (at_zero, slope) = line(&[(64.0, 164.0), (128.0, 228.0), (1400.0, 1500.0)]);
        assert!((at_zero - 100.0).abs() < 1e-9 && (slope - 1.0).abs() < 1e-12, "{at_zero} {slope}");
        assert_eq!(line(&[(1.0, 5.0)]), (5.0, 0.0));
    }
}
