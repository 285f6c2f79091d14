//! The address on the machine's loopback, and who puts it there.

use super::{FETCH, STRANGER, as_root_of_a_network};
use crate::servers::roles;
use crate::support::run;

#[test]
fn the_helper_holds_the_address_and_nothing_else() {
    let (_sim, home) = roles();
    let script = format!(
        r#"
        "$0" exec --ec2-server --link-local=sudo deploy -- sh -c '{FETCH} exit 7'; echo "status=$?"
        gone && echo "gone after"
        "$0" exec --ec2-server --link-local=sudo deploy -- sleep 600 & first=$!
        until_it address
        address | tr -s ' ' | cut -d' ' -f2-8
        address | grep -oE 'valid_lft [0-9]+sec' | grep -cE ' (30|2[0-9]|1[0-9])sec'
        {STRANGER}
        ss -Hltn | tr -s ' ' | cut -d' ' -f4 | grep -F ':80'
        grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs' "/proc/$(pgrep -f '[_]_link-local-helper')/status"
        "$0" exec --ec2-server --link-local=sudo deploy -- true; echo "second=$?"
        address >/dev/null && echo "the first keeps it"
        kill -KILL $first; wait $first 2>/dev/null
        until_it gone; until_it sh -c '! pgrep -x sleep && ! pgrep -f "[_]_link-local-helper"'; echo "gone with its owner"
        "$0" server --link-local deploy > "$HOME/out" & server=$!
        until_it test -s "$HOME/out"; cat "$HOME/out"
        kill -INT $server; kill -TERM "$(pgrep -f '[_]_link-local-helper')"; until_it gone; echo "gone by SIGTERM"
        "#
    );
    let ran = run(&mut as_root_of_a_network(&home, &script));
    let expected = "\
role=Deployer
Success
Token
status=7
gone after
lo inet 169.254.169.254/32 scope host dynamic lo:aws-vault\\
1
stranger=403
169.254.169.254%lo:80
CapPrm:\t0000000000001000
CapEff:\t0000000000001000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
second=1
the first keeps it
gone with its owner
export AWS_REGION=eu-central-1
export AWS_DEFAULT_REGION=eu-central-1
gone by SIGTERM
";
    assert_eq!(ran.stdout, expected, "{ran:#?}");
    assert!(
        ran.stderr.contains("169.254.169.254:80 is taken"),
        "{ran:#?}"
    );
}

/// A neighbour who routes the address to us, as any host of the same network can.
#[test]
fn neighbours_find_nothing_there() {
    let (_sim, home) = roles();
    let script = r#"
        mount -t tmpfs tmpfs /run; mkdir /run/netns
        ip netns add neighbour
        ip link add eth0 type veth peer name eth0 netns neighbour
        ip addr add 192.0.2.1/24 dev eth0; ip link set eth0 up
        ip -n neighbour addr add 192.0.2.2/24 dev eth0; ip -n neighbour link set eth0 up
        ip -n neighbour route add 169.254.169.254 via 192.0.2.1
        "$0" server --link-local deploy > "$HOME/out" & server=$!
        until_it test -s "$HOME/out"
        put() { curl -s -m 5 -o /dev/null -w '%{http_code}' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
            http://169.254.169.254/latest/api/token; }
        echo "own $(put)"
        export -f put
        echo "neighbour $(ip netns exec neighbour bash -c put)"
        kill -KILL $server
        until_it gone"#;
    let ran = run(&mut as_root_of_a_network(&home, script)).ok();
    assert_eq!(ran.stdout, "own 200\nneighbour 000\n", "{ran:#?}");
}

/// An ordinary user, and root who does what sudo would: a stand-in hands it the words, as nobody can become root here.
#[test]
fn sudo_starts_the_helper_only() {
    let (_sim, home) = roles();
    home.script(
        "bin-sudo",
        r#"echo "$@" > "$HOME/asked"; while [ ! -e "$HOME/started" ]; do sleep 0.02; done"#,
    );
    let script = format!(
        r#"
        mount -t tmpfs tmpfs /run; mkdir /run/bin
        install -m 755 "$HOME/bin-sudo" /run/bin/sudo
        touch /run/vault; mount --bind "$0" /run/vault
        chown -R 1:1 "$HOME"; trap 'chown -R 0:0 "$HOME"' EXIT; cd /
        ordinary() {{ exec setpriv --reuid=1 --regid=1 --clear-groups env PATH="/run/bin:$PATH" "$@"; }}
        (ordinary /run/vault exec --ec2-server --link-local=sudo deploy -- sh -c 'id -u; {FETCH} : > "$HOME/up"; exec sleep 600') & command=$!
        until_it test -s "$HOME/asked"
        cut -d' ' -f1-4 "$HOME/asked"
        # Others who see the name are not the helper.
        name=$(cut -d' ' -f5 "$HOME/asked")
        setpriv --reuid=2 /run/vault __link-local-helper "$name"; echo "stranger=$?"
        $(cut -d' ' -f3- "$HOME/asked") & helper=$!
        touch "$HOME/started"
        until_it test -e "$HOME/up"
        grep -E 'Uid|Gid|Groups|CapEff' /proc/$helper/status | tr -s '\t ' ' '
        kill -KILL $command; until_it gone; wait $helper; echo "gone, helper=$?"
        "#
    );
    let ran = run(&mut as_root_of_a_network(&home, &script));
    let expected = "\
-b -- /run/vault __link-local-helper
stranger=1
1
role=Deployer
Success
Token
Uid: 1 1 1 1
Gid: 1 1 1 1
Groups: 
CapEff: 0000000000001000
gone, helper=0
";
    assert_eq!(ran.stdout, expected, "{ran:#?}");
}
