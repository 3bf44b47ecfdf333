//! `openssl speed -mr` (OpenSSL, apps/speed.c). On standard output a line `+H:16:64:...` has sizes in octets, and `+F:N:NAME:v:v`
//! for each cipher or digest its octets a second at each of them. On standard error, which may be in the same file, `+DT:NAME:s:octets`
//! says what is begun, `+R:count:NAME:s` what has been counted. `+F2` and the like are of signatures and key exchange. With
//! `-multi N` each line of a process stands after `Got: `, and its sums are the lines `+F` without it.
//!
//! Neither line says whether `-decrypt` or `-aead` was given. Without `-aead`, OpenSSL 3.0 times updates of one long message;
//! with it each buffer has a key, an IV, an AAD of 13 octets and its tag.

use std::path::Path;

use espsim_model::profile::Algorithm;
use espsim_sweep::failure::Failure;

use super::measured::{Imported, lines, positive, row, wrong};
use crate::rows::OCTETS;

/// What a line is expected to be.
const EXPECTED: &str = "a line of openssl speed -mr begins with +H, +F, +R, +DT or Got:";
/// What the output leaves open.
const ASSUMED: &str = "whether -aead was given is not said: without it buffers have no IV and no tag of their own";

/// The rows of an output, in MB/s of 10^6 octets.
///
/// # Errors
/// [`Failure`] at a line that is none of it.
pub fn parse(path: &Path, text: &str) -> Result<Imported, Failure> {
    let mut imported = Imported::default();
    let mut sizes: Vec<f64> = Vec::new();
    let (mut processes, mut left_out) = (0usize, 0usize);
    for line in lines(text) {
        let refused = |what: &str| wrong(path, text, line, what);
        let words = line.1.trim();
        if words.is_empty() || words.starts_with("Forked child ") {
            continue;
        }
        let (of_process, words) = match words.strip_prefix("Got: ") {
            Some(got) => (true, got.rsplit_once(" from ").map_or(got, |(got, _)| got)),
            None => (false, words),
        };
        let cells: Vec<&str> = words.split(':').collect();
        match cells[0] {
            "+H" => {
                let of = |cell: &&str| cell.parse::<u32>().ok().filter(|octets| *octets > 0).map(f64::from);
                let read: Option<Vec<f64>> = cells[1..].iter().map(of).collect();
                sizes = read
                    .filter(|sizes| !sizes.is_empty())
                    .ok_or_else(|| refused("+H has a size in octets after each colon"))?;
            }
            "+F" if of_process => processes = processes.max(processes_of(line.1)),
            "+F" => {
                let n = sizes.len();
                if n == 0 {
                    return Err(refused("+F stands before +H, which has its sizes"));
                }
                if cells.len() != 3 + n || cells[2].is_empty() {
                    let what = format!("+F has a number, a name and {n} rates, as many as +H has sizes");
                    return Err(refused(&what));
                }
                for (octets, cell) in sizes.iter().zip(&cells[3..]) {
                    let rate = positive(cell).map_err(|error| refused(&format!("{error}: octets a second")))?;
                    imported.rows.push(one(cells[2], *octets, rate * 1e-6, processes));
                }
            }
            "+R" => {
                let counted = cells.len() == 4 && cells[1].parse::<u64>().is_ok() && cells[3].parse::<f64>().is_ok();
                counted.then_some(()).ok_or_else(|| refused("+R has a count, a name and seconds"))?;
            }
            "+DT" | "+DTP" if cells.len() >= 4 => {}
            other if other.starts_with("+F") || other.starts_with("+R") => {
                left_out += usize::from(other.starts_with("+F"))
            }
            _ if words.starts_with("The 'numbers' are in 1000s of bytes") || words.starts_with("Doing ") => {
                return Err(refused("this is the output without -mr: openssl speed -mr -evp aes-128-gcm"));
            }
            _ => return Err(refused(EXPECTED)),
        }
    }
    if left_out > 0 {
        imported.notes.push(format!("{left_out} lines of signatures and key exchange are left out"));
    }
    Ok(imported)
}

/// How many processes there are at least, by a line that one of them has sent.
fn processes_of(line: &str) -> usize {
    let number = line.rsplit_once(" from ").and_then(|(_, number)| number.trim().parse::<u32>().ok());
    number.map_or(1, |number| number as usize + 1)
}

fn one(name: &str, octets: f64, megabytes: f64, processes: usize) -> crate::rows::OwnRow {
    let assumed = match processes {
        0 => ASSUMED.to_owned(),
        n => format!("{ASSUMED}; the sum of {n} processes"),
    };
    let made = row(name, Some(octets), megabytes, OCTETS, "openssl speed -mr".into(), assumed);
    // What several processes do together is not what one core does.
    crate::rows::OwnRow { algorithm: known(name).filter(|_| processes < 2), ..made }
}

/// The cipher of ESP that an OpenSSL name stands for.
fn known(name: &str) -> Option<Algorithm> {
    match name.to_ascii_lowercase().as_str() {
        "aes-128-gcm" | "id-aes128-gcm" => Some(Algorithm::Aes128Gcm),
        "aes-256-gcm" | "id-aes256-gcm" => Some(Algorithm::Aes256Gcm),
        "chacha20-poly1305" => Some(Algorithm::ChaCha20Poly1305),
        "aes-128-cbc-hmac-sha1" => Some(Algorithm::Aes128CbcHmacSha1),
        "aes-256-cbc-hmac-sha256" => Some(Algorithm::Aes256CbcHmacSha256),
        _ => None,
    }
}
