//! The plan in words and as a table.

use espsim_model::resource::Resource;
use espsim_sweep::failure::Failure;

use super::args::Spare;
use super::bill::{Line, bill};
use super::design::{Impossible, Least, Plan, ranked, stacks};
use super::doubt::Doubt;
use super::goals::Missed;
use super::hardware::Hardware;
use super::prices::{Prices, Sum};
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
    let parts = [n(hardware.cores, "core"), n(hardware.nics, "NIC"), n(hardware.accelerators, "card")];
    let of_host = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if hardware.hosts == 1 { of_host } else { format!("{} hosts with {of_host} each", hardware.hosts) }
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
pub(super) fn range([low, high]: [Option<u32>; 2]) -> String {
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
    cpu: &str,
    prices: Option<&Prices>,
) -> Vec<String> {
    let mut text: Vec<String> = Vec::new();
    for stack in stacks(plans) {
        let ranked = ranked(plans, stack);
        if !ranked.is_empty() {
            text.push(of_stack(question, stack, &ranked, worth));
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
    out.extend(prices.map(|prices| cheapest(question, &all, prices, cpu)));
    out.extend(spare(question));
    out.push("Cores are whole cores: of a cloud's vCPUs, which are hardware threads, it takes two for one.".into());
    text.extend((!out.is_empty()).then(|| out.join(" ")));
    text
}

fn of_stack(question: &Question, stack: &str, ranked: &[(&Plan, &Least)], worth: &[(String, Vec<Worth>)]) -> String {
    let groups = grouped(ranked);
    let (first, least) = &groups[0];
    let mut text = vec![format!("{}, to {}, {first} takes least: {}.", within(stack), question.asked(), taken(least))];
    for (name, least) in &groups[1..] {
        text.push(format!("{name} takes {}.", taken(least)));
    }
    let up_to = least.carries * question.rate.as_gbps();
    text.push(match least.broken {
        Some(_) => format!(
            "With that {first} carries up to {up_to:.1} Gb/s ({}), limited by {}{}.",
            question.basis,
            least.limit(),
            next(question, least)
        ),
        None => format!("With that {first} carries four times as much, and more was not tried."),
    });
    text.extend(borderline(ranked));
    text.extend(rivals(&groups));
    let told = worth.iter().find(|(of, _)| of == stack);
    text.extend(told.and_then(|(_, worth)| measure_next(worth)));
    text.join(" ")
}

/// Designs with their names, those of one placement that take the same in every draw together, whatever their device.
fn grouped<'a>(ranked: &[(&'a Plan, &'a Least)]) -> Vec<(String, &'a Least)> {
    let mut groups: Vec<(Vec<&Plan>, &Least)> = Vec::new();
    for (plan, least) in ranked {
        let alike = |(plans, other): &&mut (Vec<&Plan>, &Least)| {
            let same = plans[0].asked.placement == plan.asked.placement && other.doubt == least.doubt;
            same && other.trial.hardware == least.trial.hardware && other.limit() == least.limit()
        };
        match groups.iter_mut().find(alike) {
            Some((plans, _)) => plans.push(plan),
            None => groups.push((vec![plan], least)),
        }
    }
    let name = |plans: &[&Plan]| {
        let devices: Vec<&str> = plans[1..].iter().filter_map(|plan| plan.asked.device()).collect();
        let others = devices.split_last().map(|(last, others)| {
            let others: String = others.iter().map(|name| format!(", {name}")).collect();
            format!("{others} or {last}")
        });
        plans[0].asked.design() + &others.unwrap_or_default()
    };
    groups.into_iter().map(|(plans, least)| (name(&plans), least)).collect()
}

/// How sure it is that the first takes fewer cores than each of the others.
fn rivals(groups: &[(String, &Least)]) -> Vec<String> {
    let with: Vec<(&String, &Doubt)> =
        groups.iter().filter_map(|(name, least)| Some((name, least.doubt.as_ref()?))).collect();
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
        Some("nic" | "accelerator" | "pcie") => "a question to the vendor or `espsim fit`",
        _ => "`espsim calibrate` on the host",
    };
    Some(format!("Measure next, with {how}: {}.", named.join(", ")))
}

fn taken(least: &Least) -> String {
    let hardware = &least.trial.hardware;
    let Some(doubt) = &least.doubt else { return counted(hardware) };
    let band = range(doubt.band());
    if hardware.hosts == 1 {
        let cores = if hardware.cores == 1 { "1 core" } else { &format!("{} cores", hardware.cores) };
        return counted(hardware).replacen(cores, &format!("{cores} ({band})"), 1);
    }
    format!("{} cores ({band}): {}", hardware.all_cores(), counted(hardware))
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

/// Which design costs least and which draws least, where the price file says what all of their pieces do; and what it does not.
fn cheapest(question: &Question, all: &[(&Plan, &Least)], prices: &Prices, cpu: &str) -> String {
    let bills: Vec<_> = all.iter().map(|(plan, least)| (plan, bill(question, plan, least, cpu))).collect();
    let least = |of: &dyn Fn(&[Line]) -> Sum| {
        let sums = bills.iter().map(|(plan, bill)| (plan, of(bill)));
        let known = sums.filter(|(_, sum)| sum.missing.is_empty());
        known.min_by(|a, b| a.1.known.total_cmp(&b.1.known)).map(|(plan, sum)| (plan.asked.name(), sum.known))
    };
    let price = least(&|bill| prices.price(bill))
        .map(|(name, price)| format!("{name} costs least, {price:.0} {}.", prices.currency));
    let power = least(&|bill| prices.power(bill)).map(|(name, power)| format!("{name} draws least, {power:.0} W."));
    let missing = |of: &dyn Fn(&[Line]) -> Sum, what: &str| {
        let mut names: Vec<String> = bills.iter().flat_map(|(_, bill)| of(bill).missing).collect();
        names.sort();
        names.dedup();
        (!names.is_empty())
            .then(|| format!("The price file lacks the {what} of {}, which counts as unknown.", names.join(", ")))
    };
    let lacks = [missing(&|bill| prices.price(bill), "price"), missing(&|bill| prices.power(bill), "power")];
    price.into_iter().chain(power).chain(lacks.into_iter().flatten()).collect::<Vec<_>>().join(" ")
}

/// What stands by.
fn spare(question: &Question) -> Option<String> {
    match question.spare {
        Spare::None => None,
        Spare::Nic => Some("One NIC of each host may fail: numbers of NICs include one that stands by.".into()),
        Spare::Host => Some("One host may fail: numbers of hosts and devices include one that stands by.".into()),
    }
}
