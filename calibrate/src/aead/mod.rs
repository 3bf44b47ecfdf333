//! AEAD as ESP uses it: one interface, one file per implementation, and a check that all of them agree.

mod aws_lc;
mod ring;
mod rustcrypto;
mod vectors;

use espsim_model::profile::Algorithm;

use crate::CalibrateError;
use vectors::{VECTORS, fields, octets};

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
    /// Crate name.
    pub name: &'static str,
    make: Make,
}

/// Makes a context from a key; `None` for an algorithm that the implementation lacks or a key of the wrong length.
type Make = fn(Algorithm, &[u8]) -> Option<Box<dyn Sealer>>;

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

/// Checks every implementation against published vectors and against the first one, ciphertext and tag.
///
/// # Errors
/// [`CalibrateError::Disagrees`] names the one that differs.
pub fn self_check() -> Result<(), CalibrateError> {
    for backend in &BACKENDS {
        published_vectors(backend)?;
        for algorithm in ALGORITHMS {
            for octets in CHECKED_SIZES {
                let ours = sealed(backend, algorithm, octets);
                if ours.is_none() || ours != sealed(&BACKENDS[0], algorithm, octets) {
                    return Err(CalibrateError::Disagrees {
                        backend: backend.name,
                        algorithm: algorithm.name(),
                        octets,
                    });
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

/// Every implementation must give the published ciphertext and tag: agreement among themselves would not show a fault
/// of the harness, such as a nonce in the wrong order, that all of them share.
fn published_vectors(backend: &Backend) -> Result<(), CalibrateError> {
    for vector in &VECTORS {
        let mut text = octets(vector.plaintext);
        let sealed = fields(vector).zip((backend.make)(vector.algorithm, &octets(vector.key)));
        let agrees = sealed.is_some_and(|((nonce, aad, tag), sealer)| {
            sealer.seal(&nonce, &aad, &mut text) == tag && text == octets(vector.ciphertext)
        });
        if !agrees {
            return Err(CalibrateError::Disagrees {
                backend: backend.name,
                algorithm: vector.algorithm.name(),
                octets: text.len(),
            });
        }
    }
    Ok(())
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
        /// Right ciphertext, wrong tag.
        struct Broken(Box<dyn Sealer>);
        impl Sealer for Broken {
            fn seal(&self, nonce: &[u8; NONCE], aad: &[u8; AAD], in_out: &mut [u8]) -> [u8; TAG] {
                let mut tag = self.0.seal(nonce, aad, in_out);
                tag[TAG - 1] ^= 1;
                tag
            }
        }
        let make: Make = |algorithm, key| Some(Box::new(Broken(ring::sealer(algorithm, key)?)));
        let broken = Backend { name: "broken", make };
        assert!(matches!(published_vectors(&broken), Err(CalibrateError::Disagrees { backend: "broken", .. })));
        let none = Backend { name: "none", make: |_, _| None };
        assert!(matches!(published_vectors(&none), Err(CalibrateError::Disagrees { backend: "none", .. })));
    }
}
