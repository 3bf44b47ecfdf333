//! How draws move each limit of a design: found once, where it has most cores, and good for other numbers of cores and other
//! loads, which move all draws alike but for the clock.

use espsim_model::profile::Profile;
use espsim_model::resource::{Owner, Resource};
use espsim_model::scenario::Scenario;

use super::{ClosedForm, Draws};

/// How each draw moves limits.
#[derive(Debug, Clone)]
pub struct Factors {
    /// By limit, for each draw: what it lets through over what it lets through as values stand.
    by: Vec<(Resource, Vec<f64>)>,
    /// For each draw: its clock over the clock.
    clocks: Vec<f64>,
}

/// How a draw differs, in units of what is so as values stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnderDraw {
    /// Packets that get through.
    pub carried: f32,
    /// Cores' worth of time.
    pub busy: f32,
    /// The tightest limit over what is offered; infinite when saturating.
    pub room: f32,
    /// The clock of the cores.
    pub clock: f32,
}

/// A packet costs one core of a scenario what it costs that core alone if it is so but for this share, uneven hashes included.
const SAME_COST: f64 = 0.01;
/// A limit that is so many times as much as the tightest one is none under any draw.
const FAR: f64 = 5.0;

impl UnderDraw {
    /// From the whole of a draw's machine.
    fn of(form: &ClosedForm, own: &ClosedForm) -> Self {
        let carried = form.expected_gbps() / own.expected_gbps();
        let core_seconds = |form: &ClosedForm| form.core_seconds().unwrap_or(f64::NAN);
        UnderDraw {
            carried: carried as f32,
            busy: (carried * core_seconds(form) / core_seconds(own)) as f32,
            room: form.room() as f32,
            clock: (form.clock().get() as f64 / own.clock().get() as f64) as f32,
        }
    }
}

impl Draws {
    /// How draws move the limits of a scenario; `None` where a machine cannot be.
    pub fn factors(&self, scenario: &Scenario, profile: &Profile) -> Option<Factors> {
        let (own, drawn) = self.closed_forms(scenario, profile)?;
        let factor = |form: &ClosedForm, (resource, rate): (Resource, f64)| {
            let there = form.limits().iter().find(|(other, _)| *other == resource);
            there.map_or(1.0, |(_, other)| other.as_pps() / rate)
        };
        let of = |limit: (Resource, f64)| (limit.0, drawn.iter().map(|form| factor(form, limit)).collect());
        Some(Factors {
            by: own.limits().iter().map(|(resource, rate)| of((*resource, rate.as_pps()))).collect(),
            clocks: drawn.iter().map(|form| form.clock().get() as f64 / own.clock().get() as f64).collect(),
        })
    }

    /// What each draw makes of a scenario. Limits of one core tell it where a packet costs that core what it costs the others
    /// and nothing limits that one core does not have; else every draw's machine is built whole. `None` where one cannot be.
    pub fn of(&self, scenario: &Scenario, profile: &Profile, own: &ClosedForm) -> Option<Vec<UnderDraw>> {
        if let Some(factors) = self.of_one_core(scenario, profile, own) {
            return Some(self.under(&factors, scenario, profile, own));
        }
        let (_, drawn) = self.closed_forms(scenario, profile)?;
        Some(drawn.iter().map(|form| UnderDraw::of(form, own)).collect())
    }

    fn of_one_core(&self, scenario: &Scenario, profile: &Profile, own: &ClosedForm) -> Option<Factors> {
        if scenario.host.cores == 1 || scenario.classes().len() > 1 {
            return None;
        }
        let mut one = scenario.clone();
        one.host.cores = 1;
        let form = ClosedForm::of(&one, profile)?;
        let cost = |form: &ClosedForm| Some(form.cycles()?.0);
        let is_same = (cost(&form)? / cost(own)? - 1.0).abs() <= SAME_COST;
        let is_known = |resource: Resource| form.limits().iter().any(|(other, _)| *other == resource);
        let far = FAR * own.tightest().1.as_pps();
        let all_known = own.limits().iter().all(|(resource, rate)| is_known(*resource) || rate.as_pps() > far);
        if is_same && all_known { self.factors(&one, profile) } else { None }
    }

    /// For each draw: the clock of a scenario's cores over what it is as values stand.
    fn clocks(&self, scenario: &Scenario, profile: &Profile) -> Vec<f64> {
        let clock = |of: &Profile| of.host.clock(scenario.host.cores, scenario.cipher_of_cores()).get() as f64;
        let own = clock(profile);
        self.all.iter().map(|drawn| clock(&drawn.host) / own).collect()
    }

    /// What each draw makes of a scenario that differs from that of the factors by its cores and its load.
    pub fn under(&self, factors: &Factors, scenario: &Scenario, profile: &Profile, own: &ClosedForm) -> Vec<UnderDraw> {
        let clocks = self.clocks(scenario, profile);
        let under = |draw: usize| UnderDraw {
            clock: clocks[draw] as f32,
            ..factors.under(own, draw, clocks[draw] / factors.clocks[draw])
        };
        (0..self.len()).map(under).collect()
    }
}

impl Factors {
    /// By how much a draw moves a limit. One that is not known from where there are most cores is moved as cores are, if it
    /// is the host's.
    fn of(&self, resource: Resource, draw: usize, clock: f64) -> f64 {
        let known = |of: Resource| self.by.iter().find(|(other, _)| *other == of).map(|(_, by)| by[draw]);
        let cores = || known(Resource::Core).filter(|_| resource.owner() == Owner::Host);
        let factor = known(resource).or_else(cores).unwrap_or(1.0);
        if resource == Resource::Core { factor * clock } else { factor }
    }

    fn under(&self, own: &ClosedForm, draw: usize, clock: f64) -> UnderDraw {
        let moved = own.limits().iter().map(|(resource, rate)| rate.as_pps() * self.of(*resource, draw, clock));
        let limit = moved.fold(f64::INFINITY, f64::min);
        let offered = own.offered.map_or(f64::INFINITY, |offered| offered.as_pps());
        let carried = limit.min(offered) / own.carried().as_pps();
        UnderDraw {
            carried: carried as f32,
            busy: (carried / self.of(Resource::Core, draw, clock)) as f32,
            room: if offered.is_finite() { (limit / offered) as f32 } else { f32::INFINITY },
            clock: clock as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use espsim_model::preset;

    /// Of both stacks, every placement, few and many cores, a load and none: what factors say is what draws say.
    #[test]
    fn factors_say_what_draws_say() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let draws = Draws::new(&profile, 40, 3);
        let mut worst = 0.0f64;
        for (stack, placement) in [
            ("kernel", "host"),
            ("kernel", "inline-crypto"),
            ("kernel", "inline-packet"),
            ("vector", "host"),
            ("vector", "lookaside"),
            ("vector", "inline-packet"),
        ] {
            for packet in ["64 B", "1400 B"] {
                let scenario = |cores: &str, rate: Option<&str>| {
                    let base = [
                        ("host.stack", stack),
                        ("placement", placement),
                        ("traffic.direction", "encrypt"),
                        ("traffic.packet", packet),
                        ("host.cores", cores),
                    ];
                    let load = [("traffic.arrival", "poisson"), ("traffic.rate", rate.unwrap_or("1 Gbps"))];
                    let load = if rate.is_some() { &load[..] } else { &[] };
                    Scenario::from_settings(&[&base[..], load].concat()).unwrap()
                };
                let factors = draws.factors(&scenario("16", None), &profile).unwrap();
                for (cores, rate) in [("1", None), ("4", None), ("2", Some("10 Gbps")), ("8", Some("40 Gbps"))] {
                    let scenario = scenario(cores, rate);
                    let (own, drawn) = draws.closed_forms(&scenario, &profile).unwrap();
                    let under = draws.under(&factors, &scenario, &profile, &own);
                    for (draw, form) in under.iter().zip(&drawn) {
                        let carried = form.carried().as_pps() / own.carried().as_pps();
                        let busy = form.busy_cores().unwrap() / own.busy_cores().unwrap();
                        let off = [f64::from(draw.carried) / carried - 1.0, f64::from(draw.busy) / busy - 1.0];
                        worst = off.into_iter().fold(worst, |worst, off| worst.max(off.abs()));
                        assert!(worst < 0.02, "{stack} {placement} {packet} {cores} {rate:?}: {off:?}");
                    }
                }
            }
        }
        assert!(worst > 0.0, "something was compared");
    }

    /// Of one core's limits or of whole machines: the same within 2 %, also where many SAs make the way through one core dearer
    /// and where cores share an SA's lock.
    #[test]
    fn one_core_tells_what_all_do() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let draws = Draws::new(&profile, 20, 3);
        let (mut by_one, mut whole) = (0, 0);
        for (sas, flows) in [("1", "16"), ("64", "1024"), ("65536", "65536")] {
            for placement in ["host", "inline-crypto", "inline-packet"] {
                for direction in ["transmit", "encrypt", "decrypt"] {
                    let settings = [
                        ("placement", placement),
                        ("sa.count", sas),
                        ("traffic.flows", flows),
                        ("traffic.direction", direction),
                        ("host.cores", "8"),
                    ];
                    let scenario = Scenario::from_settings(&settings).unwrap();
                    let (own, drawn) = draws.closed_forms(&scenario, &profile).unwrap();
                    let is_by_one = draws.of_one_core(&scenario, &profile, &own).is_some();
                    *(if is_by_one { &mut by_one } else { &mut whole }) += 1;
                    for (under, form) in draws.of(&scenario, &profile, &own).unwrap().iter().zip(&drawn) {
                        let all = UnderDraw::of(form, &own);
                        for (a, b) in [(under.carried, all.carried), (under.busy, all.busy), (under.clock, all.clock)] {
                            assert!((a / b - 1.0).abs() < 0.02, "{settings:?}: {under:?} {all:?}");
                        }
                    }
                }
            }
        }
        assert!(by_one > 5 && whole > 0, "{by_one} by one core, {whole} whole");
    }
}
