//! Quantities as types: no bare number crosses a module border where a unit exists.
//!
//! Every quantity is written in files as a string with its unit (`"40 Gbps"`, `"1.5 us"`, `"64 KiB"`) and parsed by
//! [`FromStr`]. People read six decimals (`{}`); what is read back is written in full (`{:#}`, and by serde). Decimal prefixes are powers of 1000, binary ones (`KiB`, `MiB`, `GiB`) powers of 1024 (IEC 80000-13).

pub mod as_ps;
pub mod pattern;
mod text;

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
pub use text::UnitError;
use text::{parse, show};

/// Picoseconds in one second.
const PS_PER_SECOND: u128 = 1_000_000_000_000;

/// Parsing, printing and serde as a string for one quantity; units ascend.
macro_rules! quantity {
    ($name:ident, $inner:tt, $quantity:literal, $example:literal, [$(($unit:literal, $factor:expr)),+ $(,)?], shown [$(($sunit:literal, $sfactor:expr)),+ $(,)?]) => {
        impl $name {
            /// Units that it may be written in.
            pub const UNITS: &'static [&'static str] = &[$($unit),+];
            /// How it is written.
            pub const EXAMPLE: &'static str = $example;
        }
        impl FromStr for $name {
            type Err = UnitError;
            fn from_str(text: &str) -> Result<Self, UnitError> {
                let value = parse(text, $quantity, &[$(($unit, $factor)),+], $example)?;
                Ok(Self(quantity!(@round value, $inner)))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show(f, self.0 as f64, &[$(($sunit, $sfactor)),+], |text| text.parse() == Ok(*self))
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // What is read back is the same to the last digit.
                serializer.collect_str(&format_args!("{self:#}"))
            }
        }
        pattern::json_schema!($name);
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} with its unit, for example \"{}\"", $quantity, $example)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
    (@round $value:expr, u64) => { $value.round() as u64 };
    (@round $value:expr, f64) => { $value };
}

/// A point in simulated time or a duration, in integer picoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);
quantity!(Time, u64, "a time", "1.5 us",
    [("ps", 1.0), ("ns", 1e3), ("us", 1e6), ("ms", 1e9), ("s", 1e12)],
    shown [("ps", 1.0), ("ns", 1e3), ("us", 1e6), ("ms", 1e9), ("s", 1e12)]);

impl Time {
    /// No time at all.
    pub const ZERO: Time = Time(0);

    /// A duration of `ps` picoseconds.
    pub const fn from_ps(ps: u64) -> Self {
        Time(ps)
    }
    /// A duration of `ns` nanoseconds.
    pub const fn from_ns(ns: u64) -> Self {
        Time(ns * 1_000)
    }
    /// A duration of `us` microseconds.
    pub const fn from_us(us: u64) -> Self {
        Time(us * 1_000_000)
    }
    /// The nearest picosecond to `seconds`; negative values become zero.
    pub fn from_seconds(seconds: f64) -> Self {
        Time((seconds * 1e12).round() as u64)
    }
    /// Picoseconds.
    pub const fn as_ps(self) -> u64 {
        self.0
    }
    /// Nanoseconds.
    pub fn as_ns(self) -> f64 {
        self.0 as f64 * 1e-3
    }
    /// Seconds.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 * 1e-12
    }
    /// The duration times `factor`, rounded to the picosecond.
    pub fn scale(self, factor: f64) -> Self {
        Time((self.0 as f64 * factor).round() as u64)
    }
    /// `self - other`, or zero if `other` is the later one.
    pub const fn saturating_sub(self, other: Time) -> Self {
        Time(self.0.saturating_sub(other.0))
    }
}
impl Add for Time {
    type Output = Time;
    fn add(self, other: Time) -> Time {
        Time(self.0.saturating_add(other.0))
    }
}
impl AddAssign for Time {
    fn add_assign(&mut self, other: Time) {
        *self = *self + other;
    }
}
impl Sub for Time {
    type Output = Time;
    fn sub(self, other: Time) -> Time {
        Time(self.0 - other.0)
    }
}
impl Mul<u64> for Time {
    type Output = Time;
    fn mul(self, n: u64) -> Time {
        Time(self.0.saturating_mul(n))
    }
}
impl Sum for Time {
    fn sum<I: Iterator<Item = Time>>(times: I) -> Time {
        times.fold(Time::ZERO, Add::add)
    }
}

/// A number of octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(u64);
quantity!(
    Bytes,
    u64,
    "a size",
    "1500 B",
    [
        ("B", 1.0),
        ("kB", 1e3),
        ("KiB", 1024.0),
        ("MB", 1e6),
        ("MiB", 1_048_576.0),
        ("GB", 1e9),
        ("GiB", 1_073_741_824.0)
    ],
    shown[("B", 1.0)]
);

impl Bytes {
    /// Nothing.
    pub const ZERO: Bytes = Bytes(0);

    /// `self x factor`, rounded to the nearest octet.
    pub fn scale(self, factor: f64) -> Self {
        Bytes((self.0 as f64 * factor).round() as u64)
    }

    /// `n` octets.
    pub const fn new(n: u64) -> Self {
        Bytes(n)
    }
    /// The count of octets.
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The count of bits.
    pub const fn bits(self) -> u64 {
        self.0 * 8
    }
    /// How many pieces of at most `unit` these octets make; zero for no octets.
    pub const fn pieces(self, unit: Bytes) -> u64 {
        self.0.div_ceil(unit.0)
    }
    /// `self - other`, or zero.
    pub const fn saturating_sub(self, other: Bytes) -> Self {
        Bytes(self.0.saturating_sub(other.0))
    }
}
impl Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes(self.0 + other.0)
    }
}
impl Sub for Bytes {
    type Output = Bytes;
    fn sub(self, other: Bytes) -> Bytes {
        Bytes(self.0 - other.0)
    }
}
impl Mul<u64> for Bytes {
    type Output = Bytes;
    fn mul(self, n: u64) -> Bytes {
        Bytes(self.0 * n)
    }
}
impl Sum for Bytes {
    fn sum<I: Iterator<Item = Bytes>>(sizes: I) -> Bytes {
        sizes.fold(Bytes::ZERO, Add::add)
    }
}
/// Serialisation time; multiplied before dividing and rounded once, to the nearest picosecond.
impl Div<BitRate> for Bytes {
    type Output = Time;
    fn div(self, rate: BitRate) -> Time {
        let bits_ps = u128::from(self.bits()) * PS_PER_SECOND;
        let rate = u128::from(rate.0);
        Time(((bits_ps + rate / 2) / rate) as u64)
    }
}

/// Bits per second. Which bits are counted (goodput, l3, l2, wire) is said where the value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(u64);
quantity!(BitRate, u64, "a bit rate", "40 Gbps",
    [("bps", 1.0), ("kbps", 1e3), ("Mbps", 1e6), ("Gbps", 1e9), ("Tbps", 1e12)],
    shown [("bps", 1.0), ("kbps", 1e3), ("Mbps", 1e6), ("Gbps", 1e9), ("Tbps", 1e12)]);

impl BitRate {
    /// `n` bits per second.
    pub const fn from_bps(n: u64) -> Self {
        BitRate(n)
    }
    /// The nearest whole bit per second to `n` Gb/s.
    pub fn from_gbps(n: f64) -> Self {
        BitRate((n * 1e9).round() as u64)
    }
    /// Bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }
    /// Gigabits per second.
    pub fn as_gbps(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

/// Events, packets or operations per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct PacketRate(f64);
quantity!(PacketRate, f64, "a packet rate", "75 Mpps",
    [("pps", 1.0), ("kpps", 1e3), ("Mpps", 1e6), ("Gpps", 1e9)],
    shown [("pps", 1.0), ("kpps", 1e3), ("Mpps", 1e6), ("Gpps", 1e9)]);

impl PacketRate {
    /// `n` packets per second.
    pub const fn from_pps(n: f64) -> Self {
        PacketRate(n)
    }
    /// Packets per second.
    pub const fn as_pps(self) -> f64 {
        self.0
    }
    /// Whether packets pass at all: false for zero, negative rates and what is not a number.
    pub fn is_positive(self) -> bool {
        self.0 > 0.0
    }
    /// The time one packet takes at this rate, to the nearest picosecond; zero rate is a division by zero and gives
    /// the longest time.
    pub fn interval(self) -> Time {
        Time::from_seconds(1.0 / self.0)
    }
}

/// A clock frequency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hertz(u64);
quantity!(Hertz, u64, "a frequency", "3.7 GHz",
    [("Hz", 1.0), ("kHz", 1e3), ("MHz", 1e6), ("GHz", 1e9)],
    shown [("Hz", 1.0), ("kHz", 1e3), ("MHz", 1e6), ("GHz", 1e9)]);

impl Hertz {
    /// The frequency times a factor, to the nearest Hz.
    pub fn scale(self, factor: f64) -> Self {
        Hertz((self.0 as f64 * factor).round() as u64)
    }
    /// `n` Hz.
    pub const fn new(n: u64) -> Self {
        Hertz(n)
    }
    /// Cycles per second.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A share of a whole, written in percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);
quantity!(Share, f64, "a share", "1 %", [("%", 0.01)], shown[("%", 0.01)]);

impl Share {
    /// A share, as a fraction of one.
    pub const fn from_fraction(fraction: f64) -> Self {
        Share(fraction)
    }
    /// The share as a fraction of one.
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

/// Core clock cycles; fractional, because costs are means.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Cycles(pub f64);

impl Add for Cycles {
    type Output = Cycles;
    fn add(self, other: Cycles) -> Cycles {
        Cycles(self.0 + other.0)
    }
}
impl Mul<f64> for Cycles {
    type Output = Cycles;
    fn mul(self, factor: f64) -> Cycles {
        Cycles(self.0 * factor)
    }
}
impl Sum for Cycles {
    fn sum<I: Iterator<Item = Cycles>>(cycles: I) -> Cycles {
        cycles.fold(Cycles(0.0), Add::add)
    }
}
/// How long the cycles take at a frequency, to the nearest picosecond.
impl Div<Hertz> for Cycles {
    type Output = Time;
    fn div(self, frequency: Hertz) -> Time {
        Time((self.0 * 1e12 / frequency.0 as f64).round() as u64)
    }
}

/// Core clock cycles per octet.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CyclesPerByte(pub f64);

impl Mul<Bytes> for CyclesPerByte {
    type Output = Cycles;
    fn mul(self, bytes: Bytes) -> Cycles {
        Cycles(self.0 * bytes.0 as f64)
    }
}

#[cfg(test)]
mod tests;
