//! AEAD as ESP uses it: one interface, one file per implementation, and a check that all of them agree.

#[cfg(target_os = "linux")]
pub(crate) mod af_alg;
#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(not(feature = "aws-lc"))]
mod aws_lc {
    //! In place of `aws-lc-rs`, which this program was built without.

    use espsim_model::profile::Algorithm;

    use super::{Context, Unavailable};

    pub(super) fn context(algorithm: Algorithm, _: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
        match algorithm {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm | Algorithm::ChaCha20Poly1305 => {
                Err(Unavailable::Because("this program was built without it".into()))
            }
            _ => Err(Unavailable::Lacks),
        }
    }
}
mod cbc_hmac;
mod check;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod ipsec_mb;
mod openssl;
mod ring;
mod rustcrypto;
mod vectors;

use espsim_model::esp::cipher_sizes;
use espsim_model::profile::Algorithm;
use espsim_model::stack::Stack;

pub use check::{self_check, self_check_of};

/// Octets of additional authenticated data: SPI and sequence number (RFC 4106 section 5).
pub const AAD: usize = 8;
/// The same with extended sequence numbers of 64 bits (RFC 4106 section 5).
pub const AAD_ESN: usize = 12;
/// Octets of an IV buffer. CBC takes all (RFC 3602 section 3); the AEADs take the first [`NONCE`].
pub const IV: usize = 16;
/// Salt and explicit IV (RFC 4106 section 4, RFC 7634 section 2).
pub const NONCE: usize = 12;
/// Octets of the longest ICV (RFC 4106 section 6).
pub const TAG: usize = 16;

/// A keyed AEAD context, its key schedule done. CBC with HMAC counts as one: it encrypts, then authenticates AAD, IV
/// and ciphertext (RFC 4303 section 3.3.2.1). With extended sequence numbers ESP puts the upper half last; here it is
/// part of the AAD, which costs the same.
pub trait Context {
    /// Encrypts in place and returns the ICV; one that is shorter than [`TAG`] is followed by zeros. CBC takes whole
    /// blocks, as ESP pads them.
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG];

    /// Checks the ICV that ends `sealed` and decrypts what stands before it in place. `false` where the ICV is wrong or
    /// missing.
    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool;

    /// What does nothing by the same interface, whose time is no part of the cipher's; `None` where a call is the cipher.
    fn interface(&self) -> Option<&dyn Context> {
        None
    }
}

/// Why there is no context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// The implementation does not have the algorithm, or the key has the wrong length.
    Lacks,
    /// It has it, but this host, or the implementation's interface, keeps it from use: why.
    Because(String),
}

/// An implementation: its name and how it makes a context of an algorithm from a key of the algorithm's length.
pub struct Backend {
    /// Name of the crate, library or kernel interface.
    pub name: &'static str,
    pub(crate) make: Make,
    /// The only stack that uses it; `None` where any can.
    pub(crate) only: Option<Stack>,
}

/// The backend that is the running kernel's own ciphers.
pub(crate) const KERNEL: &str = "af_alg";

/// Makes a context from a key: the cipher's, then that of the HMAC.
pub(crate) type Make = fn(Algorithm, &[u8]) -> Result<Box<dyn Context>, Unavailable>;

/// Every implementation.
pub const BACKENDS: &[Backend] = &[
    Backend::of_any("aes-gcm", rustcrypto::gcm),
    Backend::of_any("chacha20poly1305", rustcrypto::chacha),
    Backend::of_any("cbc+hmac", cbc_hmac::context),
    Backend::of_any("ring", ring::context),
    Backend::of_any("aws-lc-rs", aws_lc::context),
    Backend::of_any("openssl", openssl::context),
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Backend { name: "intel-ipsec-mb", make: ipsec_mb::direct, only: Some(Stack::Vector) },
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Backend { name: "intel-ipsec-mb-jobs", make: ipsec_mb::jobs, only: Some(Stack::Vector) },
    #[cfg(target_os = "linux")]
    Backend { name: KERNEL, make: af_alg::context, only: Some(Stack::Kernel) },
];

/// Those that the quick calibration measures: the crates with AES-GCM.
pub const QUICK_BACKENDS: [&str; 3] = ["aes-gcm", "ring", "aws-lc-rs"];

impl Backend {
    /// An implementation that any stack can use.
    pub(crate) const fn of_any(name: &'static str, make: Make) -> Backend {
        Backend { name, make, only: None }
    }

    /// A context under a fixed key.
    ///
    /// # Errors
    /// [`Unavailable`] says why there is none.
    pub fn context(&self, algorithm: Algorithm) -> Result<Box<dyn Context>, Unavailable> {
        let key: Vec<u8> = (0..key_length(algorithm) as u8).collect();
        (self.make)(algorithm, &key)
    }
}

/// The version of the OpenSSL library that was found, or why none is used.
///
/// # Errors
/// The reason, in words.
pub fn openssl_version() -> Result<String, String> {
    openssl::version()
}

/// Why none of these libraries is used.
fn no_library(names: &[&str]) -> String {
    match cfg!(target_feature = "crt-static") {
        true => "a static program opens no libraries".into(),
        false => format!("none of {} can be opened", names.join(", ")),
    }
}

/// Octets of the cipher's key: the algorithm's name says them; ChaCha20 takes 32 (RFC 8439 section 2.3).
pub(crate) const fn cipher_key_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Aes128Gcm | Algorithm::Aes128CbcHmacSha1 => 16,
        Algorithm::Aes256Gcm | Algorithm::Aes256CbcHmacSha256 | Algorithm::ChaCha20Poly1305 => 32,
        Algorithm::Null => 0,
    }
}

/// Octets of key in all, that of the HMAC included: RFC 2404 section 3 and RFC 4868 section 2.1.1.
pub const fn key_length(algorithm: Algorithm) -> usize {
    cipher_key_length(algorithm)
        + match algorithm {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm | Algorithm::ChaCha20Poly1305 | Algorithm::Null => 0,
            Algorithm::Aes128CbcHmacSha1 => 20,
            Algorithm::Aes256CbcHmacSha256 => 32,
        }
}

/// Octets of the ICV.
pub const fn icv_length(algorithm: Algorithm) -> usize {
    cipher_sizes(algorithm).icv.get() as usize
}

/// The next size that the algorithm takes: CBC works on whole blocks, the others on any number of octets.
pub const fn whole(algorithm: Algorithm, octets: u64) -> u64 {
    match algorithm {
        Algorithm::Aes128Gcm | Algorithm::Aes256Gcm | Algorithm::ChaCha20Poly1305 | Algorithm::Null => octets,
        Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256 => octets.next_multiple_of(16),
    }
}

/// Salt and explicit IV of an AEAD.
fn nonce(iv: &[u8; IV]) -> &[u8; NONCE] {
    iv.first_chunk().unwrap_or(&[0; NONCE])
}
