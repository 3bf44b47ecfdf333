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

/// Who a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Everybody; in a terminal names to the left, numbers to the right.
    Names,
    Numbers,
    /// A file alone: a terminal has no room for it.
    File,
}

/// A column of the plan.
pub(super) struct Column {
    /// What stands over it.
    pub heading: String,
    shown: For,
}

impl Column {
    fn new(heading: impl Into<String>, shown: For) -> Self {
        Column { heading: heading.into(), shown }
    }
}

/// Columns of a plan.
fn columns(question: &Question, prices: Option<&Prices>) -> Vec<Column> {
    let gbps = |what: &str| format!("{what} Gb/s ({})", question.basis);
    let names = ["Placement", "With", "Stack"].map(|heading| Column::new(heading, For::Names));
    let counted = ["Hosts", "Cores", "Range", "NICs", "Cards"].map(|heading| Column::new(heading, For::Numbers));
    let mut columns: Vec<Column> = names.into_iter().chain(counted).collect();
    columns.extend(["Slots", "p99 us", "Loss %", "Loss at most %"].map(|heading| Column::new(heading, For::File)));
    columns.push(Column::new(gbps("Carries"), For::Numbers));
    columns.push(Column::new(gbps("At 0.5 % loss"), For::File));
    columns.push(Column::new("Spare %", For::File));
    columns.push(Column::new("Limit", For::Names));
    columns.push(Column::new("Next", For::File));
    columns.push(Column::new(gbps("Next at"), For::File));
    columns.extend(question.loads().iter().map(|load| {
        let heading =
            question.year(*load).map_or_else(|| format!("Cores at {load}x"), |year| format!("Cores in year {year}"));
        Column::new(heading, For::File)
    }));
    if let Some(prices) = prices {
        columns.push(Column::new(format!("Price {}", prices.currency), For::Numbers));
        columns.push(Column::new("Power W", For::Numbers));
    }
    columns
}

/// Columns and cells of the plan.
pub(super) fn rows(
    question: &Question,
    plans: &[Plan],
    prices: Option<&Prices>,
    cpu: &str,
) -> (Vec<Column>, Vec<Vec<String>>) {
    let columns = columns(question, prices);
    let rows = plans.iter().map(|plan| {
        let device = plan.asked.device().unwrap_or_default().to_owned();
        let mut row = vec![plan.asked.placement.clone(), device, plan.asked.stack.clone()];
        match &plan.result {
            Ok(least) => row.extend(cells(question, plan, least, prices, cpu)),
            Err(_) => row.resize(columns.len(), "-".into()),
        }
        row
    });
    let rows = rows.collect();
    (columns, rows)
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
pub(super) fn table(columns: &[Column], rows: &[Vec<String>]) -> Table {
    // Devices are shown where there is a choice, and take the room of what limits.
    let has_choice = rows.iter().any(|row| !row[WITH].is_empty());
    let fits = |i: usize| if has_choice { columns[i].heading != "Limit" } else { i != WITH };
    let shown: Vec<usize> = (0..columns.len()).filter(|i| columns[*i].shown != For::File && fits(*i)).collect();
    let header: Vec<String> = shown.iter().map(|i| columns[*i].heading.clone()).collect();
    let numbers: Vec<usize> = (0..shown.len()).filter(|at| columns[shown[*at]].shown == For::Numbers).collect();
    let mut table = text_table::table(&header, &numbers);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    for at in 0..=usize::from(has_choice) {
        if let Some(name) = table.column_mut(at) {
            name.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NAME)));
        }
    }
    table.add_rows(rows.iter().map(|cells| shown.iter().map(|i| cells[*i].clone())));
    table
}
