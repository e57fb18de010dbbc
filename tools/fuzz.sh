#!/usr/bin/env bash
# Runs every fuzz target for so many seconds. Coverage alone needs no nightly compiler: the core has no unsafe code for a sanitizer to watch.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
# The versions that are tested are the ones that are attacked.
cp Cargo.lock fuzz/Cargo.lock
for target in $(.tools/bin/cargo-fuzz list); do
  echo "== $target, $seconds s"
  .tools/bin/cargo-fuzz run --sanitizer none "$target" -- \
    -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
done
