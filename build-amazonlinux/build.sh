#!/usr/bin/env bash
# Builds `bootstrap` and says which glibc it needs: that of the system this runs on, at most.
#
#   build-amazonlinux/build.sh [OUTPUT FOLDER]
#
# To run on Lambda's provided:al2023 it must be run on Amazon Linux 2023 (glibc 2.34) or on an older
# system. It needs what the README lists for a build from source, and nothing from the network if
# `cargo xtask vendor` and `cargo fetch` have run before.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
out=$(mkdir -p "${1:-$repo/target/amazonlinux}" && cd "${1:-$repo/target/amazonlinux}" && pwd)

cd "$repo"
cargo build --release --locked --package lambda-fn --bin bootstrap
install -m 755 "${CARGO_TARGET_DIR:-target}/release/bootstrap" "$out/bootstrap"
install -m 644 model/clothing.tflite model/clothing.labels.txt "$out/"

# The version references of the dynamic symbols, the highest last.
needed=$(objdump -T "$out/bootstrap" | { grep -oE 'GLIBC_[0-9.]+' || true; } | sort -uV | tail -n 1)
echo "$out/bootstrap needs ${needed:-no glibc}; Amazon Linux 2023 has GLIBC_2.34"
newest=$(printf '%s\n' GLIBC_2.34 "${needed:-GLIBC_2.0}" | sort -V | tail -n 1)
if [ "$newest" != GLIBC_2.34 ]; then
  echo "it does not run there: build it on Amazon Linux 2023 or on an older system" >&2
  exit 1
fi
