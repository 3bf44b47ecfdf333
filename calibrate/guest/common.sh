# shellcheck shell=bash
# What both guests need: a cache folder, packages without installing them, errors that say what to do.
# Sourced by uml.sh and qemu.sh.

cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/espsim/guest}
# The series of the kernel source; image and headers must be of the same.
series=6.12

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

fail() {
    say "$*"
    exit 2
}

# need COMMAND PACKAGE ...: every command there is, or what to install.
need() {
    local lacking=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || lacking+=("$2")
        shift 2
    done
    [ ${#lacking[@]} -eq 0 ] || fail "missing: install Debian's ${lacking[*]}"
}

# version PACKAGE: the version that would be fetched.
version() {
    local found
    found=$(apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ { print $2 }')
    case $found in
    '' | '(none)') fail "no package $1: run apt-get update, or use Debian 12 or later" ;;
    esac
    printf '%s\n' "$found"
}

# fetch PACKAGE: the package's file, in the cache.
fetch() {
    local wanted file
    wanted=$(version "$1")
    # apt-get writes a colon of the version as %3a.
    file=$(find "$cache/packages" -name "$1_${wanted//:/%3a}_*.deb" -print -quit)
    if [ -z "$file" ]; then
        say "fetching $1 $wanted"
        (cd "$cache/packages" && apt-get download -qq "$1=$wanted" 2>/dev/null) || fail "cannot fetch $1 $wanted"
        file=$(find "$cache/packages" -name "$1_${wanted//:/%3a}_*.deb" -print -quit)
    fi
    printf '%s\n' "$file"
}

# unpack_source FOLDER: the kernel source of the series, as FOLDER/source.
unpack_source() {
    local file
    file=$(fetch "linux-source-$series")
    say "unpacking the kernel source"
    dpkg-deb --fsys-tarfile "$file" | tar -x -C "$1" "./usr/src/linux-source-$series.tar.xz"
    mkdir "$1/source"
    tar -xJf "$1/usr/src/linux-source-$series.tar.xz" -C "$1/source" --strip-components=1
    rm -r "${1:?}/usr"
}

# logged FILE COMMAND ...: the command, or its last lines.
logged() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        fail "failed: $*; all of it is in $log"
    }
}

need apt-get "apt (this is not a Debian-like system)" dpkg-deb dpkg apt-cache apt flock util-linux
mkdir -p "$cache/packages"
# One preparation at a time.
exec 9>"$cache/.lock"
# The other may be building for minutes.
flock 9
