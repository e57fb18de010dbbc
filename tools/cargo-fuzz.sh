#!/usr/bin/env bash
# Builds the pinned cargo-fuzz into .tools: --locked takes the checksums of its own lock file. Unoptimised: it only starts others.
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO_TARGET_DIR=.tools/build cargo install --quiet --debug --locked --root .tools --version 0.13.2 cargo-fuzz
rm -rf .tools/build
