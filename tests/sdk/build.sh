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
need aws awscli "version 2, whose dependencies that of the backports shares"
need java default-jdk-headless "17 or newer"
need mvn maven "3.8 or newer"
need cargo cargo "of rustup: see the README"

mkdir -p "$built"
cp -r js go java rust "$built/"
(cd "$built/js" && npm install --silent --no-audit --no-fund --no-package-lock)
(cd "$built/go" && go build -o client .)
(cd "$built/java" && mvn -q -B package dependency:build-classpath -Dmdep.outputFile=cp.txt)
(cd "$built/rust" && CARGO_TARGET_DIR=target cargo build --quiet --locked)

# The AWS CLI v2, which is not on PyPI: Debian's own, and that of Debian's backports unpacked beside it.
cli=$built/cli
need dpkg-deb dpkg "of any version"
if [ ! -x "$cli/aws" ]; then
    mkdir -p "$cli/lists/partial"
    # shellcheck disable=SC1091 # every Debian has it
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2016 # apt's own variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release-backports main" > "$cli/sources.list"
    cd "$cli"
    backports() {
        apt-get -qq -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \
            -o Dir::State::Lists="$PWD/lists" "$@"
    }
    backports update
    backports download awscli python3-awscrt
    for package in ./*.deb; do dpkg-deb -x "$package" .; done
    printf '#!/bin/sh\nPYTHONPATH=%s/usr/lib/python3/dist-packages exec /usr/bin/python3 %s/usr/bin/aws "$@"\n' "$PWD" "$PWD" > aws
    chmod +x aws
fi
