//! Proof that packets took the path whose time was measured: counters of the driver, of the SAs and of the device.

use serde::{Deserialize, Serialize};

use super::data_path::{Flow, Protection};
use super::error::SaPathError;
use super::netdevsim::Ipsec;
use super::site::Site;

/// One comparison that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What was counted.
    pub what: String,
    /// What was sent, and what the kernel counted.
    pub count: u64,
}

/// Notes a count that is as it should be.
///
/// # Errors
/// [`SaPathError::Contradiction`] if it is not.
pub(super) fn expect(proofs: &mut Vec<Proof>, what: &str, expected: u64, found: u64) -> Result<(), SaPathError> {
    same(what, expected, found)?;
    proofs.push(Proof { what: what.to_owned(), count: found });
    Ok(())
}

/// Two numbers that must be the same.
///
/// # Errors
/// [`SaPathError::Contradiction`] if they are not.
pub(super) fn same(what: &str, expected: u64, found: u64) -> Result<(), SaPathError> {
    if expected == found { Ok(()) } else { Err(SaPathError::Contradiction { what: what.to_owned(), expected, found }) }
}

/// Compares what driver and SAs counted since `before` with `each` packets of every flow.
pub(super) fn flows(
    site: &mut Site,
    flows: &[Flow],
    each: u64,
    before: Ipsec,
    proofs: &mut Vec<Proof>,
) -> Result<(), SaPathError> {
    let offloaded = flows.iter().filter(|flow| flow.protection == Protection::Offloaded).count() as u64;
    let after = site.a.ipsec()?;
    expect(proofs, "debugfs: SAs in the device", offloaded, after.sas)?;
    expect(proofs, "debugfs: packets left to the device", offloaded * each, after.transmitted - before.transmitted)?;
    for flow in flows {
        if let Some(sa) = &flow.sa {
            let state = site.state(sa)?;
            let way = if sa.device.is_some() { "offloaded" } else { "in software" };
            expect(proofs, &format!("packets of SA {:#010x}, {way}", sa.spi), each, state.packets)?;
            let [asked, told] = [sa.device, state.device].map(|device| u64::from(device.unwrap_or(0)));
            same(&format!("device of SA {:#010x}", sa.spi), asked, told)?;
        }
    }
    Ok(())
}
