//! Published test vectors of AES-GCM as ESP uses it: 8 octets of AAD, 12 of nonce, 16 of tag.
//!
//! Source: D. McGrew, "Test Cases for the use of Galois/Counter Mode (GCM) and Galois Message Authentication Code (GMAC)
//! in IPsec ESP", draft-mcgrew-gcm-test-01 (2009), section 4, for SPI a5f8 and SPI 4a2cbfe3.

use espsim_model::profile::Algorithm;

use super::{AAD, NONCE, TAG};

/// One published operation, in hexadecimal as published.
pub(super) struct Vector {
    pub(super) algorithm: Algorithm,
    pub(super) key: &'static str,
    /// Salt and IV.
    pub(super) nonce: &'static str,
    /// SPI and sequence number.
    pub(super) aad: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
    pub(super) tag: &'static str,
}

/// One vector a key size; the second one ends in an incomplete block.
pub(super) const VECTORS: [Vector; 2] = [
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
];

/// Nonce, AAD and tag of a vector.
pub(super) fn fields(vector: &Vector) -> Option<([u8; NONCE], [u8; AAD], [u8; TAG])> {
    let nonce = octets(vector.nonce).try_into().ok()?;
    let aad = octets(vector.aad).try_into().ok()?;
    Some((nonce, aad, octets(vector.tag).try_into().ok()?))
}

/// Octets of a hexadecimal text; whatever is not hexadecimal becomes ff, and disagrees.
pub(super) fn octets(hexadecimal: &str) -> Vec<u8> {
    let digit = |d: u8| (d as char).to_digit(16).unwrap_or(0xff) as u8;
    hexadecimal.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_rfc_4106() {
        for vector in &VECTORS {
            assert!(fields(vector).is_some());
            assert_eq!(octets(vector.plaintext).len(), octets(vector.ciphertext).len());
        }
        assert_eq!(octets("0afF"), [0x0a, 0xff]);
    }
}
