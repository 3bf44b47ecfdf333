//! Units: parsing, arithmetic, rounding.

use super::*;

#[test]
fn parses_and_prints_what_it_parsed() {
    assert_eq!("40 Gbps".parse::<BitRate>().unwrap(), BitRate::from_bps(40_000_000_000));
    assert_eq!("1.5us".parse::<Time>().unwrap(), Time::from_ns(1500));
    assert_eq!("64 KiB".parse::<Bytes>().unwrap(), Bytes::new(65536));
    assert_eq!("2.45 GHz".parse::<Hertz>().unwrap().to_string(), "2.45 GHz");
    assert_eq!(Time::from_ps(1_234_500).to_string(), "1.2345 us");
    assert_eq!(Bytes::new(1500).to_string(), "1500 B");
}

#[test]
fn what_is_written_in_full_is_read_back_to_the_last_digit() {
    // The median of two clocks, which six decimals of a GHz do not tell.
    assert_eq!(Hertz::new(3_699_315_500).to_string(), "3.699315 GHz");
    assert_eq!(format!("{:#}", Hertz::new(3_699_315_500)), "3.6993155 GHz");
    assert_eq!(format!("{:#}", Hertz::new(3_700_000_000)), "3.7 GHz");
    proptest::proptest!(|(n in 0u64..9_000_000_000_000_000, rate in 0.0f64..1e12)| {
        let written = [format!("{:#}", Hertz::new(n)), format!("{:#}", BitRate::from_bps(n)), format!("{:#}", Time::from_ps(n))];
        assert_eq!(written[0].parse(), Ok(Hertz::new(n)));
        assert_eq!(written[1].parse(), Ok(BitRate::from_bps(n)));
        assert_eq!(written[2].parse(), Ok(Time::from_ps(n)));
        assert_eq!(format!("{:#}", PacketRate::from_pps(rate)).parse(), Ok(PacketRate::from_pps(rate)));
    });
}

#[test]
fn refuses_what_is_not_the_quantity() {
    for wrong in ["40", "40 Gb", "Gbps", "-1 Gbps", "1e999 Gbps", "4 0 Gbps", "", "40 B", "99999999999 Tbps"] {
        assert!(wrong.parse::<BitRate>().is_err(), "{wrong}");
    }
    let message = "40 GB".parse::<BitRate>().unwrap_err().to_string();
    assert!(message.contains("a bit rate") && message.contains("40 Gbps"), "{message}");
}

#[test]
fn serialisation_time_is_rounded_once() {
    // 1538 octets at 300 Gb/s are 41 013.3 ps; per-octet truncation would give 39 988.
    assert_eq!(Bytes::new(1538) / BitRate::from_gbps(300.0), Time::from_ps(41_013));
    assert_eq!(Cycles(370.0) / Hertz::new(3_700_000_000), Time::from_ns(100));
}
