//! `aws-lc-rs`: assembly from AWS-LC, VAES with AVX-512 where it finds it.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use espsim_model::profile::Algorithm;

use super::{Context, IV, TAG, Unavailable, nonce};

pub(super) fn context(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    let algorithm = match algorithm {
        Algorithm::Aes128Gcm => &AES_128_GCM,
        Algorithm::Aes256Gcm => &AES_256_GCM,
        Algorithm::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        Algorithm::Aes128CbcHmacSha1 | Algorithm::Aes256CbcHmacSha256 => {
            // Its CBC is `PaddedBlockEncryptingKey::cbc_pkcs7`.
            return Err(Unavailable::Because("its CBC always adds PKCS#7 padding, which ESP's is not".into()));
        }
        Algorithm::Null => return Err(Unavailable::Lacks),
    };
    let key = UnboundKey::new(algorithm, key).map_err(|_| Unavailable::Lacks)?;
    Ok(Box::new(Keyed(LessSafeKey::new(key))))
}

struct Keyed(LessSafeKey);

impl Context for Keyed {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        let nonce = Nonce::assume_unique_for_key(*nonce(iv));
        let mut tag = [0; TAG];
        // The only error is a text of 64 GiB or more.
        if let Ok(sealed) = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out) {
            tag.copy_from_slice(sealed.as_ref());
        }
        tag
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        self.0.open_in_place(Nonce::assume_unique_for_key(*nonce(iv)), Aad::from(aad), sealed).is_ok()
    }
}
