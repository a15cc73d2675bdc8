#!/usr/bin/env bash
# Fetch the charting library of the reports from the npm registry: update.sh [VERSION]
#
# It takes the package's minified script, its style sheet and its licence as they are, and writes
# their checksums; a test compares the files with SHA256SUMS. Nothing is built.
set -euo pipefail
version=${1:-1.6.32}
here=$(cd "$(dirname "$0")" && pwd)
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
cd "$draft"
npm pack --silent "uplot@$version" >/dev/null  # npm itself verifies the registry's integrity hash
tar xzf uplot-*.tgz
cp package/dist/uPlot.iife.min.js package/dist/uPlot.min.css package/LICENSE "$here"
cd "$here"
sha256sum LICENSE uPlot.iife.min.js uPlot.min.css > SHA256SUMS
cat SHA256SUMS
