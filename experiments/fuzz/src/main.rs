//! Fuzzes the parser that the environment variable `PARSER` names, with libFuzzer's options.

#![no_main]

use std::sync::LazyLock;

use espsim_fuzz::{PARSERS, Parse, check};

static PARSER: LazyLock<Parse> = LazyLock::new(|| {
    let name = std::env::var("PARSER").unwrap_or_default();
    let names = PARSERS.map(|(name, _)| name).join(", ");
    let found = PARSERS.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("PARSER is `{name}`: one of {names}")).1
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    check(*PARSER, input);
});
