//! What a failover looked like: a row for each bin of time, and what it comes to.

use serde::{Deserialize, Serialize};

use super::event::DeviceEvent;
use super::life_cycle::{STATES, State};
use super::messages::MESSAGES;
use crate::record::Metric;
use crate::traffic::Basis;
use crate::units::{Bytes, Time, as_ps};

/// Why packets were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The NIC that they were to leave by had no carrier.
    NoCarrier,
    /// No SA would take them.
    NoSa,
    /// Queue or ring were full: the CPU or the NIC could not carry the load.
    QueueFull,
    /// They were under way in a NIC when it failed.
    InFlight,
    /// The peer had seen their numbers (RFC 4303 section 3.4.3).
    Replayed,
}

/// Every loss, in the order of [`Bin::lost`].
pub const LOSSES: [Loss; 5] = [Loss::NoCarrier, Loss::NoSa, Loss::QueueFull, Loss::InFlight, Loss::Replayed];

impl Loss {
    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Loss::NoCarrier => "no_carrier",
            Loss::NoSa => "no_sa",
            Loss::QueueFull => "queue_full",
            Loss::InFlight => "in_flight",
            Loss::Replayed => "replayed",
        }
    }
}

/// One bin of a timeline. Packets count where they leave or are lost; states are those at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bin {
    /// Its end.
    #[serde(with = "as_ps")]
    pub end: Time,
    /// Transport payload that left.
    pub goodput: Bytes,
    /// Packets that left.
    pub packets: u64,
    /// Of these, encrypted on the CPU.
    pub software: u64,
    /// Packets lost, by cause.
    pub lost: [u64; LOSSES.len()],
    /// Time that cores of the data path worked, summed over cores.
    #[serde(with = "as_ps")]
    pub busy: Time,
    /// SAs in each state, in the order of [`State::ALL`].
    pub states: [u32; STATES],
}

impl Bin {
    /// Packets lost, whatever the cause.
    pub fn lost(&self) -> u64 {
        self.lost.iter().sum()
    }
}

/// The result of one failover simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Seed of the run.
    pub seed: u64,
    /// Bins, in order of time.
    pub bins: Vec<Bin>,
    /// Length of each bin.
    #[serde(with = "as_ps")]
    pub bin: Time,
    /// Cores of the data path.
    pub cores: u32,
    /// What happened, in order of time.
    pub device_events: Vec<DeviceEvent>,
    /// From the first event until the daemon, or of a bond the kernel, had nothing left to do; absent if it had not by the
    /// end.
    #[serde(with = "as_ps::option")]
    pub reinstalled: Option<Time>,
    /// The longest time for which one SA's packets were dropped for want of the SA or of carrier, summed over outages.
    #[serde(with = "as_ps")]
    pub outage_max: Time,
    /// The mean of that time over SAs, in seconds.
    pub outage_mean_s: f64,
    /// Messages to the kernel, in the order of [`MESSAGES`].
    pub messages: [u64; MESSAGES.len()],
    /// Exchanges with peers.
    pub exchanges: u64,
    /// SAs that the kernel has moved from one NIC of a bond to the other.
    pub moved_by_kernel: u64,
    /// Sequence numbers that were skipped.
    pub numbers_skipped: u64,
    /// SAs that were installed with a sequence number that had been used: none, unless numbers are stale.
    pub numbers_repeated: u64,
    /// Packets that the workload started.
    pub offered: u64,
    /// Events handled by the engine.
    pub events: u64,
}

/// Share of the old goodput that counts as being back.
const BACK: f64 = 0.95;

impl Timeline {
    /// Goodput of a bin in Gb/s, goodput basis.
    pub fn goodput_gbps(&self, bin: &Bin) -> f64 {
        bin.goodput.bits() as f64 / self.bin.as_seconds() * 1e-9
    }

    /// Busy share of the data path's cores in a bin, 0 to 1.
    pub fn cpu(&self, bin: &Bin) -> f64 {
        bin.busy.as_seconds() / self.bin.as_seconds() / f64::from(self.cores)
    }

    /// When the first event happened, if any did.
    pub fn first_event(&self) -> Option<Time> {
        self.device_events.first().map(|first| Time::from_ps(first.at))
    }

    /// Bins that ended before the first event, the first one, in which queues fill, left out.
    fn before(&self) -> &[Bin] {
        let end = self.first_event().unwrap_or(Time::ZERO);
        let n = self.bins.iter().take_while(|bin| bin.end <= end).count();
        &self.bins[n.min(1)..n]
    }

    /// Mean goodput before the first event, in Gb/s, goodput basis; absent if that came in the first two bins.
    pub fn goodput_before_gbps(&self) -> Option<f64> {
        let bins = self.before();
        let sum: f64 = bins.iter().map(|bin| self.goodput_gbps(bin)).sum();
        (!bins.is_empty()).then(|| sum / bins.len() as f64)
    }

    /// From the first event until goodput, after it fell below 95 % of its old mean, is back there and stays for a
    /// twentieth of the timeline; zero if it never fell. A bin in which 95 % of what came left has not fallen: less came,
    /// as random arrivals do. Absent if goodput fell and did not come back, or nothing is known of the old rate. Accurate
    /// to one bin.
    pub fn time_to_95(&self) -> Option<Time> {
        let floor = BACK * self.goodput_before_gbps()?;
        let event = self.first_event()?;
        let after = &self.bins[self.bins.iter().take_while(|bin| bin.end <= event).count()..];
        let well = |bin: &Bin| {
            self.goodput_gbps(bin) >= floor || bin.packets as f64 >= BACK * (bin.packets + bin.lost()) as f64
        };
        let Some(fall) = after.iter().position(|bin| !well(bin)) else { return Some(Time::ZERO) };
        let stay = (self.bins.len() / 20).max(1);
        let back = fall + after[fall..].windows(stay).position(|bins| bins.iter().all(well))?;
        Some(after[back].end.saturating_sub(self.bin).saturating_sub(event))
    }

    /// Every number of the summary as a flat list, in a fixed order. What is not known is left out.
    pub fn metrics(&self) -> Vec<Metric> {
        let goodput =
            |name: &str, gbps: f64| Metric { basis: Some(Basis::Goodput), ..Metric::plain(name, gbps, "Gb/s") };
        let sum = |of: &dyn Fn(&Bin) -> u64| self.bins.iter().map(of).sum::<u64>() as f64;
        let sent = sum(&|bin| bin.packets);
        let lost = sum(&Bin::lost);
        let mut metrics = vec![
            Metric::plain("outage_max", self.outage_max.as_seconds(), "s"),
            Metric::plain("outage_mean", self.outage_mean_s, "s"),
        ];
        metrics.extend(self.time_to_95().map(|time| Metric::plain("time_to_95", time.as_seconds(), "s")));
        metrics.extend(self.reinstalled.map(|time| Metric::plain("reinstalled", time.as_seconds(), "s")));
        metrics.push(Metric::plain("packets_sent", sent, "1"));
        metrics.push(Metric::plain("packets_lost", lost, "1"));
        let replayed = self.numbers_repeated > 0;
        for (i, loss) in LOSSES.into_iter().enumerate().filter(|(_, loss)| *loss != Loss::Replayed || replayed) {
            metrics.push(Metric::plain(&format!("packets_lost/{}", loss.name()), sum(&|bin| bin.lost[i]), "1"));
        }
        metrics.push(Metric::plain("loss", if sent + lost > 0.0 { lost / (sent + lost) } else { 0.0 }, "1"));
        metrics.push(Metric::plain("packets_in_software", sum(&|bin| bin.software), "1"));
        metrics.push(Metric::plain("messages", self.messages.iter().sum::<u64>() as f64, "1"));
        // Messages that only some daemons send are listed where they were sent.
        let sent = MESSAGES.into_iter().zip(self.messages).filter(|(message, n)| *n > 0 || !message.is_of_some());
        for (message, n) in sent {
            metrics.push(Metric::plain(&format!("messages/{}", message.name()), n as f64, "1"));
        }
        metrics.push(Metric::plain("exchanges", self.exchanges as f64, "1"));
        if self.moved_by_kernel > 0 {
            metrics.push(Metric::plain("moved_by_kernel", self.moved_by_kernel as f64, "1"));
        }
        metrics.extend(self.goodput_before_gbps().map(|gbps| goodput("goodput_before", gbps)));
        let gbps = |bin: &Bin| self.goodput_gbps(bin);
        let after = || self.bins.iter().filter(|bin| self.first_event().is_none_or(|event| bin.end > event));
        metrics.extend(after().map(gbps).reduce(f64::min).map(|least| goodput("goodput_least", least)));
        metrics.extend(self.bins.last().map(|bin| goodput("goodput_end", gbps(bin))));
        metrics.extend(
            self.bins.iter().map(|bin| self.cpu(bin)).reduce(f64::max).map(|cpu| Metric::plain("cpu_peak", cpu, "1")),
        );
        if let Some(last) = self.bins.last() {
            let states = State::ALL.into_iter().zip(last.states);
            for (state, n) in states.filter(|(state, _)| *state != State::Replayed || replayed) {
                metrics.push(Metric::plain(&format!("sas_at_end/{}", state.name()), f64::from(n), "1"));
            }
        }
        metrics.push(Metric::plain("numbers_skipped", self.numbers_skipped as f64, "1"));
        metrics.push(Metric::plain("numbers_repeated", self.numbers_repeated as f64, "1"));
        metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Device, What};

    /// Bins of 1 ms in which so many packets of an octet leave and what lacks to 100 is lost, and a first event at 4 ms.
    fn timeline(packets: &[u64]) -> Timeline {
        let bin = |(i, &n): (usize, &u64)| Bin {
            end: Time::from_us(1000 * (i as u64 + 1)),
            goodput: Bytes::new(n),
            packets: n,
            lost: [100u64.saturating_sub(n), 0, 0, 0, 0],
            ..Bin::default()
        };
        Timeline {
            seed: 1,
            bins: packets.iter().enumerate().map(bin).collect(),
            bin: Time::from_us(1000),
            cores: 1,
            device_events: vec![DeviceEvent {
                at: Time::from_us(4000).as_ps(),
                what: What::LinkDown,
                device: Device::Nic,
                ends: false,
            }],
            reinstalled: None,
            outage_max: Time::ZERO,
            outage_mean_s: 0.0,
            messages: [0; MESSAGES.len()],
            exchanges: 0,
            moved_by_kernel: 0,
            numbers_skipped: 0,
            numbers_repeated: 0,
            offered: 0,
            events: 0,
        }
    }

    #[test]
    fn time_to_95_is_from_the_event_to_the_bin_that_is_back() {
        let ms = |n: u64| Some(Time::from_us(1000 * n));
        assert_eq!(timeline(&[1, 100, 100, 100, 0, 50, 96, 100]).time_to_95(), ms(2));
        assert_eq!(timeline(&[1, 100, 100, 100, 100, 100]).time_to_95(), ms(0));
        assert_eq!(timeline(&[1, 100, 100, 100, 100, 94, 95]).time_to_95(), ms(2));
        assert_eq!(timeline(&[1, 100, 100, 100, 0, 94]).time_to_95(), None);
        // What does not come is not lost: bins of 90 and 110 are what arrivals give.
        let mut uneven = timeline(&[1, 90, 110, 100, 90, 110, 90]);
        uneven.bins.iter_mut().for_each(|bin| bin.lost = [0; 5]);
        assert_eq!(uneven.time_to_95(), ms(0));
        // Back for a moment is not back.
        let flapping = [&[1, 100, 100, 100, 0, 100, 0, 0][..], &[100; 60]].concat();
        assert_eq!(timeline(&flapping).time_to_95(), ms(4));
    }
}
