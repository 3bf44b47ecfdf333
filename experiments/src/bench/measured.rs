//! Measurements of the public pcie-bench (pcie-bench/pciebench-nfp, python/pciebench/nfpbench.py; data of many hosts in
//! pcie-bench/data).
//!
//! It writes a table `NAME.csv` for each sweep into a folder for each host, with the columns `Test,PAT,Cache,HO,DO,WinSZ,SZ`
//! (test, pattern, state of the cache, offsets in host and device, window, octets) and values: `BW (GB/s)`, which is Gb/s of
//! 10^9 bits of payload, whatever its heading says, or `Avg(ns)`. A second form has the columns `system,test,pattern,cache,
//! win_bytes,size_bytes` and `bw_gbps` or `avg_ns`: what `espsim import pcie-bench` and `espsim pcie-bench` write.
//!
//! The model has DMA at no offset, with data in the last-level cache or not. So tests of the command interface
//! (`LAT_CMD_*`), at offsets, and in a cache that the device has warmed or thrashed (`DWarm`, `DThrash`) are left out.

use std::path::Path;

use espsim_model::pcie_bench::{Bench, Case};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::{Failure, read_text};
use espsim_sweep::store::csv_text::{self, Row};
use espsim_sweep::store::points_csv::{csv_of, format_number};

use super::test::Test;

/// Columns of the tool that say what a row is of.
const PUBLIC: [&str; 7] = ["Test", "PAT", "Cache", "HO", "DO", "WinSZ", "SZ"];
/// Columns of the second form that say what a row is of.
const OURS: [&str; 6] = ["system", "test", "pattern", "cache", "win_bytes", "size_bytes"];
/// The octets that the window of host memory may have: far more than a host.
const MOST: f64 = (1u64 << 40) as f64;
/// The same of one transfer.
const MOST_OF_TRANSFER: u64 = 1 << 20;

/// The data of a host in the last-level cache or not.
pub const WARM: &str = "warm";
/// The other.
pub const COLD: &str = "cold";

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The host and its device.
    pub system: String,
    /// What was measured.
    pub test: Test,
    /// Whether places of host memory were taken at random; otherwise one after the other.
    pub random: bool,
    /// Whether the data was in the last-level cache.
    pub warm: bool,
    /// Octets of host memory that transfers go to.
    pub window: u64,
    /// Octets of a transfer.
    pub size: u64,
    /// Gb/s or ns.
    pub published: f64,
}

impl Measured {
    /// A name: system, test, cache, octets of a transfer and of the window.
    pub fn id(&self) -> String {
        let Measured { system, size, window, .. } = self;
        format!("{system}-{}-{}-{size}-{window}", self.test.words().replace(' ', "-"), self.cache())
    }

    /// The state of the cache in a word.
    pub const fn cache(&self) -> &'static str {
        if self.warm { WARM } else { COLD }
    }

    /// What the model does.
    pub fn case(&self) -> Case {
        self.test.case(self.size, self.window, self.warm)
    }

    /// What the model gives, in the unit of the test.
    ///
    /// # Errors
    /// [`Failure`] where the process is told to end.
    pub fn simulated(&self, simulations: &Simulations<'_>, bench: &Bench) -> Result<f64, Failure> {
        let (case, unit) = (self.case(), self.test.unit());
        simulations.number(&format!("{case:?} {bench:?} {unit}"), || self.test.given(bench, case))
    }
}

/// Measurements, and what was left out and why.
#[derive(Debug, Default)]
pub struct Read {
    /// The rows.
    pub rows: Vec<Measured>,
    /// For people.
    pub notes: Vec<String>,
}

/// Reads the folder of a host, whose name is that of the system, or one file.
///
/// # Errors
/// [`Failure`] for a folder without such files, and at what is none of them.
pub fn folder(path: &Path) -> Result<Read, Failure> {
    if !path.is_dir() {
        return finished(path, parse(path, &read_text("read measurements", path)?)?);
    }
    let failed = |error: std::io::Error| Failure::io("read folder", path, &error);
    let entries = std::fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    // Distributions have columns of their own; figures and raw values are no tables.
    names.retain(|name| name.ends_with(".csv") && !name.ends_with("_cdf.csv"));
    names.sort();
    if names.is_empty() {
        return Err(Failure::new(format!("no table *.csv of pcie-bench in {}", path.display())));
    }
    let system = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut all = Found::default();
    for name in names {
        let file = path.join(name);
        let found = parse(&file, &read_text("read measurements", &file)?)?;
        all.rows.extend(found.rows.into_iter().map(|row| Measured { system: system.clone(), ..row }));
        all.left_out.iter_mut().zip(found.left_out).for_each(|(n, more)| *n += more);
    }
    finished(path, all)
}

/// Rows, and how many there were of each that is left out.
#[derive(Debug, Default)]
pub struct Found {
    rows: Vec<Measured>,
    left_out: [usize; 3],
}

fn finished(path: &Path, found: Found) -> Result<Read, Failure> {
    let whys = ["of the command interface", "at an offset", "in a cache that the device has warmed or thrashed"];
    let left_out = found.left_out.iter().zip(whys).filter(|(n, _)| **n > 0);
    let notes: Vec<String> =
        left_out.map(|(n, why)| format!("{}: {n} rows {why} are left out", path.display())).collect();
    match found.rows.is_empty() {
        true => Err(Failure::new(format!("{}: there is no row that the model has", path.display()))
            .with_help(Some(notes.join("\n")).filter(|notes| !notes.is_empty()))),
        false => Ok(Read { rows: found.rows, notes }),
    }
}

/// Parses a table of either form; `path` is for messages.
///
/// # Errors
/// [`Failure`] at what is none.
pub fn parse(path: &Path, text: &str) -> Result<Found, Failure> {
    let mut table = csv_text::Rows::new(text.as_bytes(), path)?;
    let has = |column: &str| table.headings.iter().any(|heading| heading == column);
    let public = has("Test");
    let needed: &[&str] = if public { &PUBLIC } else { &OURS };
    let values = if public { ["BW (GB/s)", "Avg(ns)"] } else { ["bw_gbps", "avg_ns"] };
    if let Some(missing) = needed.iter().find(|column| !has(column)) {
        let all = format!("{} or {}, and {}", PUBLIC.join(", "), OURS.join(", "), values.join(" or "));
        return Err(table.other_columns(&format!("`{missing}` is missing: a table of pcie-bench has {all}")));
    }
    if !values.iter().any(|column| has(column)) {
        return Err(table.other_columns(&format!("neither `{}` nor `{}` is there", values[0], values[1])));
    }
    let mut found = Found::default();
    while let Some(row) = table.next_row()? {
        match one(&row, public, values)? {
            Ok(measured) => found.rows.push(measured),
            Err(left_out) => found.left_out[left_out] += 1,
        }
    }
    Ok(found)
}

/// A row, or which of the reasons leaves it out.
fn one(row: &Row<'_>, public: bool, values: [&str; 2]) -> Result<Result<Measured, usize>, Failure> {
    let columns = if public {
        ["Test", "PAT", "Cache", "WinSZ", "SZ"]
    } else {
        ["test", "pattern", "cache", "win_bytes", "size_bytes"]
    };
    let [name, pattern, cache] = [0, 1, 2].map(|i| row.text(columns[i]));
    let test = match Test::ALL.iter().find(|(_, known)| *known == name) {
        Some((test, _)) => *test,
        None if ["LAT_CMD_RD", "LAT_CMD_WRRD"].contains(&name) => return Ok(Err(0)),
        None => {
            let known: Vec<&str> = Test::ALL.iter().map(|(_, name)| *name).collect();
            return Err(row.failure(&format!("there is no test `{name}`; there are {}", known.join(", "))));
        }
    };
    if public && (row.number("HO")? != 0.0 || row.number("DO")? != 0.0) {
        return Ok(Err(1));
    }
    let random = match pattern {
        "Rand" => true,
        "Seq" => false,
        other => return Err(row.failure(&format!("the pattern is `{other}`: Rand or Seq"))),
    };
    let warm = match cache {
        "HWarm" | WARM => true,
        "Cold" | COLD => false,
        "DWarm" | "DThrash" => return Ok(Err(2)),
        other => return Err(row.failure(&format!("the cache is `{other}`: HWarm, Cold, DWarm or DThrash"))),
    };
    // The tool writes a window of 1.5 MiB as 1572864.0.
    let octets = |column: &str| {
        let number = row.number(column)?;
        let is_size = number.fract() == 0.0 && (1.0..=MOST).contains(&number);
        is_size.then_some(number as u64).ok_or_else(|| row.failure(&format!("`{column}` is {number}: whole octets")))
    };
    let (window, size) = (octets(columns[3])?, octets(columns[4])?);
    if size > MOST_OF_TRANSFER {
        return Err(row.failure(&format!("`{}` is {size}: at most {MOST_OF_TRANSFER} B", columns[4])));
    }
    let published = row.number(values[usize::from(test.is_latency())])?;
    if !(1e-6..1e15).contains(&published) {
        return Err(row.failure(&format!("the value is {published}: a number above zero, below 1e15")));
    }
    let system = row.text("system").to_owned();
    Ok(Ok(Measured { system, test, random, warm, window, size, published }))
}

/// Headings of the second form.
pub fn headings() -> Vec<String> {
    OURS.iter().chain(&["bw_gbps", "mtrans_per_s", "avg_ns"]).map(|heading| (*heading).to_owned()).collect()
}

/// The cells of a row of the second form.
pub fn cells(row: &Measured) -> Vec<String> {
    let value = |is: bool, value: f64| if is { format_number(value) } else { String::new() };
    let bandwidth = !row.test.is_latency();
    vec![
        row.system.clone(),
        row.test.public().to_owned(),
        if row.random { "Rand" } else { "Seq" }.to_owned(),
        if row.warm { "HWarm" } else { "Cold" }.to_owned(),
        row.window.to_string(),
        row.size.to_string(),
        value(bandwidth, row.published),
        value(bandwidth, row.published * 1e3 / (row.size as f64 * 8.0)),
        value(!bandwidth, row.published),
    ]
}

/// Rows in the second form.
///
/// # Errors
/// [`Failure`] if they cannot be encoded.
pub fn csv(rows: &[Measured]) -> Result<Vec<u8>, Failure> {
    csv_of(&headings(), &rows.iter().map(cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the public data: a Dell T430 with an NFP6000.
    const BANDWIDTH: &str = "Test,PAT,Cache,HO,DO,WinSZ,SZ,Time(cyc),Time,Bytes,Trans,BW (GB/s),Trans/s
BW_DMA_RD,Rand,HWarm,0,0,8192,64,162068784,135057320.0,536870912,8388608,31.801070064177196,62111464.96909608
BW_DMA_WR,Rand,Cold,0,0,1572864.0,64,410464560,342053800.0,536870912,8388608,12.556408658520969,24524235.66117377
BW_DMA_RD,Rand,DWarm,0,0,8192,64,1,1,1,1,30.0,1
BW_DMA_RD,Seq,HWarm,4,0,8192,64,1,1,1,1,30.0,1
LAT_CMD_RD,Rand,Cold,0,0,8192,8,1,1,1,1,30.0,1
";

    #[test]
    fn both_forms_are_read_and_what_the_model_has_not_is_left_out() {
        let found = parse(Path::new("bw.csv"), BANDWIDTH).unwrap();
        assert_eq!(found.left_out, [1, 1, 1]);
        let [read, write] = &found.rows[..] else { panic!("{found:?}") };
        assert_eq!(
            (read.test, read.random, read.warm, read.window, read.size),
            (Test::ReadBandwidth, true, true, 8192, 64)
        );
        assert_eq!((write.test, write.warm, write.window), (Test::WriteBandwidth, false, 1_572_864));
        let text = String::from_utf8(csv(&found.rows).unwrap()).unwrap();
        let again = parse(Path::new("ours.csv"), &text).unwrap();
        // Transfers a second are those that the tool has counted.
        assert!(text.contains(",31.8010701,62.111465,"), "{text}");
        for (a, b) in again.rows.iter().zip(&found.rows) {
            assert!((a.published / b.published - 1.0).abs() < 1e-8 && a.id() == b.id());
        }
        let notes = finished(Path::new("bw.csv"), found).unwrap().notes;
        assert!(notes.len() == 3 && notes[1].contains("1 rows at an offset are left out"), "{notes:?}");
    }

    #[test]
    fn latency_is_the_mean_without_the_loop() {
        let text = "Test,PAT,Cache,HO,DO,WinSZ,SZ,TAvg,Avg,TAvg(ns),Avg(ns)\nLAT_DMA_RD,Seq,HWarm,0,0,8192,64,896,665.6,746.7,554.7\n";
        let found = parse(Path::new("lat.csv"), text).unwrap();
        assert_eq!((found.rows[0].published, found.rows[0].test), (554.7, Test::ReadLatency));
    }

    #[test]
    fn what_is_wrong_is_said_with_file_and_line() {
        let refused = |from: &str, to: &str| {
            assert!(BANDWIDTH.contains(from), "{from}");
            parse(Path::new("bw.csv"), &BANDWIDTH.replacen(from, to, 1)).unwrap_err().to_string()
        };
        for (said, parts) in [
            (refused("BW_DMA_RD,Rand,HWarm", "BW_DMA_DR,Rand,HWarm"), &["bw.csv:2", "`BW_DMA_DR`", "BW_DMA_RD"][..]),
            (refused("Rand,Cold", "Rand,Lukewarm"), &["bw.csv:3", "`Lukewarm`", "HWarm"]),
            (refused("Rand,Cold", "Random,Cold"), &["bw.csv:3", "`Random`", "Rand or Seq"]),
            (refused("1572864.0,64", "1572864.5,64"), &["bw.csv:3", "WinSZ", "whole octets"]),
            (refused("31.801070064177196", "nan"), &["bw.csv:2", "`nan` is no number"]),
            (refused("31.801070064177196", "-1"), &["bw.csv:2", "above zero"]),
            (refused("WinSZ", "Window"), &["bw.csv", "`WinSZ` is missing"]),
            (refused("BW (GB/s)", "GB/s"), &["bw.csv", "neither `BW (GB/s)` nor `Avg(ns)`"]),
        ] {
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
    }
}
