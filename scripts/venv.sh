#!/bin/sh
# Installs a list of Python packages into .venv, unless that very list is installed already.
set -eu
here=$(dirname "$0")
list=$1
venv=$here/../.venv
stamp=$venv/installed-$(cksum < "$list" | cut -d ' ' -f 1)
[ -e "$stamp" ] && exit 0
"$here/say.sh" "Installing Python packages of $list into .venv"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$list"
touch "$stamp"
