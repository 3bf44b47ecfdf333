//! The plan in words and as a table.

use comfy_table::Table;
use espsim_model::resource::Resource;
use espsim_report::text_table;
use espsim_sweep::failure::Failure;

use super::design::{Impossible, Least, Plan};
use super::doubt::Doubt;
use super::goals::{Missed, significant};
use super::hardware::Hardware;
use super::prices::Prices;
use super::question::Question;
use super::worth::Worth;

/// Designs whose numbers of cores differ by no more than this are said to be alike.
const ALIKE: f64 = 0.1;
/// The share of draws from which on a design is said to be best.
const CLEAR: f64 = 0.9;
/// Values that are named as what to measure next.
const NAMED: usize = 3;

/// The hardware in words.
pub(super) fn counted(hardware: &Hardware) -> String {
    let n = |n: u32, one: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {one}s")),
    };
    let parts = [n(hardware.cores, "core"), n(hardware.nics, "NIC"), n(hardware.accelerators, "accelerator")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Plans of one stack, fewest cores first.
pub(super) fn ranked<'a>(plans: &'a [Plan], stack: &str) -> Vec<(&'a Plan, &'a Least)> {
    let of = plans.iter().filter(|plan| plan.asked.stack == stack);
    let mut ranked: Vec<(&Plan, &Least)> = of.filter_map(|plan| Some((plan, plan.result.as_ref().ok()?))).collect();
    ranked.sort_by_key(|(_, least)| (least.trial.hardware.cores, least.trial.hardware.slots()));
    ranked
}

/// Stacks of the plans, in the order asked for.
pub(super) fn stacks(plans: &[Plan]) -> Vec<&str> {
    let mut stacks: Vec<&str> = Vec::new();
    for plan in plans {
        if !stacks.contains(&plan.asked.stack.as_str()) {
            stacks.push(&plan.asked.stack);
        }
    }
    stacks
}

/// The stack at the head of a sentence.
fn within(stack: &str) -> &str {
    match stack {
        "kernel" => "In the kernel",
        "vector" => "In userspace",
        "xdp" => "With XDP",
        other => other,
    }
}

/// A range of whole numbers.
fn range([low, high]: [Option<u32>; 2]) -> String {
    let n = |n: Option<u32>| n.map_or_else(|| "no number".to_owned(), |n| n.to_string());
    if low == high { n(low) } else { format!("{} to {}", n(low), n(high)) }
}

/// Why there is no plan.
pub(super) fn reason(impossible: &Impossible) -> String {
    match impossible {
        Impossible::Refused(reason) => reason.clone(),
        Impossible::NotEnough(trial) => {
            let missed = trial.missed.map_or_else(String::new, |missed| missed.to_string());
            format!("no amount is enough: {} {missed}, limited by {}", counted(&trial.hardware), trial.limit())
        }
    }
}

/// Where no hardware helps because packets cannot be spread, or each tunnel is limited: why, and how many would do.
fn more_tunnels(question: &Question, impossible: &Impossible) -> Option<String> {
    let Impossible::NotEnough(trial) = impossible else { return None };
    let Some(Missed::Carried(share)) = trial.missed else { return None };
    let (why, key, what) = match trial.tightest {
        Resource::SaLimit => ("Each tunnel is limited", "sa.count", "tunnels"),
        Resource::SaCore => ("One SA binds one core, and no other core helps it", "sa.count", "SAs"),
        Resource::PeerCore => ("All SAs of a peer bind one core", "sa.peers", "peers"),
        _ => return None,
    };
    let needed = (question.number(key) as f64 / share.fraction() - 1e-9).ceil();
    Some(format!("{why}: at least {needed:.0} {what} are needed ({key}), if flows are spread evenly over them."))
}

/// Exit code of a question that no design answers, as of a run without an estimate.
const NOTHING_SERVES: u8 = 3;

/// Closed forms rule out every placement: a goal that no hardware meets is a mistake in the question.
pub(super) fn refusal(question: &Question, plans: &[Plan]) -> Option<Failure> {
    let ruled_out = |plan: &Plan| match &plan.result {
        Ok(_) => None,
        Err(Impossible::NotEnough(trial)) if !trial.records.is_empty() => None,
        Err(impossible) => {
            let more = more_tunnels(question, impossible).map_or_else(String::new, |more| format!(". {more}"));
            Some(format!("{}: {}{more}", plan.asked.name(), reason(impossible)))
        }
    };
    let reasons: Vec<String> = plans.iter().map(ruled_out).collect::<Option<_>>()?;
    let failure = Failure::new(format!("no placement can do it: {}", question.title())).with_code(NOTHING_SERVES);
    Some(failure.and(&reasons))
}

/// Whether some design serves; what was simulated is written in any case.
///
/// # Errors
/// [`Failure`] where none does.
pub(super) fn served(question: &Question, plans: &[Plan]) -> Result<(), Failure> {
    let serves = plans.iter().any(|plan| plan.result.is_ok());
    let none = || Failure::new(format!("no placement can do it: {}", question.title())).with_code(NOTHING_SERVES);
    if serves { Ok(()) } else { Err(none()) }
}

/// One paragraph for each stack: who takes least, what the others take, what limits and what comes next, what is not known;
/// then why designs are out, and prices.
pub(super) fn paragraphs(
    question: &Question,
    plans: &[Plan],
    worth: &[(String, Vec<Worth>)],
    host_cores: u32,
    prices: Option<&Prices>,
) -> Vec<String> {
    let mut text: Vec<String> = Vec::new();
    for stack in stacks(plans) {
        let ranked = ranked(plans, stack);
        if !ranked.is_empty() {
            text.push(of_stack(question, stack, &ranked, worth, host_cores));
        }
    }
    if text.is_empty() {
        text.push(format!("No placement can do it: {}.", question.title()));
    }
    let mut out = Vec::new();
    for plan in plans {
        if let Err(impossible) = &plan.result {
            out.push(format!("{}: {}.", plan.asked.name(), reason(impossible)));
            out.extend(more_tunnels(question, impossible));
        }
    }
    let all: Vec<(&Plan, &Least)> = stacks(plans).into_iter().flat_map(|stack| ranked(plans, stack)).collect();
    out.extend(prices.and_then(|prices| cheapest(&all, prices)));
    text.extend((!out.is_empty()).then(|| out.join(" ")));
    text
}

fn of_stack(
    question: &Question,
    stack: &str,
    ranked: &[(&Plan, &Least)],
    worth: &[(String, Vec<Worth>)],
    host_cores: u32,
) -> String {
    let (first, least) = ranked[0];
    let load = format!("{} {} ({}) of {}", question.direction, question.rate, question.basis, question.mix);
    let mut text = vec![format!(
        "{}, to {load}, {} takes least: {}.",
        within(stack),
        first.asked.design(),
        taken(least, host_cores)
    )];
    for (plan, least) in &ranked[1..] {
        text.push(format!("{} takes {}.", plan.asked.design(), taken(least, host_cores)));
    }
    let up_to = least.carries * question.rate.as_gbps();
    text.push(match least.broken {
        Some(_) => format!(
            "With that {} carries up to {up_to:.1} Gb/s ({}), limited by {}{}.",
            first.asked.design(),
            question.basis,
            least.limit(),
            next(question, least)
        ),
        None => format!("With that {} carries four times as much, and more was not tried.", first.asked.design()),
    });
    text.extend(borderline(ranked));
    text.extend(rivals(ranked));
    let told = worth.iter().find(|(of, _)| of == stack);
    text.extend(told.and_then(|(_, worth)| measure_next(worth)));
    text.join(" ")
}

/// How sure it is that the first takes fewer cores than each of the others.
fn rivals(ranked: &[(&Plan, &Least)]) -> Vec<String> {
    let with: Vec<(String, &Doubt)> =
        ranked.iter().filter_map(|(plan, least)| Some((plan.asked.design(), least.doubt.as_ref()?))).collect();
    let Some(((first, doubt), others)) = with.split_first() else { return Vec::new() };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let mut surely: Vec<String> = Vec::new();
    let mut text = Vec::new();
    for (name, other) in others {
        let fewer = doubt.fewer_than(other);
        if fewer >= CLEAR {
            surely.push(format!("{name} in {}", percent(fewer)));
            continue;
        }
        let alike = doubt.within(other, ALIKE);
        text.push(format!(
            "It is not clear whether {first} takes fewer cores than {name}: it does in {} of draws{}.",
            percent(fewer),
            if alike > 0.0 {
                format!(", and in {} they are within {}", percent(alike), percent(ALIKE))
            } else {
                String::new()
            }
        ));
    }
    if !surely.is_empty() {
        text.insert(0, format!("{first} takes fewer cores than {} of draws.", surely.join(", than ")));
    }
    text
}

/// The values that would tell most, and how to get them.
fn measure_next(worth: &[Worth]) -> Option<String> {
    let named: Vec<String> = worth
        .iter()
        .take(NAMED)
        .map(|worth| format!("{} ({:.0} % of the doubt)", worth.key, worth.of_doubt * 100.0))
        .collect();
    let how = match worth.first()?.key.split_once('.').map(|(table, _)| table) {
        Some("vector" | "xdp") => "`espsim fit`, from a rate measured on the host",
        _ => "`espsim calibrate` on the host",
    };
    Some(format!("Measure next, with {how}: {}.", named.join(", ")))
}

fn taken(least: &Least, host_cores: u32) -> String {
    let hardware = &least.trial.hardware;
    let more = if hardware.cores > host_cores {
        format!(", more than the {host_cores} cores of this host")
    } else {
        String::new()
    };
    let counted = match &least.doubt {
        Some(doubt) => {
            let cores = if hardware.cores == 1 { "1 core" } else { &format!("{} cores", hardware.cores) };
            counted(hardware).replacen(cores, &format!("{cores} ({})", range(doubt.band())), 1)
        }
        None => counted(hardware),
    };
    format!("{counted}{more}")
}

fn next(question: &Question, least: &Least) -> String {
    least.next().map_or_else(String::new, |(name, load)| {
        format!("; next comes {name}, at {:.1} Gb/s", load * question.rate.as_gbps())
    })
}

fn borderline(ranked: &[(&Plan, &Least)]) -> Vec<String> {
    let mut notes = Vec::new();
    for (plan, least) in ranked {
        let placement = &plan.asked.design();
        if let Some(missed) = least.trial.missed {
            notes.push(format!("{placement} lies on the border: under other seeds it {missed}."));
        }
        for part in least.borderline() {
            notes
                .push(format!("{placement} lies on the border: under other seeds one {} less is enough.", part.name()));
        }
    }
    notes
}

fn cheapest(ranked: &[(&Plan, &Least)], prices: &Prices) -> Option<String> {
    let total = |least: &Least| prices.total(&least.trial.hardware);
    let by = |of: fn(super::prices::Item) -> f64| {
        ranked
            .iter()
            .min_by(|a, b| of(total(a.1)).total_cmp(&of(total(b.1))))
            .map(|(plan, least)| (plan.asked.name(), total(least)))
    };
    let ((cheapest, price), (frugal, power)) = (by(|item| item.price)?, by(|item| item.power_w)?);
    Some(format!(
        "{cheapest} costs least, {} {}; {frugal} draws least, {:.0} W.",
        price.price.round(),
        prices.currency,
        power.power_w
    ))
}

/// Headings and cells of the plan: the same for people and for programs.
pub(super) fn rows(question: &Question, plans: &[Plan], prices: Option<&Prices>) -> (Vec<String>, Vec<Vec<String>>) {
    let mut header: Vec<String> =
        ["Placement", "Stack", "Cores", "Range", "NICs", "Cards", "Slots", "p99 us", "Loss %"]
            .map(str::to_owned)
            .to_vec();
    header.push(format!("Carries Gb/s ({})", question.basis));
    header.extend(["Spare %", "Limit", "Next"].map(str::to_owned));
    header.push(format!("Next at Gb/s ({})", question.basis));
    header.extend(["Cores at 2x", "Cores at 4x"].map(str::to_owned));
    if let Some(prices) = prices {
        header.extend([format!("Price {}", prices.currency), "Power W".into()]);
    }
    let width = header.len();
    let rows = plans.iter().map(|plan| {
        let mut row = vec![plan.asked.design(), plan.asked.stack.clone()];
        match &plan.result {
            Ok(least) => row.extend(cells(question, least, prices)),
            Err(_) => row.resize(width, "-".into()),
        }
        row
    });
    (header, rows.collect())
}

fn cells(question: &Question, least: &Least, prices: Option<&Prices>) -> Vec<String> {
    let hardware = &least.trial.hardware;
    let worst = |of: fn(&espsim_model::record::Record) -> Option<f64>| {
        least.trial.records.iter().filter_map(of).fold(0.0, f64::max)
    };
    let grown = |factor: f64| {
        let found = least.growth.iter().find(|(load, _)| *load == factor).and_then(|(_, hardware)| *hardware);
        found.map_or_else(|| "-".into(), |hardware| hardware.cores.to_string())
    };
    let (next, at) = least.next().map_or(("-".into(), "-".into()), |(name, load)| {
        (name.to_owned(), format!("{:.1}", load * question.rate.as_gbps()))
    });
    let at_least = if least.broken.is_none() { "> " } else { "" };
    let mut cells = vec![
        hardware.cores.to_string(),
        least.doubt.as_ref().map_or_else(|| "-".into(), |doubt| range(doubt.band())),
        hardware.nics.to_string(),
        hardware.accelerators.to_string(),
        hardware.slots().to_string(),
        significant(worst(|record| Some(record.latency?.p99_ns)) * 1e-3),
        significant(worst(|record| Some(record.loss?.share)) * 100.0),
        format!("{at_least}{:.1}", least.carries * question.rate.as_gbps()),
        format!("{:.0}", (least.carries - 1.0) * 100.0),
        least.limit().to_owned(),
        next,
        at,
        grown(2.0),
        grown(4.0),
    ];
    if let Some(prices) = prices {
        let total = prices.total(hardware);
        cells.extend([format!("{:.0}", total.price), format!("{:.0}", total.power_w)]);
    }
    cells
}

/// The table on standard output.
pub(super) fn table(header: &[String], rows: &[Vec<String>]) -> Table {
    let is_number = |i: &usize| !["Placement", "Stack", "Limit", "Next"].contains(&header[*i].as_str());
    let numbers: Vec<usize> = (0..header.len()).filter(is_number).collect();
    let mut table = text_table::table(header, &numbers);
    table.add_rows(rows.to_vec());
    table
}
