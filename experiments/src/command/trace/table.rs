//! The first traced packet as a table: one line for each hop.

use espsim_model::trace::{Hop, Job, Trace};
use espsim_model::units::Time;
use espsim_report::text_table::table;

use super::About;
use super::tracks::{number, station_name};

/// Heading and table of the first packet; of a super-packet, the first segment's way in that of its send.
pub fn first(about: &About, traced: &Trace) -> String {
    let way = way(traced);
    let Some(send) = way.first() else { return format!("{}\nNothing was traced.\n", about.point) };
    let mut hops: Vec<(&Job, &Hop)> = way.iter().flat_map(|job| job.hops.iter().map(move |hop| (*job, hop))).collect();
    // A whole waits for its parts from the time at which they start.
    hops.sort_by_key(|(job, hop)| (start(hop), job.number.len()));
    let header = ["At ns", "Packet", "Station", "What", "Octets", "Waited ns", "Served ns", "Latency ns"];
    let mut table = table(header, &[0, 4, 5, 6, 7]);
    for (job, hop) in hops {
        let at = format!("{:.3}", (start(hop) - send.starts).as_ns());
        table.add_row([vec![at, number(&job.number)], cells(traced, hop)].concat());
    }
    format!("{}\n{table}\n", heading(about, &way))
}

/// The first send, its first part, the first part of that, and so on.
fn way(traced: &Trace) -> Vec<&Job> {
    let firsts = traced.jobs.iter().filter(|job| job.number.iter().all(|n| *n == 1));
    firsts.collect()
}

fn heading(about: &About, way: &[&Job]) -> String {
    let departure = way.iter().find_map(|job| job.departure());
    let left = match (departure, way.first()) {
        (Some((packet, at)), Some(send)) => {
            format!("{} of goodput, {} ns from start to wire or application", packet.goodput, ns(at - send.starts))
        }
        _ => "dropped".to_owned(),
    };
    format!("{}: first packet after {}, {left}", about.point, about.after)
}

fn start(hop: &Hop) -> Time {
    match hop {
        Hop::Visit(visit) => visit.arrived,
        Hop::Wait { since, .. } => *since,
        Hop::Departure { at, .. } => *at,
    }
}

/// Station, what, octets, waited, served, latency.
fn cells(traced: &Trace, hop: &Hop) -> Vec<String> {
    let none = String::new;
    match hop {
        Hop::Visit(visit) => vec![
            station_name(traced, visit.station),
            visit.label.to_owned(),
            visit.octets.map_or_else(none, |octets| octets.get().to_string()),
            ns(visit.begins - visit.arrived),
            ns(visit.ends - visit.begins),
            ns(visit.leaves - visit.ends),
        ],
        Hop::Wait { label, since, until } => {
            vec![none(), format!("waits for {label}"), none(), ns(*until - *since), none(), none()]
        }
        Hop::Departure { packet, .. } => {
            vec![none(), "packet has left".to_owned(), packet.frame.get().to_string(), none(), none(), none()]
        }
    }
}

/// Nanoseconds to the picosecond; nothing for none.
fn ns(time: Time) -> String {
    if time == Time::ZERO { String::new() } else { format!("{:.3}", time.as_ns()) }
}
