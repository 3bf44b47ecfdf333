use espsim_calibrate::sa_path::*;
fn main() {
    match measure(&Plan::FULL, &mut |m| println!("{m}")) {
        Err(e) => {
            println!("ERROR {e} {:?}", e.remedy());
        }
        Ok(m) => {
            for row in &m.datagrams {
                println!(
                    "{:?} {:?} {} {:.0} {:.0}-{:.0}",
                    row.protection,
                    row.mode,
                    row.payload,
                    row.cycles.value,
                    row.cycles.low.unwrap(),
                    row.cycles.high.unwrap()
                );
            }
            for row in &m.super_packets {
                println!(
                    "{:?} {:?} {} {:.0} {:.0}-{:.0}",
                    row.way,
                    row.segments,
                    row.segment_size,
                    row.cycles.value,
                    row.cycles.low.unwrap(),
                    row.cycles.high.unwrap()
                );
            }
            for row in &m.kernel_aead {
                println!(
                    "aead {} {:.0} {:.0}-{:.0}",
                    row.octets,
                    row.cycles.value,
                    row.cycles.low.unwrap(),
                    row.cycles.high.unwrap()
                );
            }
            for row in &m.control.rows {
                println!(
                    "{} n={} {:?} mean {:.1} us",
                    row.what,
                    row.delay.n,
                    row.delay.quantiles.iter().map(|q| format!("{:.1}", q.1.as_ns() / 1e3)).collect::<Vec<_>>(),
                    row.delay.mean.as_ns() / 1e3
                );
            }
            for r in &m.control.refusals {
                println!("{r:?}");
            }
            for f in &m.failovers {
                println!(
                    "{:?} {} before {} after {} notif {:.0} rec {:.0} msg {} ref {} after {:?} events {}",
                    f.policy,
                    f.sas,
                    f.offloaded_before,
                    f.offloaded_after,
                    f.notification_us,
                    f.recovery_us,
                    f.messages,
                    f.refused,
                    f.after,
                    f.timeline.len()
                );
            }
            for e in m.failovers[1].timeline.iter().skip(190).take(60) {
                println!("{e:?}");
            }
            println!("{:#?} {:?} {}", m.proofs, m.skipped, m.kernel);
        }
    }
    nix::sys::reboot::reboot(nix::sys::reboot::RebootMode::RB_POWER_OFF).unwrap();
}
