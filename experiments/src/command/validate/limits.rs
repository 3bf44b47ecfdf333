//! Reports from the field whose hosts are too little known for figures: whether the same thing limits.

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::failure::Failure;
use toml::Value;

use super::Row;
use super::published::{Published, read};
use crate::fitting::machine::{cpu, cpu_at, goodput_gbps, run};

fn case(simulations: &Simulations<'_>, id: &str, profile: &Profile) -> Result<Record, Failure> {
    let mut settings: Vec<(&str, Value)> = vec![
        ("traffic.direction", "receive".into()),
        ("traffic.transport", "tcp".into()),
        ("nic.preset", "nic-40g".into()),
        ("sa.count", Value::Integer(1)),
        ("sa.mode", "tunnel".into()),
        ("traffic.packet", "1400 B".into()),
    ];
    let more: Vec<(&str, Value)> = match id {
        "LSW-WIKI-CLEAR" => vec![
            ("placement", "clear".into()),
            ("nic.line_rate", "10 Gbps".into()),
            ("traffic.flows", Value::Integer(1)),
        ],
        "LSW-WIKI-IPSEC" => vec![
            ("placement", "host".into()),
            ("nic.line_rate", "10 Gbps".into()),
            ("traffic.flows", Value::Integer(1)),
            ("offload.gro", "off".into()),
        ],
        "LSW-285-CLEAR" => vec![("placement", "clear".into()), ("host.cores", Value::Integer(6))],
        // All packets of the SA come to one of the six cores.
        _ => vec![
            ("placement", "host".into()),
            ("host.cores", Value::Integer(6)),
            ("sa.algorithm", "aes-128-cbc-hmac-sha1-96".into()),
        ],
    };
    settings.extend(more);
    run(simulations, profile, &settings)
}

pub(super) fn rows(simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("limits.csv", include_str!("../../../validation/limits.csv"))?;
    let (haswell, clocked) = (cpu("haswell")?, cpu_at("haswell", "3.8 GHz")?);
    published
        .into_iter()
        .map(|row| {
            let profile = if row.id.starts_with("LSW-285") { &clocked } else { &haswell };
            let record = case(simulations, &row.id, profile)?;
            let gbps = goodput_gbps(&record)?;
            // Inwards the wire is `wire in`.
            let same = record.bottleneck.is_some_and(|limit| limit.name().starts_with(row.limit.as_str()));
            Ok(row.row("limits", gbps, None, same))
        })
        .collect()
}
