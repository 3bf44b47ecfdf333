//! What happens in a scenario, and when.

use serde::{Deserialize, Serialize};

use crate::engine::random::{Purpose, Stream};
use crate::scenario::{Device, Event, What};
use crate::units::Time;

/// Something that happens to a device, or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEvent {
    /// When, in picoseconds.
    pub at: u64,
    /// What.
    pub what: What,
    /// To which device.
    pub device: Device,
    /// Whether the device comes back: the end of an event that lasts.
    pub ends: bool,
}

/// Everything that happens within the span, in the order of time; of equal times, as listed. Every event draws from the
/// one stream for events, event after event, so that the same seed gives the same events whatever the rest of the
/// scenario is.
pub fn device_events(events: &[Event], span: Time, seed: u64) -> Vec<DeviceEvent> {
    let mut stream = Stream::new(seed, Purpose::Events);
    let mut all = Vec::new();
    for event in events {
        let mut at = event.at.as_ps();
        if let Some(mtbf) = event.mtbf {
            at = at.saturating_add(stream.exponential(mtbf.as_ps()));
        }
        while at <= span.as_ps() {
            let Event { what, device, .. } = *event;
            all.push(DeviceEvent { at, what, device, ends: false });
            let end = at.saturating_add(event.lasts.map_or(0, Time::as_ps));
            if event.lasts.is_some() && end <= span.as_ps() {
                all.push(DeviceEvent { at: end, what, device, ends: true });
            }
            // Up again before the next failure: the time between failures is counted from the repair.
            at = match (event.every, event.mtbf) {
                (Some(every), _) => at.saturating_add(every.as_ps()),
                (_, Some(mtbf)) => end.saturating_add(stream.exponential(mtbf.as_ps()).max(1)),
                (None, None) => break,
            };
        }
    }
    all.sort_by_key(|event| event.at);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        let at = Time::from_us(10);
        Event { what: What::LinkDown, device: Device::Nic, at, every: None, mtbf: None, lasts: None }
    }

    fn times(event: Event, span: u64) -> Vec<u64> {
        device_events(&[event], Time::from_us(span), 1).iter().map(|h| h.at / 1_000_000).collect()
    }

    #[test]
    fn events_happen_once_or_periodically_and_end() {
        assert_eq!(times(event(), 100), [10]);
        assert_eq!(times(Event { every: Some(Time::from_us(40)), ..event() }, 100), [10, 50, 90]);
        assert_eq!(times(Event { lasts: Some(Time::from_us(5)), ..event() }, 100), [10, 15]);
        assert_eq!(times(Event { lasts: Some(Time::from_us(500)), ..event() }, 100), [10]);
    }

    /// Times between failures have the exponential distribution's mean: 99.9 % interval, 3.29 standard errors.
    #[test]
    fn random_events_have_their_mean_time_between_failures() {
        let event = Event { mtbf: Some(Time::from_us(100)), at: Time::ZERO, ..event() };
        let n = device_events(&[event], Time::from_seconds(1.0), 3).len() as f64;
        assert!((n - 1e4).abs() < 3.29 * 100.0, "{n}");
    }
}
