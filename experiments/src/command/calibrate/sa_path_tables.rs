//! What the SA path gave, as tables and a figure.

use std::fmt::Write;

use comfy_table::Table;
use espsim_calibrate::sa_path::guest::Kernel;
use espsim_calibrate::sa_path::stack::{self, Check, Fitted};
use espsim_calibrate::sa_path::{DatagramRow, Measurement, Mode, Protection, SuperPacketRow, Way};
use espsim_model::profile::Estimate;
use espsim_model::units::Time;
use espsim_report::plot::{Axis, Curve, Figure, Point, Scale, Style, Words, svg};
use espsim_report::profile::estimate;
use espsim_report::text_table::table;

/// Ways of sending a datagram, as columns and curves name them.
const WAYS: [(&str, Protection, Option<Mode>); 5] = [
    ("plain", Protection::Plain, None),
    ("software, transport", Protection::Software, Some(Mode::Transport)),
    ("software, tunnel", Protection::Software, Some(Mode::Tunnel)),
    ("offloaded, transport", Protection::Offloaded, Some(Mode::Transport)),
    ("offloaded, tunnel", Protection::Offloaded, Some(Mode::Tunnel)),
];

/// Ways of super-packets, as columns and rows name them.
const SUPER_PACKETS: [(&str, Way); 4] = [
    ("plain, device with TSO", Way::PlainTso),
    ("plain, segmented by the kernel", Way::Plain),
    ("ESP in software", Way::Software),
    ("ESP left to the device", Way::Offloaded),
];

/// Everything that was measured and what it means for the model.
pub fn summary(measurement: &Measurement, kernel: Kernel, fitted: &Fitted) -> String {
    let mut text = format!("Linux {} in {}\n", measurement.kernel, place(kernel));
    let ghz = |hertz: u64| hertz as f64 * 1e-9;
    if let Some(host) = measurement.host_frequency {
        let guest = ghz(measurement.frequency);
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "the core runs at {guest:.2} GHz by the guest's clock, {:.2} GHz by the host's", ghz(host));
    }
    let sections = [
        ("UDP datagrams by payload: cycles each (95 % interval)", datagrams(measurement)),
        ("Super-packets: cycles per segment beyond those dropped at the route lookup", super_packets(measurement)),
        ("TCP, writes of 64 KiB in segments of 1348 B: cycles", tcp(measurement)),
        ("Control path: from request to acknowledgement there, us", control(measurement)),
        ("Offloads refused", refusals(measurement)),
        ("Failover: SAs on one device, the route moved to another", failovers(measurement)),
        ("Failover: the daemon's requests, beside what the model makes of single ones", predicted(measurement)),
        ("Parameters for the model", parameters(fitted)),
        ("What the parameters add up to, beside what was found another way: cycles", checks(fitted)),
        ("Counters that agreed with what was sent", proofs(measurement)),
    ];
    for (title, table) in sections.into_iter().filter(|(_, table)| table.row_count() > 0) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "\n{title}\n{table}");
    }
    for skipped in &measurement.skipped {
        let _ = writeln!(text, "not measured: {skipped}");
    }
    text
}

fn place(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Native => "the running kernel",
        Kernel::Uml => {
            "a User-Mode Linux guest: system calls are traced and corrected for, the cipher is the kernel's \
                        portable one; another kernel than the host's, whose cycles these are not"
        }
        Kernel::Kvm => "a guest with KVM",
        Kernel::Emulated => "an emulated guest: cycles and times mean nothing",
    }
}

fn of<'a>(
    measurement: &'a Measurement,
    way: &(&str, Protection, Option<Mode>),
) -> impl Iterator<Item = &'a DatagramRow> {
    let (_, protection, mode) = *way;
    measurement.datagrams.iter().filter(move |row| (row.protection, row.mode) == (protection, mode))
}

fn datagrams(measurement: &Measurement) -> Table {
    let mut header = vec!["B"];
    header.extend(WAYS.map(|way| way.0));
    let mut table = table(header, &[0, 1, 2, 3, 4, 5]);
    for row in of(measurement, &WAYS[0]) {
        let mut cells = vec![row.payload.to_string()];
        for way in &WAYS {
            let same = of(measurement, way).find(|other| other.payload == row.payload);
            cells.push(same.map_or_else(String::new, |row| estimate(&row.cycles, 0)));
        }
        table.add_row(cells);
    }
    table
}

fn super_packets(measurement: &Measurement) -> Table {
    let mut header = vec!["Segments"];
    header.extend(SUPER_PACKETS.map(|column| column.0));
    let mut table = table(header, &[0, 1, 2, 3, 4]);
    let median = |way: Way, like: &SuperPacketRow| {
        let same = |row: &&SuperPacketRow| {
            (row.way, row.segments, row.segment_size) == (way, like.segments, like.segment_size)
        };
        measurement.super_packets.iter().find(same).map(|row| row.cycles.value)
    };
    for row in measurement.super_packets.iter().filter(|row| row.way == Way::Dropped) {
        let mut cells = vec![format!("{} x {} B", row.segments, row.segment_size)];
        for (_, way) in SUPER_PACKETS {
            let cycles = median(way, row).map(|cycles| (cycles - row.cycles.value) / row.segments as f64);
            cells.push(cycles.map_or_else(String::new, |cycles| format!("{cycles:.0}")));
        }
        table.add_row(cells);
    }
    table
}

fn tcp(measurement: &Measurement) -> Table {
    let mut table = table(["Way", "Frames", "One write", "A frame"], &[1, 2, 3]);
    for (name, way) in SUPER_PACKETS {
        if let Some(row) = measurement.tcp.iter().find(|row| row.way == way) {
            let frame = format!("{:.0}", row.cycles.value / row.frames.max(1) as f64);
            table.add_row([name.to_owned(), row.frames.to_string(), estimate(&row.cycles, 0), frame]);
        }
    }
    table
}

fn control(measurement: &Measurement) -> Table {
    let mut table =
        table(["Request", "n", "Least", "Median", "95 % interval", "p90", "p99", "Most"], &[1, 2, 3, 4, 5, 6, 7]);
    for row in &measurement.control.rows {
        let delay = &row.delay;
        let us = |time: Time| format!("{:.1}", time.as_ns() / 1e3);
        let (low, high) = delay.median_interval;
        table.add_row([
            row.what.clone(),
            delay.n.to_string(),
            us(delay.quantile(0.0)),
            us(delay.median()),
            format!("{} to {}", us(low), us(high)),
            us(delay.quantile(0.9)),
            us(delay.quantile(0.99)),
            us(delay.quantile(1.0)),
        ]);
    }
    table
}

fn refusals(measurement: &Measurement) -> Table {
    let mut table = table(["Why", "The kernel's answer", "Retried in software"], &[]);
    for row in &measurement.control.refusals {
        let retried = if row.retried { "accepted" } else { "refused" };
        table.add_row([row.why.as_str(), row.answer.as_str(), retried]);
    }
    table
}

fn failovers(measurement: &Measurement) -> Table {
    let header = [
        "Policy",
        "SAs",
        "Offloaded before",
        "After",
        "Notified us",
        "Recovered us",
        "Messages",
        "Refused",
        "Then offloaded",
        "In software",
        "Lost",
    ];
    let mut table = table(header, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for failover in &measurement.failovers {
        let mut cells = vec![failover.policy.name().to_owned()];
        let whole = |us: f64| format!("{us:.0}");
        cells.extend([failover.sas, failover.offloaded_before, failover.offloaded_after].map(|n| n.to_string()));
        cells.extend([failover.notification_us, failover.recovery_us].map(whole));
        cells.extend([failover.messages, failover.refused].map(|n| n.to_string()));
        cells.extend(failover.after.map(|n| n.to_string()));
        table.add_row(cells);
    }
    table
}

/// The daemon's part of each failover in all passes, beside the model's closed form.
fn predicted(measurement: &Measurement) -> Table {
    let header = [
        "Policy",
        "SAs",
        "Messages",
        "Predicted",
        "Least us",
        "Median",
        "Most",
        "Predicted: all at least us",
        "At median",
        "At 99 %",
    ];
    let mut table = table(header, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (failover, both) in measurement.failovers.iter().zip(stack::failovers(measurement)) {
        let mut cells = vec![failover.policy.name().to_owned(), failover.sas.to_string()];
        cells.extend([failover.messages.to_string(), both.messages.to_string()]);
        cells.extend([both.measured, both.predicted].concat().iter().map(|time| format!("{:.0}", time.as_ns() / 1e3)));
        table.add_row(cells);
    }
    table
}

fn parameters(fitted: &Fitted) -> Table {
    let mut table = table(["Parameter", "Value", "Unit", "From"], &[1]);
    for (key, value, method) in &fitted.stack {
        table.add_row([key, estimate(value, 0).as_str(), "cycles", method]);
    }
    for (key, delay) in fitted.sa.iter().flat_map(|sa| sa.delays()) {
        let us = |time: Time| time.as_ns() / 1e3;
        let (low, high) = delay.median_interval;
        let value = format!("{:.1} ({:.1} to {:.1})", us(delay.median()), us(low), us(high));
        table.add_row([key, value.as_str(), "us", "median of the control path"]);
    }
    table
}

fn checks(fitted: &Fitted) -> Table {
    let mut table = table(["What", "Found", "Parameters", "Off"], &[1, 2, 3]);
    for Check { what, measured, predicted } in &fitted.checks {
        let off = (predicted / measured - 1.0) * 100.0;
        table.add_row([what.clone(), format!("{measured:.0}"), format!("{predicted:.0}"), format!("{off:+.0} %")]);
    }
    table
}

fn proofs(measurement: &Measurement) -> Table {
    let mut table = table(["Counter", "Count"], &[1]);
    for proof in &measurement.proofs {
        table.add_row([proof.what.clone(), proof.count.to_string()]);
    }
    table
}

fn half_width(cycles: &Estimate) -> Option<f64> {
    Some((cycles.high? - cycles.low?) / 2.0)
}

/// Cycles of a datagram by size and way.
pub fn figure(measurement: &Measurement, kernel: Kernel) -> String {
    let point =
        |row: &DatagramRow| Point { x: row.payload as f64, y: row.cycles.value, half_width: half_width(&row.cycles) };
    let curve = |way: &(&str, Protection, Option<Mode>)| {
        Curve::new(way.0, of(measurement, way).map(point).collect(), Style::Curve)
    };
    let figure = Figure {
        words: Words::new(
            "What one UDP datagram costs the kernel",
            &format!("Until the driver has it, 64 sent to a call. In {}.", place(kernel)),
            &format!("espsim {} · Linux {}", env!("CARGO_PKG_VERSION"), measurement.kernel),
        ),
        x: Axis { label: "UDP payload (B)".into(), scale: Scale::Log2 },
        y: Axis { label: "Cycles per datagram".into(), scale: Scale::Log10 },
        curves: WAYS.iter().map(curve).collect(),
        references: Vec::new(),
    };
    svg(&figure)
}
