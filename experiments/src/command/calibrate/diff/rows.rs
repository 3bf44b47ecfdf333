//! The values of two profiles, each with what is known of its doubt.

use std::collections::BTreeSet;

use espsim_model::preset::Evidence;
use espsim_model::profile::{AeadCost, Algorithm, Curve, Estimate, Profile, SaCost};
use espsim_model::units::{Bytes, Time};
use espsim_report::profile::{estimate, single_values};

/// Plaintext sizes that costs of ciphers are compared at: the least, the middle of IMIX, a full packet, a jumbo.
const SIZES: [u64; 4] = [64, 576, 1408, 8192];

/// How two values stand to each other; the worst comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// They differ by no more than the margin.
    Equal,
    /// Their intervals meet.
    Meet,
    /// Neither.
    Apart,
}

/// A value of both profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Key path, and at what.
    name: String,
    unit: &'static str,
    first: Estimate,
    second: Estimate,
    margin: f64,
}

impl Row {
    /// The second over the first, less 1.
    pub fn difference(&self) -> f64 {
        if self.first.value == self.second.value { 0.0 } else { self.second.value / self.first.value - 1.0 }
    }

    /// Whether they agree.
    pub fn agreement(&self) -> Agreement {
        let ends = |e: &Estimate| Some((e.low?, e.high?));
        match (ends(&self.first), ends(&self.second)) {
            // Written so that what is no number is apart.
            _ if self.difference().abs() <= self.margin => Agreement::Equal,
            (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1 => Agreement::Meet,
            _ => Agreement::Apart,
        }
    }

    /// As a row of a table.
    pub fn cells(&self) -> [String; 6] {
        let digits = if self.first.value.abs() < 10.0 { 4 } else { 1 };
        let intervals = match self.agreement() {
            Agreement::Equal => "",
            Agreement::Meet => "meet",
            Agreement::Apart => "apart",
        };
        [
            self.name.clone(),
            estimate(&self.first, digits),
            estimate(&self.second, digits),
            self.unit.to_owned(),
            format!("{:+.1} %", 100.0 * self.difference()),
            intervals.to_owned(),
        ]
    }
}

/// Every value that either profile has measured, and others that differ: times of ciphers at sizes, single values, speeds of
/// cores together, the control path. `margin` is how far values may differ and count as equal.
pub fn rows(first: &Profile, second: &Profile, margin: f64) -> Vec<Row> {
    let pair = |name: String, unit, [first, second]: [Estimate; 2]| Row { name, unit, first, second, margin };
    let is_measured = |key: &str| [first, second].iter().any(|profile| profile.evidence(key) == Evidence::Measured);
    let counts = |key: &str, [a, b]: &[Estimate; 2]| is_measured(key) || a.value != b.value;
    let mut rows = Vec::new();
    for a in &first.aead {
        let Some(b) = second.aead.iter().find(|b| b.key() == a.key() && b.only == a.only) else { continue };
        for octets in SIZES {
            let both = [time(first, a, octets), time(second, b, octets)];
            if counts(&a.key(), &both) {
                rows.push(pair(format!("{} at {octets} B", a.key()), "ns", both));
            }
        }
    }
    let interval = |profile: &Profile, key: &str, value: f64| {
        let interval = profile.intervals.get(key).copied();
        Estimate { value, ..interval.unwrap_or(Estimate::exact(value)) }
    };
    for (key, value, unit, _) in single_values(first) {
        let Some(other) = single_values(second).into_iter().find(|other| other.0 == key) else { continue };
        let both = [interval(first, &key, value), interval(second, &key, other.1)];
        if counts(&key, &both) {
            rows.push(pair(key, unit, both));
        }
    }
    for (name, both) in speeds(first, second) {
        rows.push(pair(name, "of alone", both));
    }
    if let (Some(a), Some(b)) = (&first.sa, &second.sa) {
        for (key, both) in delays(a, b) {
            if counts(key, &both) {
                rows.push(pair(key.to_owned(), "us", both));
            }
        }
    }
    rows
}

/// Nanoseconds of an operation, with the interval that those of coefficients and clock come to if they are independent.
fn time(profile: &Profile, cost: &AeadCost, octets: u64) -> Estimate {
    let n = Bytes::new(octets);
    let clock = profile.host.clock(1, Some(cost.algorithm)).get() as f64;
    let cycles = cost.cycles(n).0;
    let Curve { stride, .. } = cost.curve;
    let tail = Bytes::new(octets % stride.get().max(1)).pieces(Bytes::new(16)) as f64;
    let times = [1.0, octets as f64, tail, f64::from(u8::from(!octets.is_multiple_of(16)))];
    let half = |e: &Estimate| Some((e.high? - e.low?) / 2.0);
    let of_curve: Option<f64> =
        cost.curve.coefficients().iter().zip(times).map(|((_, e), times)| Some((half(e)? * times).powi(2))).sum();
    let of_clock = profile.intervals.get("host.frequency").and_then(half).map_or(0.0, |half| half / clock * cycles);
    let half = of_curve.map(|squares| (squares + of_clock.powi(2)).sqrt());
    let ns = |cycles: f64| cycles / clock * 1e9;
    Estimate { value: ns(cycles), low: half.map(|h| ns(cycles - h)), high: half.map(|h| ns(cycles + h)), n: None }
}

/// Speeds of cores together, at every number of cores that either profile has.
fn speeds(first: &Profile, second: &Profile) -> Vec<(String, [Estimate; 2])> {
    let [a, b] = [first, second].map(|profile| &profile.host);
    let ciphers = [Some(Algorithm::Aes128Gcm), Some(Algorithm::ChaCha20Poly1305), None];
    let mut rows = Vec::new();
    for (i, cipher) in ciphers.into_iter().enumerate() {
        let tables = [a, b].map(|host| host.scaling_tables()[i].1);
        let numbers: BTreeSet<u32> = tables.iter().flat_map(|rows| rows.iter().map(|row| row.cores)).collect();
        for cores in numbers.into_iter().filter(|cores| *cores > 1) {
            let both = [0, 1].map(|i| {
                let host = [a, b][i];
                let row = tables[i].iter().find(|row| row.cores == cores);
                let speed = host.clock(cores, cipher).get() as f64 / host.clock(1, cipher).get() as f64;
                match (row, host.extrapolated(cores, cipher)) {
                    (Some(row), _) => Estimate { value: row.speed, low: row.low, high: row.high, n: None },
                    (None, Some(beyond)) => beyond,
                    (None, None) => Estimate::exact(speed),
                }
            });
            rows.push((format!("{} of {cores} cores", a.scaling_tables()[i].0), both));
        }
    }
    let factors =
        [("host.siblings", a.siblings, b.siblings), ("host.scaling_beyond", a.scaling_beyond, b.scaling_beyond)];
    rows.extend(factors.into_iter().filter_map(|(key, a, b)| Some((key.to_owned(), [a?, b?]))));
    rows
}

/// Medians of the control path, in microseconds.
fn delays<'a>(a: &'a SaCost, b: &'a SaCost) -> impl Iterator<Item = (&'static str, [Estimate; 2])> + 'a {
    let us = |time: Time| time.as_ns() * 1e-3;
    a.delays().filter_map(move |(key, a)| {
        let (_, b) = b.delays().find(|(other, _)| *other == key)?;
        let both = [a, b].map(|delay| {
            let (low, high) = delay.median_interval;
            Estimate { value: us(delay.median()), low: Some(us(low)), high: Some(us(high)), n: Some(delay.n) }
        });
        Some((key, both))
    })
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;
    use espsim_model::profile::Scaling;

    use super::*;

    fn agreements(first: &Profile, second: &Profile) -> Vec<(String, Agreement)> {
        let rows = rows(first, second, 0.05);
        rows.into_iter()
            .map(|row| (row.name.clone(), row.agreement()))
            .filter(|(_, a)| *a != Agreement::Equal)
            .collect()
    }

    #[test]
    fn times_are_compared_where_strides_differ() {
        let first = preset::profile("zen4").unwrap().unwrap();
        let mut second = first.clone();
        assert!(rows(&first, &second, 0.0).is_empty(), "nothing is measured and nothing differs");
        // Another way to say nearly the same: no tail beyond a block.
        second.aead[0].curve.stride = Bytes::new(16);
        second.aead[0].curve.per_tail_block.value = 0.0;
        let changed = rows(&first, &second, 0.1);
        assert!(!changed.is_empty() && changed.iter().all(|row| row.agreement() == Agreement::Equal), "{changed:?}");
        second.aead[0].curve.per_octet.value *= 1.5;
        let said = agreements(&first, &second);
        assert_eq!(
            said.iter().map(|(name, _)| name.rsplit(" at ").next().unwrap()).collect::<Vec<_>>(),
            ["576 B", "1408 B", "8192 B"]
        );
    }

    #[test]
    fn everything_that_decides_is_compared() {
        let mut first = preset::profile("zen4").unwrap().unwrap();
        first.host.scaling =
            vec![Scaling::exact(1, 1.0), Scaling { low: Some(0.85), high: Some(0.95), ..Scaling::exact(8, 0.9) }];
        // As if it were known for sure.
        first.intervals.remove("memory.copy");
        let mut second = first.clone();
        second.host.scaling[1] = Scaling { low: Some(0.55), high: Some(0.6), ..Scaling::exact(8, 0.576) };
        second.memory.copy.0 *= 1.2;
        second.stack.xfrm.0 *= 1.2;
        let add = &mut second.sa.as_mut().unwrap().add;
        *add = add.later(Time::from_us(3));
        let said = agreements(&first, &second);
        let expected = [
            ("memory.copy", Agreement::Apart),
            // Its interval is wide.
            ("stack.xfrm", Agreement::Meet),
            ("host.scaling of 8 cores", Agreement::Apart),
            ("sa.add", Agreement::Meet),
        ];
        assert_eq!(said, expected.map(|(name, agreement)| (name.to_owned(), agreement)));
    }

    /// An interval that holds what changes between runs of a quiet host leaves few apart.
    #[test]
    fn what_is_within_the_margin_is_equal_however_narrow_its_interval() {
        let row = |first: f64, second: f64, half: f64| {
            let value = |value: f64| Estimate { value, low: Some(value - half), high: Some(value + half), n: None };
            Row { name: String::new(), unit: "", first: value(first), second: value(second), margin: 0.05 }.agreement()
        };
        assert_eq!(
            [row(100.0, 104.9, 0.1), row(100.0, 106.0, 4.0), row(100.0, 106.0, 1.0)],
            [Agreement::Equal, Agreement::Meet, Agreement::Apart]
        );
        assert_eq!(row(0.0, 0.0, 0.0), Agreement::Equal);
        assert_eq!(row(0.0, 1.0, 0.1), Agreement::Apart);
    }
}
