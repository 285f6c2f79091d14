#!/bin/bash
# Tells the story of a bastion account with the real AWS CLI against a simulated AWS, and fails where a step does not do
# what is said about it. Everything lives in a scratch directory and ends with this script.
set -uo pipefail

demo=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$demo")
python=$root/.venv/bin/python
work=$(mktemp -d "${TMPDIR:-/tmp}/aws-vault-demo.XXXXXX")
current='the preparations'
aws_pid=''

clean_up() {
    [ -z "$aws_pid" ] || { kill "$aws_pid" && wait "$aws_pid"; } 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---------------------------------------------------------------------------------------------------------------------
# A home of its own, and nothing of yours: no AWS settings, no desktop keyring.

for name in $(compgen -e | grep -E '^(AWS_|XDG_|DBUS_|PYTHON)|_proxy$|_PROXY$'); do unset "$name"; done
export HOME=$work/home
mkdir -p "$HOME/.aws" "$work/bin"
built=${CARGO_TARGET_DIR:-$root/target}/debug
for program in "$built/aws-vault" "$built/aws-sim" "$root/.venv/bin/aws"; do
    [ -x "$program" ] || { echo "$program is missing: \`make demo\` builds it" >&2 && exit 1; }
    ln -s "$program" "$work/bin/"
done
export PATH=$work/bin:/usr/local/bin:/usr/bin:/bin

# The phone at enrolment: takes the key from the screen, and shows the code of the step before this one, then this one's.
cat >"$work/bin/phone" <<EOF
#!/bin/bash
if [ "\$1" = first ]; then
    sed -n 's/.*type the key: //p' | tr -d ' \r\n' >"$work/seed"
    echo \$((\$(date +%s) / 30)) >"$work/step"
    aws-sim totp "\$(cat "$work/seed")" --step -1
else
    aws-sim totp "\$(cat "$work/seed")" --step \$((\$(cat "$work/step") - \$(date +%s) / 30))
fi
EOF
chmod +x "$work/bin/phone"

# Martin administers the organization's Master account. Everything else is made by the story.
{ read -r admin_id && read -r admin_secret; } < <(aws-sim world empty | "$python" "$demo/world.py")
secret=$admin_secret
mfa_serial=arn:aws:iam::111122223333:mfa/elmerfudd
role=arn:aws:iam::222233334444:role/DeveloperRole

# shellcheck source-path=SCRIPTDIR source=stage.sh
. "$demo/stage.sh"

mkfifo "$work/ready"
aws-sim serve --world empty --die-with-parent >"$work/ready" 2>"$work/aws-sim.log" &
aws_pid=$!
read -r ready <"$work/ready" || failed "the simulated AWS starts" "$(cat "$work/aws-sim.log")"
endpoint=${ready#*'"endpoint":"'}
endpoint=${endpoint%'"}'}

# The AWS CLI, the SDKs and aws-vault all find the simulated AWS by these two variables.
export AWS_ENDPOINT_URL=$endpoint AWS_ENDPOINT_URL_SIGNIN=$endpoint
export AWS_VAULT_BACKEND=file AWS_VAULT_FILE_PASSPHRASE='a passphrase for the demo'
# Nothing is left behind, in the kernel's keyring neither.
export AWS_VAULT_UNLOCK_TTL=0

# The phone that shows MFA codes. AWS takes each code once, and none older than the last one; the code of the next 30 seconds
# is good already, so this waits only for a third one within half a minute.
last_step=0
mfa_code() {
    local now target
    now=$(($(date +%s) / 30))
    target=$((last_step >= now ? last_step + 1 : now))
    if [ "$target" -gt $((now + 1)) ]; then
        say "(waiting up to 30 seconds for the phone's next code: AWS takes each one once)"
        while now=$(($(date +%s) / 30)) && [ "$target" -gt $((now + 1)) ]; do sleep 0.2; done
    fi
    last_step=$target
    code=$(aws-sim totp "$(cat "$work/seed")" --step $((target - now)))
}

# ---------------------------------------------------------------------------------------------------------------------

say "This is the AWS CLI, unmodified, and a simulated AWS on $endpoint, which checks signatures, MFA codes and" \
    'trust policies. Nothing of yours is read or written; all of it lives in a scratch directory that goes away at the' \
    'end (shown as ~). Secrets are shown by their first four characters; the programs see them whole.' ''

scene 'People live in one account, things live in the others'
say 'An organization of four accounts: Bastion, Master, Product, Corporate. Nothing is in them but the role by which an' \
    'administrator gets in. Martin is that administrator; his key is in the vault already.' ''
cd "$HOME" || exit
cat >"$HOME/.aws/config" <<EOF
[profile martin]
region = eu-west-1
EOF
AWS_ACCESS_KEY_ID=$admin_id AWS_SECRET_ACCESS_KEY=$admin_secret aws-vault add --env --no-add-config martin >"$work/output" ||
    failed "martin's key is stored" "$(cat "$work/output")"
run 'aws-vault bastion init --organization --admin-profile martin --bastion Bastion --user elmerfudd --region eu-west-1'
succeeded 'The accounts come from AWS Organizations; a commented file is there to be edited' '222233334444 Master' 'Wrote bastion.toml'
say "The deck's example, as text instead of eleven console screens:" ''
run "grep -A 4 -E '^.(roles.DeveloperRole|groups.Developers|users.elmerfudd)' bastion.toml"
succeeded 'A role in the other accounts, a group that may assume it, a user' 'PowerUserAccess' 'elmerfudd'

scene 'What would change: aws-vault bastion plan'
run 'aws-vault bastion plan >plan.txt || echo "exit status $?"'
succeeded 'Exit status 2: something differs' 'exit status 2'
run "sed -n '/^Master/,/^\$/p' plan.txt; tail -n 2 plan.txt"
succeeded "In Master: the deck's role, with the deck's trust policy. Nothing has been written yet" \
    'role DeveloperRole' 'AllowBastionAccountUserWithMFA' '"aws:MultiFactorAuthPresent": "true"' 'arn:aws:iam::111122223333:root' \
    '0 to change, 0 to delete' 'apply --plan [0-9a-f]{16}'
digest=$(sed -n 's/.*apply --plan //p' plan.txt)

scene 'Exactly that: aws-vault bastion apply'
run "aws-vault bastion apply --plan $digest | tail -n 1"
succeeded 'Roles, policies, groups and the user are there' 'Made [0-9]+ changes in 4 accounts'
run 'aws-vault bastion plan'
succeeded 'A second time there is nothing to do' '0 to create, 0 to change, 0 to delete'
run 'aws-vault bastion verify'
succeeded 'Every role was tried without MFA, by somebody who may do everything in Bastion: all refuse' \
    'role DeveloperRole +refuses without MFA' ' 0 failed'

scene 'A user, with an MFA device'
run 'aws-vault bastion add-user elmerfudd'
succeeded 'A password for the console and an access key, each shown once' 'first sign-in' 'Access key, shown only now: AKIA'
key_id=$(sed -n 's/^Access key, shown only now: //p' "$work/output")
secret=$(sed -n 's/^Secret access key: //p' "$work/output")
say 'Remember the condition in the trust policy? The user must activate an MFA device. A phone scans this:' ''
run_and_type 'aws-vault bastion enroll-mfa elmerfudd' \
    'First code that the app shows: ' '|phone first' 'The next one' '|phone second'
succeeded 'The device is enabled, proved by two codes that follow each other' 'is enabled for elmerfudd'
last_step=$(cat "$work/step")

scene 'CLI setup'
run 'aws-vault bastion config elmerfudd'
succeeded 'Profiles for the command line, and links that switch roles in the console' \
    'Added to .*config: bastion, master, product' 'switchrole\?account=222233334444&roleName=DeveloperRole'
cat >"$HOME/.aws/credentials" <<EOF
[bastion]
aws_access_key_id = $key_id
aws_secret_access_key = $secret
EOF
cp "$HOME/.aws/credentials" "$work/credentials.before"
run "grep -A 4 -E 'profile (bastion|master)' ~/.aws/config"
say ''
run 'cat ~/.aws/credentials'
say ''
say 'The secret is there in clear text, for every program you run. It works without any MFA code:' ''
run 'aws sts get-caller-identity --profile bastion'
succeeded 'Whoever reads that file is elmerfudd' '"arn:aws:iam::111122223333:user/elmerfudd"'
say 'The role is safer, since its trust policy asks for MFA:' ''
run "aws sts assume-role --profile bastion --role-session-name me --role-arn $role"
refused 'Without MFA, AWS refuses the role' 'AccessDenied'

scene 'Enter aws-vault'
say 'It keeps access keys in the keystore of the operating system (here: encrypted files; their passphrase is preset in' \
    'AWS_VAULT_FILE_PASSPHRASE, else you would be asked).' ''
run_and_type 'aws-vault add bastion' \
    'Enter Access Key ID: ' "$key_id" 'Enter Secret Access Key: ' "$secret" 'Enter MFA Device ARN' ''
succeeded 'The key is stored; the secret did not appear on the terminal' 'Added credentials to profile "bastion" in vault'
holds 'The terminal showed stars only' not_in_output "$secret"
say 'And remove it from ~/.aws/credentials:' ''
: >"$HOME/.aws/credentials"
as_typed 'diff old-credentials ~/.aws/credentials'
diff -u --label a/credentials --label b/credentials "$work/credentials.before" "$HOME/.aws/credentials" | for_the_screen
holds 'No file in the home directory holds the secret in clear text any more' nowhere_at_home "$secret"
run 'aws sts get-caller-identity --profile bastion'
refused 'The AWS CLI alone can do nothing now' 'Unable to locate credentials|could not be found'
run 'aws-vault list'
succeeded 'The vault has a key for bastion' '^bastion +bastion +- *$' '^master +- +- *$'

scene 'Temporary credentials: aws-vault exec'
mfa_code
run_and_type 'aws-vault exec bastion -- aws sts get-caller-identity' "Enter MFA code for $mfa_serial: " "$code"
succeeded 'elmerfudd, with credentials that expire and an MFA code behind them' '"arn:aws:iam::111122223333:user/elmerfudd"'
run "aws-vault exec bastion -- bash -c 'echo \${AWS_ACCESS_KEY_ID:0:4}, expires \$AWS_CREDENTIAL_EXPIRATION'"
succeeded 'The command got a temporary key (ASIA...), not the stored one (AKIA...)' '^ASIA, expires 20'

scene 'Into the other account: the role'
run 'aws-vault exec master -- aws sts get-caller-identity'
succeeded 'DeveloperRole, in Master' '"arn:aws:sts::222233334444:assumed-role/DeveloperRole/'
say 'No second code: the session of bastion carries the proof of the first one, and aws-vault kept it. What the role may:' ''
run 'aws-vault exec master -- aws iam list-roles --query "Roles[].RoleName"'
succeeded 'A power user may see the roles of Master' '"DeveloperRole"'
run 'aws-vault exec master -- aws iam list-users'
refused 'But has no business with its users' 'AccessDenied'
run 'aws-vault exec bastion -- aws iam list-users'
refused 'elmerfudd may not do that in Bastion' 'AccessDenied'
say 'Was it really the MFA code that opened the role? The same profile without mfa_serial:' ''
cat >>"$HOME/.aws/config" <<EOF

[profile master-without-mfa]
region = eu-west-1
source_profile = bastion
role_arn = $role
EOF
run 'tail -n 4 ~/.aws/config'
run 'aws-vault exec --no-session master-without-mfa -- aws sts get-caller-identity'
refused 'The right key, no code: AWS refuses' 'AccessDenied|not authorized'

scene 'For programs: aws-vault export'
run 'aws-vault export --format=json master'
succeeded 'The document that credential_process of the AWS SDKs wants' \
    '"Version": ?1' '"AccessKeyId": ?"ASIA' '"Expiration": ?"20'

scene 'Why, and from which line: aws-vault explain'
run 'aws-vault explain master'
succeeded 'The chain that ran, without running it' 'sts:GetSessionToken' 'sts:AssumeRole' "role_arn = $role .*config:[0-9]+"

scene 'The AWS console: aws-vault login'
say 'Without --stdout it opens your browser. Here a small program follows the link instead.' ''
run 'aws-vault login master --stdout'
succeeded 'A link that signs in' 'Action=login' 'SigninToken='
cp "$work/output" "$work/link"
as_typed 'browser <the link>'
"$python" "$demo/browser.py" "$endpoint" <"$work/link" 2>&1 | tee "$work/output"
status=${PIPESTATUS[0]}
succeeded 'Signed in to the console, role assumed. It is magic.' \
    'https://eu-west-1.console.aws.amazon.com/console' 'signed in as arn:aws:sts::222233334444:assumed-role/DeveloperRole/'

scene 'Not even you know your credentials: aws-vault rotate'
run 'aws-vault rotate bastion'
succeeded 'A new key is in the vault, and the old one is deleted' 'Finished rotating'
say 'Somebody finds a backup of the clear-text file:' ''
cp "$work/credentials.before" "$HOME/backup"
run 'AWS_SHARED_CREDENTIALS_FILE=~/backup aws sts get-caller-identity --profile bastion'
refused 'The key in it is worth nothing any more' 'InvalidClientTokenId'
mfa_code
run_and_type 'aws-vault exec bastion -- aws sts get-caller-identity' "Enter MFA code for $mfa_serial: " "$code"
succeeded 'The new key works' '"arn:aws:iam::111122223333:user/elmerfudd"'
run 'aws-vault exec master -- aws sts get-caller-identity'
succeeded 'And so does the role' 'assumed-role/DeveloperRole/'

scene 'What is there: aws-vault list'
run 'aws-vault list'
succeeded 'Profiles, their keys, their sessions and how long they live' \
    '^bastion +bastion +sts.GetSessionToken:' '^master +- +sts.AssumeRole:'

scene 'Good-bye: aws-vault remove'
run_and_type 'aws-vault remove bastion' 'Delete credentials for profile "bastion"?' 'y'
succeeded 'The key and its sessions are gone' 'Deleted credentials'
run 'aws-vault list'
succeeded 'Nothing is left' '^bastion +- +- *$' '^master +- +- *$'

scene 'Now you'
say 'With real accounts (docs/bastion.md):' '' \
    "  ${bold}cargo install --path .${plain}" \
    "  ${bold}aws-vault bastion init${plain}                                  then apply, add-user, enroll-mfa, config" \
    "  ${bold}aws-vault add bastion${plain}                                   and delete the keys from ~/.aws/credentials" \
    "  ${bold}aws-vault rotate bastion${plain}                                the key that lay about is worth nothing now" \
    "  ${bold}aws-vault exec master -- aws sts get-caller-identity${plain}" \
    "  ${bold}aws-vault login master${plain}" '' \
    "Every step above was checked (${SECONDS} s). Nothing is left behind."
