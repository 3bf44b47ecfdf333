//! The device and the host that are asked for.

use std::path::Path;

use espsim_model::pcie_bench::Bench;
use espsim_model::scenario::Scenario;
use espsim_model::units::{BitRate, Bytes, Time};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{named, stand_in};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::points;

use super::args::BenchArgs;
use crate::bench::nfp6000;
use crate::host_profile::warn;

/// The device of the published measurements.
pub const NFP6000: &str = "nfp6000";
/// A rate that is no limit.
const NO_LIMIT_GBPS: f64 = 1e6;

/// A machine and what it is called.
pub struct Machine {
    /// The device and its slot.
    pub bench: Bench,
    /// In words.
    pub title: String,
    /// Whether device reads and writes meet the last-level cache.
    pub ddio: bool,
    /// Whether the device is that of the published measurements.
    pub is_published: bool,
}

/// What can be read without simulating: presets, files and the profile.
pub struct Parts {
    host: Option<(String, bool)>,
    nic: Option<Box<Scenario>>,
    slot: Option<Box<Scenario>>,
}

impl Parts {
    /// Reads what options name.
    ///
    /// # Errors
    /// [`Failure`] for a name that is none, and files that cannot be read.
    pub fn read(args: &BenchArgs) -> Result<Self, Failure> {
        let host = args.profile.as_deref().map(named).transpose()?;
        host.iter().for_each(warn);
        let host = host.map(|choice| (choice.from, choice.profile.host.ddio));
        let nic = match args.device.as_deref().filter(|device| *device != NFP6000) {
            Some(device) => Some(Box::new(scenario("nic.preset", device)?)),
            None => None,
        };
        let slot = match &args.slot {
            Some(slot) => Some(Box::new(scenario("nic.pcie.preset", slot)?)),
            None => None,
        };
        Ok(Parts { host, nic, slot })
    }

    /// The machine.
    ///
    /// # Errors
    /// [`Failure`] where the process is told to end.
    pub fn machine(&self, args: &BenchArgs, simulations: &Simulations<'_>) -> Result<Machine, Failure> {
        let device = args.device.as_deref().unwrap_or(NFP6000);
        let mut bench = match &self.nic {
            None => nfp6000::machine(simulations, &nfp6000::measured()?)?,
            Some(scenario) => of_nic(scenario),
        };
        if let Some(scenario) = &self.slot {
            let turnaround = bench.slot.request_turnaround;
            bench.slot = scenario.nic[0].pcie.clone();
            // The device's own.
            bench.slot.request_turnaround = bench.slot.request_turnaround.or(turnaround);
        }
        set(&mut bench, args);
        let ddio = self.host.as_ref().is_none_or(|(_, ddio)| *ddio);
        let host = match (&self.host, &self.nic, &self.slot) {
            (Some((name, _)), ..) => format!(", {name}"),
            (None, None, None) => ", Xeon E5-2630 v4".to_owned(),
            _ => String::new(),
        };
        let slot = &bench.slot;
        let link = format!("PCIe Gen{} x{}", slot.generation, slot.lanes);
        let sizes = format!("MPS {}, MRRS {}", slot.max_payload_size, slot.max_read_request_size);
        let iommu = if bench.iommu.enabled { format!(", IO-TLB of {}", bench.iommu.entries) } else { String::new() };
        let title = format!("{device} with {} tags, {link}, {sizes}{host}{iommu}", bench.tags);
        Ok(Machine { bench, title, ddio, is_published: self.nic.is_none() && self.slot.is_none() })
    }
}

/// The scenario of all defaults but one.
fn scenario(key: &str, name: &str) -> Result<Scenario, Failure> {
    let file = ScenarioFile::parse(Path::new("pcie-bench"), String::new())?;
    let setting = Setting { key: key.to_owned(), value: name.to_owned().into() };
    let point = points(&file, &[setting], &stand_in()?.profile)?.into_iter().next();
    point.map(|point| point.scenario).ok_or_else(|| Failure::new(format!("{key}: {name} makes no scenario")))
}

/// A NIC as a device that does nothing but transfers: what its engine takes is published of none.
fn of_nic(scenario: &Scenario) -> Bench {
    let nic = &scenario.nic[0];
    Bench {
        slot: nic.pcie.clone(),
        iommu: scenario.pcie.iommu.clone(),
        tags: nic.read_tags,
        relaxed_ordering: nic.relaxed_ordering,
        engine_latency: Time::ZERO,
        engine_copy: BitRate::from_gbps(NO_LIMIT_GBPS),
        write_engine: (Time::ZERO, Time::ZERO),
        odd_read: Time::ZERO,
    }
}

fn set(bench: &mut Bench, args: &BenchArgs) {
    fn over<T: Copy>(place: &mut T, value: Option<T>) {
        *place = value.unwrap_or(*place);
    }
    let (slot, iommu) = (&mut bench.slot, &mut bench.iommu);
    if (args.r#gen, args.lanes) != (None, None) {
        // What was measured or published of one link is not that of another.
        (slot.data_link_share, slot.data_link_share_down) = (None, None);
    }
    over(&mut slot.generation, args.r#gen);
    over(&mut slot.lanes, args.lanes);
    over(&mut slot.max_payload_size, args.mps);
    over(&mut slot.max_read_request_size, args.mrrs);
    over(&mut slot.read_latency, args.read_latency);
    over(&mut slot.write_latency, args.write_latency);
    over(&mut slot.dram_latency, args.dram_latency);
    over(&mut iommu.entries, args.iommu_entries);
    over(&mut iommu.page, args.iommu_page);
    over(&mut iommu.walk, args.iommu_walk);
    over(&mut iommu.walkers, args.iommu_walkers);
    iommu.enabled = args.iommu;
    over(&mut bench.tags, args.tags);
    over(&mut bench.engine_latency, args.device_latency);
}

impl Machine {
    /// Refuses transfers that the machine can never have room for, and an order of places that the model does not have.
    ///
    /// # Errors
    /// [`Failure`] saying what is allowed.
    pub fn check(&self, size: u64, window: u64, random: bool) -> Result<(), Failure> {
        let slot = &self.bench.slot;
        let rooms = [("posted data credits", slot.posted_data_credits), ("completion buffer", slot.completion_buffer)];
        for (what, room) in rooms {
            if let Some(room) = room.filter(|room| size > room.get()) {
                return Err(Failure::new(format!("a transfer of {size} B is more than the slot's {what}: {room}")));
            }
        }
        if size > window {
            return Err(Failure::new(format!("a transfer of {size} B is more than the window of {window} B")));
        }
        let iommu = &self.bench.iommu;
        let pages = Bytes::new(window).pieces(iommu.page);
        if !random && iommu.enabled && pages > u64::from(iommu.entries) {
            return Err(Failure::new(format!(
                "a sequential pattern over {pages} pages with an IO-TLB of {} is not modelled: places are taken at random; a \
                 window that the IO-TLB holds, or --pattern random",
                iommu.entries
            )));
        }
        Ok(())
    }
}
