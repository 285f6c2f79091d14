#!/bin/sh
# Tells what is being done; bold on a terminal only (https://no-color.org).
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    printf '\033[1m==> %s\033[0m\n' "$*"
else
    printf '==> %s\n' "$*"
fi
