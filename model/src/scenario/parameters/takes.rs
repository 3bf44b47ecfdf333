//! What a parameter takes, and where its values may lie.

use std::fmt;

use toml::Value;

use super::Entry;
use crate::units::{BitRate, Bytes, PacketRate, Share, Time};

/// Names that are asked for when they are needed: of a type, or of presets.
pub type Names = fn() -> Vec<&'static str>;

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// One of these names.
    Name(Names),
    /// One of these names of presets, or the path of a file.
    Preset(Names),
    /// A number with a unit, as text.
    Quantity {
        /// Of what.
        quantity: Quantity,
        /// Where it may lie.
        range: Range,
        /// Whether `off` may stand instead.
        or_off: bool,
    },
    /// A whole number.
    Integer(Range),
    /// Any number.
    Number(Range),
    /// `true` or `false`.
    Boolean,
    /// Any text.
    Text,
    /// A list.
    List(Items),
    /// One of these names, or a list.
    NameOrList(Names, Items),
}

/// What stands in a list.
#[derive(Debug, Clone, Copy)]
pub enum Items {
    /// Names.
    Names(Names),
    /// Tables.
    Tables(&'static [Entry]),
}

/// A kind of quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// [`Time`].
    Time,
    /// [`Bytes`].
    Size,
    /// [`BitRate`].
    BitRate,
    /// [`PacketRate`].
    PacketRate,
    /// [`Share`].
    Share,
}

impl Quantity {
    /// Units that it is written with.
    pub const fn units(self) -> &'static [&'static str] {
        match self {
            Quantity::Time => Time::UNITS,
            Quantity::Size => Bytes::UNITS,
            Quantity::BitRate => BitRate::UNITS,
            Quantity::PacketRate => PacketRate::UNITS,
            Quantity::Share => Share::UNITS,
        }
    }

    /// How it is written.
    pub const fn example(self) -> &'static str {
        match self {
            Quantity::Time => Time::EXAMPLE,
            Quantity::Size => Bytes::EXAMPLE,
            Quantity::BitRate => BitRate::EXAMPLE,
            Quantity::PacketRate => PacketRate::EXAMPLE,
            Quantity::Share => Share::EXAMPLE,
        }
    }

    /// What a text says, in the base unit; `None` where it says none.
    pub fn parse(self, text: &str) -> Option<f64> {
        Some(match self {
            Quantity::Time => text.parse::<Time>().ok()?.base(),
            Quantity::Size => text.parse::<Bytes>().ok()?.base(),
            Quantity::BitRate => text.parse::<BitRate>().ok()?.base(),
            Quantity::PacketRate => text.parse::<PacketRate>().ok()?.base(),
            Quantity::Share => text.parse::<Share>().ok()?.base(),
        })
    }

    /// So many of its base unit, as text: picoseconds, octets, bits or packets per second, the whole.
    pub fn show(self, n: f64) -> String {
        match self {
            Quantity::Time => Time::from_ps(n as u64).to_string(),
            Quantity::Size => Bytes::new(n as u64).to_string(),
            Quantity::BitRate => BitRate::from_bps(n as u64).to_string(),
            Quantity::PacketRate => PacketRate::from_pps(n).to_string(),
            Quantity::Share => Share::from_fraction(n).to_string(),
        }
    }
}

/// Where values may lie, in base units. Both ends are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Anywhere.
    Any,
    /// From one to another.
    Between(f64, f64),
    /// Above zero, which is not allowed, up to a value that may be infinite.
    Above0(f64),
    /// One of these.
    OneOf(&'static [f64]),
}

impl Range {
    /// Whether a value lies in it; what is not a number lies in none.
    pub fn contains(self, value: f64) -> bool {
        match self {
            Range::Any => true,
            Range::Between(low, high) => (low..=high).contains(&value),
            Range::Above0(high) => value > 0.0 && value <= high,
            Range::OneOf(values) => values.contains(&value),
        }
    }

    /// The value in it that is nearest to another.
    pub fn nearest(self, value: f64) -> f64 {
        match self {
            Range::Any => value.max(0.0),
            Range::Between(low, high) => value.clamp(low, high),
            Range::Above0(high) => value.clamp(f64::MIN_POSITIVE, high),
            Range::OneOf(values) => {
                let nearer = |a: &f64, b: &f64| (a - value).abs().total_cmp(&(b - value).abs());
                values.iter().copied().min_by(nearer).unwrap_or(value)
            }
        }
    }

    fn words(self, show: impl Fn(f64) -> String) -> String {
        match self {
            Range::Any => String::new(),
            Range::Between(low, high) => format!("{} to {}", show(low), show(high)),
            Range::Above0(f64::INFINITY) => "above zero".into(),
            Range::Above0(high) => format!("above zero and at most {}", show(high)),
            Range::OneOf(values) => {
                let shown: Vec<String> = values.iter().map(|value| show(*value)).collect();
                let (last, others) = shown.split_last().map_or(("", &[][..]), |(last, others)| (last, others));
                format!("{} or {last}", others.join(", "))
            }
        }
    }
}

/// What has a range: the number in its base unit.
pub(in crate::scenario) trait Scalar: fmt::Display {
    /// In the base unit.
    fn base(&self) -> f64;
}

macro_rules! scalars {
    ($($name:ty: |$value:ident| $base:expr),+ $(,)?) => {
        $(impl Scalar for $name {
            fn base(&self) -> f64 {
                let $value = *self;
                $base
            }
        })+
    };
}
scalars!(
    u32: |n| n.into(),
    u64: |n| n as f64,
    f64: |n| n,
    Time: |time| time.as_ps() as f64,
    Bytes: |size| size.get() as f64,
    BitRate: |rate| rate.as_bps() as f64,
    PacketRate: |rate| rate.as_pps(),
    Share: |share| share.fraction(),
);

impl Takes {
    /// Where numbers may lie.
    pub fn range(&self) -> Range {
        match *self {
            Takes::Quantity { range, .. } | Takes::Integer(range) | Takes::Number(range) => range,
            _ => Range::Any,
        }
    }

    /// A value as a number in the base unit; `None` for what is no number.
    pub fn number(&self, value: &Value) -> Option<f64> {
        match self {
            Takes::Integer(_) => value.as_integer().map(|n| n as f64),
            Takes::Number(_) => value.as_float().or_else(|| value.as_integer().map(|n| n as f64)),
            Takes::Quantity { quantity, .. } => quantity.parse(value.as_str()?),
            _ => None,
        }
    }

    /// The range in words; empty for any value.
    pub fn range_words(&self) -> String {
        match *self {
            Takes::Quantity { quantity, range, .. } => range.words(|n| quantity.show(n)),
            _ => self.range().words(|n| n.to_string()),
        }
    }

    /// All of it in words.
    pub fn words(&self) -> String {
        let within = |text: String| match self.range_words() {
            range if range.is_empty() => text,
            range => format!("{text}, {range}"),
        };
        match *self {
            Takes::Name(names) => names().join(", "),
            Takes::Preset(names) => format!("{}, or a path that ends in .toml", names().join(", ")),
            Takes::Quantity { quantity, or_off, .. } => {
                let text = format!("\"{}\" ({})", quantity.example(), quantity.units().join(", "));
                format!("{}{}", within(text), if or_off { ", or \"off\"" } else { "" })
            }
            Takes::Integer(_) => within("a whole number".into()),
            Takes::Number(_) => within("a number".into()),
            Takes::Boolean => "true, false".into(),
            Takes::Text => "text".into(),
            Takes::List(items) => items.words(),
            Takes::NameOrList(names, items) => format!("{}, or {}", names().join(", "), items.words()),
        }
    }
}

impl Items {
    fn words(self) -> String {
        match self {
            Items::Names(names) => format!("a list of {}", names().join(", ")),
            Items::Tables(_) => "a list of tables".into(),
        }
    }
}

/// A whole number between two.
pub(super) const fn integer(low: u32, high: u64) -> Takes {
    Takes::Integer(Range::Between(low as f64, high as f64))
}

/// A size between two, in octets.
pub(super) const fn size(low: u64, high: u64) -> Takes {
    quantity(Quantity::Size, Range::Between(low as f64, high as f64))
}

/// A time of any length.
pub(super) const ANY_TIME: Takes = quantity(Quantity::Time, Range::Any);

/// A time from zero up to another.
pub(super) const fn time_to(high: Time) -> Takes {
    quantity(Quantity::Time, Range::Between(0.0, high.as_ps() as f64))
}

/// A bit rate above zero.
pub(super) const BIT_RATE: Takes = quantity(Quantity::BitRate, Range::Above0(f64::INFINITY));

/// A packet rate above zero.
pub(super) const PACKET_RATE: Takes = quantity(Quantity::PacketRate, Range::Above0(f64::INFINITY));

/// Something that has a unit.
pub(super) const fn quantity(quantity: Quantity, range: Range) -> Takes {
    Takes::Quantity { quantity, range, or_off: false }
}

/// The longest that may be simulated: events are counted in picoseconds, and every SA's messages one by one.
pub(super) const LONGEST: Time = Time::from_us(3_600_000_000);
