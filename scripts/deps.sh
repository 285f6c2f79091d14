#!/bin/sh
# Installs the Debian packages that a make target needs and this machine lacks: scripts/deps.sh demo|test|cross|static|bench
set -eu
here=$(dirname "$0")

demo="gcc libc6-dev python3 python3-venv"
# The tests talk to real parts: a Secret Service with a scripted prompter, the shells that `export` quotes for, dialogs on a
# screen of their own.
test="$demo dbus dbus-bin gnome-keyring libgcr-base-3-1 libsecret-tools python3-secretstorage python3-jwcrypto gnupg pass age
      keyutils iproute2 keepassxc libkf5wallet-bin python3-jeepney strace util-linux procps fish zsh curl graphviz pinentry-curses zenity xvfb xdotool
      chromium uidmap faketime passt"
cross="gcc-mingw-w64-x86-64 wine64"
# GNU time for memory, wrk for load on the servers.
bench="$test time wrk"

case "${1:-}" in
    demo) packages=$demo ;;
    test) packages="$test $cross" ;;
    cross) packages="gcc libc6-dev $cross" ;;
    static) packages="gcc libc6-dev musl-tools" ;;
    bench) packages=$bench ;;
    *) echo "usage: $0 demo|test|cross|static|bench" >&2; exit 2 ;;
esac

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs (1.94.1 or newer), then try again." >&2
    exit 1
fi

missing=""
for package in $packages; do
    case $package in
        # A compiler or Python from elsewhere is as good.
        gcc | libc6-dev) command -v cc >/dev/null && continue ;;
        python3) command -v python3 >/dev/null && continue ;;
        python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null && continue ;;
    esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "These Debian packages, or what your system calls them, are missing:$missing" >&2
    exit 1
fi
"$here/say.sh" "Installing Debian packages:$missing"
root=""
[ "$(id -u)" = 0 ] || root="sudo"
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$root apt-get install -y -qq --no-install-recommends $missing >/dev/null
