//! Numbers that two folders have both, and what moved.

use std::cmp::Ordering;
use std::fmt::Write;
use std::path::Path;

use comfy_table::ContentArrangement;
use espsim_report::text_table::table;
use espsim_sweep::points::outcome::Summary;
use espsim_sweep::store::points_csv::{format_number, four_digits};

use super::results::{Key, Results};

/// Columns of a terminal.
const WIDTH: u16 = 100;
/// Relative to a value, what less than this is due to the rounding of what was written.
const ROUNDING: f64 = 1e-8;

/// Whether a difference is chance of simulations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// It is more than both intervals together leave to chance.
    Beyond,
    /// One of the two has no interval: of a closed form, a quantile, a count.
    NotKnown,
    /// It may be chance.
    Within,
}

impl Noise {
    /// Its name in tables.
    const fn name(self) -> &'static str {
        match self {
            Noise::Beyond => "beyond",
            Noise::NotKnown => "not known",
            Noise::Within => "within",
        }
    }
}

/// A number that is not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    key: Key,
    unit: String,
    first: Summary,
    second: Summary,
}

impl Moved {
    /// The second over the first, less 1; infinite where the first is zero.
    fn change(&self) -> f64 {
        match self.first.value == 0.0 {
            true => f64::INFINITY.copysign(self.second.value),
            false => (self.second.value - self.first.value) / self.first.value.abs(),
        }
    }

    /// Two independent 95 % intervals: that of the difference is the root of the sum of their squares.
    fn noise(&self) -> Noise {
        match (self.first.half_width, self.second.half_width) {
            (Some(a), Some(b)) if (self.second.value - self.first.value).abs() > a.hypot(b) => Noise::Beyond,
            (Some(_), Some(_)) => Noise::Within,
            _ => Noise::NotKnown,
        }
    }

    /// What is beyond noise first, and the largest change first.
    pub fn by_size(&self, other: &Self) -> Ordering {
        let size = other.change().abs().total_cmp(&self.change().abs());
        self.noise().cmp(&other.noise()).then(size).then_with(|| self.key.cmp(&other.key))
    }

    fn shown_change(&self) -> String {
        if self.change().is_finite() { format!("{:+.1} %", 100.0 * self.change()) } else { "from 0".into() }
    }
}

/// Numbers of both that are not the same.
pub fn moved(a: &Results, b: &Results) -> Vec<Moved> {
    let both = a.numbers.iter().filter_map(|(key, first)| Some((key, first, b.numbers.get(key)?)));
    let is_other = |x: f64, y: f64| (x - y).abs() > ROUNDING * x.abs().max(y.abs());
    both.filter(|(_, first, second)| is_other(first.summary.value, second.summary.value))
        .map(|(key, first, second)| Moved {
            key: key.clone(),
            unit: first.unit.clone(),
            first: first.summary,
            second: second.summary,
        })
        .collect()
}

/// All of them for programs, headings first.
pub fn cells(all: &[Moved]) -> Vec<Vec<String>> {
    let header =
        ["where", "metric", "unit", "first", "first half-width", "second", "second half-width", "change", "noise"];
    let number = |value: Option<f64>| value.map_or_else(String::new, format_number);
    let row = |moved: &Moved| {
        vec![
            moved.key.place.clone(),
            moved.key.metric.clone(),
            moved.unit.clone(),
            format_number(moved.first.value),
            number(moved.first.half_width),
            format_number(moved.second.value),
            number(moved.second.half_width),
            number(Some(moved.change()).filter(|change| change.is_finite())),
            moved.noise().name().to_owned(),
        ]
    };
    std::iter::once(header.map(str::to_owned).to_vec()).chain(all.iter().map(row)).collect()
}

/// For people: what the folders were made of, a table, and what it comes to.
pub fn text(paths: [&Path; 2], results: [&Results; 2], all: &[Moved], inputs: &[String], most: usize) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match inputs {
        [] => writeln!(text, "They were made of the same."),
        several => writeln!(text, "They differ in\n- {}\n", several.join("\n- ")),
    };
    if !all.is_empty() {
        let header = ["Where", "Metric", "First", "Second", "Change", "Noise"];
        let mut table = table(header, &[2, 3, 4]);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
        for moved in all.iter().take(most) {
            let shown = |of: &Summary| {
                let half_width = of.half_width.map_or_else(String::new, |width| format!(" ± {}", two_digits(width)));
                format!("{}{half_width}", four_digits(of.value))
            };
            let unit = if moved.unit == "1" { String::new() } else { format!(" {}", moved.unit) };
            table.add_row([
                moved.key.place.clone(),
                format!("{}{unit}", moved.key.metric),
                shown(&moved.first),
                shown(&moved.second),
                moved.shown_change(),
                moved.noise().name().to_owned(),
            ]);
        }
        let _ = writeln!(text, "{table}");
        if all.len() > most {
            let _ = writeln!(text, "and {} more: --format csv has them all", all.len() - most);
        }
    }
    let [a, b] = results.map(|of| &of.numbers);
    let shared = a.keys().filter(|key| b.contains_key(key)).count();
    let count = |noise: Noise| all.iter().filter(|moved| moved.noise() == noise).count();
    let [first, second] = paths.map(|path| path.display().to_string());
    let _ = writeln!(
        text,
        "{first} and {second} have {shared} numbers in common: {} moved beyond noise, {} within it, {} without an\n\
         interval, {} are the same. {} are in the first alone, {} in the second.",
        count(Noise::Beyond),
        count(Noise::Within),
        count(Noise::NotKnown),
        shared - all.len(),
        a.len() - shared,
        b.len() - shared
    );
    text
}

/// As much of a half-width as is read.
fn two_digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(first: (f64, Option<f64>), second: (f64, Option<f64>)) -> Moved {
        let of = |(value, half_width)| Summary { value, half_width };
        let key = Key { place: "host".into(), metric: "throughput".into() };
        Moved { key, unit: "Gb/s".into(), first: of(first), second: of(second) }
    }

    #[test]
    fn what_intervals_leave_to_chance_is_noise() {
        assert_eq!(moved((10.0, Some(0.3)), (10.6, Some(0.4))).noise(), Noise::Beyond);
        assert_eq!(moved((10.0, Some(0.3)), (10.4, Some(0.4))).noise(), Noise::Within);
        assert_eq!(moved((10.0, None), (99.0, Some(0.4))).noise(), Noise::NotKnown);
    }

    #[test]
    fn what_is_beyond_noise_comes_first_and_the_largest_of_it() {
        let small = moved((10.0, Some(0.1)), (11.0, Some(0.1)));
        let large = moved((10.0, Some(0.1)), (5.0, Some(0.1)));
        let chance = moved((10.0, Some(9.0)), (18.0, Some(9.0)));
        let nothing_before = moved((0.0, Some(0.0)), (1.0, Some(0.1)));
        let mut all = [chance.clone(), small.clone(), large.clone(), nothing_before.clone()];
        all.sort_by(Moved::by_size);
        assert_eq!(all, [nothing_before, large, small, chance]);
        assert_eq!(all.map(|moved| moved.shown_change()), ["from 0", "-50.0 %", "+10.0 %", "+80.0 %"]);
    }
}
