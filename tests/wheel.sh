#!/usr/bin/env bash
# Builds the wheel, installs it into an environment of its own, and runs the program from there. Uses the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(tests/python-tools.sh)
home=$PWD/target/ci/wheel
rm -rf "$home"
mkdir -p "$home"
fail() { echo "wheel: $*"; exit 1; }

"$tools/maturin" build --quiet --release --locked --out "$home" >"$home/log" 2>&1 || { cat "$home/log"; fail "maturin"; }
wheels=("$home"/*.whl)
[ "${#wheels[@]}" -eq 1 ] || fail "one wheel was expected: ${wheels[*]}"
files=$(python3 -m zipfile -l "${wheels[0]}")
for part in /scripts/pcluster-iam LICENSE-MIT LICENSE-APACHE NOTICE; do
    grep -q -- "$part" <<<"$files" || fail "$part is not in it"
done

python3 -m venv "$home/env"
"$home/env/bin/pip" install --quiet --disable-pip-version-check --no-index "${wheels[0]}"
tests/smoke.sh "$home/env/bin/pcluster-iam"
echo "the wheel works: $(basename "${wheels[0]}")"
