//! AEAD as ESP uses it: one interface, one file per implementation, and a check that all of them agree.

mod aws_lc;
mod ring;
mod rustcrypto;

use espsim_model::profile::Algorithm;

use crate::CalibrateError;

/// Octets of additional authenticated data: SPI and sequence number (RFC 4106 section 5).
pub const AAD: usize = 8;
/// Salt and explicit IV (RFC 4106 section 4).
pub const NONCE: usize = 12;
/// ICV (RFC 4106 section 6).
pub const TAG: usize = 16;

/// A keyed AEAD context, its key schedule done.
pub trait Sealer {
    /// Encrypts in place and returns the tag.
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8; AAD], in_out: &mut [u8]) -> [u8; TAG];
}

/// An implementation: its name and how it makes a context of an algorithm from a key of the algorithm's length.
pub struct Backend {
    /// Crate name and version line.
    pub name: &'static str,
    make: fn(Algorithm, &[u8]) -> Option<Box<dyn Sealer>>,
}

/// Every implementation.
pub const BACKENDS: [Backend; 3] = [
    Backend { name: "aes-gcm", make: rustcrypto::sealer },
    Backend { name: "ring", make: ring::sealer },
    Backend { name: "aws-lc-rs", make: aws_lc::sealer },
];

/// The algorithms that are measured.
pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::Aes128Gcm, Algorithm::Aes256Gcm];

/// Sizes at which implementations must agree: none, one, around a block, around eight blocks, a packet, a jumbo packet.
const CHECKED_SIZES: [usize; 10] = [0, 1, 15, 16, 17, 127, 128, 129, 1440, 9000];

impl Backend {
    /// A context under a fixed key; `None` for an algorithm that it lacks.
    pub fn sealer(&self, algorithm: Algorithm) -> Option<Box<dyn Sealer>> {
        let key: Vec<u8> = (0..key_length(algorithm)? as u8).collect();
        (self.make)(algorithm, &key)
    }
}

fn key_length(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Aes128Gcm => Some(16),
        Algorithm::Aes256Gcm => Some(32),
        Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256 => None,
    }
}

/// Checks every implementation against a published vector and against the first one.
///
/// # Errors
/// [`CalibrateError::Disagrees`] names the one that differs.
pub fn self_check() -> Result<(), CalibrateError> {
    for backend in &BACKENDS {
        published_vector(backend)?;
        for algorithm in ALGORITHMS {
            for octets in CHECKED_SIZES {
                let ours = sealed(backend, algorithm, octets);
                if ours.is_none() || ours != sealed(&BACKENDS[0], algorithm, octets) {
                    return Err(CalibrateError::Disagrees { backend: backend.name, algorithm: algorithm.name(), octets });
                }
            }
        }
    }
    Ok(())
}

fn sealed(backend: &Backend, algorithm: Algorithm, octets: usize) -> Option<(Vec<u8>, [u8; TAG])> {
    let mut text: Vec<u8> = (0..octets).map(|i| (i * 31 + 7) as u8).collect();
    let tag = backend.sealer(algorithm)?.seal(&[3; NONCE], &[5; AAD], &mut text);
    Some((text, tag))
}

/// Test case 2 of McGrew and Viega, "The Galois/Counter Mode of Operation" (2005), shares its keystream with any AAD:
/// AES-128 with key, IV and plaintext zero gives this ciphertext block.
fn published_vector(backend: &Backend) -> Result<(), CalibrateError> {
    const CIPHERTEXT: [u8; 16] =
        [0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78];
    let algorithm = Algorithm::Aes128Gcm;
    let mut text = [0; 16];
    let sealer = (backend.make)(algorithm, &[0; 16]);
    if let Some(sealer) = &sealer {
        sealer.seal(&[0; NONCE], &[0; AAD], &mut text);
    }
    if sealer.is_some() && text == CIPHERTEXT {
        return Ok(());
    }
    Err(CalibrateError::Disagrees { backend: backend.name, algorithm: algorithm.name(), octets: text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree() {
        self_check().unwrap();
    }

    #[test]
    fn a_broken_backend_is_named() {
        struct Broken;
        impl Sealer for Broken {
            fn seal(&self, _: &[u8; NONCE], _: &[u8; AAD], _: &mut [u8]) -> [u8; TAG] {
                [0; TAG]
            }
        }
        let broken = Backend { name: "broken", make: |_, _| Some(Box::new(Broken)) };
        assert!(matches!(published_vector(&broken), Err(CalibrateError::Disagrees { backend: "broken", .. })));
    }
}
