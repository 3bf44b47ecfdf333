//! How well a calibration predicts sizes that its fits have not seen.

use espsim_model::preset::Evidence;
use espsim_model::profile::{AeadCost, Algorithm, Direction};
use espsim_model::units::Bytes;

use crate::aead::whole;
use crate::calibration::Calibration;
use crate::clock::core_frequency;
use crate::pinned::on_last_core;
use crate::sample::median;
use crate::series::unseen;

/// Plaintext octets, odd ones, none of which is fitted. CBC takes the next whole block.
const SIZES: [u64; 12] = [45, 77, 149, 223, 391, 601, 859, 1177, 1393, 2777, 5003, 8501];
/// The largest relative error that predictions should have.
pub const GOAL: f64 = 0.10;

/// One prediction beside its measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Algorithm and key size.
    pub algorithm: Algorithm,
    /// Implementation.
    pub backend: String,
    /// Seal or open.
    pub direction: Direction,
    /// Plaintext octets.
    pub octets: u64,
    /// Cycles that the profile predicts.
    pub predicted: f64,
    /// Median cycles measured.
    pub measured: f64,
}

impl HeldOut {
    /// Predicted over measured, less 1.
    pub fn error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }

    /// Whether the error is within [`GOAL`].
    pub fn within_goal(&self) -> bool {
        self.error().abs() <= GOAL
    }
}

/// Rounds over all costs: each is measured at as many times, so that a neighbour's burst does not hit all of one cost.
const ROUNDS: usize = 3;

/// Measures about twelve sizes between 40 and 9000 octets that the fits have not seen, for every measured cost of the
/// profile, and compares the medians over several rounds. A backend that cannot be measured any more gives no rows.
pub fn held_out(calibration: &Calibration) -> Vec<HeldOut> {
    let profile = &calibration.profile;
    let is_measured = |cost: &&AeadCost| profile.evidence(&cost.key()) == Evidence::Measured;
    let costs: Vec<&AeadCost> = profile.aead.iter().filter(is_measured).collect();
    let clock = profile.host.frequency.get() as f64;
    let round = |_| -> Vec<Vec<(u64, f64)>> {
        let one = |cost: &&AeadCost| {
            // The clock of this moment: it may have changed since the calibration, the cycles have not.
            let now = core_frequency().unwrap_or(profile.host.frequency);
            let frequency = now.scale(profile.host.clock(1, Some(cost.algorithm)).get() as f64 / clock);
            unseen(cost, &SIZES, frequency).unwrap_or_default()
        };
        costs.iter().map(one).collect()
    };
    let rounds: Vec<_> = on_last_core(|_| (0..ROUNDS).map(round).collect()).unwrap_or_default();
    let medians = |(i, cost): (usize, &&AeadCost)| {
        let of = |octets: u64| -> Vec<f64> {
            let sizes = rounds.iter().flat_map(|round: &Vec<Vec<(u64, f64)>>| &round[i]);
            sizes.filter(|size| size.0 == octets).map(|size| size.1).collect()
        };
        let sizes = rounds.first().map_or(&[][..], |round| &round[i]);
        compare(cost, sizes.iter().map(|&(octets, _)| (octets, median(&of(octets)))).collect())
    };
    costs.iter().enumerate().flat_map(medians).collect()
}

/// A cost's predictions beside measured cycles by size.
fn compare(cost: &AeadCost, measured: Vec<(u64, f64)>) -> Vec<HeldOut> {
    let row = |(octets, measured): (u64, f64)| HeldOut {
        algorithm: cost.algorithm,
        backend: cost.backend.clone(),
        direction: cost.direction,
        octets,
        predicted: cost.cycles(Bytes::new(whole(cost.algorithm, octets))).0,
        measured,
    };
    measured.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use espsim_model::profile::{Curve, Estimate};

    use super::*;
    use crate::fit::{Size, fit};

    fn cost(stride: u64, coefficients: [Estimate; 4]) -> AeadCost {
        let [per_operation, per_octet, per_tail_block, per_partial_block] = coefficients;
        AeadCost {
            algorithm: Algorithm::Aes128Gcm,
            direction: Direction::Open,
            backend: "synthetic".into(),
            only: None,
            batch: None,
            curve: Curve { stride: Bytes::new(stride), per_operation, per_octet, per_tail_block, per_partial_block },
            residuals: Vec::new(),
        }
    }

    #[test]
    fn synthetic_costs_are_predicted_within_the_goal() {
        let truth = cost(256, [320.0, 0.4, 6.0, 25.0].map(Estimate::exact));
        // Batches a little off, to either side.
        let cycles = |octets: u64| {
            let exact = truth.cycles(Bytes::new(octets)).0;
            vec![exact * 0.99, exact, exact * 1.012]
        };
        let sizes = [16, 64, 90, 128, 256, 300, 512, 640, 777, 1000, 1440, 2048, 4096, 9000];
        let fitted = fit(&sizes.map(|octets| Size { octets, cycles: cycles(octets) })).unwrap();
        let rows = compare(
            &cost(fitted.stride, fitted.coefficients),
            SIZES.map(|octets| (octets, cycles(octets)[1])).to_vec(),
        );
        assert_eq!(rows.len(), SIZES.len());
        assert!(rows.iter().all(HeldOut::within_goal), "{rows:?}");
        let off = HeldOut { predicted: rows[0].measured * 1.2, ..rows[0].clone() };
        assert!(!off.within_goal() && (off.error() - 0.2).abs() < 1e-9);
    }

    #[test]
    fn an_unknown_backend_gives_no_rows() {
        let unknown = cost(256, [1.0; 4].map(Estimate::exact));
        assert_eq!(unseen(&unknown, &SIZES, espsim_model::units::Hertz::new(1_000_000_000)), Ok(Vec::new()));
    }
}
