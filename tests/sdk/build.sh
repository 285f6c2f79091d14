#!/bin/sh
# Builds the SDK programs below target/sdk with each language's own client: pinned versions, nothing outside that folder.
set -eu
cd "$(dirname "$0")"
built=../../target/sdk

need() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing: install the Debian package $2 ($3)" >&2
    exit 1
}
need node nodejs "18 or newer"
need npm npm "9 or newer"
need go golang "1.24 or newer; Debian 12 has an older one: https://go.dev/dl"
need java default-jdk-headless "17 or newer"
need mvn maven "3.8 or newer"

mkdir -p "$built"
cp -r js go java "$built/"
(cd "$built/js" && npm install --silent --no-audit --no-fund --no-package-lock)
(cd "$built/go" && go build -o client .)
(cd "$built/java" && mvn -q -B package dependency:build-classpath -Dmdep.outputFile=cp.txt)
