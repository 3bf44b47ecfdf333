//! Parameters from measurements: weighted least squares on logarithms (Levenberg, 1944; Marquardt, 1963).
//!
//! Parameters are positive and vary by factors, and so do rates: residuals and steps are of logarithms. The model is a
//! simulation, whose derivatives are differences.

use std::fmt;

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Step of a difference, as a logarithm: far above the noise of a simulation, below what bends the curve.
const STEP: f64 = 0.03;
/// The most rounds; it takes five where rows say something of every parameter.
const ROUNDS: usize = 40;
/// A step below which nothing changes any more, as a logarithm.
const LEAST_STEP: f64 = 1e-5;
/// How far a parameter may go from where it began, as a factor.
const FARTHEST: f64 = 1000.0;
/// Share of the largest sensitivity below which rows say nothing of a parameter.
const LEAST_SENSITIVITY: f64 = 1e-3;

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The value, above zero.
    pub value: f64,
    /// Half of its 95 % interval, relative to it.
    pub error: f64,
}

/// A parameter with its 95 % interval, as factors of where it began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// The factor.
    pub factor: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Why there is no fit.
#[derive(Debug, PartialEq)]
pub enum NoFit<E> {
    /// Rows say nothing of a parameter, by its number.
    Unseen(usize),
    /// Rows do not tell parameters from each other.
    Alike,
    /// A parameter went farther than a factor of a thousand.
    Lost(usize),
    /// What was measured is outside its own error whatever the parameters, by its number.
    Unmet(usize),
    /// The model failed.
    Model(E),
}

impl<E: fmt::Display> NoFit<E> {
    /// What is wrong, in words.
    pub fn explain(&self, names: &[String], rows: &[&str]) -> String {
        match self {
            NoFit::Unseen(i) => format!("no row depends on {}", names[*i]),
            NoFit::Alike => format!("the rows do not tell {} from each other", names.join(", ")),
            NoFit::Lost(i) => format!("no value of {} gives what was measured", names[*i]),
            NoFit::Unmet(i) => format!("no values give what row `{}` says", rows[*i]),
            NoFit::Model(error) => error.to_string(),
        }
    }
}

/// Finds factors of `n` parameters for which `model` gives what was `measured`; of fewer rows than parameters it finds none.
/// With as many, intervals are those of the rows; with more, the larger of those and of what the fit leaves.
///
/// # Errors
/// [`NoFit`] where rows do not say enough, or the model fails.
pub fn solve<E>(
    n: usize,
    measured: &[Measured],
    mut model: impl FnMut(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<Vec<Fitted>, NoFit<E>> {
    if measured.len() < n {
        return Err(NoFit::Alike);
    }
    let mut residuals = |logs: &[f64]| -> Result<Vec<f64>, NoFit<E>> {
        let factors: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        let given = model(&factors).map_err(NoFit::Model)?;
        // A 95 % interval is 1.96 standard deviations to each side.
        let of = |(m, given): (&Measured, f64)| (m.value / given.max(f64::MIN_POSITIVE)).ln() * 1.96 / m.error;
        Ok(measured.iter().zip(given).map(of).collect())
    };
    let mut logs = vec![0.0; n];
    let mut now = residuals(&logs)?;
    let mut damping = 1e-3;
    let mut jacobian = derivatives(&logs, &now, &mut residuals)?;
    for _ in 0..ROUNDS {
        let (normal, gradient) = normal_equations(&jacobian, &now);
        let damped: Vec<Vec<f64>> =
            (0..n).map(|i| (0..n).map(|j| normal[i][j] * if i == j { 1.0 + damping } else { 1.0 }).collect()).collect();
        let step = inverse(&damped).ok_or(NoFit::Alike)?;
        let step: Vec<f64> = step.iter().map(|row| row.iter().zip(&gradient).map(|(a, b)| a * b).sum()).collect();
        // No further at once than a factor of ten.
        let tried: Vec<f64> = logs.iter().zip(&step).map(|(log, step)| log + step.clamp(-2.3, 2.3)).collect();
        if let Some(lost) = tried.iter().position(|log| log.abs() > FARTHEST.ln()) {
            return Err(NoFit::Lost(lost));
        }
        let then = residuals(&tried)?;
        let largest = step.iter().fold(0.0f64, |most, step| most.max(step.abs()));
        if squares(&then) <= squares(&now) {
            (logs, now, damping) = (tried, then, damping * 0.1);
            if largest < LEAST_STEP {
                break;
            }
            jacobian = derivatives(&logs, &now, &mut residuals)?;
        } else {
            damping = (damping * 10.0).max(1e-6);
            if largest < LEAST_STEP || damping > 1e9 {
                break;
            }
        }
    }
    // As many rows as parameters are met, or they are not of this machine.
    if let Some(unmet) = now.iter().position(|r| measured.len() == n && r.abs() > 1.96) {
        return Err(NoFit::Unmet(unmet));
    }
    let (normal, _) = normal_equations(&jacobian, &now);
    let covariance = inverse(&normal).ok_or(NoFit::Alike)?;
    let free = (measured.len() - n) as f64;
    // Rows that lie farther from the fit than their own errors say know those errors too well.
    let left = if free > 0.0 { squares(&now) / free } else { 0.0 };
    let (spread, t) = match StudentsT::new(0.0, 1.0, free) {
        Ok(student) if left > 1.0 => (left, student.inverse_cdf(0.975)),
        _ => (1.0, 1.96),
    };
    let fitted = logs.iter().enumerate().map(|(i, log)| {
        let half = t * (covariance[i][i] * spread).sqrt();
        Fitted { factor: log.exp(), low: (log - half).exp(), high: (log + half).exp() }
    });
    Ok(fitted.collect())
}

fn squares(residuals: &[f64]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

/// How each residual falls as each parameter grows.
fn derivatives<E>(
    logs: &[f64],
    now: &[f64],
    residuals: &mut impl FnMut(&[f64]) -> Result<Vec<f64>, NoFit<E>>,
) -> Result<Vec<Vec<f64>>, NoFit<E>> {
    let columns = (0..logs.len()).map(|i| {
        let mut moved = logs.to_vec();
        moved[i] += STEP;
        Ok(residuals(&moved)?.iter().zip(now).map(|(then, now)| (now - then) / STEP).collect())
    });
    let columns: Vec<Vec<f64>> = columns.collect::<Result<_, NoFit<E>>>()?;
    let size = |column: &Vec<f64>| squares(column).sqrt();
    let largest = columns.iter().map(size).fold(0.0, f64::max);
    match columns.iter().position(|column| size(column) <= LEAST_SENSITIVITY * largest) {
        Some(unseen) => Err(NoFit::Unseen(unseen)),
        None => Ok((0..now.len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect()),
    }
}

fn normal_equations(jacobian: &[Vec<f64>], residuals: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = jacobian.first().map_or(0, Vec::len);
    let product = |i: usize, j: usize| jacobian.iter().map(|row| row[i] * row[j]).sum();
    let normal = (0..n).map(|i| (0..n).map(|j| product(i, j)).collect()).collect();
    let gradient = (0..n).map(|i| jacobian.iter().zip(residuals).map(|(row, r)| row[i] * r).sum()).collect();
    (normal, gradient)
}

/// By Gauss and Jordan with pivots; `None` where rows depend on each other.
fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let unit = |i: usize| (0..n).map(move |j| if i == j { 1.0 } else { 0.0 });
    let mut rows: Vec<Vec<f64>> = (0..n).map(|i| matrix[i].iter().copied().chain(unit(i)).collect()).collect();
    let scale = matrix.iter().flatten().fold(0.0f64, |most, x| most.max(x.abs()));
    for i in 0..n {
        let pivot = (i..n).max_by(|&a, &b| rows[a][i].abs().total_cmp(&rows[b][i].abs()))?;
        rows.swap(i, pivot);
        let by = rows[i][i];
        if by.abs() <= 1e-12 * scale {
            return None;
        }
        rows[i].iter_mut().for_each(|x| *x /= by);
        let row = rows[i].clone();
        for (_, other) in rows.iter_mut().enumerate().filter(|(k, _)| *k != i) {
            let by = other[i];
            other.iter_mut().zip(&row).for_each(|(x, pivot)| *x -= by * pivot);
        }
    }
    Some(rows.into_iter().map(|row| row[n..].to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(values: &[f64]) -> Vec<Measured> {
        values.iter().map(|&value| Measured { value, error: 0.05 }).collect()
    }

    /// Rates of stations in series: as in a data path, what is slowest decides.
    fn rates(factors: &[f64]) -> Result<Vec<f64>, String> {
        let [a, b] = [1.0 * factors[0], 2.0 * factors[1]];
        Ok(vec![1.0 / a, 1.0 / (a + b), 1.0 / (a + 3.0 * b)])
    }

    #[test]
    fn what_made_the_rows_is_found_with_their_doubt() {
        let truth = rates(&[3.0, 0.25]).unwrap();
        let exact = solve(2, &measured(&truth[..2]), rates).unwrap();
        assert!((exact[0].factor - 3.0).abs() < 1e-3 && (exact[1].factor - 0.25).abs() < 1e-3, "{exact:?}");
        // The first row alone says the first parameter: its own 5 %.
        assert!((exact[0].high / exact[0].factor - 1.0513).abs() < 2e-3, "{exact:?}");
        // The second is a small difference, and less sure.
        assert!(exact[1].high / exact[1].factor > 1.2);
        let more = solve(2, &measured(&truth), rates).unwrap();
        assert!(more[1].high < exact[1].high && (more[1].factor - 0.25).abs() < 1e-3);
    }

    #[test]
    fn rows_that_say_too_little_are_named() {
        let blind = |factors: &[f64]| Ok::<_, String>(vec![factors[0], factors[0]]);
        assert_eq!(solve(2, &measured(&[1.0, 2.0]), blind), Err(NoFit::Unseen(1)));
        let product = |f: &[f64]| Ok::<_, String>(vec![f[0] * f[1], 2.0 * f[0] * f[1]]);
        assert_eq!(solve(2, &measured(&[1.0, 2.0]), product), Err(NoFit::Alike));
        assert_eq!(solve(2, &measured(&[1.0]), product), Err(NoFit::Alike));
        // What grows to 4 and no further, and what grows too slowly.
        let bounded = |f: &[f64]| Ok::<_, String>(vec![1.0 + f[0].min(3.0)]);
        assert_eq!(solve(1, &measured(&[9.0]), bounded), Err(NoFit::Unseen(0)));
        let near = |f: &[f64]| Ok::<_, String>(vec![4.0 - (f[0].ln() - 1.0).powi(2)]);
        assert_eq!(solve(1, &measured(&[5.0]), near), Err(NoFit::Unmet(0)));
        let slow = |f: &[f64]| Ok::<_, String>(vec![f[0].powf(0.1)]);
        assert_eq!(solve(1, &measured(&[9.0]), slow), Err(NoFit::Lost(0)));
        let fails = |_: &[f64]| Err::<Vec<f64>, _>("no".to_owned());
        assert_eq!(solve(1, &measured(&[1.0]), fails), Err(NoFit::Model("no".to_owned())));
    }
}
