//! `espsim fit rows.csv`: the cost of a cipher from its rate by size, such as `espsim import openssl-speed` makes of it.
//!
//! A fixed cost and one per octet are found for each curve. What blocks beyond the last stride and a block that is not whole
//! cost stays that of the cheapest implementation of the profile; a curve takes the place of all implementations of its cipher
//! and direction that any stack can use.

use std::path::Path;

use comfy_table::Table;
use espsim_model::profile::{AeadCost, Curve, Estimate, Profile};
use espsim_model::units::Bytes;
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::names::slug;
use espsim_sweep::store::validation::Role;

use crate::fitting::solve::{Measured, solve};
use crate::rows::{self, OwnRow};

/// How well a rate is known, as a half of its 95 % interval: outputs do not say.
const ERROR: f64 = 0.05;
/// What the parameters are called in messages.
const PARAMETERS: [&str; 2] = ["the cost of an operation", "the cost of an octet"];

/// A curve and the cost that it gives.
pub struct Found<'a> {
    /// The cost, which stands in the profile.
    pub cost: AeadCost,
    /// Those that were in its place.
    pub replaced: Vec<String>,
    rows: Vec<(&'a OwnRow, f64)>,
}

/// Costs of all curves of these rows, put into a profile.
///
/// # Errors
/// [`Failure`] for rows that name no cipher, or that no cost gives.
pub fn put<'a>(profile: &mut Profile, path: &Path, rows: &'a [OwnRow]) -> Result<Vec<Found<'a>>, Failure> {
    let curves = rows::curves(path, rows)?;
    if curves.is_empty() {
        let what = "every row has a `scenario`: name the file as `rows` in a file of parameters";
        return Err(Failure::new(format!("{}: {what}", path.display())));
    }
    let base = profile.clone();
    let mut found: Vec<Found<'a>> = Vec::new();
    for (series, of) in curves {
        let one = one(&base, path, series, &of)?;
        let is_alike = |other: &AeadCost| {
            (other.algorithm, other.direction) == (one.cost.algorithm, one.cost.direction) && other.only.is_none()
        };
        if let Some(other) = found.iter().find(|other| is_alike(&other.cost)) {
            let what = format!(
                "`{series}` is of the same cipher and direction as `{}`: one curve of each",
                other.rows[0].0.series
            );
            return Err(of[0].failure(path, &what));
        }
        profile.aead.retain(|cost| !is_alike(cost));
        let (key, from) = (one.cost.key(), source(&one, path));
        profile.aead.push(one.cost.clone());
        let prefixes: Vec<String> = base.aead.iter().filter(|cost| is_alike(cost)).map(AeadCost::key).collect();
        profile.sources.retain(|key, _| !prefixes.contains(key));
        profile.sources.insert(key, from);
        found.push(one);
    }
    Ok(found)
}

fn one<'a>(base: &Profile, path: &Path, series: &str, of: &[&'a OwnRow]) -> Result<Found<'a>, Failure> {
    let alike = |row: &&OwnRow| (row.algorithm, row.direction) == (of[0].algorithm, of[0].direction);
    let (Some(algorithm), Some(direction), true) = (of[0].algorithm, of[0].direction, of.iter().all(alike)) else {
        let what = format!("`{series}` needs one `algorithm` and one `direction` in all its rows");
        return Err(of[0].failure(path, &what).with_help(Some("import it with --algorithm and --direction".into())));
    };
    let usable = base.aead.iter().filter(|cost| (cost.algorithm, cost.direction) == (algorithm, direction));
    let usable: Vec<&AeadCost> = usable.filter(|cost| cost.only.is_none()).collect();
    let largest = of.iter().filter_map(|row| row.x).fold(1.0, f64::max);
    let cheapest = |a: &&&AeadCost, b: &&&AeadCost| {
        a.cycles(Bytes::new(largest as u64)).0.total_cmp(&b.cycles(Bytes::new(largest as u64)).0)
    };
    let Some(like) = usable.iter().min_by(cheapest) else {
        let what = format!("the profile has no {} ({}) to begin with", algorithm.name(), direction.name());
        return Err(of[0].failure(path, &what).with_help(Some("give another host with --profile".into())));
    };
    let fitted: Vec<&&OwnRow> = of.iter().filter(|row| row.role == Role::Fitted).collect();
    let told: Vec<&&OwnRow> = if fitted.is_empty() { of.iter().collect() } else { fitted };
    let with = |factors: &[f64]| {
        let mut cost = AeadCost { backend: slug(series), batch: None, residuals: Vec::new(), ..(*like).clone() };
        let scaled = |estimate: &Estimate, factor: f64| Estimate::exact(estimate.value * factor);
        cost.curve = Curve {
            per_operation: scaled(&like.curve.per_operation, factors[0]),
            per_octet: scaled(&like.curve.per_octet, factors[1]),
            ..like.curve.clone()
        };
        cost
    };
    let hertz = base.host.frequency.get() as f64;
    let rate = |cost: &AeadCost, row: &OwnRow| {
        let octets = row.x.unwrap_or(1.0);
        octets * hertz / cost.cycles(Bytes::new(octets as u64)).0.max(f64::MIN_POSITIVE) * 1e-6
    };
    let measured: Vec<Measured> = told.iter().map(|row| Measured { value: row.published, error: ERROR }).collect();
    let model = |factors: &[f64]| -> Result<Vec<f64>, Failure> {
        let cost = with(factors);
        Ok(told.iter().map(|row| rate(&cost, row)).collect())
    };
    let names: Vec<&str> = told.iter().map(|row| row.id.as_str()).collect();
    let factors = solve(2, &measured, model).map_err(|error| {
        let parameters = PARAMETERS.map(|name| format!("{name} of `{series}`"));
        of[0].failure(path, &error.explain(&parameters, &names))
    })?;
    let mut cost = with(&[factors[0].factor, factors[1].factor]);
    for (estimate, fitted) in cost.curve.coefficients_mut().into_iter().zip(&factors) {
        let was = estimate.value / fitted.factor;
        (estimate.low, estimate.high) = (Some(was * fitted.low), Some(was * fitted.high));
        estimate.n = Some(told.len() as u32);
    }
    let rows = of.iter().map(|row| (*row, rate(&cost, row))).collect();
    Ok(Found { cost, replaced: usable.iter().map(|cost| cost.backend.clone()).collect(), rows })
}

/// What a cost comes from, in the words of a profile.
fn source(found: &Found<'_>, path: &Path) -> String {
    let first = found.rows[0].0;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let is_fitted = |row: &OwnRow| row.role == Role::Fitted;
    let any = found.rows.iter().any(|(row, _)| is_fitted(row));
    let ids: Vec<&str> =
        found.rows.iter().filter(|(row, _)| !any || is_fitted(row)).map(|(row, _)| row.id.as_str()).collect();
    let assumed = if first.assumed.is_empty() { String::new() } else { format!("; assumed: {}", first.assumed) };
    let others = "blocks beyond a stride and incomplete ones as the implementation that was replaced";
    format!("derived: fitted to {name}: {}; {}{assumed}; {others}", ids.join(", "), first.source)
}

/// What was found, and each row beside it.
pub fn tables(found: &[Found<'_>], hertz: f64) -> [Table; 2] {
    let mut values =
        table(["Cipher", "Implementation", "Cycles per operation", "Cycles per octet", "Instead of"], &[2, 3]);
    let mut rows = table(["Size", "Measured (MB/s)", "Model (MB/s)", "Error", "Role"], &[1, 2, 3]);
    let shown = |estimate: &Estimate| {
        let ends =
            estimate.low.zip(estimate.high).map_or_else(String::new, |(low, high)| format!(" ({low:.3} to {high:.3})"));
        format!("{:.3}{ends}", estimate.value)
    };
    for one in found {
        let Curve { per_operation, per_octet, .. } = &one.cost.curve;
        let cipher = format!("{}, {}", one.cost.algorithm.name(), one.cost.direction.name());
        values.add_row([
            cipher,
            one.cost.backend.clone(),
            shown(per_operation),
            shown(per_octet),
            one.replaced.join(", "),
        ]);
        for (row, given) in &one.rows {
            // Of what is next to nothing the sign says nothing.
            let error = format!("{:+.1} %", (given / row.published - 1.0) * 100.0).replace("-0.0", "+0.0");
            let (measured, given) = (format!("{:.1}", row.published), format!("{given:.1}"));
            rows.add_row([row.id.clone(), measured, given, error, row.role.name().to_owned()]);
        }
    }
    values.set_header([
        "Cipher".into(),
        "Implementation".into(),
        format!("Cycles per operation at {:.2} GHz", hertz * 1e-9),
        "Cycles per octet".into(),
        "Instead of".to_owned(),
    ]);
    [values, rows]
}
