//! PCIe formulas against the published pcie-bench model, every row.

use std::path::PathBuf;

use espsim_model::hardware::pcie::SlotParams;
use espsim_model::units::{BitRate, Bytes};

fn rows(file: &str) -> Vec<csv::StringRecord> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../experiments/validation").join(file);
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn slot(generation: &str, lanes: &str, mps: &str) -> SlotParams {
    SlotParams {
        max_payload_size: Bytes::new(mps.parse().unwrap()),
        ..SlotParams::bare(
            generation.trim_start_matches("gen").parse().unwrap(),
            lanes.trim_start_matches('x').parse().unwrap(),
        )
    }
}

fn assert_near(ours: BitRate, published: &str, what: &csv::StringRecord) {
    let published: f64 = published.parse().unwrap();
    // The table has four decimals; ours is the same arithmetic.
    assert!((ours.as_gbps() - published).abs() < 1e-4, "{} against {published}: {what:?}", ours.as_gbps());
}

#[test]
fn link_rates_are_the_published_ones() {
    let rows = rows("pcie_model_link.csv");
    assert_eq!(rows.len(), 120);
    for row in &rows {
        let slot = slot(&row[0], &row[1], &row[2]);
        assert_near(slot.raw_rate(), &row[5], row);
        assert_eq!(slot.ack_limit_symbols(), row[6].parse::<u64>().unwrap(), "{row:?}");
        assert_near(slot.tlp_rate(), &row[11], row);
    }
}

#[test]
fn effective_bandwidth_is_the_published_one() {
    let rows = rows("pcie_model_bw.csv");
    assert_eq!(rows.len(), 680);
    for row in &rows {
        let slot = SlotParams {
            max_read_request_size: Bytes::new(row[3].parse().unwrap()),
            read_completion_boundary: Bytes::new(row[4].parse().unwrap()),
            split_at_rcb: &row[5] == "1",
            ..slot(&row[0], &row[1], &row[2])
        };
        let n = Bytes::new(row[8].parse().unwrap());
        assert_near(slot.effective_rate(n, slot.write(n)), &row[9], row);
        assert_near(slot.effective_rate(n, slot.read(n)), &row[10], row);
        assert_near(slot.effective_rate(n, slot.write(n) + slot.read(n)), &row[11], row);
    }
}
