//! RustCrypto `aes`, `cbc` and `hmac` with `sha1` or `sha2`, one pass after the other: AES-NI and SHA extensions as
//! they find them at run time.

use aes::{Aes128, Aes256};
use cbc::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit,
    KeyInit, consts::U16,
};
use cbc::{Decryptor, Encryptor};
use espsim_model::profile::Algorithm;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::{Context, IV, TAG, Unavailable, cipher_key_length, icv_length};

pub(super) fn context(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    match algorithm {
        Algorithm::Aes128CbcHmacSha1 => keyed::<Aes128, Hmac<Sha1>>(algorithm, key),
        Algorithm::Aes256CbcHmacSha256 => keyed::<Aes256, Hmac<Sha256>>(algorithm, key),
        _ => Err(Unavailable::Lacks),
    }
}

/// A block cipher as CBC needs it.
trait Cipher: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit + 'static {}
impl<C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit + 'static> Cipher for C {}

fn keyed<C: Cipher, M: Mac + KeyInit + Clone + 'static>(
    algorithm: Algorithm,
    key: &[u8],
) -> Result<Box<dyn Context>, Unavailable> {
    let (cipher, mac) = key.split_at_checked(cipher_key_length(algorithm)).ok_or(Unavailable::Lacks)?;
    let cipher = C::new_from_slice(cipher).map_err(|_| Unavailable::Lacks)?;
    let mac = <M as KeyInit>::new_from_slice(mac).map_err(|_| Unavailable::Lacks)?;
    Ok(Box::new(Keyed { cipher, mac, icv: icv_length(algorithm) }))
}

struct Keyed<C, M> {
    cipher: C,
    /// Both keyed blocks are hashed already: each packet starts from a copy of their state.
    mac: M,
    icv: usize,
}

impl<C: Cipher, M: Mac + Clone> Keyed<C, M> {
    fn authenticated(&self, iv: &[u8; IV], aad: &[u8], ciphertext: &[u8]) -> M {
        let mut mac = self.mac.clone();
        mac.update(aad);
        mac.update(iv);
        mac.update(ciphertext);
        mac
    }
}

impl<C: Cipher, M: Mac + Clone> Context for Keyed<C, M> {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        Encryptor::inner_iv_init(&self.cipher, iv.into()).encrypt_blocks(Array::slice_as_chunks_mut(in_out).0);
        let mut tag = [0; TAG];
        let full = self.authenticated(iv, aad, in_out).finalize().into_bytes();
        tag[..self.icv].copy_from_slice(&full[..self.icv]);
        tag
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some(length) = sealed.len().checked_sub(self.icv) else { return false };
        let (text, icv) = sealed.split_at_mut(length);
        if self.authenticated(iv, aad, text).verify_truncated_left(icv).is_err() {
            return false;
        }
        Decryptor::inner_iv_init(&self.cipher, iv.into()).decrypt_blocks(Array::slice_as_chunks_mut(text).0);
        true
    }
}
