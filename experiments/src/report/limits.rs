//! What limits each series along the sweep, and what would limit next.

use super::page::{Cell, Column, Table};
use super::points::{Point, Points, WAITS};
use super::words::{grouped, percent, quoted, whereabouts};

/// Stations and other limits: the name in results, how a sentence says it, and what it is.
const LIMITS: [(&str, &str, &str); 33] = [
    ("core", "the cores", "cycles of the cores that carry the data path"),
    ("completion core", "the completion core", "cycles of the core that takes the accelerator's interrupts"),
    ("wire", "the wire", "the NIC's line rate, preamble and gap included"),
    ("wire in", "the incoming wire", "the line rate that frames arrive at"),
    ("offered load", "the offered load", "no station is full: what is offered is what is carried"),
    (
        WAITS,
        "waits while no station is full",
        "less than offered is carried: tags, credits, contexts or locks are waited for",
    ),
    ("window", "the packets in flight", "too few packets in flight to fill the path"),
    ("NIC link up", "the NIC's PCIe link (to the host)", "octets from the NIC to the root complex"),
    ("NIC link down", "the NIC's PCIe link (from the host)", "octets from the root complex to the NIC"),
    ("accelerator link up", "the card's PCIe link (to the host)", "octets from the card to the root complex"),
    ("accelerator link down", "the card's PCIe link (from the host)", "octets from the root complex to the card"),
    ("uplink up", "the shared uplink (to the host)", "octets from card and NIC to the root complex"),
    ("uplink down", "the shared uplink (from the host)", "octets from the root complex to card and NIC"),
    ("root complex", "the root complex", "requests that the root complex serves"),
    ("memory", "memory bandwidth", "reads and writes of DRAM"),
    ("page walkers", "the IOMMU's page walkers", "address translations that miss the IO-TLB"),
    ("posted credits", "posted credits", "PCIe flow control of writes"),
    ("NIC tags", "the NIC's read tags", "reads in flight times their latency"),
    ("accelerator tags", "the card's read tags", "reads in flight times their latency"),
    ("NIC packet engine", "the NIC's packet rate", "packets that the NIC sends in a second"),
    ("NIC receive engine", "the NIC's receive rate", "packets that the NIC takes in a second"),
    ("NIC ESP engine", "the NIC's ESP engine", "rate and packet rate of the cipher in the NIC"),
    ("NIC queue", "a queue of the NIC", "packet rate of one send queue"),
    ("NIC ring", "the NIC's send ring", "descriptors in flight"),
    ("NIC receive ring", "the NIC's receive ring", "buffers that wait for packets"),
    ("NIC buffer", "the NIC's buffer", "octets within the NIC"),
    ("SA context fetches", "SA context fetches", "reads of SA contexts that the NIC's cache lacks"),
    ("accelerator engines", "the card's engines", "rate and operation rate of the card"),
    ("accelerator ring", "the card's request ring", "requests in flight"),
    ("SA lock", "the SA's lock", "one packet of an SA at a time"),
    ("threads", "threads that wait", "callers that wait for the card"),
    ("socket queue", "the socket queue", "packets that wait to be sent"),
    ("none", "nothing", "nothing was carried"),
];

fn entry(name: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    LIMITS.iter().find(|(known, ..)| *known == name)
}

/// How a sentence names a limit.
pub fn noun(name: &str) -> String {
    entry(name).map_or_else(|| quoted(name), |(_, noun, _)| (*noun).to_owned())
}

/// A table of what limits which series where.
pub fn table(points: &Points) -> Table {
    let mut table = Table::new(
        "What limits throughput, and the busiest station besides",
        vec![Column::text("Series"), Column::long("Limit"), Column::text("Where"), Column::text("Next")],
    );
    for (series, name) in points.series.iter().enumerate() {
        let mut of = points.of(series);
        // Where nothing could be estimated it is not known what limits.
        of.retain(|point| !point.bottleneck.is_empty());
        for (limit, places) in grouped(of.iter().map(|point| (point.bottleneck.clone(), point.place))) {
            let which: Vec<(usize, bool)> = of.iter().map(|point| (point.place, point.bottleneck == limit)).collect();
            let everywhere = if which.len() == 1 { "" } else { "everywhere" };
            let whereabouts = Some(whereabouts(points, &which)).filter(|text| !text.is_empty());
            let what = entry(&limit).map(|(_, _, what)| (*what).to_owned());
            let last = of.iter().rev().find(|point| Some(&point.place) == places.last());
            table.push(vec![
                Cell::from(name.as_str()),
                Cell::with_remarks(limit.clone(), what.into_iter().collect()),
                Cell::from(whereabouts.unwrap_or_else(|| everywhere.into())),
                Cell::from(last.and_then(|point| next(points, point)).unwrap_or_default()),
            ]);
        }
    }
    table
}

/// The busiest station that does not limit, where it is busy.
fn next(points: &Points, point: &Point) -> Option<String> {
    let (name, share) = point.next.as_ref()?;
    let label = points.label(point.place);
    let at = if label.is_empty() { label } else { format!(" at {label}") };
    Some(format!("{name}, {} busy{at}", percent(*share)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::point_table::{self, PointTable};

    #[test]
    fn every_limit_of_the_reference_results_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut seen = 0;
        for scenario in std::fs::read_dir(root.join("scenarios")).unwrap().map(Result::unwrap) {
            let folder = root.join("../results").join(scenario.path().file_stem().unwrap());
            let table = folder.join(point_table::FILE);
            for row in PointTable::read(&table).unwrap().rows {
                for limit in ["bottleneck", "next_bottleneck"].into_iter().filter_map(|heading| row.text(heading)) {
                    assert!(entry(limit).is_some(), "{}: {limit}", table.display());
                    seen += 1;
                }
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
