# shellcheck shell=bash
# How the demo talks: scenes, commands with their real output, and the proof that each did what was said.
# shellcheck disable=SC2154 # run.sh sets demo, python, work (a scratch directory), aws_pid and secret (never shown whole)

pause=0
# Time to read along.
[ ! -t 1 ] || pause=0.7

bold='' cyan='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\033[1m' cyan=$'\033[36m' green=$'\033[32m' red=$'\033[31m' plain=$'\033[0m'
fi

scene() {
    current=$1
    printf '%s── %s %s%s\n\n' "$bold$cyan" "$1" "$(rule $((96 - ${#1})))" "$plain"
}

rule() {
    local line
    printf -v line '%*s' "$1" ''
    printf '%s' "${line// /─}"
}

say() {
    printf '%s\n' "$@"
}

# Shows a command as one types it, runs it, shows what it prints, and keeps that and its exit status for the checks.
# Without a terminal: a command that asks something unexpectedly fails instead of waiting.
run() {
    as_typed "$1"
    setsid --wait bash -c "$1" </dev/null 2>&1 | tee "$work/output" | for_the_screen
    status=${PIPESTATUS[0]}
}

# The same for a command that asks: `run_and_type COMMAND QUESTION ANSWER…`.
run_and_type() {
    local command=$1
    shift
    as_typed "$command"
    "$python" "$demo/typist.py" "$@" -- bash -c "$command" </dev/null 2>&1 | tee "$work/output" | for_the_screen
    status=${PIPESTATUS[0]}
}

as_typed() {
    printf '%s$ %s%s\n' "$bold" "$1" "$plain"
}

# The home directory as `~`, and secrets as their first four characters.
for_the_screen() {
    local pattern
    pattern=$(printf '%s' "$secret" | sed 's/[^A-Za-z0-9]/[&]/g')
    sed -u -E \
        -e "s|$HOME|~|g" \
        -e "s|$pattern|${secret:0:4}...|g" \
        -e 's/(Secret access key: .{4}).*/\1.../' \
        -e 's/(first sign-in, shown only now: .{4}).*/\1.../' \
        -e 's/("(SecretAccessKey|SessionToken)": ?"[^"]{4})[^"]*/\1.../g' \
        -e 's/(SigninToken=.{4})[^&[:space:]]*/\1.../g'
}

# `succeeded CLAIM [PATTERN…]`: exit status 0, and every pattern is in the output.
succeeded() {
    local claim=$1
    shift
    [ "$status" = 0 ] || failed "$claim" "exit status $status"
    printed "$claim" "$@"
    proven "$claim"
}

# `refused CLAIM PATTERN…`: it failed, and said so.
refused() {
    local claim=$1
    shift
    [ "$status" != 0 ] || failed "$claim" "exit status 0"
    printed "$claim" "$@"
    proven "$claim"
}

printed() {
    local claim=$1 pattern
    shift
    for pattern in "$@"; do
        grep -qE -- "$pattern" "$work/output" || failed "$claim" "no '$pattern' in the output above"
    done
}

# `holds CLAIM COMMAND…`: a command that shows nothing agrees.
holds() {
    local claim=$1
    shift
    "$@" >/dev/null || failed "$claim" "not so: $1"
    proven "$claim"
}

not_in_output() {
    ! grep -qF -- "$1" "$work/output"
}

nowhere_at_home() {
    ! grep -rqF -- "$1" "$HOME"
}

proven() {
    printf '%s✓ %s%s\n\n' "$green" "$1" "$plain"
    sleep "$pause"
}

failed() {
    printf '\n%sThe demo failed in the scene "%s": %s (%s)%s\n' "$red" "$current" "$1" "$2" "$plain" >&2
    kill -0 "$aws_pid" 2>/dev/null || printf 'The simulated AWS is not running any more. %s\n' "$(cat "$work/aws-sim.log")" >&2
    exit 1
}
