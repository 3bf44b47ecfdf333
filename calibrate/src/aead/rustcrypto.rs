//! RustCrypto `aes-gcm`: AES-NI or VAES as it finds them at run time.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use espsim_model::profile::Algorithm;

use super::{AAD, NONCE, Sealer, TAG};

pub(super) fn sealer(algorithm: Algorithm, key: &[u8]) -> Option<Box<dyn Sealer>> {
    match algorithm {
        Algorithm::Aes128Gcm => Some(Box::new(Context(Aes128Gcm::new_from_slice(key).ok()?))),
        Algorithm::Aes256Gcm => Some(Box::new(Context(Aes256Gcm::new_from_slice(key).ok()?))),
        Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256 => None,
    }
}

struct Context<A>(A);

impl<A: AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>> Sealer for Context<A> {
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8; AAD], in_out: &mut [u8]) -> [u8; TAG] {
        // The only error is a text of 64 GiB or more.
        self.0.encrypt_inout_detached(nonce.into(), aad, in_out.into()).map_or([0; TAG], Into::into)
    }
}
