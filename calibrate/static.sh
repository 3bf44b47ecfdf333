#!/usr/bin/env bash
# Builds `espsim` as one static program that needs nothing on the host that it measures: static.sh [ARCHITECTURE ...]
# Architectures: x86_64, aarch64; both by default. Programs are put into target/static/espsim-ARCHITECTURE.
# Left out: AWS-LC, and OpenSSL and other libraries that are opened at run time, which a static program cannot.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}

fail() {
    printf 'static: %s\n' "$*" >&2
    exit 2
}

# need ARCHITECTURE: the standard library for it and a C compiler, which ring's C and assembly and the linking need.
need() {
    local lacking=() library
    library=$(rustc --print target-libdir --target "$1-unknown-linux-musl" 2>/dev/null || true)
    [ -d "$library" ] || lacking+=("the target (rustup target add $1-unknown-linux-musl)")
    command -v "$2" >/dev/null || lacking+=("$2 (Debian: $3)")
    [ ${#lacking[@]} -eq 0 ] || fail "missing for $1: $(printf '%s; ' "${lacking[@]}" | sed 's/; $//')"
}

build() {
    local triple=$1-unknown-linux-musl upper
    upper=$(printf '%s' "${triple//-/_}" | tr '[:lower:]' '[:upper:]')
    # Rust brings musl's start files and library itself. ring's C uses no C library, so that a compiler for another one does.
    env "CC_${triple//-/_}=$2" "AR_${triple//-/_}=${3:-ar}" "CARGO_TARGET_${upper}_LINKER=$2" \
        "CARGO_TARGET_${upper}_RUSTFLAGS=-C target-feature=+crt-static -C link-self-contained=yes" \
        CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$target" \
        cargo build --manifest-path "$root/Cargo.toml" --release --locked --package espsim --bin espsim \
        --no-default-features --target "$triple"
    mkdir -p "$target/static"
    cp "$target/$triple/release/espsim" "$target/static/espsim-$1"
    printf '%s\n' "$target/static/espsim-$1"
}

[ $# -gt 0 ] || set -- x86_64 aarch64
# All that is missing is said before anything is built.
for architecture; do
    case $architecture in
    x86_64) need x86_64 x86_64-linux-gnu-gcc "gcc, on other machines gcc-x86-64-linux-gnu" ;;
    aarch64) need aarch64 aarch64-linux-gnu-gcc "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
    *) fail "unknown architecture $architecture: x86_64 or aarch64" ;;
    esac
done
for architecture; do
    case $architecture in
    x86_64) build x86_64 x86_64-linux-gnu-gcc x86_64-linux-gnu-ar ;;
    aarch64) build aarch64 aarch64-linux-gnu-gcc aarch64-linux-gnu-ar ;;
    esac
done
