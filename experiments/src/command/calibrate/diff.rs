//! Two profiles side by side: which values differ by more than their intervals allow.

use std::fmt::Write;

use espsim_model::profile::{AeadCost, Estimate, Profile};
use espsim_report::profile::{estimate, single_values};
use espsim_report::text_table;

/// A value of both profiles.
struct Pair {
    name: String,
    first: Estimate,
    second: Estimate,
}

impl Pair {
    /// Whether the intervals meet; `None` where one has none and the values differ.
    fn agrees(&self) -> Option<bool> {
        let ends = |e: &Estimate| Some((e.low?, e.high?));
        match (ends(&self.first), ends(&self.second)) {
            (Some(a), Some(b)) => Some(a.0 <= b.1 && b.0 <= a.1),
            _ if self.first.value == self.second.value => Some(true),
            _ => None,
        }
    }

    fn has_intervals(&self) -> bool {
        [&self.first, &self.second].iter().all(|e| e.low.is_some() && e.high.is_some())
    }
}

fn pairs(first: &Profile, second: &Profile) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let key = |cost: &AeadCost| (cost.algorithm, cost.direction, cost.backend.clone());
    for a in &first.aead {
        let Some(b) = second.aead.iter().find(|b| key(b) == key(a)) else { continue };
        for (coefficient, first, second) in [("per operation", a.curve.per_operation, b.curve.per_operation)] {
            let name = format!("{} {} {} {coefficient}", a.algorithm.name(), a.direction.name(), a.backend);
            // Coefficients of different strides are of different models.
            if a.curve.stride == b.curve.stride {
                pairs.push(Pair { name, first, second });
            }
        }
    }
    let interval = |profile: &Profile, key: &str, value: f64| {
        profile.intervals.get(key).copied().unwrap_or_else(|| Estimate::exact(value))
    };
    for (a, b) in single_values(first).into_iter().zip(single_values(second)) {
        pairs.push(Pair { name: a.0.clone(), first: interval(first, &a.0, a.1), second: interval(second, &b.0, b.1) });
    }
    pairs
}

/// A row for each value that differs, and how many with intervals agree.
pub fn table(names: [&String; 2], first: &Profile, second: &Profile) -> String {
    let header = ["Value", names[0].as_str(), names[1].as_str(), "Difference", "Intervals"];
    let mut table = text_table::table(header, &[1, 2, 3]);
    let pairs = pairs(first, second);
    for pair in pairs.iter().filter(|pair| pair.first.value != pair.second.value) {
        let difference = 100.0 * (pair.second.value / pair.first.value - 1.0);
        table.add_row([
            pair.name.clone(),
            estimate(&pair.first, 3),
            estimate(&pair.second, 3),
            if difference.is_finite() { format!("{difference:+.1} %") } else { String::new() },
            match pair.agrees() {
                Some(true) => "meet",
                Some(false) => "apart",
                None => "none",
            }
            .to_owned(),
        ]);
    }
    let mut text = String::new();
    if first.host.model != second.host.model {
        let _ = writeln!(text, "different hosts: {} and {}", first.host.model, second.host.model);
    }
    let _ = writeln!(text, "{table}");
    let with: Vec<&Pair> = pairs.iter().filter(|pair| pair.has_intervals()).collect();
    let agree = with.iter().filter(|pair| pair.agrees() == Some(true)).count();
    let share = if with.is_empty() { String::new() } else { format!(" ({} %)", 100 * agree / with.len()) };
    let _ = writeln!(text, "{agree} of {} values with intervals agree{share}", with.len());
    for (name, profile) in names.iter().zip([first, second]) {
        if let Some(record) = &profile.calibration {
            let _ = writeln!(text, "{name}: {}", record.verdict);
        }
    }
    text
}
