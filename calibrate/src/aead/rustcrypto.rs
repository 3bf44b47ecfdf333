//! RustCrypto `aes-gcm` and `chacha20poly1305`: AES-NI, VAES or AVX2 as they find them at run time.

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;
use espsim_model::profile::Algorithm;

use super::{Context, IV, TAG, Unavailable, nonce};

pub(super) fn gcm(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    match algorithm {
        Algorithm::Aes128Gcm => keyed::<Aes128Gcm>(key),
        Algorithm::Aes256Gcm => keyed::<Aes256Gcm>(key),
        _ => Err(Unavailable::Lacks),
    }
}

pub(super) fn chacha(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    match algorithm {
        Algorithm::ChaCha20Poly1305 => keyed::<ChaCha20Poly1305>(key),
        _ => Err(Unavailable::Lacks),
    }
}

fn keyed<A>(key: &[u8]) -> Result<Box<dyn Context>, Unavailable>
where
    A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit + 'static,
{
    Ok(Box::new(Keyed(A::new_from_slice(key).map_err(|_| Unavailable::Lacks)?)))
}

struct Keyed<A>(A);

impl<A: AeadInOut<NonceSize = U12, TagSize = U16>> Context for Keyed<A> {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        // The only error is a text of 64 GiB or more.
        self.0.encrypt_inout_detached(nonce(iv).into(), aad, in_out.into()).map_or([0; TAG], Into::into)
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some((text, tag)) = sealed.split_last_chunk_mut::<TAG>() else { return false };
        self.0.decrypt_inout_detached(nonce(iv).into(), aad, text.into(), (&*tag).into()).is_ok()
    }
}
