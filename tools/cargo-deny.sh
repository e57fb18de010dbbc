#!/usr/bin/env bash
# Builds the pinned cargo-deny into .tools: --locked takes the checksums of its own lock file. Unoptimised: it runs once.
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO_TARGET_DIR=.tools/build cargo install --quiet --debug --locked --root .tools --version 0.20.2 cargo-deny
rm -rf .tools/build
