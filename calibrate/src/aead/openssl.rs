//! OpenSSL's libcrypto, opened at run time where the host has it: the EVP interface with kept contexts, so that a call
//! pays for the IV but not for the key schedule. CBC and HMAC run one after the other, as Linux and VPP use them; the
//! stitched ciphers of libcrypto are shaped for TLS records.
#![allow(unsafe_code, reason = "a C library: every call is foreign")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use espsim_model::profile::Algorithm;
use libloading::Library;

use super::{Context, IV, NONCE, TAG, Unavailable, cipher_key_length, icv_length, key_length, no_library};

/// File names of the versions 3 and 1.1, which share this interface.
const NAMES: [&str; 4] = ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto.1.1.dylib"];
/// `EVP_CTRL_AEAD_SET_IVLEN`, `EVP_CTRL_AEAD_GET_TAG`, `EVP_CTRL_AEAD_SET_TAG` of `openssl/evp.h`.
const SET_IV_LENGTH: c_int = 0x9;
const GET_TAG: c_int = 0x10;
const SET_TAG: c_int = 0x11;
/// Octets of the longest digest, `EVP_MAX_MD_SIZE`.
const DIGEST: usize = 64;

/// An opaque object of the library.
type Object = *mut c_void;

/// Declares the functions that are used and loads all of them, so that none can be missing later.
macro_rules! functions {
    ($($name:ident: $symbol:literal, fn($($argument:ty),*) -> $result:ty;)*) => {
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) -> $result,)*
            /// Kept open: the functions live in it.
            _library: Library,
        }

        fn load(library: Library) -> Result<Functions, libloading::Error> {
            Ok(Functions {
                // SAFETY: the signatures are those of OpenSSL's headers, the same in 1.1 and 3.
                $($name: unsafe {
                    *library.get::<unsafe extern "C" fn($($argument),*) -> $result>(concat!($symbol, "\0"))?
                },)*
                _library: library,
            })
        }
    };
}

functions! {
    version: "OpenSSL_version", fn(c_int) -> *const c_char;
    aes_128_gcm: "EVP_aes_128_gcm", fn() -> *const c_void;
    aes_256_gcm: "EVP_aes_256_gcm", fn() -> *const c_void;
    aes_128_cbc: "EVP_aes_128_cbc", fn() -> *const c_void;
    aes_256_cbc: "EVP_aes_256_cbc", fn() -> *const c_void;
    chacha20_poly1305: "EVP_chacha20_poly1305", fn() -> *const c_void;
    sha1: "EVP_sha1", fn() -> *const c_void;
    sha256: "EVP_sha256", fn() -> *const c_void;
    new: "EVP_CIPHER_CTX_new", fn() -> Object;
    free: "EVP_CIPHER_CTX_free", fn(Object) -> ();
    init: "EVP_CipherInit_ex", fn(Object, *const c_void, *const c_void, *const u8, *const u8, c_int) -> c_int;
    control: "EVP_CIPHER_CTX_ctrl", fn(Object, c_int, c_int, *mut c_void) -> c_int;
    padding: "EVP_CIPHER_CTX_set_padding", fn(Object, c_int) -> c_int;
    update: "EVP_CipherUpdate", fn(Object, *mut u8, *mut c_int, *const u8, c_int) -> c_int;
    finish: "EVP_CipherFinal_ex", fn(Object, *mut u8, *mut c_int) -> c_int;
    hmac_new: "HMAC_CTX_new", fn() -> Object;
    hmac_free: "HMAC_CTX_free", fn(Object) -> ();
    hmac_init: "HMAC_Init_ex", fn(Object, *const c_void, c_int, *const c_void, *const c_void) -> c_int;
    hmac_update: "HMAC_Update", fn(Object, *const u8, usize) -> c_int;
    hmac_finish: "HMAC_Final", fn(Object, *mut u8, *mut c_uint) -> c_int;
}

/// The library, opened once.
fn functions() -> Result<&'static Functions, String> {
    static LOADED: OnceLock<Result<Functions, String>> = OnceLock::new();
    let open = || {
        // SAFETY: libcrypto's initialiser has no demands on its caller.
        let library = NAMES.iter().find_map(|name| unsafe { Library::new(*name) }.ok());
        let library = library.ok_or_else(|| no_library(&NAMES))?;
        load(library).map_err(|error| format!("libcrypto lacks a function: {error}"))
    };
    LOADED.get_or_init(open).as_ref().map_err(Clone::clone)
}

pub(super) fn version() -> Result<String, String> {
    let functions = functions()?;
    // SAFETY: item 0 is the version text, static and ended by a zero.
    let text = unsafe { CStr::from_ptr((functions.version)(0)) };
    Ok(text.to_string_lossy().into_owned())
}

pub(super) fn context(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    let functions = functions().map_err(Unavailable::Because)?;
    if key.len() != key_length(algorithm) {
        return Err(Unavailable::Lacks);
    }
    let (cipher_key, mac_key) = key.split_at(cipher_key_length(algorithm));
    // SAFETY: these return pointers to static descriptions, or null.
    let (cipher, digest) = unsafe {
        match algorithm {
            Algorithm::Aes128Gcm => ((functions.aes_128_gcm)(), None),
            Algorithm::Aes256Gcm => ((functions.aes_256_gcm)(), None),
            Algorithm::ChaCha20Poly1305 => ((functions.chacha20_poly1305)(), None),
            Algorithm::Aes128CbcHmacSha1 => ((functions.aes_128_cbc)(), Some((functions.sha1)())),
            Algorithm::Aes256CbcHmacSha256 => ((functions.aes_256_cbc)(), Some((functions.sha256)())),
            Algorithm::Null => return Err(Unavailable::Lacks),
        }
    };
    let refused = || Unavailable::Because("libcrypto refuses the cipher".into());
    let sealing = Cipher::new(functions, cipher, cipher_key, digest.is_none(), true).ok_or_else(refused)?;
    let opening = Cipher::new(functions, cipher, cipher_key, digest.is_none(), false).ok_or_else(refused)?;
    let mac = digest.map(|digest| Hmac::new(functions, digest, mac_key).ok_or_else(refused)).transpose()?;
    Ok(Box::new(Keyed { sealing, opening, mac, icv: icv_length(algorithm) }))
}

/// A cipher context of one direction with its key.
struct Cipher {
    functions: &'static Functions,
    object: Object,
}

impl Cipher {
    fn new(functions: &'static Functions, kind: *const c_void, key: &[u8], aead: bool, seal: bool) -> Option<Cipher> {
        // SAFETY: no arguments.
        let object = unsafe { (functions.new)() };
        if object.is_null() || kind.is_null() {
            return None;
        }
        let cipher = Cipher { functions, object };
        // SAFETY: the object is live; null stands for "no engine, no key yet, no IV yet"; the key has the length that
        // the cipher's name says, and is copied.
        let done = unsafe {
            let mut done = (functions.init)(object, kind, null(), null(), null(), c_int::from(seal));
            done &= if aead {
                (functions.control)(object, SET_IV_LENGTH, NONCE as c_int, null_mut())
            } else {
                (functions.padding)(object, 0)
            };
            done & (functions.init)(object, null(), null(), key.as_ptr(), null(), -1)
        };
        (done == 1).then_some(cipher)
    }

    /// Sets the IV and takes the AAD, which is empty for CBC.
    fn start(&self, iv: &[u8; IV], aad: &[u8]) -> bool {
        let mut written = 0;
        // SAFETY: the object is live and keyed; the IV holds as many octets as any cipher here reads; a null output
        // means AAD, of which the length is given.
        unsafe {
            (self.functions.init)(self.object, null(), null(), null(), iv.as_ptr(), -1) == 1
                && (aad.is_empty()
                    || (self.functions.update)(self.object, null_mut(), &mut written, aad.as_ptr(), aad.len() as c_int)
                        == 1)
        }
    }

    /// Encrypts or decrypts in place. A zero length is left out: an empty AEAD text needs no call.
    fn text(&self, in_out: &mut [u8]) -> bool {
        let mut written = 0;
        let text = in_out.as_mut_ptr();
        // SAFETY: input and output are the same octets, which EVP allows; ciphers here never write more than they read.
        in_out.is_empty()
            || unsafe { (self.functions.update)(self.object, text, &mut written, text, in_out.len() as c_int) == 1 }
    }

    fn control(&self, what: c_int, octets: &mut [u8]) -> bool {
        // SAFETY: the library reads or writes as many octets as it is told.
        unsafe { (self.functions.control)(self.object, what, octets.len() as c_int, octets.as_mut_ptr().cast()) == 1 }
    }

    /// Ends the text; when opening with an AEAD, checks the tag.
    fn finish(&self) -> bool {
        let (mut rest, mut written) = ([0; 32], 0);
        // SAFETY: at most one block is written, and there is room for two.
        unsafe { (self.functions.finish)(self.object, rest.as_mut_ptr(), &mut written) == 1 }
    }
}

impl Drop for Cipher {
    fn drop(&mut self) {
        // SAFETY: the object is live and belongs to this value alone.
        unsafe { (self.functions.free)(self.object) }
    }
}

/// An HMAC context with its key.
struct Hmac {
    functions: &'static Functions,
    object: Object,
}

impl Hmac {
    fn new(functions: &'static Functions, digest: *const c_void, key: &[u8]) -> Option<Hmac> {
        // SAFETY: no arguments.
        let object = unsafe { (functions.hmac_new)() };
        if object.is_null() {
            return None;
        }
        let hmac = Hmac { functions, object };
        // SAFETY: the object is live; the key is copied.
        let done = unsafe { (functions.hmac_init)(object, key.as_ptr().cast(), key.len() as c_int, digest, null()) };
        (done == 1).then_some(hmac)
    }

    /// The digest of the parts one after the other; `None` if a call fails.
    fn of(&self, parts: [&[u8]; 3]) -> Option<[u8; DIGEST]> {
        let (mut digest, mut length) = ([0; DIGEST], 0);
        // SAFETY: the object is live; without a key and a digest it starts again with those that it has; parts are
        // given with their lengths; no digest is longer than the buffer.
        let done = unsafe {
            (self.functions.hmac_init)(self.object, null(), 0, null(), null())
                & parts
                    .map(|part| (self.functions.hmac_update)(self.object, part.as_ptr(), part.len()))
                    .iter()
                    .product::<c_int>()
                & (self.functions.hmac_finish)(self.object, digest.as_mut_ptr(), &mut length)
        };
        (done == 1).then_some(digest)
    }
}

impl Drop for Hmac {
    fn drop(&mut self) {
        // SAFETY: the object is live and belongs to this value alone.
        unsafe { (self.functions.hmac_free)(self.object) }
    }
}

struct Keyed {
    sealing: Cipher,
    opening: Cipher,
    /// With CBC.
    mac: Option<Hmac>,
    icv: usize,
}

impl Context for Keyed {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        let cipher = &self.sealing;
        // A failure leaves a tag of zeros, which the check of all implementations finds.
        match &self.mac {
            None => {
                let _ = cipher.start(iv, aad)
                    && cipher.text(in_out)
                    && cipher.finish()
                    && cipher.control(GET_TAG, &mut tag);
            }
            Some(mac) => {
                if cipher.start(iv, &[])
                    && cipher.text(in_out)
                    && let Some(digest) = mac.of([aad, iv, in_out])
                {
                    tag[..self.icv].copy_from_slice(&digest[..self.icv]);
                }
            }
        }
        tag
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some(length) = sealed.len().checked_sub(self.icv) else { return false };
        let (text, icv) = sealed.split_at_mut(length);
        let cipher = &self.opening;
        match &self.mac {
            None => cipher.start(iv, aad) && cipher.control(SET_TAG, icv) && cipher.text(text) && cipher.finish(),
            Some(mac) => {
                let Some(digest) = mac.of([aad, iv, text]) else { return false };
                // All octets are looked at, as in a comparison in constant time.
                let differs = digest.iter().zip(&*icv).fold(0, |all, (a, b)| all | (a ^ b));
                differs == 0 && cipher.start(iv, &[]) && cipher.text(text)
            }
        }
    }
}
