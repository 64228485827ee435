#!/usr/bin/env bash
# Has the SARIF output of some fixtures validated by the SARIF Multitool: the rules of the standard and those of GitHub's
# code scanning. Needs npm, which installs the tool into target/.
#
#   tests/sarif-multitool.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/release/pcluster-iam}")
tool=$PWD/target/sarif-multitool
npm install --silent --no-audit --no-fund --no-save --prefix "$tool" @microsoft/sarif-multitool@5.7.0
# npm may not run the script of the package that makes its program executable.
chmod u+x "$tool"/node_modules/@microsoft/sarif-multitool-*/Sarif.Multitool
# Machines without ICU.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

logs=$tool/logs
rm -rf "$logs"
mkdir -p "$logs"
tr -d '\n' <fixtures/lints/missing-action/bad.json >"$logs/minified.json"
printf '{"Version": ,}\n' >"$logs/unreadable.json"
log() {
    local name=$1 code=0
    shift
    "$program" lint "$@" --scheduler torque --role instance --format sarif >"$logs/$name.sarif" || code=$?
    [ "$code" -le 2 ] || { echo "$name: exit code $code"; exit 1; }
}
log clean fixtures/reference/instance-traditional-filled.json
log minified "$logs/minified.json"
log unreadable fixtures/lints/missing-action/bad.json "$logs/unreadable.json" "$logs/nowhere.json"
log each --each fixtures/lints/*/*.json
for fixture in fixtures/lints/*/bad.json; do
    log "$(basename "$(dirname "$fixture")")" "$fixture"
done

code=0
for file in "$logs"/*.sarif; do
    # The wrapper hands its arguments to a shell, which would end the command at the semicolon.
    said=$("$tool/node_modules/.bin/sarif-multitool" validate "$file" --rule-kind "'Sarif;Ghas'" \
        --level "'Error;Warning'" 2>&1) || true
    if ! grep -q '^Analysis completed' <<<"$said" || grep -E ': (error|warning) ' <<<"$said"; then
        echo "$said"
        code=1
    fi
done
[ "$code" -eq 0 ] && echo "$(ls "$logs"/*.sarif | wc -l) logs are valid"
exit "$code"
