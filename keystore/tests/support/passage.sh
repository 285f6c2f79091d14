#!/bin/sh
# Stands in for passage, which Debian has no package of: the three commands that the store uses, on age.
set -eu
umask 077
store=$PASSAGE_DIR
identities=$PASSAGE_IDENTITIES_FILE

command=$1
shift
while [ $# -gt 1 ]; do
    case $1 in
        -m | -f) shift ;;
        --) shift; break ;;
        *) echo "unknown option $1" >&2; exit 1 ;;
    esac
done
file=$store/$1.age

case $command in
    insert)
        mkdir -p "${file%/*}"
        age --encrypt --identity "$identities" --output "$file"
        ;;
    show)
        age --decrypt --identity "$identities" "$file"
        ;;
    rm)
        rm -f "$file"
        rmdir -p "${file%/*}" 2>/dev/null || true
        ;;
    *)
        echo "unknown command $command" >&2
        exit 1
        ;;
esac
