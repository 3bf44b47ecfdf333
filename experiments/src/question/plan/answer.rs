//! The plan in words and as a table.

use comfy_table::Table;
use espsim_model::resource::Resource;
use espsim_report::text_table;
use espsim_sweep::failure::Failure;

use super::design::{Impossible, Least, Plan};
use super::goals::{Missed, significant};
use super::prices::Prices;
use super::question::Question;
use super::search::Hardware;

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

/// Placements that have a plan, fewest cores first.
fn ranked(plans: &[Plan]) -> Vec<(&str, &Least)> {
    let mut ranked: Vec<(&str, &Least)> =
        plans.iter().filter_map(|plan| Some((plan.placement.as_str(), plan.result.as_ref().ok()?))).collect();
    ranked.sort_by_key(|(_, least)| (least.trial.hardware.cores, least.trial.hardware.slots()));
    ranked
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

/// Closed forms rule out every placement: a goal that no hardware meets is a mistake in the question.
pub(super) fn refusal(question: &Question, plans: &[Plan]) -> Option<Failure> {
    let ruled_out = |plan: &Plan| match &plan.result {
        Ok(_) => None,
        Err(Impossible::NotEnough(trial)) if !trial.records.is_empty() => None,
        Err(impossible) => {
            let more = more_tunnels(question, impossible).map_or_else(String::new, |more| format!(". {more}"));
            Some(format!("{}: {}{more}", plan.placement, reason(impossible)))
        }
    };
    let reasons: Vec<String> = plans.iter().map(ruled_out).collect::<Option<_>>()?;
    Some(Failure::new(format!("no placement can do it: {}", question.title())).and(&reasons))
}

/// One paragraph: who takes least, what the others take, what limits and what comes next.
pub(super) fn paragraph(question: &Question, plans: &[Plan], host_cores: u32, prices: Option<&Prices>) -> String {
    let ranked = ranked(plans);
    let mut text = Vec::new();
    match ranked.split_first() {
        None => text.push(format!("No placement can do it: {}.", question.title())),
        Some(((first, least), others)) => {
            let load = format!("{} ({}) of {}", question.rate, question.basis, question.mix);
            text.push(format!("To {} {load}, {first} takes least: {}.", question.direction, taken(least, host_cores)));
            for (placement, least) in others {
                text.push(format!("{placement} takes {}.", taken(least, host_cores)));
            }
            let limit = least.limit();
            let up_to = least.carries * question.rate.as_gbps();
            text.push(match least.broken {
                Some(_) => format!(
                    "With that {first} carries up to {up_to:.1} Gb/s ({}), limited by {limit}{}.",
                    question.basis,
                    next(question, least)
                ),
                None => format!("With that {first} carries four times as much, and more was not tried."),
            });
        }
    }
    for plan in plans {
        if let Err(impossible) = &plan.result {
            text.push(format!("{}: {}.", plan.placement, reason(impossible)));
            text.extend(more_tunnels(question, impossible));
        }
    }
    text.extend(borderline(&ranked));
    text.extend(prices.and_then(|prices| cheapest(&ranked, prices)));
    text.join(" ")
}

fn taken(least: &Least, host_cores: u32) -> String {
    let hardware = &least.trial.hardware;
    let more = if hardware.cores > host_cores {
        format!(", more than the {host_cores} cores of this host")
    } else {
        String::new()
    };
    format!("{}{more}", counted(hardware))
}

fn next(question: &Question, least: &Least) -> String {
    least.next().map_or_else(String::new, |(name, load)| {
        format!("; next comes {name}, at {:.1} Gb/s", load * question.rate.as_gbps())
    })
}

fn borderline(ranked: &[(&str, &Least)]) -> Vec<String> {
    let mut notes = Vec::new();
    for (placement, least) in ranked {
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

fn cheapest(ranked: &[(&str, &Least)], prices: &Prices) -> Option<String> {
    let total = |least: &Least| prices.total(&least.trial.hardware);
    let by = |of: fn(super::prices::Item) -> f64| {
        ranked
            .iter()
            .min_by(|a, b| of(total(a.1)).total_cmp(&of(total(b.1))))
            .map(|(name, least)| (*name, total(least)))
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
        ["Placement", "Cores", "NICs", "Cards", "Slots", "p99 us", "Loss %"].map(str::to_owned).to_vec();
    header.push(format!("Carries Gb/s ({})", question.basis));
    header.extend(["Spare %", "Limit", "Next"].map(str::to_owned));
    header.push(format!("Next at Gb/s ({})", question.basis));
    header.extend(["Cores at 2x", "Cores at 4x"].map(str::to_owned));
    if let Some(prices) = prices {
        header.extend([format!("Price {}", prices.currency), "Power W".into()]);
    }
    let width = header.len();
    let rows = plans.iter().map(|plan| {
        let mut row = vec![plan.placement.clone()];
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
    let is_number = |i: &usize| !["Placement", "Limit", "Next"].contains(&header[*i].as_str());
    let numbers: Vec<usize> = (0..header.len()).filter(is_number).collect();
    let mut table = text_table::table(header, &numbers);
    table.add_rows(rows.to_vec());
    table
}
