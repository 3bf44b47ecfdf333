//! Maps and break-evens as tables for people, within the width of a terminal.

use comfy_table::Table;
use espsim_report::text_table::table;
use espsim_sweep::file::value::shown;

use super::axes::SATURATE;
use super::breakeven::BreakEven;
use super::cell::{CLEAR, Cell};
use super::designs::Absent;
use super::grid::{At, Grid};
use super::words::{stack_name, with_unit};

/// Columns of packets that fit beside each other.
const MOST_COLUMNS: usize = 6;

/// What stands above the maps of a rate.
pub(super) fn heading(grid: &Grid, rate: usize) -> String {
    let name = &grid.axes.rates[rate];
    if name == SATURATE {
        return "Saturating: most goodput (Gb/s), and how much more than the next".into();
    }
    let basis = grid.entry(0, At { rate, packet: 0, cores: 0 }).point.values.get("traffic.rate_basis");
    let basis = basis.map_or_else(String::new, |(basis, _)| shown(basis));
    format!("{} ({basis}) offered: fewest busy cores, and how many more the next takes", with_unit(name))
}

/// A margin as it stands in a cell: `+30%`, or that several are alike.
pub(super) fn margin(cell: &Cell) -> String {
    match cell.margin() {
        _ if cell.best.len() > 1 => "alike".to_owned(),
        Some(margin) if margin < 9.995 => format!("+{:.0}%", margin * 100.0),
        Some(margin) => format!("x{:.0}", margin + 1.0),
        None => "alone".to_owned(),
    }
}

/// A letter for each label.
pub(super) fn letter(colour: usize) -> char {
    char::from_u32('A' as u32 + (colour % 26) as u32).unwrap_or('?')
}

/// Every map, with a key to its letters.
pub(super) fn maps(grid: &Grid) -> String {
    let mut labels: Vec<(usize, &str)> = grid.designs.iter().map(|design| (design.colour, &*design.label)).collect();
    labels.sort_unstable();
    labels.dedup();
    let key: Vec<String> = labels.iter().map(|(colour, label)| format!("{} {label}", letter(*colour))).collect();
    let mut text = format!(
        "{}\nEach cell: the best, its value, its margin over the next; ? where it is best in fewer than {:.0} % of draws;\n\
         nothing where no design carries the rate.\n\n",
        key.join(", "),
        CLEAR * 100.0
    );
    for rate in 0..grid.axes.rates.len() {
        for (stack, designs) in grid.stacks() {
            text.push_str(&format!("{}. {}\n", stack_name(stack), heading(grid, rate)));
            let packets: Vec<usize> = (0..grid.axes.packets.len()).collect();
            for part in packets.chunks(MOST_COLUMNS) {
                text.push_str(&format!("{}\n", map(grid, &designs, rate, part)));
            }
            text.push('\n');
        }
    }
    text
}

fn map(grid: &Grid, designs: &[usize], rate: usize, packets: &[usize]) -> Table {
    let numbers: Vec<usize> = (0..=packets.len()).collect();
    let header = packets.iter().map(|&packet| shown(&grid.axes.packets[packet]));
    let mut table = table(std::iter::once("Cores".to_owned()).chain(header), &numbers);
    for (n, cores) in grid.axes.cores.iter().enumerate() {
        let cell = |&packet: &usize| {
            let cell = grid.cell(designs, At { rate, packet, cores: n });
            let Some(value) = cell.value.filter(|_| cell.carried) else { return String::new() };
            let letters: String = cell.best.iter().map(|&design| letter(grid.designs[design].colour)).collect();
            let open = if cell.is_open() { "?" } else { "" };
            format!("{letters} {} {}{open}", amount(value), margin(&cell))
        };
        table.add_row(std::iter::once(cores.to_string()).chain(packets.iter().map(cell)));
    }
    table
}

/// Three digits at the most.
pub(super) fn amount(value: f64) -> String {
    let digits = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

/// Designs that are not to be had, each with its reason.
pub(super) fn not_to_be_had(absent: &[Absent]) -> String {
    let lines = absent.iter().map(|Absent { design, why }| format!("Not to be had: {design}: {why}\n"));
    let text: String = lines.collect();
    if text.is_empty() { text } else { format!("{text}\n") }
}

/// Headings of break-evens.
pub(super) const BREAK_EVENS: [&str; 11] = [
    "compared by",
    "at",
    "first leads",
    "then leads",
    "over",
    "break-even",
    "between",
    "and",
    "in draws",
    "drawn low",
    "drawn high",
];

/// A row for each change of the lead, and one for each pair where nothing changes, which says so.
pub(super) fn break_even_rows(grid: &Grid, all: &[BreakEven]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for found in all {
        let name = |design: usize| grid.designs[design].name.clone();
        let head = |first: String, then: String| {
            let along = &found.along;
            vec![found.quantity.name().to_owned(), along.to_string(), first, then, along.axis().to_owned()]
        };
        // Four digits: octets, or cores and parts of one.
        let number = |value: f64| if value < 999.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        for (i, crossing) in found.crossings.iter().enumerate() {
            let draws = found.in_draws.filter(|_| i == 0);
            let draws = draws.map_or([const { String::new() }; 3], |draws| {
                [format!("{:.3}", draws.share), number(draws.low), number(draws.high)]
            });
            let at = [crossing.at, crossing.low, crossing.high].map(number);
            let head = head(name(found.leader(i)), name(found.leader(i + 1)));
            rows.push([&head[..], &at, &draws].concat());
        }
        let (a, b) = (name(found.pair.0), name(found.pair.1));
        if let Some((low, high)) = found.equal_between {
            let last = name(found.leader(found.crossings.len()));
            let at = ["-".to_owned(), number(low), number(high)];
            rows.push([&head(last, format!("{a} = {b}"))[..], &at, &[const { String::new() }; 3]].concat());
        } else if found.crossings.is_empty() {
            let first = found.first.map_or_else(|| format!("{a} = {b}"), name);
            let none = format!("no crossing between {a} and {b}");
            rows.push([&head(first, none)[..], &["-"; 3].map(str::to_owned), &[const { String::new() }; 3]].concat());
        }
    }
    rows
}

/// Break-evens of goodput over packets and of cycles, for people; nothing where there are none.
pub(super) fn break_evens(grid: &Grid, all: &[BreakEven]) -> String {
    let rows = break_even_rows(grid, all);
    let told: Vec<Vec<String>> = rows
        .into_iter()
        .filter(|row| row[4] == "packet" && row[5] != "-")
        .map(|row| {
            let draws = if row[8].is_empty() { String::new() } else { format!("{} to {}", row[9], row[10]) };
            let by = row[0].split(' ').next().unwrap_or_default().to_owned();
            vec![by, row[1].clone(), row[2].clone(), row[3].clone(), row[5].clone(), draws]
        })
        .collect();
    if told.is_empty() {
        return "Break-even over packet sizes: no crossing between any two designs of a stack\n\n".to_owned();
    }
    let header = ["By", "At", "First leads", "Then leads", "From B", "Of draws"];
    format!("Break-even over packet sizes\n{}\n\n", table(header, &[4, 5]).add_rows(told))
}
