//! Intel's intel-ipsec-mb, which VPP and DPDK encrypt with, opened at run time where the host has it: AES-GCM, by a call for
//! each packet and by jobs. Its interface is a structure of function pointers, which keep their places within a major version
//! (`IMB_MGR` in `intel-ipsec-mb.h`).
#![allow(unsafe_code, reason = "a C library: every call is foreign")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use espsim_model::profile::Algorithm;
use libloading::Library;

use super::{Context, IV, NONCE, TAG, Unavailable, key_length, no_library};

/// The file name of major version 1, whose structures are those below.
const NAMES: [&str; 1] = ["libIPSec_MB.so.1"];
/// Values of `IMB_ARCH`: SSE to AVX-512 and what may follow.
const ARCHITECTURES: std::ops::RangeInclusive<c_int> = 2..=9;
/// `IMB_CIPHER_GCM`, `IMB_AUTH_AES_GMAC`, `IMB_STATUS_COMPLETED`.
const GCM: c_int = 5;
const GMAC: c_int = 9;
const COMPLETED: c_int = 3;

/// `struct gcm_key_data`: 1008 octets in version 1.3; room for those of others.
#[repr(C, align(64))]
struct Key([u8; 4096]);

/// `struct gcm_context_data`: 88 octets in version 1.3.
#[repr(C, align(64))]
struct State([u8; 512]);

type Expand = unsafe extern "C" fn(*const u8, *mut Key);
type Work =
    unsafe extern "C" fn(*const Key, *mut State, *mut u8, *const u8, u64, *const u8, *const u8, u64, *mut u8, u64);

/// The head of `IMB_MGR`.
#[repr(C)]
struct Manager {
    flags: u64,
    features: u64,
    reserved: [u64; 5],
    used_arch: u32,
    errno: c_int,
    get_next_job: Option<unsafe extern "C" fn(*mut Manager) -> *mut Job>,
    submit_job: usize,
    submit_job_nocheck: Option<unsafe extern "C" fn(*mut Manager) -> *mut Job>,
    /// Up to GCM: other ciphers and hashes.
    others: [usize; 21],
    /// Keys of 128, 192 and 256 bits.
    seal: [Option<Work>; 3],
    open: [Option<Work>; 3],
    /// Those that begin, go on and end, of which each takes a part of a packet.
    parts: [usize; 18],
    expand: [Option<Expand>; 3],
}

/// `IMB_JOB`.
#[repr(C)]
struct Job {
    keys: [*const Key; 2],
    key_length: u64,
    source: *const u8,
    target: *mut u8,
    cipher_offset: u64,
    cipher_length: u64,
    hash_offset: u64,
    hash_length: u64,
    iv: *const u8,
    iv_length: u64,
    tag: *mut u8,
    tag_length: u64,
    aad: *const u8,
    aad_length: u64,
    other: u64,
    status: c_int,
    cipher: c_int,
    direction: c_int,
    hash: c_int,
    order: c_int,
}

/// Places of the 1.x header: a field that moved would be found by the compiler, not by a crash.
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Manager, get_next_job) == 64 && offset_of!(Manager, seal) == 256);
    assert!(offset_of!(Manager, open) == 280 && offset_of!(Manager, expand) == 448);
    assert!(offset_of!(Job, iv) == 72 && offset_of!(Job, aad) == 104 && offset_of!(Job, status) == 128);
    assert!(offset_of!(Job, order) == 144);
};

struct Functions {
    alloc: unsafe extern "C" fn(u64) -> *mut Manager,
    free: unsafe extern "C" fn(*mut Manager),
    init: unsafe extern "C" fn(*mut Manager, *mut c_int),
    /// Kept open: the functions live in it.
    _library: Library,
}

fn load(library: Library) -> Result<Functions, libloading::Error> {
    // SAFETY: the signatures are those of the header.
    unsafe {
        Ok(Functions {
            alloc: *library.get::<unsafe extern "C" fn(u64) -> *mut Manager>(b"alloc_mb_mgr\0")?,
            free: *library.get::<unsafe extern "C" fn(*mut Manager)>(b"free_mb_mgr\0")?,
            init: *library.get::<unsafe extern "C" fn(*mut Manager, *mut c_int)>(b"init_mb_mgr_auto\0")?,
            _library: library,
        })
    }
}

/// The library, opened once.
fn functions() -> Result<&'static Functions, String> {
    static LOADED: OnceLock<Result<Functions, String>> = OnceLock::new();
    let open = || {
        // SAFETY: the library's initialiser has no demands on its caller.
        let library = NAMES.iter().find_map(|name| unsafe { Library::new(*name) }.ok());
        let library = library.ok_or_else(|| no_library(&NAMES))?;
        load(library).map_err(|error| format!("{} lacks a function: {error}", NAMES[0]))
    };
    LOADED.get_or_init(open).as_ref().map_err(Clone::clone)
}

/// One call for each packet.
pub(super) fn direct(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    Ok(Box::new(Direct(Keyed::new(algorithm, key)?)))
}

/// By jobs, as DPDK's driver does it: AES-GCM is done when a job is submitted, so that jobs one by one cost what many do.
pub(super) fn jobs(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Context>, Unavailable> {
    Ok(Box::new(Jobs(Keyed::new(algorithm, key)?)))
}

/// A manager with an expanded key.
struct Keyed {
    functions: &'static Functions,
    manager: *mut Manager,
    key: Box<Key>,
    key_length: u64,
    seal: Work,
    open: Work,
}

impl Keyed {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Keyed, Unavailable> {
        let size = match algorithm {
            Algorithm::Aes128Gcm => 0,
            Algorithm::Aes256Gcm => 2,
            _ => return Err(Unavailable::Lacks),
        };
        if key.len() != key_length(algorithm) {
            return Err(Unavailable::Lacks);
        }
        let functions = functions().map_err(Unavailable::Because)?;
        let because = |reason: &str| Unavailable::Because(format!("intel-ipsec-mb {reason}"));
        // SAFETY: no flags; what it returns is this value's own until `free`.
        let manager = unsafe { (functions.alloc)(0) };
        if manager.is_null() {
            return Err(because("cannot be set up: no memory"));
        }
        let mut architecture = 0;
        // SAFETY: the manager is live, and so is what the architecture is written to.
        unsafe { (functions.init)(manager, &mut architecture) };
        // SAFETY: it has at least the head, whose places are those of major version 1.
        let head = unsafe { &*manager };
        // What was written must be read at its place, or this is another layout.
        let same = u32::try_from(architecture).is_ok_and(|architecture| architecture == head.used_arch);
        let found = (head.seal[size], head.open[size], head.expand[size], head.get_next_job, head.submit_job_nocheck);
        let (Some(seal), Some(open), Some(expand), Some(_), Some(_)) = found else {
            // SAFETY: the manager is live and given back once.
            unsafe { (functions.free)(manager) };
            return Err(because("has no AES-GCM for this CPU"));
        };
        let mut keyed =
            Keyed { functions, manager, key: Box::new(Key([0; 4096])), key_length: key.len() as u64, seal, open };
        if !same || !ARCHITECTURES.contains(&architecture) || head.errno != 0 {
            return Err(because("does not know this CPU, or is another version than 1"));
        }
        // SAFETY: the key has the length that the function's name says; the room for the expanded one is larger than it.
        unsafe { expand(key.as_ptr(), &mut *keyed.key) };
        Ok(keyed)
    }

    /// The packet in place; gives the tag that belongs to it.
    fn call(&self, work: Work, iv: &[u8; IV], aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
        let (mut tag, mut state) = ([0; TAG], MaybeUninit::<State>::uninit());
        let (at, length) = (text.as_mut_ptr(), text.len() as u64);
        // SAFETY: the key is expanded; the state is the function's own; in place is allowed; lengths are those of the parts,
        // and of the IV it reads 12 octets.
        unsafe {
            work(
                &*self.key,
                state.as_mut_ptr(),
                at,
                at,
                length,
                iv.as_ptr(),
                aad.as_ptr(),
                aad.len() as u64,
                tag.as_mut_ptr(),
                TAG as u64,
            );
        }
        tag
    }

    /// The same as a job. One that fails leaves a tag of zeros, which the check of all implementations finds.
    fn job(&self, direction: c_int, iv: &[u8; IV], aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        // SAFETY: the manager is live and this thread's; both functions were there when it was made. A job that the manager
        // hands out is its own until it is submitted; everything that it points to lives until that returns, by when AES-GCM
        // is done.
        unsafe {
            let head = &*self.manager;
            let (Some(next), Some(submit)) = (head.get_next_job, head.submit_job_nocheck) else { return tag };
            let job = &mut *next(self.manager);
            job.keys = [&*self.key; 2];
            job.key_length = self.key_length;
            (job.source, job.target) = (text.as_ptr(), text.as_mut_ptr());
            (job.cipher_offset, job.hash_offset) = (0, 0);
            (job.cipher_length, job.hash_length) = (text.len() as u64, text.len() as u64);
            (job.iv, job.iv_length) = (iv.as_ptr(), NONCE as u64);
            (job.tag, job.tag_length) = (tag.as_mut_ptr(), TAG as u64);
            (job.aad, job.aad_length) = (aad.as_ptr(), aad.len() as u64);
            (job.cipher, job.hash) = (GCM, GMAC);
            // Encrypting ciphers first, decrypting hashes first.
            (job.direction, job.order) = (direction, direction);
            let done = submit(self.manager);
            if done.is_null() || (*done).status != COMPLETED {
                return [0; TAG];
            }
        }
        tag
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        // SAFETY: the manager is live and given back once.
        unsafe { (self.functions.free)(self.manager) }
    }
}

/// `IMB_DIR_ENCRYPT` with `IMB_ORDER_CIPHER_HASH`, and the other way.
const ENCRYPT: c_int = 1;
const DECRYPT: c_int = 2;

/// Whether tags are alike; all octets are looked at, as in a comparison in constant time.
fn alike(ours: &[u8; TAG], theirs: &[u8; TAG]) -> bool {
    ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

struct Direct(Keyed);

impl Context for Direct {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        self.0.call(self.0.seal, iv, aad, in_out)
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some((text, tag)) = sealed.split_last_chunk_mut::<TAG>() else { return false };
        alike(&self.0.call(self.0.open, iv, aad, text), tag)
    }
}

struct Jobs(Keyed);

impl Context for Jobs {
    fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
        self.0.job(ENCRYPT, iv, aad, in_out)
    }

    fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
        let Some((text, tag)) = sealed.split_last_chunk_mut::<TAG>() else { return false };
        alike(&self.0.job(DECRYPT, iv, aad, text), tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::BACKENDS;

    #[test]
    fn both_interfaces_are_there_or_the_reason_is() {
        for backend in BACKENDS.iter().filter(|backend| backend.name.starts_with("intel-ipsec-mb")) {
            match backend.context(Algorithm::Aes128Gcm) {
                Ok(context) => {
                    let mut packet = [7; 100];
                    assert_ne!(context.seal(&[1; IV], &[2; 8], &mut packet), [0; TAG]);
                    assert_ne!(packet, [7; 100]);
                }
                Err(Unavailable::Because(reason)) => assert!(reason.contains("libIPSec_MB"), "{reason}"),
                Err(Unavailable::Lacks) => panic!("{} has AES-GCM", backend.name),
            }
            assert!(matches!(backend.context(Algorithm::ChaCha20Poly1305), Err(Unavailable::Lacks)));
        }
    }
}
