//! Published test vectors.
//!
//! AES-GCM as ESP uses it, 8 octets of AAD, 12 of nonce, 16 of tag: D. McGrew, "Test Cases for the use of
//! Galois/Counter Mode (GCM) and Galois Message Authentication Code (GMAC) in IPsec ESP", draft-mcgrew-gcm-test-01
//! (2009), section 4, for SPI a5f8 and SPI 4a2cbfe3. ChaCha20-Poly1305: RFC 8439 section 2.8.2. AES-CBC: RFC 3602
//! section 4. HMAC-SHA1: RFC 2202 section 3. HMAC-SHA2-256: RFC 4231 section 4.

use espsim_model::profile::Algorithm;

/// One published operation, in hexadecimal as published.
pub(super) struct Vector {
    pub(super) algorithm: Algorithm,
    pub(super) key: &'static str,
    /// Salt and IV of an AEAD.
    pub(super) nonce: &'static str,
    /// SPI and sequence number.
    pub(super) aad: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
    pub(super) tag: &'static str,
}

/// One vector a key size; the second and third end in an incomplete block.
pub(super) const VECTORS: [Vector; 3] = [
    Vector {
        algorithm: Algorithm::Aes128Gcm,
        key: "feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "0000a5f80000000a",
        plaintext: "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100\
                    0001000000000000037369700963796265726369747902646b00000100010001",
        ciphertext: "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c\
                     3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
        tag: "83b70d3aa8bc6ee4c309e9d85a41ad4a",
    },
    Vector {
        algorithm: Algorithm::Aes256Gcm,
        key: "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
        nonce: "112233440102030405060708",
        aad: "4a2cbfe300000002",
        plaintext: "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000\
                    7002400020bf0000020405b40101040201020201",
        ciphertext: "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763\
                     748a637985771d347f0545659f14e99def842d8e",
        tag: "b335f4eecfdbf831824b4c4915956c96",
    },
    Vector {
        algorithm: Algorithm::ChaCha20Poly1305,
        key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        nonce: "070000004041424344454647",
        aad: "50515253c0c1c2c3c4c5c6c7",
        plaintext: "4c616469657320616e642047656e746c656d656e206f662074686520636c6173\
                    73206f66202739393a204966204920636f756c64206f6666657220796f75206f\
                    6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73\
                    637265656e20776f756c642062652069742e",
        ciphertext: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6\
                     3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36\
                     92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
                     3ff4def08e4b7a9de576d26586cec64b6116",
        tag: "1ae10b594f09e26a7e902ecbd0600691",
    },
];

/// One published encryption with AES-CBC.
pub(super) struct CbcVector {
    /// The combination whose cipher it is.
    pub(super) algorithm: Algorithm,
    pub(super) key: &'static str,
    pub(super) iv: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
}

/// RFC 3602 section 4, case 4 (128-bit key, four blocks). It has none of 256 bits: NIST SP 800-38A section F.2.5.
pub(super) const CBC_VECTORS: [CbcVector; 2] = [
    CbcVector {
        algorithm: Algorithm::Aes128CbcHmacSha1,
        key: "56e47a38c5598974bc46903dba290349",
        iv: "8ce82eefbea0da3c44699ed7db51b7d9",
        plaintext: "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\
                    c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
        ciphertext: "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e\
                     35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55",
    },
    CbcVector {
        algorithm: Algorithm::Aes256CbcHmacSha256,
        key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        iv: "000102030405060708090a0b0c0d0e0f",
        plaintext: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
        ciphertext: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
    },
];

/// One published HMAC. It is checked by opening: an ICV that is accepted for AAD, IV and ciphertext is the HMAC of the
/// three one after the other, whatever their lengths.
pub(super) struct MacVector {
    /// The combination whose HMAC it is.
    pub(super) algorithm: Algorithm,
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    pub(super) icv: &'static str,
}

/// RFC 2202 section 3 case 3 and RFC 4231 section 4.4, cut to the lengths of the ICVs. The latter's key has 20 octets:
/// HMAC fills keys up with zeros, and so it is written here.
pub(super) const MAC_VECTORS: [MacVector; 2] = [
    MacVector {
        algorithm: Algorithm::Aes128CbcHmacSha1,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        text: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\
               dddddddddddddddddddddddddddddddddddd",
        icv: "125d7342b9ac11cd91a39af4",
    },
    MacVector {
        algorithm: Algorithm::Aes256CbcHmacSha256,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa000000000000000000000000",
        text: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\
               dddddddddddddddddddddddddddddddddddd",
        icv: "773ea91e36800e46854db8ebd09181a7",
    },
];

/// Octets of a hexadecimal text; whatever is not hexadecimal becomes ff, and disagrees.
pub(super) fn octets(hexadecimal: &str) -> Vec<u8> {
    let digit = |d: u8| (d as char).to_digit(16).unwrap_or(0xff) as u8;
    hexadecimal.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::{NONCE, TAG};

    #[test]
    fn lengths_are_those_of_the_algorithms() {
        for vector in &VECTORS {
            assert_eq!((octets(vector.nonce).len(), octets(vector.tag).len()), (NONCE, TAG));
            assert_eq!(octets(vector.plaintext).len(), octets(vector.ciphertext).len());
        }
        for vector in &CBC_VECTORS {
            assert_eq!(octets(vector.plaintext).len(), octets(vector.ciphertext).len());
        }
        assert_eq!(octets("0afF"), [0x0a, 0xff]);
    }
}
