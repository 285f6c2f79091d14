#!/bin/sh
# A C compiler and archiver that make empty files: enough where only Rust is to be checked.
output=""
previous=""
for argument in "$@"; do
    case $argument in
        -E) echo clang; exit 0 ;;
        *.a) : >"$argument" ;;
    esac
    [ "$previous" = -o ] && output=$argument
    previous=$argument
done
[ -z "$output" ] || : >"$output"
