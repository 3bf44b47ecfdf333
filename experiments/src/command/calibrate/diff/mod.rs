//! Two profiles side by side: what a core takes by each, which values differ by more than matters, and what that does to a
//! plan.

mod cores;
pub mod rows;

use std::fmt::Write;

use espsim_model::profile::Profile;
use espsim_model::units::Share;
use espsim_report::text_table;
use espsim_report::trust;
use espsim_sweep::failure::Failure;

use self::cores::{LOAD, PLACEMENTS, cores};
use self::rows::{Agreement, Row, rows};

/// Exit code where two profiles differ by more than is allowed.
const DIFFERENT: u8 = 1;

/// What is allowed of two profiles that are to be the same.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// How far two values may differ and still count as equal, relative to the first.
    pub margin: Share,
    /// The largest share of values that may be apart.
    pub apart: Share,
}

/// Two profiles, compared.
pub struct Difference {
    rows: Vec<Row>,
    /// Cores of the standard plan, by either profile.
    cores: Vec<(&'static str, [Option<u32>; 2])>,
    allowed: Allowed,
    /// What is to be said of either.
    remarks: Vec<String>,
}

impl Difference {
    /// Compares two profiles by their names.
    pub fn of(names: [&String; 2], profiles: [&Profile; 2], allowed: Allowed) -> Self {
        let [first, second] = profiles;
        let mut remarks = Vec::new();
        if first.host.model != second.host.model {
            remarks.push(format!("different hosts: {} and {}", first.host.model, second.host.model));
        }
        let disturbed = names.into_iter().zip(profiles).filter_map(|(name, profile)| trust::disturbed(name, profile));
        remarks.extend(disturbed);
        let cores = PLACEMENTS.map(|placement| (placement, profiles.map(|profile| cores(profile, placement))));
        Difference { rows: rows(first, second, allowed.margin.fraction()), cores: cores.into(), allowed, remarks }
    }

    fn apart(&self) -> usize {
        self.rows.iter().filter(|row| row.agreement() == Agreement::Apart).count()
    }

    /// The share of values that are apart, 0 to 1.
    fn share_apart(&self) -> f64 {
        if self.rows.is_empty() { 0.0 } else { self.apart() as f64 / self.rows.len() as f64 }
    }

    /// Placements that take more than a core more or less.
    fn moved(&self) -> Vec<&'static str> {
        let differs = |cores: &[Option<u32>; 2]| match cores {
            [Some(a), Some(b)] => a.abs_diff(*b) > 1,
            [a, b] => a != b,
        };
        self.cores.iter().filter(|(_, cores)| differs(cores)).map(|(name, _)| *name).collect()
    }

    /// Every value for programs, headings first.
    pub fn cells(&self) -> Vec<Vec<String>> {
        let header = ["value", "first", "second", "unit", "difference", "intervals"].map(str::to_owned).to_vec();
        std::iter::once(header).chain(self.rows.iter().map(|row| row.cells().to_vec())).collect()
    }

    /// A row for each value that differs by more than the margin, the one most that differs most, and what it comes to.
    pub fn table(&self, names: [&String; 2]) -> String {
        let header = ["Value", names[0].as_str(), names[1].as_str(), "Unit", "Difference", "Intervals"];
        let mut table = text_table::table(header, &[1, 2, 4]);
        let mut shown: Vec<&Row> = self.rows.iter().filter(|row| row.agreement() > Agreement::Equal).collect();
        shown.sort_by(|a, b| b.difference().abs().total_cmp(&a.difference().abs()));
        for row in &shown {
            table.add_row(row.cells());
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        self.remarks.iter().for_each(|remark| _ = writeln!(text, "{remark}"));
        if !shown.is_empty() {
            let _ = writeln!(text, "{table}");
        }
        let (all, apart) = (self.rows.len(), self.apart());
        let _ = writeln!(
            text,
            "{} of {all} values agree within {} or by their intervals, {apart} are apart ({:.1} %)",
            all - apart,
            self.allowed.margin,
            100.0 * self.share_apart()
        );
        let number = |cores: Option<u32>| cores.map_or_else(|| "no number of".to_owned(), |cores| cores.to_string());
        let plan = |(name, [a, b]): &(&str, [Option<u32>; 2])| format!("{name} {} and {}", number(*a), number(*b));
        let plans: Vec<String> = self.cores.iter().map(plan).collect();
        let _ = writeln!(text, "cores for {LOAD}, by closed forms: {}", plans.join(", "));
        text
    }

    /// Whether they are the same as far as is allowed.
    ///
    /// # Errors
    /// [`Failure`] with exit code 1 if too many values are apart, or a plan takes more than a core more or less.
    pub fn verdict(&self) -> Result<(), Failure> {
        let moved = self.moved();
        let reasons = [
            (self.share_apart() > self.allowed.apart.fraction()).then(|| {
                let (apart, all) = (self.apart(), self.rows.len());
                format!("{apart} of {all} values are apart, more than {}", self.allowed.apart)
            }),
            (!moved.is_empty()).then(|| format!("plans differ by more than a core: {}", moved.join(", "))),
        ];
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        if reasons.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("the profiles differ: {}", reasons.join("; "))).with_code(DIFFERENT))
    }
}
