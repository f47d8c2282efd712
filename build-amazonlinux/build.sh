#!/usr/bin/env bash
# Builds the Lambda function and the prebuilt library on the system this runs on.
#
#   build-amazonlinux/build.sh setup          what a build needs; as root, from the network
#   build-amazonlinux/build.sh fetch          the crates; from the network
#   build-amazonlinux/build.sh build [DIR]    everything, without a network, into DIR (target/lambda)
#
# The results run where glibc is at least as new as here. For Lambda's provided:al2023 that means
# Amazon Linux 2023 (glibc 2.34) or an older system, such as Debian 11 (2.31).
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)

setup() {
  if command -v dnf >/dev/null; then
    # Amazon Linux. Its curl-minimal, which the base image has, serves rustup.
    dnf --assumeyes --setopt=install_weak_deps=False install \
      binutils cmake findutils gcc gcc-c++ gzip libstdc++-static make ninja-build python3 tar xz
    dnf clean all
  elif command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get --quiet update
    apt-get --quiet --yes --no-install-recommends install \
      binutils ca-certificates cmake curl g++ gcc libc6-dev make ninja-build python3 xz-utils
    rm -rf /var/lib/apt/lists/*
  else
    echo "neither dnf nor apt-get is here: install CMake, ninja, a C++20 compiler with its static" \
      "library, Python 3 and xz, and run the other steps" >&2
    exit 1
  fi
  # A toolchain that is there already, such as one from outside a container, serves.
  if ! command -v cargo >/dev/null; then
    local installer
    installer=$(mktemp)
    curl --proto '=https' --tlsv1.2 --silent --show-error --fail \
      --output "$installer" https://sh.rustup.rs
    # The toolchain is that of rust-toolchain.toml, which the first call of Cargo brings.
    sh "$installer" -y --no-modify-path --profile minimal --default-toolchain none
    rm "$installer"
  fi
}

fetch() {
  cd "$repo"
  cargo fetch --locked --target "$(uname -m)-unknown-linux-gnu"
}

build() {
  cd "$repo"
  local out=${1:-$repo/target/lambda}
  mkdir -p "$out"
  if [ ! -d third_party/src ] && [ -z "${TFLITE_SYS_LIB_DIR:-}" ]; then
    echo "third_party/src is not there: run 'cargo xtask vendor' first, or the source is fetched" >&2
  fi
  # What is missing would be fetched, and a build that needs a network on some day only is none.
  export CARGO_NET_OFFLINE=true
  cargo xtask package --system --prebuilt --output "$out"
}

PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
case ${1:-} in
  setup | fetch) "$1" ;;
  build) build "${2:-}" ;;
  *)
    sed -n '2,7s/^#\( \|$\)//p' "$0" >&2
    exit 2
    ;;
esac
