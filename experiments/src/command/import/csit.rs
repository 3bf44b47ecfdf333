//! Results of CSIT (FD.io, the performance tests of VPP and DPDK): the JSON file of a test case, as
//! docs/content/methodology and resources/model_schema/test_case.schema.yaml of its repository describe it, model version 1.
//! TRex sends and counts. Of `mrr` the mean of what was received is a row, of `ndrpdr` the lower bounds without loss and
//! with 0.5 % of it, of `soak` the lower bound of the critical rate, of `hoststack` the goodput.
//!
//! Chosen for import since it is what CSIT publishes and its dashboard reads; tables of its reports are made from it.
//! Packet rates are sums of both directions.

use std::path::Path;

use espsim_sweep::failure::Failure;

use super::json::{self, At};
use super::measured::{Imported, row};
use crate::rows::OwnRow;

/// The rows of a test case, in Mpps or Gb/s.
///
/// # Errors
/// [`Failure`] for what is no such file, or one of a test that failed.
pub fn parse(path: &Path, text: &str) -> Result<Imported, Failure> {
    let document = json::parse(path, text)?;
    let all = At::new(path, &document);
    let version = all.need("version")?;
    if !version.text()?.starts_with("1.") {
        return Err(version.failure(&format!("is {}: 1.x is known", version.text()?)));
    }
    if !all.need("passed")?.flag()? {
        return Err(all.failure("is of a test that failed"));
    }
    let name = all.need("test_name_long")?.text()?;
    let of = Case { name, x: frame(name), source: source(&all)? };
    let result = all.need("result")?;
    let kind = result.need("type")?;
    let rows = match kind.text()? {
        "mrr" => {
            vec![of.packets("MRR", &result.need("receive_rate")?.need("rate")?, "avg", "received at line rate")?]
        }
        "ndrpdr" => vec![
            of.bound("NDR", &result.need("ndr")?, "lower bound of a search, no loss")?,
            of.bound("PDR", &result.need("pdr")?, "lower bound of a search, 0.5 % loss")?,
        ],
        "soak" => vec![of.bound("soak", &result.need("critical_rate")?, "lower bound of the critical rate")?],
        "hoststack" => vec![of.goodput(&result.need("bandwidth")?)?],
        other => return Err(kind.failure(&format!("is `{other}`: mrr, ndrpdr, soak or hoststack"))),
    };
    Ok(Imported { rows, notes: Vec::new() })
}

/// What rows of a test case have alike.
struct Case<'a> {
    name: &'a str,
    x: Option<f64>,
    source: String,
}

impl Case<'_> {
    fn bound(&self, what: &str, bounds: &At<'_>, assumed: &str) -> Result<OwnRow, Failure> {
        self.packets(what, &bounds.need("lower")?.need("rate")?, "value", assumed)
    }

    fn packets(&self, what: &str, rate: &At<'_>, value: &str, assumed: &str) -> Result<OwnRow, Failure> {
        let unit = rate.need("unit")?;
        if unit.text()? != "pps" {
            return Err(unit.failure(&format!("is `{}`: pps", unit.text()?)));
        }
        let mpps = rate.need(value)?.positive()? * 1e-6;
        let assumed = format!("{assumed}; both directions together; x is the frame with FCS");
        Ok(row(&format!("{what}, {}", self.name), self.x, mpps, "Mpps", self.source.clone(), assumed))
    }

    fn goodput(&self, bandwidth: &At<'_>) -> Result<OwnRow, Failure> {
        let unit = bandwidth.need("unit")?;
        if unit.text()? != "bps" {
            return Err(unit.failure(&format!("is `{}`: bps", unit.text()?)));
        }
        let gbps = bandwidth.need("value")?.positive()? * 1e-9;
        let assumed = "x is the size in the test's name".to_owned();
        Ok(row(&format!("hoststack, {}", self.name), self.x, gbps, "Gb/s goodput", self.source.clone(), assumed))
    }
}

/// The frame in the name of a test: `2p1x710-64b-2t1c-...`.
fn frame(name: &str) -> Option<f64> {
    let octets = name.split('-').find_map(|part| part.strip_suffix('b')?.parse::<u32>().ok())?;
    Some(f64::from(octets)).filter(|octets| *octets > 0.0)
}

fn source(all: &At<'_>) -> Result<String, Failure> {
    let of = |key: &str| all.need(key).and_then(|at| at.text().map(str::to_owned));
    Ok(format!(
        "CSIT, {} {}, {} {}, {}",
        of("dut_type")?,
        of("dut_version")?,
        of("tg_type")?,
        of("tg_version")?,
        of("start_time")?
    ))
}
