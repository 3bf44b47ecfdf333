//! What is asked: load, mix, direction and goals, as scenarios.

use std::path::Path;

use espsim_model::placement::Placement;
use espsim_model::profile::Profile;
use espsim_model::scenario::Scenario;
use espsim_model::units::{BitRate, Bytes, Share};
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::points;
use toml::{Table, Value};

use super::args::Spare;
use super::asked::{Asked, kinds};
use super::goals::Goals;
use super::hardware::Room;
use super::keys::{CARD, NIC, STACK, insert};
use crate::question::plan::args::PlanArgs;

/// Flows of a plan: so many that what a core gets depends on how the NIC spreads them, not on single ones.
pub(super) const FLOWS: i64 = 4096;
/// SAs of a plan: a gateway's, fewer than any preset NIC's cache holds.
pub(super) const SAS: i64 = 256;

/// The MTU of a plan's encrypted side: the full-sized packets of a mix do not fit 1500 B once they are encapsulated.
const MTU: &str = "1600 B";

/// The slowest load, in Gb/s: of less, so many packets as tell of losses take hours.
const LEAST_GBPS: f64 = 1e-2;

/// Keys that options and the search itself set, and what to do instead.
const SET_BY_OPTIONS: [(&str, &str); 18] = [
    ("placement", "give --placement"),
    ("traffic.rate", "give --rate"),
    ("traffic.rate_basis", "give --basis"),
    ("traffic.direction", "give --direction"),
    ("traffic.mix", "give --mix"),
    ("traffic.packet", "give --mix"),
    ("traffic.arrival", "give --train and --burst, or --trace; espsim run simulates others"),
    ("traffic.trace", "give --trace"),
    ("traffic.train", "give --train"),
    ("traffic.burst", "give --burst"),
    ("host.cores", "their number is what is looked for"),
    ("nic.count", "their number is what is looked for"),
    ("host.nics", "their number is what is looked for"),
    ("accelerator.count", "their number is what is looked for"),
    ("lookaside.devices", "their number is what is looked for"),
    ("run.max_packets", "runs are as long as the goals ask for"),
    ("run.max_time", "runs are as long as the goals ask for"),
    ("run.half_width", "runs are as long as the goals ask for"),
];

/// Devices of the default scenario (`presets/default.toml`), which a test holds them to.
const NIC_BY_DEFAULT: &str = "connectx-6-dx";
const CARD_BY_DEFAULT: &str = "qat-8970";
/// Stacks that are planned for where none is named.
const STACKS: [&str; 2] = ["kernel", "vector"];

/// A question.
pub struct Question {
    /// The load, on `basis`.
    pub rate: BitRate,
    /// The load of the other direction, where both are asked about and they differ.
    pub back: Option<BitRate>,
    /// What `rate` counts.
    pub basis: String,
    /// The mix as the user named it.
    pub mix: String,
    /// `transmit`, `receive`, `encrypt`, `decrypt` or `both`.
    pub direction: String,
    /// What must hold at the load with headroom.
    pub goals: Goals,
    /// How much more than the load must be carried.
    pub headroom: Share,
    /// Base of all seeds.
    pub seed: u64,
    /// Designs, in the order asked for.
    pub designs: Vec<Asked>,
    /// How many profiles are drawn.
    pub draws: u32,
    /// Packets of a train, and trains of a burst; absent where packets come as a trace has them.
    pub coming: Option<(u32, u32)>,
    /// Cores of a host, where they are not the profile's, and its slots.
    host: (Option<u32>, u32),
    /// What may fail.
    pub spare: Spare,
    /// How much the load grows each year, and for how many.
    pub growth: Option<(Share, u32)>,
    pub(super) settings: Vec<Setting>,
}

impl Question {
    /// The question that a command line asks.
    ///
    /// # Errors
    /// [`Failure`] for shares that are none.
    pub fn new(args: &PlanArgs) -> Result<Self, Failure> {
        for Setting { key, .. } in &args.base.settings {
            if let Some((_, option)) = SET_BY_OPTIONS.iter().find(|(own, _)| key == own) {
                return Err(
                    Failure::new(format!("--set {key}: this is what is planned")).with_help(Some((*option).to_owned()))
                );
            }
        }
        if args.rate.as_gbps() < LEAST_GBPS {
            return Err(Failure::new(format!("--rate is {}: at least {}", args.rate, BitRate::from_gbps(LEAST_GBPS))));
        }
        let share = |name: &str, value: Share, most: f64| {
            let allowed = (0.0..=most).contains(&value.fraction());
            allowed
                .then_some(value)
                .ok_or_else(|| Failure::new(format!("{name} is {value}: 0 % to {} %", most * 100.0)))
        };
        let goals = Goals { loss: share("--loss", args.loss, 0.5)?, latency_p99: args.latency_p99 };
        let set = |key: &str, value: Value| Setting { key: key.to_owned(), value };
        let text = |value: &str| Value::String(value.to_owned());
        // A size is a mix of one; the customary short name stands for the preset.
        let mix = match args.mix.as_str() {
            size if size.parse::<Bytes>().is_ok() => set("traffic.packet", text(size)),
            "imix" => set("traffic.mix", text("simple-imix")),
            own if own.contains(':') => set("traffic.mix", own_mix(own)?),
            name => set("traffic.mix", text(name)),
        };
        let headroom = share("--headroom", args.headroom, 10.0)?;
        if args.rate_back.is_some() && args.direction != "both" {
            return Err(Failure::new("--rate-back is the load of the other direction: only with --direction both"));
        }
        let growth = args.growth.map(|growth| share("--growth", growth, 10.0)).transpose()?.map(|g| (g, args.years));
        let mut settings = vec![set("traffic.rate_basis", text(&args.basis))];
        let number = |n: u32| Value::Integer(n.into());
        if let Some(file) = &args.trace {
            let file = file.to_str().ok_or_else(|| Failure::new("--trace: a name in UTF-8"))?;
            settings.extend([set("traffic.arrival", text("trace")), set("traffic.trace", text(file))]);
        } else {
            settings.push(mix);
        }
        if args.trace.is_none() && args.train > 1 && args.direction != "transmit" {
            settings.push(set("traffic.train", number(args.train)));
        }
        if args.burst > 1 {
            settings.extend([set("traffic.arrival", text("bursts")), set("traffic.burst", number(args.burst))]);
        }
        if args.ipv6 {
            settings.push(set("traffic.family", text("ipv6")));
        }
        settings.extend(args.tunnels.map(|n| set("sa.count", number(n))));
        settings.extend(args.tunnel_rate.map(|rate| set("sa.rate", text(&format!("{rate:#}")))));
        let preset = |key: &str, names: &[String]| names.first().map(|name| set(key, text(name)));
        // Designs without a choice take the first.
        settings.extend(preset(NIC, &args.nic));
        settings.extend(preset(CARD, &args.accelerator));
        // Each series has a stack of its own.
        settings.extend(args.base.settings.iter().filter(|setting| setting.key != STACK).cloned());
        let seed = args.base.seed.unwrap_or(1);
        if i64::try_from(seed).is_err() {
            return Err(Failure::new(format!("--seed is {seed}: at most {}, which is the most in a file", i64::MAX)));
        }
        let stacks: Vec<String> = match last(&args.base.settings, STACK).and_then(Value::as_str) {
            Some(set) if args.stack.is_empty() => vec![set.to_owned()],
            Some(_) => return Err(Failure::new("--stack and --set host.stack: one of the two")),
            None if args.stack.is_empty() => STACKS.map(str::to_owned).to_vec(),
            None => args.stack.clone(),
        };
        let mut designs: Vec<Asked> = Vec::new();
        for (stack, placement) in stacks.iter().flat_map(|stack| args.placement.iter().map(move |name| (stack, name))) {
            let cards = kinds(placement, Placement::uses_accelerator, &args.accelerator);
            let nics = kinds(placement, Placement::encrypts_in_nic, &args.nic);
            for (nic, card) in nics.iter().flat_map(|nic| cards.iter().map(move |card| (nic.clone(), card.clone()))) {
                let asked = Asked { placement: placement.clone(), stack: stack.clone(), nic, card };
                if !designs.contains(&asked) {
                    designs.push(asked);
                }
            }
        }
        Ok(Question {
            rate: args.rate,
            back: args.rate_back.filter(|back| *back != args.rate),
            basis: args.basis.clone(),
            mix: args.trace.as_ref().map_or_else(|| args.mix.clone(), |file| format!("packets of {}", file.display())),
            direction: args.direction.clone(),
            goals,
            headroom,
            seed,
            designs,
            draws: args.draws,
            coming: args.trace.is_none().then_some((args.train, args.burst)),
            host: (args.host_cores, args.host_slots),
            spare: args.spare,
            growth,
            settings,
        })
    }

    /// The load in units of the rate asked for.
    pub fn load(&self) -> f64 {
        1.0 + self.headroom.fraction()
    }

    /// What a key was set to last.
    pub(super) fn set(&self, key: &str) -> Option<&Value> {
        last(&self.settings, key)
    }

    /// A whole number that was set, or what it is by default.
    pub fn number(&self, key: &str) -> i64 {
        self.set(key).and_then(Value::as_integer).unwrap_or(if key == "sa.count" { SAS } else { 1 })
    }

    /// The scenario file of these series, each with parameters of its own.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written as text.
    pub fn file(&self, series: Vec<Table>) -> Result<ScenarioFile, Failure> {
        let mut file = Table::new();
        let own = [
            ("title", Value::String(self.title())),
            ("question", Value::String(self.sentence())),
            ("seed", Value::Integer(self.seed as i64)),
            ("traffic.arrival", Value::String("poisson".into())),
            ("traffic.steering", Value::String(self.steering().into())),
            ("traffic.mtu", Value::String(MTU.into())),
            ("traffic.flows", Value::Integer(FLOWS)),
            ("sa.count", Value::Integer(SAS)),
        ];
        for (key, value) in own {
            insert(&mut file, key, value);
        }
        for setting in &self.settings {
            insert(&mut file, &setting.key, setting.value.clone());
        }
        self.insert_directions(&mut file, 1.0);
        if !series.is_empty() {
            file.insert("series".into(), Value::Array(series.into_iter().map(Value::Table).collect()));
        }
        let text = toml::to_string(&file)
            .map_err(|error| Failure::new(format!("cannot write the plan's scenario: {error}")))?;
        ScenarioFile::parse(Path::new("plan.toml"), text)
    }

    /// How flows come to cores: what comes in by the NIC's hash, and what applications send as the scheduler places them.
    pub(super) fn steering(&self) -> &'static str {
        if self.direction == "transmit" { "spread" } else { "rss" }
    }

    /// What one of several hosts has of the load, of flows and of SAs.
    pub(super) fn share(&self, series: &mut Table, hosts: u32) {
        if hosts < 2 {
            return;
        }
        let part = |key: &str, default: i64| {
            let all = self.set(key).and_then(Value::as_integer).unwrap_or(default);
            Value::Integer((all + i64::from(hosts) - 1) / i64::from(hosts))
        };
        insert(series, "traffic.flows", part("traffic.flows", FLOWS));
        insert(series, "sa.count", part("sa.count", SAS));
        self.insert_directions(series, f64::from(hosts));
    }

    /// The load with headroom, in each direction: of two that differ, a class each. Of several hosts, of one.
    fn insert_directions(&self, file: &mut Table, hosts: f64) {
        let of_host = |rate: BitRate| BitRate::from_gbps(rate.as_gbps() * self.load() / hosts);
        let rate = |rate: BitRate| Value::String(format!("{:#}", of_host(rate)));
        let class = |direction: &str, of: BitRate| {
            let mut file = file.clone();
            insert(&mut file, "traffic.direction", Value::String(direction.into()));
            insert(&mut file, "traffic.rate", rate(of));
            file.remove("traffic")
        };
        let traffic = match self.back {
            None => class(&self.direction, self.rate),
            Some(back) => {
                let both = [("encrypt", self.rate), ("decrypt", back)];
                Some(Value::Array(both.into_iter().filter_map(|(direction, rate)| class(direction, rate)).collect()))
            }
        };
        file.extend(traffic.map(|traffic| ("traffic".to_owned(), traffic)));
    }

    /// The kind of NIC of a design.
    pub fn nic_of(&self, asked: &Asked) -> Option<String> {
        asked.nic.clone().or_else(|| self.name(NIC)).or_else(|| Some(NIC_BY_DEFAULT.to_owned()))
    }

    /// The kind of accelerator of a design.
    pub fn card_of(&self, asked: &Asked) -> Option<String> {
        asked.card.clone().or_else(|| self.name(CARD)).or_else(|| Some(CARD_BY_DEFAULT.to_owned()))
    }

    fn name(&self, key: &str) -> Option<String> {
        Some(self.set(key)?.as_str()?.to_owned())
    }

    /// What fits into a host.
    pub fn room(&self, profile: &Profile) -> Room {
        // What stands by takes a slot too.
        let spare = u32::from(self.spare == Spare::Nic);
        Room { cores: self.host.0.unwrap_or(profile.host.cores), slots: self.host.1.saturating_sub(spare).max(1) }
    }

    /// Loads beside the one asked for, in units of it: half to four times, and after each year of growth.
    pub fn loads(&self) -> Vec<f64> {
        let mut loads = vec![0.5, 2.0, 4.0];
        if let Some((growth, years)) = self.growth {
            loads.extend((1..=years).map(|year| (1.0 + growth.fraction()).powi(year as i32)));
        }
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
    }

    /// The year in which growth has come to a load, in units of the one asked for.
    pub fn year(&self, load: f64) -> Option<u32> {
        let (growth, years) = self.growth?;
        (1..=years).find(|year| (1.0 + growth.fraction()).powi(*year as i32) == load)
    }

    /// Checks everything but the placements: in the clear nothing depends on what hardware offers.
    ///
    /// # Errors
    /// [`Failure`] at the option that is wrong.
    pub fn check(&self, profile: &Profile) -> Result<(), Failure> {
        let stack = self.designs.first().map_or(STACKS[0], |asked| asked.stack.as_str()).to_owned();
        self.scenario(&Asked { placement: Placement::CLEAR.name().to_owned(), stack, nic: None, card: None }, profile)
            .map(|_| ())
    }

    /// The scenario of a placement with one core, NIC and accelerator under the rate asked for.
    ///
    /// # Errors
    /// [`Failure`] for what it cannot be on this hardware.
    pub fn scenario(&self, asked: &Asked, profile: &Profile) -> Result<Scenario, Failure> {
        let series = asked.series(asked.name());
        let point = points(&self.file(vec![series])?, &self.settings, profile)?.swap_remove(0);
        let mut scenario = point.scenario;
        // Without headroom, to the last bit.
        let rates = [self.rate, self.back.unwrap_or(self.rate)];
        scenario.traffic.iter_mut().zip(rates).for_each(|(class, rate)| class.rate = Some(rate));
        Ok(scenario)
    }
}

/// What settings say of a key: the last wins.
fn last<'a>(settings: &'a [Setting], key: &str) -> Option<&'a Value> {
    settings.iter().rev().find(|setting| setting.key == key).map(|setting| &setting.value)
}

/// Sizes of IP packets with their weights, `64:7,576:4,1500:1`.
fn own_mix(text: &str) -> Result<Value, Failure> {
    let wrong = || {
        Failure::new(format!("--mix `{text}`: a mix on the command line is sizes in octets with weights"))
            .with_help(Some("for example 64:7,576:4,1500:1".into()))
    };
    let one = |part: &str| {
        let (size, weight) = part.split_once(':')?;
        let size: u64 = size.trim().trim_end_matches('B').trim_end().parse().ok()?;
        let weight: i64 = weight.trim().parse().ok().filter(|weight| *weight > 0)?;
        let size = Value::String(Bytes::new(size).to_string());
        Some(Value::Table(
            [("size".to_owned(), size), ("weight".to_owned(), Value::Integer(weight))].into_iter().collect(),
        ))
    };
    text.split(',').map(|part| one(part).ok_or_else(wrong)).collect::<Result<Vec<Value>, _>>().map(Value::Array)
}

#[cfg(test)]
mod tests {
    use espsim_model::scenario::Scenario;

    use super::{CARD, CARD_BY_DEFAULT, NIC, NIC_BY_DEFAULT};

    #[test]
    fn devices_by_default_are_those_of_the_default_scenario() {
        let named = |nic| Scenario::from_settings(&[(NIC, nic), (CARD, CARD_BY_DEFAULT)]).unwrap();
        let own = Scenario::from_settings(&[]).unwrap();
        assert_eq!(named(NIC_BY_DEFAULT), own);
        assert_ne!(named("bluefield-3"), own);
    }
}
