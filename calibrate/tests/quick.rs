//! The quick calibration on the host that runs the tests.

use espsim_calibrate::quick;
use espsim_model::preset::{self, Evidence};
use espsim_model::profile::{AeadCost, Algorithm, Direction, Profile};
use espsim_model::stack::Stack;
use espsim_model::units::Bytes;

#[test]
fn a_quick_calibration_is_a_usable_profile() {
    let base = preset::profile("zen4").unwrap().unwrap();
    let calibration = quick(&base, &mut |_| {}).unwrap();
    let (profile, report) = (&calibration.profile, &calibration.report);

    assert!(Profile::from_toml(&profile.to_toml().unwrap()).unwrap() == *profile, "text and back");
    assert_eq!(profile.stack, base.stack, "what is not measured stays");
    assert!(profile.sources["stack.send"].starts_with("not measured here"));
    assert!((500_000_000..7_000_000_000).contains(&profile.host.frequency.get()));
    assert!(profile.memory.copy.0 > 0.0 && profile.memory.copy.0 < 10.0, "{:?}", profile.memory);
    assert!(profile.memory.checksum.0 > 0.0 && profile.memory.checksum.0 < 10.0, "{:?}", profile.memory);

    let is_measured = |cost: &AeadCost| profile.evidence(&cost.key()) == Evidence::Measured;
    let measured: Vec<_> = profile.aead.iter().filter(|cost| is_measured(cost)).collect();
    assert_eq!(measured.len(), 6, "three implementations, two key sizes");
    for cost in measured {
        let of = |octets: u64| {
            let row = report
                .rows
                .iter()
                .find(|row| row.algorithm == cost.algorithm && row.backend == cost.backend && row.octets == octets);
            row.unwrap().cycles
        };
        assert!(of(9000) > of(1440) && of(1440) > of(64), "{}", cost.backend);
        let fitted = cost.cycles(Bytes::new(1440)).0;
        assert!((fitted / of(1440) - 1.0).abs() < 0.25, "{}: {fitted} against {}", cost.backend, of(1440));
        for (_, estimate) in cost.curve.coefficients() {
            assert!(estimate.low.unwrap() <= estimate.value && estimate.value <= estimate.high.unwrap());
            assert!(estimate.n.unwrap() >= 28 * 40);
        }
    }
    assert_eq!(report.fits.len(), 6);
    let worst = report.fits.iter().map(|fit| fit.worst_residual).fold(0.0, f64::max);
    assert_eq!(worst, report.worst_residual);
    for row in &report.rows {
        assert!((row.gigabytes_per_second() * row.ns - row.octets as f64).abs() < 1e-6);
    }
    let best = profile.aead(Algorithm::Aes128Gcm, Direction::Seal, Bytes::new(1408), Stack::Kernel).unwrap();
    assert!(is_measured(best));
}
