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
# Its first process dies where the host's CPU has AMX: the buffers in which 6.12 saves a process's registers, 2696
# bytes, end before the tiles (11008 with them), and the host refuses to set registers from less than all of them.
# 16 KiB hold them; hosts with less state fill less. A copy lies in each stack's thread_info and another in each signal
# handler's frame, hence CONFIG_KERNEL_STACK_ORDER. Where the constant is unknown, as from 6.13 on, the size is the
# host's own.
offsets=$work/source/arch/x86/um/user-offsets.c
if grep -q HOST_FP_SIZE "$offsets"; then
    sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696);/DEFINE_LONGS(HOST_FP_SIZE, 16384);/' "$offsets"
    grep -q 'HOST_FP_SIZE, 16384' "$offsets" || fail "cannot enlarge HOST_FP_SIZE: this kernel source has it otherwise"
fi
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
