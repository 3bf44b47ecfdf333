//! The Linux kernel's own AEADs through its AF_ALG sockets: two system calls and two copies an operation, which the same with
//! a cipher that does nothing takes too. What is left is the kernel's cipher.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use espsim_model::profile::Algorithm;
use nix::errno::Errno;
use nix::libc::{ALG_OP_DECRYPT, ALG_OP_ENCRYPT};
use nix::sys::socket::sockopt::{AlgSetAeadAuthSize, AlgSetKey};
use nix::sys::socket::{
    AddressFamily, AlgAddr, ControlMessage, MsgFlags, SockFlag, SockType, accept4, bind, recvmsg, sendmsg, setsockopt,
    socket,
};

use super::{AAD, AAD_ESN, Context, IV, NONCE, TAG, Unavailable, cipher_key_length, icv_length};

pub(crate) fn context(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    // Names of `/proc/crypto`.
    let (name, cbc) = match algorithm {
        Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => ("gcm(aes)", false),
        Algorithm::ChaCha20Poly1305 => ("rfc7539(chacha20,poly1305)", false),
        Algorithm::Aes128CbcHmacSha1 => ("authenc(hmac(sha1),cbc(aes))", true),
        Algorithm::Aes256CbcHmacSha256 => ("authenc(hmac(sha256),cbc(aes))", true),
        Algorithm::Null => return Err(Unavailable::Lacks),
    };
    let key = if cbc { authenc_key(algorithm, key) } else { key.to_vec() };
    let icv = icv_length(algorithm);
    let because = |error: Errno| Unavailable::Because(format!("the kernel does not offer {name}: {error}"));
    let session =
        Session { session: session(name, &key, icv).map_err(because)?, nonce: if cbc { IV } else { NONCE }, cbc, icv };
    // One call to try: what a kernel refuses only now is lacking, not wrong.
    session.run(ALG_OP_ENCRYPT, &[0; IV], &[0; AAD], 0, [&mut [0; 16], &mut [0; TAG][..icv]]).map_err(because)?;
    let nothing = nothing().map_err(|error| {
        let lacks = "the kernel offers no cipher that does nothing (cipher_null, digest_null), without which its own";
        Unavailable::Because(format!("{lacks} cannot be told from system calls: {error}"))
    })?;
    Ok(Box::new(Kernel { session, nothing }))
}

/// A cipher of the kernel beside one that does nothing.
struct Kernel {
    session: Session,
    nothing: Box<dyn Context>,
}

impl Context for Kernel {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        self.session.seal(iv, aad, in_out)
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        self.session.open(iv, aad, sealed)
    }

    fn interface(&self) -> Option<&dyn Context> {
        Some(&*self.nothing)
    }
}

/// The kernel's authenticated encryption that does nothing (`crypto/crypto_null.c`): what the interface costs.
pub(crate) fn nothing() -> Result<Box<dyn Context>, Errno> {
    let key = authenc_key_of(&[], &[]);
    let session =
        Session { session: session("authenc(digest_null,ecb(cipher_null))", &key, 0)?, nonce: 0, cbc: false, icv: 0 };
    session.run(ALG_OP_ENCRYPT, &[0; IV], &[0; AAD], 0, [&mut [0; 16], &mut []])?;
    Ok(Box::new(session))
}

/// Keys of `authenc`: a routing attribute of type 1 that holds the cipher key's length in network order, then the
/// HMAC's key, then the cipher's (Linux `crypto/authenc.c`, `crypto_authenc_extractkeys`).
fn authenc_key(algorithm: Algorithm, key: &[u8]) -> Vec<u8> {
    let (cipher, mac) = key.split_at(cipher_key_length(algorithm).min(key.len()));
    authenc_key_of(cipher, mac)
}

fn authenc_key_of(cipher: &[u8], mac: &[u8]) -> Vec<u8> {
    [&8u16.to_ne_bytes()[..], &1u16.to_ne_bytes(), &(cipher.len() as u32).to_be_bytes(), mac, cipher].concat()
}

#[allow(unsafe_code, reason = "the accepted socket is a bare number that has to be owned")]
fn session(name: &str, key: &[u8], icv: usize) -> Result<OwnedFd, Errno> {
    let cipher = socket(AddressFamily::Alg, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
    bind(cipher.as_raw_fd(), &AlgAddr::new("aead", name))?;
    setsockopt(&cipher, AlgSetKey::default(), &key)?;
    setsockopt(&cipher, AlgSetAeadAuthSize, &icv)?;
    let session = accept4(cipher.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: `accept4` has just made this descriptor and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(session) })
}

struct Session {
    session: OwnedFd,
    /// Octets of the IV that the cipher takes.
    nonce: usize,
    /// With CBC the IV is authenticated too: it is sent once more after the AAD.
    cbc: bool,
    icv: usize,
}

impl Session {
    /// Sends AAD and text, reads AAD and result back over the text. The kernel copies what is sent.
    fn run(
        &self,
        operation: i32,
        iv: &[u8; IV],
        aad: &[u8],
        sent: usize,
        in_out: [&mut [u8]; 2],
    ) -> nix::Result<usize> {
        let [text, tag] = in_out;
        let (used, copy) = (&iv[..self.nonce], if self.cbc { &iv[..] } else { &iv[..0] });
        let assoclen = (aad.len() + copy.len()) as u32;
        let control = [
            ControlMessage::AlgSetOp(&operation),
            ControlMessage::AlgSetIv(used),
            ControlMessage::AlgSetAeadAssoclen(&assoclen),
        ];
        let parts = [IoSlice::new(aad), IoSlice::new(copy), IoSlice::new(text), IoSlice::new(&tag[..sent])];
        sendmsg::<()>(self.session.as_raw_fd(), &parts, &control, MsgFlags::empty(), None)?;
        let mut head = [0; AAD_ESN + IV];
        let head = &mut head[..assoclen as usize];
        let mut parts = [IoSliceMut::new(head), IoSliceMut::new(text), IoSliceMut::new(&mut tag[sent..])];
        Ok(recvmsg::<()>(self.session.as_raw_fd(), &mut parts, None, MsgFlags::empty())?.bytes)
    }
}

impl Context for Session {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        // A failure leaves a tag of zeros, which the check of all implementations finds.
        let _ = self.run(ALG_OP_ENCRYPT, iv, aad, 0, [in_out, &mut tag[..self.icv]]);
        tag
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some(length) = sealed.len().checked_sub(self.icv) else { return false };
        let (text, icv) = sealed.split_at_mut(length);
        // The kernel answers EBADMSG for a wrong ICV.
        self.run(ALG_OP_DECRYPT, iv, aad, self.icv, [text, icv]).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authenc_keys_have_the_kernel_s_form() {
        let key: Vec<u8> = (0..36).collect();
        let blob = authenc_key(Algorithm::Aes128CbcHmacSha1, &key);
        assert_eq!(blob.len(), 8 + 36);
        assert_eq!(blob[4..8], [0, 0, 0, 16]);
        assert_eq!((blob[8], blob[8 + 20]), (16, 0), "the HMAC's key stands first");
    }
}
