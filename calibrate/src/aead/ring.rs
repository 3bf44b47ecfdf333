//! `ring`: assembly from BoringSSL, AES-NI with AVX, VAES where it finds it.

use espsim_model::profile::Algorithm;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{AAD, NONCE, Sealer, TAG};

pub(super) fn sealer(algorithm: Algorithm, key: &[u8]) -> Option<Box<dyn Sealer>> {
    let algorithm = match algorithm {
        Algorithm::Aes128Gcm => &AES_128_GCM,
        Algorithm::Aes256Gcm => &AES_256_GCM,
        Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256 => return None,
    };
    Some(Box::new(Context(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?))))
}

struct Context(LessSafeKey);

impl Sealer for Context {
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8; AAD], in_out: &mut [u8]) -> [u8; TAG] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut tag = [0; TAG];
        // The only error is a text of 64 GiB or more.
        if let Ok(sealed) = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out) {
            tag.copy_from_slice(sealed.as_ref());
        }
        tag
    }
}
