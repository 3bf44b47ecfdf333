//! Native costs of the running kernel beside those of a program that shares nothing with espsim, and beside real traffic.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use espsim_calibrate::inventory::topology;
use espsim_calibrate::native::anchor::{GOAL, anchored};
use espsim_calibrate::native::{Measurement, Plan, What, apply, measure};
use espsim_calibrate::repeated::repeat;
use espsim_calibrate::sa_path::SaPathError;
use espsim_model::preset;
use espsim_model::units::Hertz;

/// How far espsim may be from the other program.
const TOLERANCE: f64 = 0.15;
/// The other program's exit code where the host lacks something.
const LACKS: i32 = 77;
/// Set for this test when it runs as root of a user namespace.
const AGAIN: &str = "ESPSIM_NATIVE_TEST_AGAIN";

/// Says why a test does not run; fails where everything must.
fn skip(reason: &str) {
    assert!(std::env::var_os("ESPSIM_REQUIRE_ALL").is_none(), "must run here: {reason}");
    // Past the test runner, which keeps what passing tests print.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// What the program says: datagram, call, segment, forward; or what the host lacks.
fn others(program: &Path, cpu: &str) -> Result<[f64; 4], String> {
    let output = Command::new(program).arg(cpu).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.code() == Some(LACKS) {
        return Err(text.trim().to_owned());
    }
    assert!(output.status.success(), "{text}");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse().unwrap()
    };
    Ok(["datagram", "call", "segment", "forward"].map(value))
}

/// The same by espsim.
fn ours(measurement: &Measurement) -> [f64; 4] {
    let terms = espsim_calibrate::native::terms(&measurement.rows);
    let term = |key: &str| terms.iter().find(|term| term.key == key).unwrap().cycles.value;
    let datagrams: Vec<f64> = (measurement.rows.iter())
        .filter(|row| row.what == What::Datagram)
        .map(|row| median(&mut row.passes.clone()))
        .collect();
    // Octets add some hundredths of it.
    let datagram = datagrams.iter().copied().fold(f64::INFINITY, f64::min);
    [datagram, term("stack.send"), term("stack.segment"), term("stack.forward")]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn native_costs_are_those_of_another_program_and_of_real_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("cross_check");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/native/cross_check.c");
    let compiler = Command::new("cc").arg("-O2").arg("-o").arg(&program).arg(source).output();
    match compiler {
        Err(error) => return skip(&format!("no C compiler: cc: {error}")),
        Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
    }
    let cpu = topology().representative().unwrap_or(0).to_string();
    let plan = Plan { passes: 3, rounds: 15 };
    // In turn, so that what the machine does meanwhile is in both.
    let (mut theirs, mut measurements) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        match others(&program, &cpu) {
            Ok(values) => theirs.push(values),
            Err(lacking) => return skip(&lacking),
        }
        match measure(&plan, &mut |_| ()) {
            Ok(measurement) => measurements.push(measurement),
            Err(SaPathError::Unavailable { .. }) if std::env::var_os(AGAIN).is_none() => return in_user_namespace(),
            Err(error) => panic!("the other program could: {error}"),
        }
    }
    let of = |all: Vec<[f64; 4]>, i: usize| median(&mut all.iter().map(|values| values[i]).collect::<Vec<_>>());
    let mine: Vec<[f64; 4]> = measurements.iter().map(ours).collect();
    for (i, name) in ["datagram", "call", "segment", "forward"].into_iter().enumerate() {
        let (mine, theirs) = (of(mine.clone(), i), of(theirs.clone(), i));
        println!("{name}: {mine:.0} by espsim, {theirs:.0} by the other program");
        assert!((mine / theirs - 1.0).abs() < TOLERANCE, "{name}: {mine:.0} and {theirs:.0} cycles");
    }
    real_traffic(&measurements[1]);
}

/// The sum of measured parameters is what a packet takes from end to end.
fn real_traffic(measurement: &Measurement) {
    let mut profile = preset::profile("zen4").unwrap().unwrap();
    repeat(&mut profile).unwrap();
    profile.host.frequency = Hertz::new(measurement.hertz);
    for outcome in apply(measurement, &mut profile) {
        println!("{} {:?} {:?}", outcome.term.key, outcome.term.cycles, outcome.fault);
    }
    for one in anchored(&profile, &measurement.rows).unwrap() {
        println!("{}: {:.0} cycles measured, {:.0} simulated", one.what, one.measured.value, one.simulated);
        assert!(one.error().abs() < GOAL, "{one:?}");
    }
}

/// The whole test once more as root of a user namespace.
fn in_user_namespace() {
    let name = "native_costs_are_those_of_another_program_and_of_real_traffic";
    let this = std::env::current_exe().unwrap();
    let again = Command::new("unshare")
        .args(["--user", "--map-root-user"])
        .arg(this)
        .args(["--exact", name, "--nocapture"])
        .env(AGAIN, "1")
        .status();
    match again {
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => skip(&format!("neither root nor unshare(1): {error}")),
    }
}
