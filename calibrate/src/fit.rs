//! Fits the AEAD cost model of [`espsim_model::profile::AeadCost`] to measured cycles by size.

use espsim_model::profile::Estimate;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::sample::median;

/// Coefficients: fixed, per byte, per tail block, partial block.
pub const COEFFICIENTS: usize = 4;
/// Strides that are tried, in octets: 2 to 128 blocks at a time. AES-NI code takes 6 or 8 blocks, AWS-LC's AVX-512 code
/// 48 (`aesni-gcm-avx512.pl`), twice in a round when it has enough; ChaCha20 has blocks of 64 octets, 4 to 16 at a
/// time.
const STRIDES: [u64; 15] = [32, 64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024, 1280, 1536, 2048];
/// Huber's constant: 95 % efficiency for normal errors (Huber, "Robust statistics", 1981).
const HUBER: f64 = 1.345;
/// Least standard deviation, relative, that residuals are weighted with. What the form misses of a real curve is of
/// this size: those sizes count in full, and only beyond it is a size taken for disturbed.
const LEAST_SCALE: f64 = 0.05;
const REWEIGHTINGS: usize = 10;
/// Resampled fits behind the intervals.
const RESAMPLES: usize = 200;

/// Observations of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Plaintext octets.
    pub octets: u64,
    /// Cycles per operation, one value a batch.
    pub cycles: Vec<f64>,
}

/// A fitted cost model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Octets that the bulk loop takes at a time.
    pub stride: u64,
    /// Fixed, per byte, per tail block, partial block, in cycles. The 95 % intervals are those of the bootstrap over
    /// batches: they tell noise, not what the model's form misses.
    pub coefficients: [Estimate; COEFFICIENTS],
    /// The largest residual over the sizes, relative to the measured value: what the form misses.
    pub worst_residual: f64,
    /// The size with that residual, in octets.
    pub worst_at: u64,
}

fn columns(octets: u64, stride: u64) -> [f64; COEFFICIENTS] {
    let partial = f64::from(u8::from(!octets.is_multiple_of(16)));
    [1.0, octets as f64, (octets % stride).div_ceil(16) as f64, partial]
}

fn predict(coefficients: &[f64; COEFFICIENTS], octets: u64, stride: u64) -> f64 {
    columns(octets, stride).iter().zip(coefficients).map(|(x, c)| x * c).sum()
}

/// Fits the model by least squares on relative errors with Huber weights, at the stride that leaves the smallest sum of
/// squares. `None` from fewer sizes than coefficients.
pub fn fit(sizes: &[Size]) -> Option<Fit> {
    if sizes.len() < COEFFICIENTS {
        return None;
    }
    let medians: Vec<(u64, f64)> = sizes.iter().map(|size| (size.octets, median(&size.cycles))).collect();
    let (stride, centre) = STRIDES.iter().map(|&stride| (stride, robust(&medians, stride))).min_by(|a, b| {
        // A cost that falls with size, which few and noisy sizes can give, is the last resort.
        let rank = |(stride, c): &(u64, [f64; COEFFICIENTS])| (c[1] < 0.0, squares(&medians, c, *stride));
        let ((a_falls, a), (b_falls, b)) = (rank(a), rank(b));
        a_falls.cmp(&b_falls).then(a.total_cmp(&b))
    })?;

    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut resampled: [Vec<f64>; COEFFICIENTS] = Default::default();
    for _ in 0..RESAMPLES {
        let drawn: Vec<(u64, f64)> =
            sizes.iter().map(|size| (size.octets, median(&resample(&size.cycles, &mut generator)))).collect();
        for (all, coefficient) in resampled.iter_mut().zip(robust(&drawn, stride)) {
            all.push(coefficient);
        }
    }
    let n = sizes.iter().map(|size| size.cycles.len()).sum::<usize>() as u32;
    let mut coefficients = [Estimate::exact(0.0); COEFFICIENTS];
    for ((estimate, value), mut all) in coefficients.iter_mut().zip(centre).zip(resampled) {
        all.sort_by(f64::total_cmp);
        let quantile = |q: f64| all[((all.len() - 1) as f64 * q).round() as usize];
        *estimate = Estimate {
            value,
            low: Some(quantile(0.025).min(value)),
            high: Some(quantile(0.975).max(value)),
            n: Some(n),
        };
    }
    let residual = |&(octets, y): &(u64, f64)| ((predict(&centre, octets, stride) / y - 1.0).abs(), octets);
    let (worst_residual, worst_at) = medians.iter().map(residual).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Fit { stride, coefficients, worst_residual, worst_at })
}

/// Fits several passes over the same sizes as one, with intervals that hold both the noise within passes and what changes
/// from one pass to the next: the wider of the bootstrap's and Student's over the passes' own coefficients.
pub fn fit_passes(passes: &[Vec<Size>]) -> Option<Fit> {
    let mut fit = fit(&pooled(passes))?;
    let each: Vec<[f64; COEFFICIENTS]> = passes
        .iter()
        .map(|sizes| {
            let medians: Vec<(u64, f64)> = sizes.iter().map(|size| (size.octets, median(&size.cycles))).collect();
            robust(&medians, fit.stride)
        })
        .collect();
    let n = each.len() as f64;
    if each.len() < 2 {
        return Some(fit);
    }
    let quantile = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.975);
    for (i, estimate) in fit.coefficients.iter_mut().enumerate() {
        let mean = each.iter().map(|c| c[i]).sum::<f64>() / n;
        let variance = each.iter().map(|c| (c[i] - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half_width = quantile * (variance / n).sqrt();
        estimate.low = estimate.low.map(|low| low.min(estimate.value - half_width));
        estimate.high = estimate.high.map(|high| high.max(estimate.value + half_width));
    }
    Some(fit)
}

/// The sizes of all passes, each with the batches of all.
pub(crate) fn pooled(passes: &[Vec<Size>]) -> Vec<Size> {
    let mut pooled: Vec<Size> = passes.first().cloned().unwrap_or_default();
    for size in &mut pooled {
        let others = passes.iter().skip(1).flatten().filter(|other| other.octets == size.octets);
        size.cycles.extend(others.flat_map(|other| &other.cycles));
    }
    pooled
}

pub(crate) fn resample(values: &[f64], generator: &mut ChaCha8Rng) -> Vec<f64> {
    let draw = |_| values[((u64::from(generator.next_u32()) * values.len() as u64) >> 32) as usize];
    (0..values.len()).map(draw).collect()
}

fn squares(points: &[(u64, f64)], coefficients: &[f64; COEFFICIENTS], stride: u64) -> f64 {
    points.iter().map(|&(octets, y)| (predict(coefficients, octets, stride) / y - 1.0).powi(2)).sum()
}

/// Iteratively reweighted least squares on relative errors.
fn robust(points: &[(u64, f64)], stride: u64) -> [f64; COEFFICIENTS] {
    let mut weights = vec![1.0; points.len()];
    let mut coefficients = [0.0; COEFFICIENTS];
    for _ in 0..REWEIGHTINGS {
        coefficients = least_squares(points, &weights, stride);
        let residuals: Vec<f64> =
            points.iter().map(|&(octets, y)| (predict(&coefficients, octets, stride) / y - 1.0).abs()).collect();
        // 0.6745: the median absolute deviation of a standard normal.
        let scale = (median(&residuals) / 0.6745).max(LEAST_SCALE);
        for (weight, residual) in weights.iter_mut().zip(&residuals) {
            *weight = (HUBER * scale / residual).min(1.0);
        }
    }
    coefficients
}

/// Normal equations by Gaussian elimination. A column that the others explain is dropped: its coefficient is 0.
fn least_squares(points: &[(u64, f64)], weights: &[f64], stride: u64) -> [f64; COEFFICIENTS] {
    let mut matrix = [[0.0; COEFFICIENTS + 1]; COEFFICIENTS];
    for (&(octets, y), weight) in points.iter().zip(weights) {
        let x = columns(octets, stride).map(|x| x / y);
        for i in 0..COEFFICIENTS {
            for j in 0..COEFFICIENTS {
                matrix[i][j] += weight * x[i] * x[j];
            }
            matrix[i][COEFFICIENTS] += weight * x[i];
        }
    }
    let scale: [f64; COEFFICIENTS] = std::array::from_fn(|i| matrix[i][i]);
    for i in 0..COEFFICIENTS {
        // What is left of the column after those before it; in the order fixed, per byte, tail, partial.
        let kept = matrix[i][i] > 1e-9 * scale[i];
        let pivot = matrix[i];
        for (j, row) in matrix.iter_mut().enumerate() {
            if !kept {
                row[i] = 0.0;
            } else if j != i {
                let factor = row[i] / pivot[i];
                row.iter_mut().zip(&pivot).for_each(|(to, from)| *to -= factor * from);
            }
        }
        if !kept {
            matrix[i] = [0.0; COEFFICIENTS + 1];
            matrix[i][i] = 1.0;
        }
    }
    std::array::from_fn(|i| matrix[i][COEFFICIENTS] / matrix[i][i])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUE: [f64; COEFFICIENTS] = [250.0, 0.6, 5.0, 30.0];

    fn synthetic(stride: u64, noise: f64) -> Vec<Size> {
        let mut generator = ChaCha8Rng::seed_from_u64(7);
        [16u64, 40, 64, 90, 128, 170, 256, 300, 429, 512, 640, 777, 1000, 1280, 1440, 2048, 3000, 8192, 9000]
            .iter()
            .map(|&octets| {
                let exact = predict(&TRUE, octets, stride);
                let mut draw = || f64::from(generator.next_u32()) / f64::from(u32::MAX) - 0.5;
                Size { octets, cycles: (0..60).map(|_| exact * (1.0 + noise * draw())).collect() }
            })
            .collect()
    }

    #[test]
    fn coefficients_and_stride_are_recovered() {
        let fit = fit(&synthetic(256, 0.02)).unwrap();
        assert_eq!(fit.stride, 256);
        for (estimate, truth) in fit.coefficients.iter().zip(TRUE) {
            let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
            // The bootstrap's interval, twice as wide: one fixed sample need not lie within 95 %.
            let slack = (high - low) / 2.0;
            assert!(low - slack <= truth && truth <= high + slack, "{truth} not near {low}..{high}");
        }
        // Sizes that the fit has not seen.
        for octets in [57u64, 333, 1378, 5000] {
            let coefficients = fit.coefficients.map(|c| c.value);
            assert!((predict(&coefficients, octets, 256) / predict(&TRUE, octets, 256) - 1.0).abs() < 0.02);
        }
    }

    #[test]
    fn one_wild_size_does_not_bend_the_fit() {
        let mut sizes = synthetic(256, 0.01);
        sizes[10].cycles.iter_mut().for_each(|cycles| *cycles *= 3.0);
        let fit = fit(&sizes).unwrap();
        assert!((fit.coefficients[1].value / TRUE[1] - 1.0).abs() < 0.02);
        assert!(fit.worst_residual > 0.5);
        assert_eq!(fit.worst_at, sizes[10].octets);
    }

    #[test]
    fn columns_that_cannot_be_told_apart_are_dropped() {
        // Whole strides only, of every stride that is tried: no tail, no partial block.
        let sizes: Vec<Size> = [30720u64, 61440, 92160, 122_880]
            .map(|octets| Size { octets, cycles: vec![100.0 + 0.5 * octets as f64] })
            .to_vec();
        let fit = fit(&sizes).unwrap();
        assert_eq!(fit.coefficients[2].value, 0.0);
        assert_eq!(fit.coefficients[3].value, 0.0);
        assert!((fit.coefficients[1].value - 0.5).abs() < 1e-9);
        assert!(super::fit(&sizes[..3]).is_none());
    }
}
