//! What to measure next: which value of the profile, were it known, would tell most.

use super::doubt::Doubt;

/// A value of the profile, and what it would tell to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// The value's key.
    pub key: String,
    /// The share of the doubt about the number of cores that would be its, if values had nothing to do with each other: the
    /// square of what it moves them by, from one end of its range to the other.
    pub of_doubt: f64,
    /// By how much the choice of a design would be right more often.
    pub of_choice: f64,
}

/// Draws that stand together for a value that is known, when a choice is judged.
const GROUPS: usize = 8;

/// A value of the profile that moves the cores of a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its key.
    pub key: String,
    /// What it is in each draw.
    pub drawn: Vec<f64>,
    /// By how much, of one, it moves the cores of the design in question.
    pub swing: f64,
}

/// What it would tell to know each value, the one that tells most first. `all` are the designs that there are to choose from.
pub fn worth(values: &[Value], all: &[&Doubt]) -> Vec<Worth> {
    let draws = all.first().map_or(0, |first| first.cores.len());
    let fewest = |draw: usize| {
        let least = |a: &usize, b: &usize| all[*a].cores[draw].total_cmp(&all[*b].cores[draw]);
        (0..all.len()).min_by(least).unwrap_or(0)
    };
    let choices: Vec<usize> = (0..draws).map(fewest).collect();
    let by_chance = (0..GROUPS).map(|first| right(&choices, &rotated(draws, first))).sum::<f64>() / GROUPS as f64;
    let squares: f64 = values.iter().map(|value| value.swing.powi(2)).sum();
    let of = |value: &Value| Worth {
        key: value.key.clone(),
        of_doubt: value.swing.powi(2) / squares.max(f64::MIN_POSITIVE),
        of_choice: (right(&choices, &order(&value.drawn)) - by_chance).max(0.0),
    };
    let mut worth: Vec<Worth> = values.iter().map(of).collect();
    let by = |a: &Worth, b: &Worth| match a.of_choice.max(b.of_choice) >= LITTLE {
        true => b.of_choice.total_cmp(&a.of_choice).then_with(|| b.of_doubt.total_cmp(&a.of_doubt)),
        false => b.of_doubt.total_cmp(&a.of_doubt),
    };
    worth.sort_by(|a, b| by(a, b).then_with(|| a.key.cmp(&b.key)));
    worth
}

/// What a choice is right more often by that is no more than chance of a few hundred draws.
const LITTLE: f64 = 0.02;

/// How often the best choice of each group of draws is right.
fn right(choices: &[usize], order: &[usize]) -> f64 {
    let size = choices.len().div_ceil(GROUPS).max(1);
    let most = order.chunks(size).map(|group| {
        let mut counts = vec![0u32; choices.iter().max().map_or(1, |most| most + 1)];
        group.iter().for_each(|draw| counts[choices[*draw]] += 1);
        counts.into_iter().max().unwrap_or(0)
    });
    f64::from(most.sum::<u32>()) / choices.len().max(1) as f64
}

/// The order in which they were drawn, which has nothing to do with their values, from another one on.
fn rotated(n: usize, first: usize) -> Vec<usize> {
    (0..n).map(|i| (i + first) % n.max(1)).collect()
}

/// Draws by their value.
fn order(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a sum of two, the one that varies most tells most; of a choice, the one that decides it.
    #[test]
    fn what_would_tell_most_comes_first() {
        let n = 200;
        let noise = |seed: u64| -> Vec<f64> {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f64 / (1u64 << 24) as f64
            };
            (0..n).map(|_| next()).collect()
        };
        let [a, b, idle] = [1, 2, 3].map(noise);
        let of = |f: &dyn Fn(usize) -> f64| Doubt { cores: (0..n).map(f).collect(), devices: vec![[1, 0]; n] };
        let value = |key: &str, drawn: &[f64], swing| Value { key: key.to_owned(), drawn: drawn.to_vec(), swing };
        let values = [value("a", &a, 0.3), value("b", &b, 0.1), value("idle", &idle, 0.0)];
        let sum = of(&|i| 10.0 + 4.0 * a[i] + b[i]);
        let clear = of(&|i| 30.0 + a[i]);
        let told = worth(&values, &[&sum, &clear]);
        assert_eq!(told[0].key, "a");
        assert!(told[0].of_doubt > 0.8 && told.iter().all(|worth| worth.of_choice < LITTLE), "{told:?}");
        // A design that is better where b is small, whatever a.
        let rival = of(&|i| 10.0 + 4.0 * a[i] + 0.5);
        let told = worth(&values, &[&sum, &rival]);
        assert_eq!(told[0].key, "b");
        assert!(told[0].of_choice > 0.3, "{told:?}");
    }
}
