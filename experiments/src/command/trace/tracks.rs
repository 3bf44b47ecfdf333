//! Processes and threads of a trace: a process for each owner of stations and one for the packets, a thread for each unit
//! of a station and for each packet.

use std::collections::BTreeMap;

use espsim_model::resource::Owner;
use espsim_model::route::StationId;
use espsim_model::trace::{Trace, Visit};
use espsim_model::units::Time;

/// The process of the packets; those of stations follow.
pub const PACKETS: u32 = 1;

/// A thread of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Its process.
    pub pid: u32,
    /// Its own number, which no thread of another process has.
    pub tid: u32,
    /// Its name.
    pub name: String,
}

/// The first thread's number: above those of the processes.
const FIRST_TID: u32 = 10;

/// The threads of a trace.
pub struct Tracks {
    /// Units of stations, along the data path; only those that are visited.
    pub units: Vec<Track>,
    /// Packets, by job.
    pub jobs: Vec<Track>,
    /// Place in `units` of each visit, by job and then visit.
    placed: Vec<Vec<usize>>,
}

/// The process of an owner's stations.
pub fn process(owner: Owner) -> u32 {
    PACKETS + 1 + owner as u32
}

impl Tracks {
    /// Lays visits out on threads. Which of several units served a visit does not matter to the model: the first that
    /// no traced visit occupies is taken.
    pub fn new(traced: &Trace) -> Self {
        let mut visits: Vec<(&Visit, (usize, usize))> = Vec::new();
        for (i, job) in traced.jobs.iter().enumerate() {
            visits.extend(job.visits().enumerate().map(|(j, visit)| (visit, (i, j))));
        }
        visits.sort_by_key(|(visit, place)| (visit.begins, visit.ends, *place));
        let mut free_at: BTreeMap<StationId, Vec<Time>> = BTreeMap::new();
        let mut unit_of: BTreeMap<(usize, usize), (StationId, usize)> = BTreeMap::new();
        for (visit, place) in visits {
            let units = free_at.entry(visit.station).or_default();
            let unit = units.iter().position(|free| *free <= visit.begins).unwrap_or_else(|| {
                units.push(Time::ZERO);
                units.len() - 1
            });
            units[unit] = visit.ends;
            unit_of.insert(place, (visit.station, unit));
        }
        let mut stations: Vec<(StationId, usize)> = free_at.iter().map(|(id, units)| (*id, units.len())).collect();
        stations.sort_by_key(|(id, _)| (traced.platform.stations[usize::from(id.0)].resource.owner(), *id));
        let mut tids = FIRST_TID..;
        let mut tid = || tids.next().unwrap_or(u32::MAX);
        let mut units = Vec::new();
        let mut first = BTreeMap::new();
        for (id, used) in stations {
            first.insert(id, units.len());
            let pid = process(traced.platform.stations[usize::from(id.0)].resource.owner());
            units.extend((0..used).map(|unit| Track { pid, tid: tid(), name: unit_name(traced, id, unit) }));
        }
        let jobs = traced.jobs.iter().map(|job| Track {
            pid: PACKETS,
            tid: tid(),
            name: format!("packet {}", number(&job.number)),
        });
        let jobs = jobs.collect();
        let place = |i, j| unit_of.get(&(i, j)).map_or(0, |(id, unit)| first[id] + unit);
        let placed = traced.jobs.iter().enumerate();
        let placed = placed.map(|(i, job)| (0..job.visits().count()).map(|j| place(i, j)).collect()).collect();
        Tracks { units, jobs, placed }
    }

    /// The thread of a job's visit.
    pub fn unit(&self, job: usize, visit: usize) -> &Track {
        &self.units[self.placed[job][visit]]
    }
}

/// A job's number as text, such as `3.12` for the twelfth segment of the third send.
pub fn number(number: &[u32]) -> String {
    number.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// A station's name, with its number where several bear the name.
pub fn station_name(traced: &Trace, id: StationId) -> String {
    let stations = &traced.platform.stations;
    let resource = stations[usize::from(id.0)].resource;
    let name = resource.name();
    let namesakes = |upto: usize| stations[..upto].iter().filter(|station| station.resource == resource).count();
    match namesakes(stations.len()) {
        1 => name.to_owned(),
        _ => format!("{name} {}", namesakes(id.0.into())),
    }
}

fn unit_name(traced: &Trace, id: StationId, unit: usize) -> String {
    let name = station_name(traced, id);
    match traced.platform.stations[usize::from(id.0)].units {
        1 => name,
        _ => format!("{name}, unit {unit}"),
    }
}
