#!/usr/bin/env bash
# Fetches the jars of the Cassandra that tests start into .tools/cassandra/lib, by Maven, and checks each against tools/cassandra/jars.sha256.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
into=$root/.tools/cassandra
for command in java mvn; do
  command -v "$command" > /dev/null || { echo "$command is not installed: tests of the CQL store need a JDK 17 and Maven" >&2; exit 1; }
done
rm -rf "$into"
mkdir -p "$into"
mvn --quiet --batch-mode --strict-checksums --file tools/cassandra/pom.xml \
  org.apache.maven.plugins:maven-dependency-plugin:3.10.0:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$into/lib"
cd "$into/lib"
sha256sum --quiet --check "$root/tools/cassandra/jars.sha256"
fetched=$(find . -type f | wc -l)
pinned=$(wc -l < "$root/tools/cassandra/jars.sha256")
[ "$fetched" = "$pinned" ] || { echo "$fetched jars were fetched, $pinned are pinned in tools/cassandra/jars.sha256" >&2; exit 1; }
touch "$into/fetched"
