//! One algorithm of one implementation in one direction, by size.

use std::cell::{Cell, RefCell};

use espsim_model::profile::{AeadCost, Algorithm, Curve, Direction};
use espsim_model::units::{Bytes, Hertz};

use crate::CalibrateError;
use crate::aead::{BACKENDS, Context, icv_length, whole};
use crate::cold::{Pool, added};
use crate::fit::{Fit, Size, fit_passes, pooled};
use crate::packets::Packets;
use crate::plan::{FULL_SIZED, Plan};
use crate::report::{ColdRow, FitQuality, Report, ReportRow, Skipped};
use crate::sample::{Sampled, median};
use crate::steady::steadily;
use crate::verdict::Noise;

/// What is measured, and with what.
pub(crate) struct Series<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) backend: &'static str,
    pub(crate) direction: Direction,
    pub(crate) context: &'a dyn Context,
    pub(crate) frequency: Hertz,
    /// By how much the core's frequency changed while each value was taken.
    pub(crate) changes: &'a RefCell<Vec<f64>>,
}

impl Series<'_> {
    /// One pass over all sizes.
    pub(crate) fn sample(&self, plan: &Plan) -> Result<Vec<Size>, CalibrateError> {
        self.warm(plan, plan.sizes)
    }

    /// With the clock of the moment.
    fn warm(&self, plan: &Plan, sizes: &[u64]) -> Result<Vec<Size>, CalibrateError> {
        let steady = steadily(|hertz| {
            let now = Series { frequency: Hertz::new(hertz as u64), ..*self };
            warm_cycles(&now, sizes, plan.rounds, plan.batch_seconds)
        })?;
        self.changes.borrow_mut().push(steady.change);
        Ok(steady.value)
    }

    /// Sizes between those of the passes, where the implementation changes its way; measured once.
    pub(crate) fn between(&self, plan: &Plan, passes: &[Vec<Size>]) -> Result<Vec<Size>, CalibrateError> {
        let Some(fit) = fit_passes(passes).filter(|_| plan.refine) else { return Ok(Vec::new()) };
        let known = pooled(passes);
        let mut sizes = known.clone();
        self.refine(plan, &self.cost(&fit), &mut sizes)?;
        sizes.retain(|size| known.iter().all(|known| known.octets != size.octets));
        Ok(sizes)
    }

    /// Measures sizes once more.
    pub(crate) fn again(&self, plan: &Plan, sizes: &mut Vec<Size>) -> Result<(), CalibrateError> {
        let octets: Vec<u64> = sizes.iter().map(|size| size.octets).collect();
        let more = self.warm(plan, &octets)?;
        *sizes = pooled(&[std::mem::take(sizes), more]);
        Ok(())
    }

    /// Fits what the passes gave and puts rows into the report; `between` are further sizes for the residuals.
    pub(crate) fn conclude(
        &self,
        plan: &Plan,
        passes: Vec<Vec<Size>>,
        between: Vec<Size>,
        pool: Option<&mut Pool>,
        report: &mut Report,
    ) -> Result<Option<AeadCost>, CalibrateError> {
        let &Series { algorithm, backend, direction, .. } = self;
        let pool = pool.filter(|_| self.context.interface().is_none());
        if let Some(size) = passes.iter().flatten().find(|size| self.is_lost(size)) {
            let reason = format!("at {} B it takes no more than the same calls without a cipher", size.octets);
            report.skipped.push(Skipped { backend, algorithm, reason });
            return Ok(None);
        }
        // There are more sizes than coefficients.
        let Some(fit) = fit_passes(&passes) else { return Ok(None) };
        let mut sizes = pooled(&passes);
        let mut cost = self.cost(&fit);
        if plan.refine {
            sizes.extend(between);
            sizes.sort_by_key(|size| size.octets);
            cost.residuals = residuals(&cost, &sizes);
        }
        let mut drifts = Vec::new();
        for size in &sizes {
            let cycles = median(&size.cycles);
            let noise = Noise::of(&size.cycles);
            drifts.push(noise.drift);
            report.rows.push(ReportRow {
                algorithm,
                backend,
                direction,
                octets: size.octets,
                ns: cycles * 1e9 / self.frequency.get() as f64,
                cycles,
                spread: noise.spread,
                drift: noise.drift,
                outliers: noise.outliers,
            });
        }
        let cold = pool.map(|pool| self.cold(plan, pool, &sizes)).transpose()?.unwrap_or_default();
        report.worst_residual = report.worst_residual.max(fit.worst_residual);
        report.fits.push(FitQuality {
            algorithm,
            backend,
            direction,
            drift: median(&drifts),
            stride: fit.stride,
            coefficients: fit.coefficients,
            worst_residual: fit.worst_residual,
            worst_at: fit.worst_at,
            cold: cold.iter().find(|row| row.octets == whole(algorithm, FULL_SIZED)).map(|row| row.added),
        });
        report.cold.extend(cold);
        Ok(Some(cost))
    }

    /// Whether nothing is left where the interface's time is subtracted: a small difference of large times is none.
    fn is_lost(&self, size: &Size) -> bool {
        self.context.interface().is_some() && median(&size.cycles) <= 0.0
    }

    fn cost(&self, fit: &Fit) -> AeadCost {
        let [per_operation, per_octet, per_tail_block, per_partial_block] = fit.coefficients;
        AeadCost {
            algorithm: self.algorithm,
            direction: self.direction,
            backend: self.backend.to_owned(),
            only: BACKENDS.iter().find(|backend| backend.name == self.backend).and_then(|backend| backend.only),
            batch: None,
            curve: Curve {
                stride: Bytes::new(fit.stride),
                per_operation,
                per_octet,
                per_tail_block,
                per_partial_block,
            },
            residuals: Vec::new(),
        }
    }

    /// Between two sizes whose residuals lie far apart the implementation changes its way: measures the size in the
    /// middle, again and again, until the change is found to a block.
    fn refine(&self, plan: &Plan, cost: &AeadCost, sizes: &mut Vec<Size>) -> Result<(), CalibrateError> {
        for _ in 0..REFINEMENTS {
            let known = residuals(cost, sizes);
            let is_whole = |octets: Bytes| octets.get().is_multiple_of(BLOCK);
            let between: Vec<u64> = [true, false]
                .into_iter()
                .flat_map(|class| {
                    let alike: Vec<(Bytes, f64)> =
                        known.iter().copied().filter(|(octets, _)| is_whole(*octets) == class).collect();
                    let jumps = |pair: &&[(Bytes, f64)]| {
                        (pair[1].1 - pair[0].1).abs() > JUMP * cost.cycles(pair[0].0).0
                            && (pair[1].0 - pair[0].0).get() > BLOCK
                    };
                    // In the middle, of the same kind.
                    let middle = |pair: &[(Bytes, f64)]| {
                        let middle = (pair[0].0 + pair[1].0).get() / 2 / BLOCK * BLOCK;
                        if class { middle } else { middle + BLOCK / 2 + 1 }
                    };
                    alike.windows(2).filter(jumps).map(middle).collect::<Vec<_>>()
                })
                .map(|octets| whole(self.algorithm, octets))
                .filter(|octets| sizes.iter().all(|size| size.octets != *octets))
                .collect::<std::collections::BTreeSet<u64>>()
                .into_iter()
                .collect();
            if between.is_empty() {
                break;
            }
            sizes.extend(self.warm(plan, &between)?);
            sizes.sort_by_key(|size| size.octets);
        }
        Ok(())
    }

    fn cold(&self, plan: &Plan, pool: &mut Pool, warm: &[Size]) -> Result<Vec<ColdRow>, CalibrateError> {
        let refused = Cell::new(false);
        let mut rows = Vec::new();
        for &octets in plan.cold_sizes {
            let octets = whole(self.algorithm, octets);
            let Some(warm) = warm.iter().find(|size| size.octets == octets) else { continue };
            let seconds = pool.measure(self.context, self.direction, icv_length(self.algorithm), octets, &refused);
            let cycles: Vec<f64> = seconds.iter().map(|seconds| seconds * self.frequency.get() as f64).collect();
            rows.push(ColdRow {
                algorithm: self.algorithm,
                backend: self.backend,
                direction: self.direction,
                octets,
                added: added(&cycles, &warm.cycles, octets),
            });
        }
        self.all_opened(&refused)?;
        Ok(rows)
    }

    fn all_opened(&self, refused: &Cell<bool>) -> Result<(), CalibrateError> {
        if refused.get() {
            return Err(CalibrateError::Refused { backend: self.backend, algorithm: self.algorithm.name() });
        }
        Ok(())
    }
}

/// Residuals of two sizes that differ by more than this share of the cost are looked into.
const JUMP: f64 = 0.04;
/// Halvings: from the widest gap of 3000 octets to one of a block takes eight, from the usual 60 two.
const REFINEMENTS: usize = 6;
/// Octets of a block.
const BLOCK: u64 = 16;

/// What each size took beyond the cost's coefficients, in cycles.
fn residuals(cost: &AeadCost, sizes: &[Size]) -> Vec<(Bytes, f64)> {
    let plain = AeadCost { residuals: Vec::new(), ..cost.clone() };
    let residual = |size: &Size| {
        let octets = Bytes::new(size.octets);
        (octets, ((median(&size.cycles) - plain.cycles(octets).0) * 10.0).round() / 10.0)
    };
    sizes.iter().map(residual).collect()
}

/// Cycles of each size with packets in cache: in place, another IV each time, the key schedule done. What the interface takes
/// is measured in the same round and subtracted.
fn warm_cycles(series: &Series<'_>, sizes: &[u64], rounds: usize, batch: f64) -> Result<Vec<Size>, CalibrateError> {
    let &Series { algorithm, direction, context, frequency, .. } = series;
    let refused = Cell::new(false);
    let mut sizes: Vec<u64> = sizes.iter().map(|&octets| whole(algorithm, octets)).collect();
    // Sizes that CBC pads to the same one.
    sizes.dedup();
    let sampled = |context, algorithm, octets| {
        Sampled::with_batch(Packets::warm(context, algorithm, direction, octets, &refused), batch)
    };
    let mut works: Vec<(u64, Sampled<'_>, Option<Sampled<'_>>)> = sizes
        .into_iter()
        .map(|octets| {
            let interface = context.interface().map(|nothing| sampled(nothing, Algorithm::Null, octets));
            (octets, sampled(context, algorithm, octets), interface)
        })
        .collect();
    for _ in 0..rounds {
        for (_, work, interface) in &mut works {
            work.measure();
            interface.iter_mut().for_each(Sampled::measure);
        }
    }
    series.all_opened(&refused)?;
    let cycles = |(octets, work, interface): (u64, Sampled<'_>, Option<Sampled<'_>>)| {
        let nothing = |round: usize| interface.as_ref().map_or(0.0, |interface| interface.seconds()[round]);
        let rounds = work.seconds().iter().enumerate();
        let cycles = rounds.map(|(round, seconds)| (seconds - nothing(round)) * frequency.get() as f64).collect();
        Size { octets, cycles }
    };
    Ok(works.into_iter().map(cycles).collect())
}

/// Measures sizes that a calibration has not seen, with one of its backends: median cycles by size.
pub(crate) fn unseen(cost: &AeadCost, sizes: &[u64], frequency: Hertz) -> Result<Vec<(u64, f64)>, CalibrateError> {
    let Some(backend) = BACKENDS.iter().find(|backend| backend.name == cost.backend) else { return Ok(Vec::new()) };
    let (algorithm, direction, plan) = (cost.algorithm, cost.direction, Plan::full());
    // As the calibration: several contexts, each elsewhere in memory.
    let mut contexts = Vec::new();
    let mut passes = Vec::new();
    for _ in 0..plan.passes {
        let Ok(context) = backend.context(algorithm) else { return Ok(Vec::new()) };
        let changes = &RefCell::default();
        let series = Series { algorithm, backend: backend.name, direction, context: &*context, frequency, changes };
        passes.push(warm_cycles(&series, sizes, plan.rounds, plan.batch_seconds)?);
        contexts.push(context);
    }
    let measured = pooled(&passes);
    Ok(measured.into_iter().map(|size| (size.octets, median(&size.cycles))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::{IV, KERNEL, TAG};
    use crate::clock::dependent_additions;

    /// A cipher behind an interface that takes much longer: so many additions a call and an octet.
    struct Behind {
        interface: Option<Box<Behind>>,
        per_call: u64,
        per_octet: u64,
    }

    impl Context for Behind {
        fn seal(&self, _: &[u8; IV], _: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
            dependent_additions(self.per_call + self.per_octet * in_out.len() as u64);
            [0; TAG]
        }

        fn open(&self, _: &[u8; IV], _: &[u8], _: &mut [u8]) -> bool {
            true
        }

        fn interface(&self) -> Option<&dyn Context> {
            self.interface.as_ref().map(|interface| &**interface as &dyn Context)
        }
    }

    fn series<'a>(context: &'a Behind, changes: &'a RefCell<Vec<f64>>) -> Series<'a> {
        let frequency = crate::clock::core_frequency().unwrap();
        let (algorithm, direction) = (Algorithm::Aes128Gcm, Direction::Seal);
        Series { algorithm, backend: KERNEL, direction, context, frequency, changes }
    }

    #[test]
    fn what_the_interface_takes_is_not_the_ciphers() {
        let nothing = Behind { interface: None, per_call: 20_000, per_octet: 0 };
        let cipher = Behind { interface: Some(Box::new(nothing)), per_call: 21_280, per_octet: 4 };
        let sizes = warm_cycles(&series(&cipher, &RefCell::default()), &[64, 1024], 9, 25e-6).unwrap();
        for (size, cycles) in sizes.iter().zip([1280.0 + 256.0, 1280.0 + 4096.0]) {
            let measured = median(&size.cycles);
            assert!((measured / cycles - 1.0).abs() < 0.3, "{} B: {measured}, not {cycles}", size.octets);
        }
    }

    #[test]
    fn a_cipher_that_vanishes_in_its_interface_was_not_measured() {
        let nothing = Behind { interface: None, per_call: 20_000, per_octet: 0 };
        let cipher = Behind { interface: Some(Box::new(nothing)), per_call: 10_000, per_octet: 0 };
        let changes = RefCell::default();
        let series = series(&cipher, &changes);
        let size = |cycles: f64| Size { octets: 64, cycles: vec![cycles; 5] };
        assert!(series.is_lost(&size(-3.0)) && !series.is_lost(&size(3.0)));
        let sizes = warm_cycles(&series, &[64, 1024], 5, 25e-6).unwrap();
        assert!(sizes.iter().all(|size| series.is_lost(size)), "{sizes:?}");
    }
}
