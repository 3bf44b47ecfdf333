//! What the kernel's own AES-GCM costs, through AF_ALG, less what AF_ALG costs with a cipher that does nothing.

use espsim_model::profile::{Algorithm, Estimate};
use espsim_model::units::Hertz;
use serde::{Deserialize, Serialize};

use super::data_path::PAYLOADS;
use super::error::SaPathError;
use super::estimate::of_rounds;
use super::{Plan, stop};
use crate::aead::{AAD, Context, IV, Unavailable, af_alg};
use crate::sample::timed;

/// Operations of one size in a round.
const OPERATIONS: usize = 200;

/// Cycles of one AEAD operation of the kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelAeadRow {
    /// Plaintext, octets.
    pub octets: u64,
    /// Cycles: median over rounds with its 95 % interval.
    pub cycles: Estimate,
    /// Cycles of each round.
    pub rounds: Vec<f64>,
}

/// Plaintext of ESP in transport mode (RFC 4303 section 2) around a UDP datagram: UDP header, payload, padding to four
/// octets with the two of the trailer.
pub(super) fn plaintext(payload: u64) -> u64 {
    (8 + payload + 2).next_multiple_of(4)
}

/// Seals what the datagrams' ESP seals, round after round; the reason if the kernel does not offer it to programs.
pub(super) fn measure(plan: &Plan, frequency: Hertz) -> Result<Result<Vec<KernelAeadRow>, String>, SaPathError> {
    let key = [0x42; 16];
    let gcm = match af_alg::context(Algorithm::Aes128Gcm, &key) {
        Ok(context) => context,
        Err(Unavailable::Because(reason)) => return Ok(Err(reason)),
        Err(Unavailable::Lacks) => return Ok(Err("AF_ALG has no AES-GCM".into())),
    };
    let nothing = match af_alg::nothing() {
        Ok(context) => context,
        Err(error) => return Ok(Err(format!("the kernel does not offer a cipher that does nothing: {error}"))),
    };
    let mut rows: Vec<(u64, Vec<f64>)> = PAYLOADS.iter().map(|&n| (plaintext(n as u64), Vec::new())).collect();
    for _ in 0..plan.rounds {
        stop::check()?;
        for (octets, rounds) in &mut rows {
            let mut text = vec![0; *octets as usize];
            let mut cycles = |context: &dyn Context| {
                let mut seal = || _ = context.seal(&[0; IV], &[0; AAD], &mut text);
                let work = || (0..OPERATIONS).for_each(|_| seal());
                timed(work) * frequency.get() as f64 / OPERATIONS as f64
            };
            rounds.push(cycles(&*gcm) - cycles(&*nothing));
        }
    }
    let row = |(octets, rounds): (u64, Vec<f64>)| KernelAeadRow { octets, cycles: of_rounds(&rounds), rounds };
    Ok(Ok(rows.into_iter().map(row).collect()))
}
