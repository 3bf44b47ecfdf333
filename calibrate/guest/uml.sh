#!/usr/bin/env bash
# Builds a User-Mode Linux kernel from the distribution's source into CACHE/uml: uml.sh [CACHE]
# Needs no root. The last line of its output is the folder made.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

need gcc gcc make make flex flex bison bison bc bc xz xz-utils
stamp="$(version "linux-source-$series") $(cat "$here/uml.sh" "$here/common.sh" "$here/uml.config" | sha256sum)"
if [ "$(cat "$cache/uml/stamp" 2>/dev/null)" = "$stamp" ]; then
    say "nothing to do"
    printf '%s\n' "$cache/uml"
    exit
fi

work=$(mktemp -d "$cache/uml-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
unpack_source "$work"
mkdir "$work/build" "$work/uml"
make_um() { make -C "$work/source" ARCH=um O="$work/build" "$@"; }

KCONFIG_ALLCONFIG="$here/uml.config" logged "$cache/uml.log" make_um allnoconfig
unknown=$(grep '^CONFIG' "$here/uml.config" | grep -vxFf "$work/build/.config" || true)
[ -z "$unknown" ] || fail "this kernel source does not know, or not without others: ${unknown//$'\n'/ }"

say "building, some minutes"
logged "$cache/uml.log" make_um -j"$(nproc)" linux
strip -o "$work/uml/linux" "$work/build/linux"
make_um -s kernelrelease >"$work/uml/version"
printf '%s\n' "$stamp" >"$work/uml/stamp"
rm -rf "$cache/uml"
mv "$work/uml" "$cache/uml"
say "built Linux $(cat "$cache/uml/version")"
printf '%s\n' "$cache/uml"
