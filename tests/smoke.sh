#!/usr/bin/env bash
# Whether a program that was packed and installed has all it needs: its version, the catalogue, the reference, verdicts.
#
#   tests/smoke.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")
fail() { echo "$program: $*"; exit 1; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
said=$("$program" --version)
[[ $said == "pcluster-iam $version (AWS's actions as of "* ]] || fail "$said"
fixtures=$PWD/fixtures
# Nothing is read from where the program was built.
cd /
lint() {
    local expected=$1 code=0 said
    shift
    said=$("$program" lint "$@" --scheduler torque --role instance 2>&1) || code=$?
    [ "$code" -eq "$expected" ] || fail "lint $*: exit code $code, not $expected: $said"
}
lint 0 "$fixtures/reference/instance-traditional-filled.json"
lint 1 "$fixtures/lints/missing-action/bad.json"
lint 2 "$fixtures/nowhere.json"
"$program" explain missing-action | grep -q '^## How to fix' || fail "no page of a lint"
"$program" schema output | grep -q '"\$schema"' || fail "no schema"
