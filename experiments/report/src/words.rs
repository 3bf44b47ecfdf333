//! Numbers and names as sentences have them.

use espsim_sweep::points::outcome::Summary;

/// Names that one sentence lists; of more it says how many.
const MOST_NAMES: usize = 8;

/// A name in quotes.
pub fn quoted(name: &str) -> String {
    format!("“{name}”")
}

/// `a`, `a and b`, `a, b and c`; of very many the first ones and how many more.
pub fn listed(names: &[String]) -> String {
    let shown = if names.len() > MOST_NAMES + 1 { &names[..MOST_NAMES] } else { names };
    let more = names.len() - shown.len();
    let more = (more > 0).then(|| format!("{more} more"));
    let all: Vec<&str> = shown.iter().map(String::as_str).chain(more.as_deref()).collect();
    match &all[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// One word for one and another for several.
pub fn one_or_more<'a>(series: &[usize], one: &'a str, several: &'a str) -> &'a str {
    if series.len() == 1 { one } else { several }
}

/// `both` or `all 5`.
pub fn how_many(n: usize) -> String {
    if n == 2 { "both".into() } else { format!("all {n}") }
}

/// `1 packet` or `2 packets`.
pub fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// So many significant digits; small numbers are not written out to more than six places.
pub fn significant(value: f64, digits: i32) -> String {
    format!("{value:.*}", places(value, digits))
}

/// Decimal places that so many significant digits need.
fn places(value: f64, digits: i32) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let magnitude = |value: f64| value.abs().log10().floor() as i32;
    let exact = (digits - 1 - magnitude(value)).clamp(0, 6);
    // 9.996 with three digits is 10.0 and not 10.00.
    let rounded: f64 = format!("{value:.*}", exact as usize).parse().unwrap_or(value);
    let magnitude = if rounded == 0.0 { magnitude(value) } else { magnitude(rounded) };
    (digits - 1 - magnitude).clamp(0, 6) as usize
}

/// Three significant digits with the half-width of the interval, where that shows in them.
pub fn with_interval(summary: Summary) -> String {
    let places = places(summary.value, 3);
    let value = format!("{:.places$}", summary.value);
    let half_width = summary.half_width.map(|half_width| format!("{half_width:.places$}"));
    match half_width.filter(|text| text.parse() != Ok(0.0)) {
        Some(half_width) => format!("{value} ± {half_width}"),
        None => value,
    }
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 1e-6 { "under 0.0001 %".into() } else { format!("{} %", significant(100.0 * share, 3)) }
}

/// A count with its digits in threes.
pub fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let bare = digits.trim_start_matches('-');
    let mut text = digits[..digits.len() - bare.len()].to_owned();
    for (i, digit) in bare.chars().enumerate() {
        if i > 0 && (bare.len() - i) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub fn duration(seconds: f64) -> String {
    let (factor, unit) = match seconds.abs() {
        s if s >= 1.0 => (1.0, "s"),
        s if s >= 1e-3 || s == 0.0 => (1e3, "ms"),
        s if s >= 1e-6 => (1e6, "µs"),
        _ => (1e9, "ns"),
    };
    format!("{} {unit}", significant(seconds * factor, 3))
}

/// How much more one value is than another: `5.9 times as much as` or `12 % more than`.
pub fn factor(more: f64, less: f64) -> String {
    let ratio = more / less;
    if ratio >= 1.5 {
        format!("{} times as much as", significant(ratio, 2))
    } else {
        format!("{} % more than", significant(100.0 * (ratio - 1.0), 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_the_digits_that_were_asked_for() {
        let three = |value| significant(value, 3);
        assert_eq!(
            [0.0, 3.4346, 9.996, 92.1976, 152.7, 28644.0, -0.01234].map(three),
            ["0", "3.43", "10.0", "92.2", "153", "28644", "-0.0123"]
        );
        let summary = |value, half_width| with_interval(Summary { value, half_width });
        assert_eq!(summary(3.4346, Some(0.0109)), "3.43 ± 0.01");
        assert_eq!(summary(92.1976, Some(0.001)), "92.2");
        assert_eq!(summary(92.1976, None), "92.2");
        assert_eq!(count(1234567.0), "1\u{202f}234\u{202f}567");
        assert_eq!([0.0, 0.010035, 2.5, 3e-5, 4e-9].map(duration), ["0 ms", "10.0 ms", "2.50 s", "30.0 µs", "4.00 ns"]);
        assert_eq!(factor(20.16, 3.43), "5.9 times as much as");
        assert_eq!(factor(1.12, 1.0), "12 % more than");
        assert_eq!([0.0, 1e-9, 0.874].map(percent), ["0 %", "under 0.0001 %", "87.4 %"]);
    }

    #[test]
    fn lists_are_read_out_and_cut() {
        let list = |n: usize| listed(&(0..n).map(|i| i.to_string()).collect::<Vec<_>>());
        assert_eq!([0, 1, 2, 3].map(list), ["", "0", "0 and 1", "0, 1 and 2"]);
        assert_eq!(list(9), "0, 1, 2, 3, 4, 5, 6, 7 and 8");
        assert_eq!(list(20), "0, 1, 2, 3, 4, 5, 6, 7 and 12 more");
    }
}
