#!/bin/sh
# Lets a Go aws-vault and ours read, replace, list and remove each other's keys in one store, in a home of their own:
#
#   dbus-run-session -- scripts/interop.sh file|pass|secret-service|kwallet GO_BINARY
#
# Not part of `make test`, which has no Go binary. Build ours first (cargo build); the packages are those of the tests.
set -u
store=$1 go=$2
here=$(cd "$(dirname "$0")/.." && pwd)
ours=${OURS:-$here/target/debug/aws-vault}
HOME=$(mktemp -d)
daemon=""
trap '[ -z "$daemon" ] || kill "$daemon"; rm -rf "$HOME"' EXIT
mkdir -m 700 "$HOME/run" "$HOME/gpg"
mkdir -p "$HOME/data/keyrings" "$HOME/config"
export HOME XDG_RUNTIME_DIR="$HOME/run" XDG_DATA_HOME="$HOME/data" XDG_CONFIG_HOME="$HOME/config" GNUPGHOME="$HOME/gpg"
export AWS_VAULT_BACKEND="$store" AWS_VAULT_FILE_PASSPHRASE=passphrase AWS_VAULT_UNLOCK_TTL=0 QT_QPA_PLATFORM=offscreen
export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
failed=0

expect() { # WHAT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        echo "ok    $store: $1"
    else
        echo "FAIL  $store: $1: '$3' instead of '$2'"
        failed=1
    fi
}

# One key each way, the other's replaced, both listed, each removed by the other.
go_key() { timeout 20 "$go" exec --no-session "$1" -- printenv AWS_ACCESS_KEY_ID; }
our_key() { timeout 20 "$ours" exec --no-session "$1" -- printenv AWS_ACCESS_KEY_ID; }
names() { timeout 20 "$1" list --credentials | sort | tr '\n' ' '; }

case $store in
    pass)
        gpg --quiet --batch --passphrase '' --quick-gen-key throw@away.example ed25519 default never 2>/dev/null
        key=$(gpg --list-keys --with-colons | awk -F: '/^fpr/ { print $10; exit }')
        gpg --quiet --batch --passphrase '' --quick-add-key "$key" cv25519
        pass init "$key" >/dev/null
        ;;
    secret-service)
        # A collection without a password: nobody is there to type one.
        printf '[keyring]\ndisplay-name=awsvault\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n' \
            >"$HOME/data/keyrings/awsvault.keyring"
        printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
        daemon=$!
        sleep 1
        ;;
    kwallet)
        printf '[Wallet]\nEnabled=true\nFirst Use=false\nPrompt on Open=false\n' >"$HOME/config/kwalletrc"
        kwalletd5 >/dev/null 2>&1 &
        daemon=$!
        sleep 2
        /usr/bin/python3 "$here/keystore/tests/support/kwallet.py" unlock
        sleep 2
        ;;
esac

AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE timeout 20 "$go" add theirs --env >/dev/null
expect "ours reads theirs" AKIAIOSFODNN7EXAMPLE "$(our_key theirs)"
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPL2 timeout 20 "$ours" add ours --env --no-add-config >/dev/null
expect "they read ours" AKIAIOSFODNN7EXAMPL2 "$(go_key ours)"
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPL3 timeout 20 "$ours" add theirs --env --no-add-config >/dev/null
expect "they read what ours replaced" AKIAIOSFODNN7EXAMPL3 "$(go_key theirs)"
expect "they list both" "ours theirs " "$(names "$go")"
expect "ours lists both" "ours theirs " "$(names "$ours")"
timeout 20 "$ours" remove --force theirs >/dev/null
timeout 20 "$go" remove --force ours >/dev/null
expect "they find nothing" "" "$(names "$go")"
expect "ours finds nothing" "" "$(names "$ours")"
exit $failed
