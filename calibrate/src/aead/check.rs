//! The check before any measurement: numbers of a wrong cipher would mean nothing.

use espsim_model::profile::Algorithm;

use super::vectors::{CBC_VECTORS, MAC_VECTORS, VECTORS, octets};
use super::{
    AAD, AAD_ESN, BACKENDS, Backend, Context, IV, NONCE, Unavailable, cipher_key_length, icv_length, key_length, whole,
};
use crate::CalibrateError;

/// Sizes at which implementations must agree: none, one, around a block, around eight blocks, a packet, a jumbo packet.
const CHECKED_SIZES: [u64; 10] = [0, 1, 15, 16, 17, 127, 128, 129, 1440, 9000];

/// Checks every implementation of every algorithm, see [`self_check_of`].
///
/// # Errors
/// [`CalibrateError::Disagrees`] names the one that differs.
pub fn self_check() -> Result<(), CalibrateError> {
    self_check_of(&BACKENDS.iter().collect::<Vec<_>>(), &Algorithm::ALL)
}

/// Checks implementations against published vectors and, with AAD of 8 and 12 octets, against the first one that has
/// the algorithm: ciphertext and ICV, both directions. Each must also refuse a packet with one bit changed in text, ICV,
/// AAD or IV. Those that are not available here are left out.
///
/// # Errors
/// [`CalibrateError::Disagrees`] names the one that differs.
pub fn self_check_of(backends: &[&Backend], algorithms: &[Algorithm]) -> Result<(), CalibrateError> {
    for &algorithm in algorithms {
        let mut reference = None;
        for backend in backends {
            let Ok(context) = backend.context(algorithm) else { continue };
            let disagrees = |octets| CalibrateError::Disagrees {
                backend: backend.name,
                algorithm: algorithm.name(),
                octets: octets as usize,
            };
            published(backend, algorithm).map_err(|octets| disagrees(octets as u64))?;
            let sealed: Vec<_> = cases(algorithm).map(|case| (case, seal(algorithm, &*context, case))).collect();
            let reference: &Vec<_> = reference.get_or_insert_with(|| sealed.clone());
            for ((case, ours), (_, theirs)) in sealed.into_iter().zip(reference) {
                if ours != *theirs || !opens(&*context, case, ours) {
                    return Err(disagrees(case.0));
                }
            }
        }
    }
    Ok(())
}

/// Octets of plaintext and of AAD.
type Case = (u64, usize);

fn cases(algorithm: Algorithm) -> impl Iterator<Item = Case> {
    // A kernel refuses CBC of nothing, and ESP always has a trailer.
    let least = whole(algorithm, 1);
    CHECKED_SIZES.iter().flat_map(move |&octets| {
        let octets = if least > 1 { whole(algorithm, octets).max(least) } else { octets };
        [(octets, AAD), (octets, AAD_ESN)]
    })
}

const CHECK_IV: [u8; IV] = [3; IV];
const CHECK_AAD: [u8; AAD_ESN] = [5; AAD_ESN];

fn text(octets: u64) -> Vec<u8> {
    (0..octets).map(|i| (i * 31 + 7) as u8).collect()
}

/// A packet: ciphertext and ICV.
fn seal(algorithm: Algorithm, context: &dyn Context, (octets, aad): Case) -> Vec<u8> {
    let mut packet = text(octets);
    let tag = context.seal(&CHECK_IV, &CHECK_AAD[..aad], &mut packet);
    packet.extend_from_slice(&tag[..icv_length(algorithm)]);
    packet
}

/// Whether the packet opens to the plaintext, and does not with one bit changed: the first, one in the middle, the last
/// one of the ICV, one of AAD or IV.
fn opens(context: &dyn Context, (octets, aad): Case, packet: Vec<u8>) -> bool {
    let refuses = |at: usize| {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        !context.open(&CHECK_IV, &CHECK_AAD[..aad], &mut changed)
    };
    let mut other_aad = CHECK_AAD;
    other_aad[aad - 1] ^= 1;
    let mut other_iv = CHECK_IV;
    other_iv[NONCE - 1] ^= 1;
    let mut opened = packet.clone();
    [0, packet.len() / 2, packet.len() - 1].into_iter().all(refuses)
        && !context.open(&CHECK_IV, &other_aad[..aad], &mut packet.clone())
        && !context.open(&other_iv, &CHECK_AAD[..aad], &mut packet.clone())
        && !context.open(&CHECK_IV, &CHECK_AAD[..aad], &mut packet[..4.min(packet.len())].to_vec())
        && context.open(&CHECK_IV, &CHECK_AAD[..aad], &mut opened)
        && opened[..octets as usize] == text(octets)
}

/// Every implementation must give the published results: agreement among themselves would not show a fault of the
/// harness, such as a nonce in the wrong order, that all of them share. The error is the vector's length.
fn published(backend: &Backend, algorithm: Algorithm) -> Result<(), usize> {
    let agree = |length: usize, key: Vec<u8>, test: &dyn Fn(&dyn Context) -> bool| match (backend.make)(algorithm, &key)
    {
        Ok(context) if test(&*context) => Ok(()),
        Err(Unavailable::Because(_)) => Ok(()),
        _ => Err(length),
    };
    for vector in VECTORS.iter().filter(|vector| vector.algorithm == algorithm) {
        let (plain, sealed) = (octets(vector.plaintext), octets(vector.ciphertext));
        let (iv, aad, tag) = (padded(&octets(vector.nonce)), octets(vector.aad), octets(vector.tag));
        agree(plain.len(), octets(vector.key), &|context| {
            let mut text = plain.clone();
            let ours = context.seal(&iv, &aad, &mut text);
            let mut packet = [&sealed[..], &tag].concat();
            ours[..] == tag && text == sealed && context.open(&iv, &aad, &mut packet) && packet.starts_with(&plain)
        })?;
    }
    for vector in CBC_VECTORS.iter().filter(|vector| vector.algorithm == algorithm) {
        let mut key = octets(vector.key);
        key.resize(key_length(algorithm), 0);
        let (plain, sealed, iv) = (octets(vector.plaintext), octets(vector.ciphertext), padded(&octets(vector.iv)));
        agree(plain.len(), key, &|context| {
            let mut text = plain.clone();
            let tag = context.seal(&iv, &[5; AAD], &mut text);
            let mut packet = [&sealed[..], &tag[..icv_length(algorithm)]].concat();
            text == sealed && context.open(&iv, &[5; AAD], &mut packet) && packet.starts_with(&plain)
        })?;
    }
    for vector in MAC_VECTORS.iter().filter(|vector| vector.algorithm == algorithm) {
        let key = [vec![0; cipher_key_length(algorithm)], octets(vector.key)].concat();
        let text = octets(vector.text);
        // The ciphertext takes whole blocks, the AAD what is left before the IV.
        let (aad, rest) = text.split_at(text.len() % IV);
        let (iv, ciphertext) = rest.split_at(IV);
        let packet = [ciphertext, &octets(vector.icv)].concat();
        agree(text.len(), key, &|context| context.open(&padded(iv), aad, &mut packet.clone()))?;
    }
    Ok(())
}

fn padded(iv: &[u8]) -> [u8; IV] {
    let mut padded = [0; IV];
    padded.iter_mut().zip(iv).for_each(|(to, from)| *to = *from);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::Make;
    use crate::aead::{TAG, ring};

    #[test]
    fn backends_agree() {
        self_check().unwrap();
        for algorithm in Algorithm::ALL {
            let available = BACKENDS.iter().filter(|backend| backend.context(algorithm).is_ok()).count();
            assert!(available >= 1, "{}", algorithm.name());
        }
    }

    #[test]
    fn a_changed_octet_is_refused_by_every_backend() {
        for backend in BACKENDS {
            for algorithm in Algorithm::ALL {
                let Ok(context) = backend.context(algorithm) else { continue };
                let packet = seal(algorithm, &*context, (64, AAD));
                assert!(context.open(&CHECK_IV, &CHECK_AAD[..AAD], &mut packet.clone()));
                for at in 0..packet.len() {
                    let mut changed = packet.clone();
                    changed[at] ^= 0x80;
                    assert!(!context.open(&CHECK_IV, &CHECK_AAD[..AAD], &mut changed), "{} octet {at}", backend.name);
                }
            }
        }
    }

    /// A context with a fault.
    struct Broken(Box<dyn Context>, Fault);
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        WrongTag,
        AcceptsAll,
        KeepsCiphertext,
    }
    impl Context for Broken {
        fn seal(&self, iv: &[u8; IV], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG] {
            let mut tag = self.0.seal(iv, aad, in_out);
            tag[TAG - 1] ^= u8::from(self.1 == Fault::WrongTag);
            tag
        }
        fn open(&self, iv: &[u8; IV], aad: &[u8], sealed: &mut [u8]) -> bool {
            match self.1 {
                Fault::KeepsCiphertext => self.0.open(iv, aad, &mut sealed.to_vec()),
                fault => self.0.open(iv, aad, sealed) || fault == Fault::AcceptsAll,
            }
        }
    }

    #[test]
    fn a_broken_backend_is_named() {
        const MAKE: [Make; 4] = [
            |algorithm, key| Ok(Box::new(Broken(ring::context(algorithm, key)?, Fault::WrongTag))),
            |algorithm, key| Ok(Box::new(Broken(ring::context(algorithm, key)?, Fault::AcceptsAll))),
            |algorithm, key| Ok(Box::new(Broken(ring::context(algorithm, key)?, Fault::KeepsCiphertext))),
            |algorithm, _| ring::context(algorithm, &[1; 16]),
        ];
        for make in MAKE {
            let broken = Backend::of_any("broken", make);
            let checked = self_check_of(&[&BACKENDS[0], &broken], &[Algorithm::Aes128Gcm]);
            assert!(matches!(checked, Err(CalibrateError::Disagrees { backend: "broken", .. })), "{checked:?}");
        }
        let none = Backend::of_any("none", |_, _| Err(Unavailable::Lacks));
        assert!(self_check_of(&[&none], &Algorithm::ALL).is_ok(), "an absent one is no fault");
    }
}
