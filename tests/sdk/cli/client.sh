#!/bin/sh
# Prints the access key's id and the region as the AWS CLI named in $1 sees them; once more for each line on stdin. See
# ../matrix.py.
aws=$1
tell() {
    key=$("$aws" configure export-credentials --format env-no-export | sed -n 's/^AWS_ACCESS_KEY_ID=//p')
    # Without its variables the region of an instance is what the instance says.
    [ -n "$AWS_CONTAINER_CREDENTIALS_FULL_URI" ] || unset AWS_REGION AWS_DEFAULT_REGION
    region=$("$aws" configure list | awk '$1 == "region" { print $2 }')
    echo "$key $region"
}
tell
while read -r _; do tell; done
