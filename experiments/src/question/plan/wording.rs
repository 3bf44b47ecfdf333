//! A question in words.

use espsim_sweep::file::value::shown;

use super::question::{FLOWS, Question, SAS};

impl Question {
    /// The question in a sentence.
    pub fn sentence(&self) -> String {
        let goals = match self.goals.latency_p99 {
            Some(most) => format!("at most {} loss and {most} p99 latency", self.goals.loss),
            None => format!("at most {} loss", self.goals.loss),
        };
        let headroom = match self.headroom.fraction() {
            0.0 => String::new(),
            _ => format!(" and {} headroom", self.headroom),
        };
        let set = |key: &str, default: i64| self.set(key).map_or_else(|| default.to_string(), shown);
        format!(
            "What does each placement take to {}, {}, in {} flows{} over {} SAs with {goals}{headroom}?",
            self.asked(),
            self.arrivals(),
            set("traffic.flows", FLOWS),
            if self.steering() == "rss" { " that the NIC hashes to cores (RSS)" } else { "" },
            set("sa.count", SAS)
        )
    }

    /// Direction, load and mix.
    pub fn asked(&self) -> String {
        let Question { rate, basis, mix, direction, .. } = self;
        match self.back {
            Some(back) => format!("encrypt {rate} and decrypt {back} ({basis}) of {mix}"),
            None if direction == "both" => format!("encrypt {rate} and decrypt as much ({basis}) of {mix}"),
            None => format!("{direction} {rate} ({basis}) of {mix}"),
        }
    }

    /// How packets come.
    pub fn arrivals(&self) -> String {
        let Some((train, burst)) = self.coming else { return "as they were recorded".into() };
        let singly = self.direction == "transmit" || train == 1;
        let trains = if singly { "packets".into() } else { format!("trains of {train} packets of a flow") };
        match burst {
            1 => format!("{trains} coming at random (Poisson)"),
            n => format!("{trains} coming at random in bursts of {n} on average"),
        }
    }

    /// A title for tables and figures.
    pub fn title(&self) -> String {
        let back = self.back.map_or_else(String::new, |back| format!(" and {back} back"));
        format!("{}{back} ({}) of {}, {}", self.rate, self.basis, self.mix, self.direction)
    }
}
