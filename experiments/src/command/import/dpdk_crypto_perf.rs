//! `dpdk-test-crypto-perf --ptest throughput --csv-friendly` (DPDK, app/test-crypto-perf/cperf_test_throughput.c): a heading
//! that begins with `#lcore id`, then a line of ten numbers for each core, size and burst, which older versions part by `;`; the
//! rate is in Gb/s of 10^9 bits of buffers. What was asked for stands before it after `# ` (cperf_options_parsing.c), unless
//! `--silent` left it out; logs of the environment begin with `EAL:`, `CRYPTODEV:` or the name of a driver.

use std::collections::BTreeMap;
use std::path::Path;

use espsim_model::profile::{Algorithm, Direction};
use espsim_sweep::failure::Failure;

use super::measured::{Imported, lines, positive, row, wrong};
use crate::rows::{OCTETS, OwnRow};

/// The heading, as the tool prints it.
const HEADING: &str = "#lcore id,Buffer Size(B),Burst Size,Enqueued,Dequeued,Failed Enq,Failed Deq,Ops(Millions),Throughput(Gbps),Cycles/Buf";
/// A Gb/s in MB/s.
const MEGABYTES_OF_GIGABIT: f64 = 125.0;

/// The rows of an output, in MB/s of 10^6 octets.
///
/// # Errors
/// [`Failure`] at a line that is none of it.
pub fn parse(path: &Path, text: &str) -> Result<Imported, Failure> {
    let mut imported = Imported::default();
    let (mut options, mut headed): (BTreeMap<String, String>, bool) = (BTreeMap::new(), false);
    for line in lines(text) {
        let refused = |what: &str| wrong(path, text, line, what);
        let words = line.1.trim();
        if let Some(heading) = words.strip_prefix("#lcore") {
            if words != HEADING {
                let what =
                    format!("the heading of another test than throughput, or of another version: expected {HEADING}");
                return Err(refused(if heading.contains("Gbps") {
                    "columns are not those that are known"
                } else {
                    &what
                }));
            }
            headed = true;
        } else if let Some(option) = words.strip_prefix('#') {
            if let Some((key, value)) = option.split_once(':') {
                options.insert(key.trim().to_owned(), value.trim().to_owned());
            }
            if let Some(other) = options.get("cperf test").filter(|test| *test != "throughput") {
                return Err(refused(&format!("the test is `{other}`: only throughput can be read")));
            }
        } else if words.starts_with(|first: char| first.is_ascii_digit()) {
            if !headed {
                return Err(refused("numbers before the heading `#lcore id,...`: was --csv-friendly given?"));
            }
            imported.rows.push(one(words, &options).map_err(|what| refused(&what))?);
        } else if !words.is_empty() && !is_log(words) {
            return Err(refused("neither a line of numbers, nor `# ...`, nor a log such as `EAL: ...`"));
        }
    }
    Ok(imported)
}

/// Whether a line is a log: a component in capitals and a colon, which the name of a function may stand before.
fn is_log(words: &str) -> bool {
    let component = |word: &str| {
        let of = word.strip_suffix(':').unwrap_or_default();
        of.len() > 1 && of.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let function = |word: &str| word.trim_end_matches(':').ends_with("()");
    let mut of = words.split_whitespace();
    let first = of.next().unwrap_or_default();
    component(first) || function(first) && (first.ends_with(':') || of.next().is_some_and(component))
}

fn one(words: &str, options: &BTreeMap<String, String>) -> Result<OwnRow, String> {
    let cells: Vec<&str> = words.split([',', ';']).map(str::trim).collect();
    if cells.len() != 10 {
        return Err(format!("{} columns: ten, as the heading says", cells.len()));
    }
    let whole =
        |i: usize, what: &str| cells[i].parse::<u64>().map_err(|_| format!("{what} is `{}`: a whole number", cells[i]));
    let (core, octets, burst) = (whole(0, "lcore id")?, positive(cells[1])?, whole(2, "burst size")?);
    for (i, what) in [(3, "enqueued"), (4, "dequeued"), (5, "failed enqueues"), (6, "failed dequeues")] {
        whole(i, what)?;
    }
    let (operations, gigabits) = (positive(cells[7])?, positive(cells[8])?);
    positive(cells[9])?;
    // Both are printed to three digits after the point, the smaller of which is the coarser one.
    let expected = operations * octets * 8e-3;
    let coarse = 0.0006 * (octets * 8e-3 + 1.0);
    if (gigabits - expected).abs() > coarse {
        return Err(format!(
            "{operations} million operations of {octets} octets are {expected:.3} Gb/s, not {gigabits}"
        ));
    }
    let (algorithm, name) = cipher(options);
    let device = options.get("cryptodev type").map_or_else(String::new, |device| format!("{device}, "));
    let series = format!("{}{name}core {core}, burst {burst}", device);
    let asked = ["total number of ops", "segment size", "aead aad size"];
    let asked: Vec<String> = asked.iter().filter_map(|key| Some(format!("{key} {}", options.get(*key)?))).collect();
    let source =
        ["dpdk-test-crypto-perf throughput".to_owned()].into_iter().chain(asked).collect::<Vec<_>>().join(", ");
    let assumed = "one core and its device: enqueue, dequeue and poll included".to_owned();
    let made = row(&series, Some(octets), gigabits * MEGABYTES_OF_GIGABIT, OCTETS, source, assumed);
    Ok(OwnRow { algorithm, direction: direction(options), ..made })
}

/// The cipher of ESP that options stand for, and what they call it.
fn cipher(options: &BTreeMap<String, String>) -> (Option<Algorithm>, String) {
    let of = |key: &str| options.get(key).map_or("", String::as_str);
    let aead = (of("aead algorithm"), of("aead key size"));
    let chained = (of("cipher algorithm"), of("cipher key size"), of("auth algorithm"));
    let known = match (aead, chained) {
        (("aes-gcm", "16"), _) => Some(Algorithm::Aes128Gcm),
        (("aes-gcm", "32"), _) => Some(Algorithm::Aes256Gcm),
        (("chacha20-poly1305", _), _) => Some(Algorithm::ChaCha20Poly1305),
        (("", _), ("aes-cbc", "16", "sha1-hmac")) => Some(Algorithm::Aes128CbcHmacSha1),
        (("", _), ("aes-cbc", "32", "sha2-256-hmac")) => Some(Algorithm::Aes256CbcHmacSha256),
        _ => None,
    };
    let parts: Vec<&str> =
        [aead.0, aead.1, chained.0, chained.1, chained.2].into_iter().filter(|part| !part.is_empty()).collect();
    let name = if parts.is_empty() { String::new() } else { format!("{}, ", parts.join(" ")) };
    (known, name)
}

fn direction(options: &BTreeMap<String, String>) -> Option<Direction> {
    let operation = options.get("aead operation").or_else(|| options.get("cipher operation"))?;
    match operation.as_str() {
        "encrypt" => Some(Direction::Seal),
        "decrypt" => Some(Direction::Open),
        _ => None,
    }
}
