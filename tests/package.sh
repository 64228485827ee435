#!/usr/bin/env bash
# Packs the crate, builds it from the package alone, and installs the program. Uses the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "package: $*"; exit 1; }

# The build from the package shares the libraries that the tests and the release build need too.
export CARGO_TARGET_DIR=$PWD/target
cargo package --locked --allow-dirty --quiet
files=$(cargo package --locked --allow-dirty --quiet --list)
for file in README.md CHANGELOG.md CONTRIBUTING.md LICENSE-MIT LICENSE-APACHE NOTICE Cargo.lock docs/README.md \
    docs/ci.md rules/catalog.txt rules/schema/output.json rules/lints/missing-action.md examples/manual.rs; do
    grep -qx "$file" <<<"$files" || fail "it lacks $file"
done
if grep -E '^(tests|target|\.ci|fixtures/lints)/' <<<"$files"; then
    fail "it holds what nobody needs who builds it"
fi

root=$PWD/target/ci/install
rm -rf "$root"
cargo install --locked --quiet --path . --root "$root" 2>&1 | { grep -v 'to your PATH' || true; }
tests/smoke.sh "$root/bin/pcluster-iam"
size=$(stat --format %s "$root/bin/pcluster-iam")
[ "$size" -lt $((13 * 1024 * 1024)) ] || fail "the program has $size bytes, more than 13 MiB"
echo "the package builds and installs: $size bytes"
