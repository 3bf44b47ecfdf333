umask 077
size=$1 machine=$2
shift 2
folder=$(mktemp -d "${TMPDIR:-/tmp}/espsim.XXXXXXXX") || exit 90
calibration=
end() {
    trap "" HUP INT TERM PIPE
    [ -z "$calibration" ] || kill -9 "$calibration" 2>/dev/null
    rm -rf "$folder"
}
trap end EXIT
trap "exit 129" HUP INT TERM PIPE
# Exactly the program: what comes after it is kept open for as long as somebody waits for the result.
head -c "$size" >"$folder/espsim" || exit 91
[ "$(wc -c <"$folder/espsim")" -eq "$size" ] || exit 92
chmod 700 "$folder/espsim" && mkdir "$folder/out" || exit 91
# A shell takes what is no program of its machine for a script.
case $machine in
any | "$(uname -m)") "$folder/espsim" --version >/dev/null 2>&1 ;;
*) false ;;
esac || {
    printf "espsim-cannot-run %s\n" "$(uname -sm)"
    exit 93
}
exec 3<&0
"$folder/espsim" calibrate "$@" --out "$folder/out/host.toml" </dev/null >"$folder/summary" 3<&- &
calibration=$!
# Ends when the other side does, however it does.
{
    cat
    kill "$calibration"
    sleep 2
    kill -9 "$calibration"
} <&3 >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$calibration"
code=$?
calibration=
kill "$watch" 2>/dev/null
printf "espsim-code %s\n" "$code"
[ "$code" -eq 0 ] || exit 94
for file in "$folder/summary" "$folder"/out/*; do
    printf "espsim-file %s %s\n" "${file##*/}" "$(($(wc -c <"$file")))"
    cat "$file"
done
printf "espsim-end\n"
