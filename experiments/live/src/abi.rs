//! The functions that WebAssembly exports: text by address and length, in the module's own memory.
//!
//! `reserve(length)` gives room for a request; `ask(address, length)` takes it back and gives the answer, its address in the upper
//! and its length in the lower half of the result; `release(address, length)` takes the answer back.
#![allow(unsafe_code, reason = "whoever calls WebAssembly hands over addresses, and exports need a name")]

use crate::answer;

/// Room for so many octets.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; length].into_boxed_slice()).cast()
}

/// Takes back what [`reserve`] or [`ask`] gave.
///
/// # Safety
/// Address and length must be what one of them gave, not taken back yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn release(address: *mut u8, length: usize) {
    // SAFETY: a boxed slice of this length was leaked at this address.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(address, length)) });
}

/// The answer to a request, which is taken back.
///
/// # Safety
/// As [`release`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ask(address: *mut u8, length: usize) -> u64 {
    // SAFETY: as above.
    let request = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(address, length)) };
    let answer = answer(&String::from_utf8_lossy(&request)).into_bytes().into_boxed_slice();
    let length = answer.len();
    let address = Box::into_raw(answer).cast::<u8>();
    ((address as u64) << 32) | length as u64
}
