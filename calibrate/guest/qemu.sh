#!/usr/bin/env bash
# Prepares the distribution's cloud kernel with the modules that the SA path needs in CACHE/qemu: qemu.sh [CACHE]
# Its netdevsim, which the distribution does not build, is built from its source against its headers.
# Needs no root. The last line of its output is the folder made.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
export PATH=$PATH:/usr/sbin:/sbin

[ "$(dpkg --print-architecture)" = amd64 ] || fail "made for amd64; uml.sh works elsewhere"
need gcc gcc make make xz xz-utils depmod kmod modprobe kmod
# What the program asks for by name; what these need comes with them.
wanted=(netdevsim veth dummy esp4 esp4_offload xfrm_user gcm ghash-generic aesni-intel ghash-clmulni-intel seqiv
    echainiv authenc crypto_null algif_aead)

# real PACKET PATTERN: the package of a release that a meta package stands for.
real() {
    local found
    found=$(apt-cache depends "$1" 2>/dev/null | awk '/Depends:/ { print $2 }' | grep -m1 -- "$2" || true)
    [ -n "$found" ] || fail "no package $1: run apt-get update, or use Debian 12 or later"
    printf '%s\n' "$found"
}
image=$(real "linux-image-$series-cloud-amd64" '^linux-image-.*-cloud-amd64$')
release=${image#linux-image-}
headers=linux-headers-$release
common=$(real "$headers" '-common$')
kbuild=$(real "$headers" '^linux-kbuild-')

stamp="$(version "$image") $(version "linux-source-$series") $(cat "$here/qemu.sh" "$here/common.sh" | sha256sum)"
if [ "$(cat "$cache/qemu/stamp" 2>/dev/null)" = "$stamp" ]; then
    say "nothing to do"
    printf '%s\n' "$cache/qemu"
    exit
fi

work=$(mktemp -d "$cache/qemu-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
for package in "$image" "$headers" "$common" "$kbuild"; do
    file=$(fetch "$package")
    dpkg-deb -x "$file" "$work"
done
# The headers' makefile expects to be installed.
sed -i "s|/usr/src|$work/usr/src|" "$work/usr/src/$headers/Makefile"
source_file=$(fetch "linux-source-$series")
say "building netdevsim for $release"
driver=linux-source-$series/drivers/net/netdevsim
dpkg-deb --fsys-tarfile "$source_file" | tar -xO "./usr/src/linux-source-$series.tar.xz" |
    tar -xJ -C "$work" "$driver"
# Without type information for BPF, which takes another tool.
logged "$cache/qemu.log" make -C "$work/usr/src/$headers" M="$work/$driver" CONFIG_NETDEVSIM=m \
    CONFIG_DEBUG_INFO_BTF_MODULES= modules

modules=$work/lib/modules/$release
[ -d "$modules" ] || modules=$work/usr/lib/modules/$release
mkdir "$modules/extra" "$work/qemu" "$work/qemu/modules"
cp "$work/$driver/netdevsim.ko" "$modules/extra/"
logged "$cache/qemu.log" depmod -b "${modules%/lib/modules/*}" "$release"
# Every module after those that it needs, each once.
for module in "${wanted[@]}"; do
    steps=$(modprobe -d "${modules%/lib/modules/*}" -S "$release" --show-depends "$module" 2>&1) ||
        fail "the kernel $release has no module $module"
    printf '%s\n' "$steps" | awk '$1 == "insmod" { print $2 }'
done | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "${file%.xz}")
    case $file in
    *.xz) xz -dc "$file" ;;
    *) cat "$file" ;;
    esac >"$work/qemu/modules/$name"
    strip --strip-debug "$work/qemu/modules/$name"
    printf '%s\n' "$name"
done >"$work/qemu/modules.load"
cp "$work/boot/vmlinuz-$release" "$work/qemu/vmlinuz"
printf '%s\n' "$release" >"$work/qemu/version"
printf '%s\n' "$stamp" >"$work/qemu/stamp"
rm -rf "$cache/qemu"
mv "$work/qemu" "$cache/qemu"
say "prepared Linux $release with $(wc -l <"$cache/qemu/modules.load") modules"
printf '%s\n' "$cache/qemu"
