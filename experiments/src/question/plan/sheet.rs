//! The plan as a table: the same for people and for programs, but for columns that people have room for.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use espsim_report::text_table;

use super::answer::range;
use super::bill::{bill, bought};
use super::design::{Least, Plan};
use super::goals::significant;
use super::prices::Prices;
use super::question::Question;

/// Columns of a terminal that a table keeps to.
const WIDTH: u16 = 100;

/// The column of devices.
const WITH: usize = 1;
/// What names of placements and devices take at least, which break only between words.
const NAME: u16 = 15;

/// Headings of what a terminal has room for; a heading that names a unit begins so.
const FOR_PEOPLE: [&str; 12] = [
    "Placement",
    "With",
    "Stack",
    "Hosts",
    "Cores",
    "Range",
    "NICs",
    "Cards",
    "Carries Gb/s",
    "Limit",
    "Price",
    "Power W",
];

/// Headings and cells of the plan.
pub(super) fn rows(
    question: &Question,
    plans: &[Plan],
    prices: Option<&Prices>,
    cpu: &str,
) -> (Vec<String>, Vec<Vec<String>>) {
    let mut header: Vec<String> = [
        "Placement",
        "With",
        "Stack",
        "Hosts",
        "Cores",
        "Range",
        "NICs",
        "Cards",
        "Slots",
        "p99 us",
        "Loss %",
        "Loss at most %",
    ]
    .map(str::to_owned)
    .to_vec();
    header.push(format!("Carries Gb/s ({})", question.basis));
    header.push(format!("At 0.5 % loss Gb/s ({})", question.basis));
    header.extend(["Spare %", "Limit", "Next"].map(str::to_owned));
    header.push(format!("Next at Gb/s ({})", question.basis));
    header.extend(question.loads().iter().map(|load| match question.year(*load) {
        Some(year) => format!("Cores in year {year}"),
        None => format!("Cores at {load}x"),
    }));
    if let Some(prices) = prices {
        header.extend([format!("Price {}", prices.currency), "Power W".into()]);
    }
    let width = header.len();
    let rows = plans.iter().map(|plan| {
        let device = plan.asked.device().unwrap_or_default().to_owned();
        let mut row = vec![plan.asked.placement.clone(), device, plan.asked.stack.clone()];
        match &plan.result {
            Ok(least) => row.extend(cells(question, plan, least, prices, cpu)),
            Err(_) => row.resize(width, "-".into()),
        }
        row
    });
    (header, rows.collect())
}

fn cells(question: &Question, plan: &Plan, least: &Least, prices: Option<&Prices>, cpu: &str) -> Vec<String> {
    let hardware = &least.trial.hardware;
    let bought = bought(*hardware, question.spare);
    let worst = |of: fn(&espsim_model::record::Record) -> Option<f64>| {
        least.trial.records.iter().filter_map(of).fold(0.0, f64::max)
    };
    let grown = |hardware: &Option<super::hardware::Hardware>| {
        hardware.map_or_else(|| "-".into(), |hardware| hardware.all_cores().to_string())
    };
    let (next, at) = least.next().map_or(("-".into(), "-".into()), |(name, load)| {
        (name.to_owned(), format!("{:.1}", load * question.rate.as_gbps()))
    });
    let at_least = if least.broken.is_none() { "> " } else { "" };
    let percent = |share: f64| significant(share * 100.0);
    let mut cells = vec![
        bought.hosts.to_string(),
        hardware.all_cores().to_string(),
        least.doubt.as_ref().map_or_else(|| "-".into(), |doubt| range(doubt.band())),
        (bought.hosts * bought.nics).to_string(),
        (bought.hosts * bought.accelerators).to_string(),
        (bought.hosts * bought.slots()).to_string(),
        significant(worst(|record| Some(record.latency?.p99_ns)) * 1e-3),
        percent(worst(|record| Some(record.loss?.share))),
        least.trial.loss_interval().map_or_else(|| "-".into(), |[_, high]| percent(high)),
        format!("{at_least}{:.1}", least.carries * question.rate.as_gbps()),
        least.partial.map_or_else(|| "-".into(), |load| format!("{:.1}", load * question.rate.as_gbps())),
        format!("{:.0}", (least.carries - 1.0) * 100.0),
        least.limit().to_owned(),
        next,
        at,
    ];
    cells.extend(least.growth.iter().map(|(_, hardware)| grown(hardware)));
    if let Some(prices) = prices {
        let bill = bill(question, plan, least, cpu);
        cells.extend([prices.price(&bill).shown(bill.len()), prices.power(&bill).shown(bill.len())]);
    }
    cells
}

/// The table on standard output.
pub(super) fn table(header: &[String], rows: &[Vec<String>]) -> Table {
    let is_shown = |heading: &String| FOR_PEOPLE.iter().any(|known| heading.starts_with(known));
    let shown: Vec<usize> = (0..header.len()).filter(|i| is_shown(&header[*i])).collect();
    // Growth is for the file, whose headings begin alike; devices are shown where there is a choice.
    let has_choice = rows.iter().any(|row| !row[WITH].is_empty());
    let fits = |i: &usize| if has_choice { header[*i] != "Limit" } else { *i != WITH };
    let shown: Vec<usize> = shown.into_iter().filter(fits).collect();
    let shown: Vec<usize> =
        shown.into_iter().filter(|i| header[*i] == "Cores" || !header[*i].starts_with("Cores ")).collect();
    let pick = |cells: &[String]| shown.iter().map(|i| cells[*i].clone()).collect::<Vec<_>>();
    let header = pick(header);
    let is_number = |i: &usize| !["Placement", "With", "Stack", "Limit"].contains(&header[*i].as_str());
    let numbers: Vec<usize> = (0..header.len()).filter(is_number).collect();
    let mut table = text_table::table(&header, &numbers);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    for at in 0..=usize::from(has_choice) {
        if let Some(name) = table.column_mut(at) {
            name.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NAME)));
        }
    }
    table.add_rows(rows.iter().map(|cells| pick(cells)));
    table
}
