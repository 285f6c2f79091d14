#!/usr/bin/env python3
"""AWS's SDKs as clients of our servers: prints a table of who got credentials, the region and, after an expiry, new credentials.

Run by `make sdk-matrix`, which builds the programs. Each client in a directory beside this file prints "KEY REGION", and once more
for each line on its stdin. The sessions of the simulated AWS live 12 seconds here, so the second line must show another key. Every
session of a client is IMDSv2 only, unless the column says v1.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / "target" / "sdk"
BIN = ROOT / "target" / "debug"
PYTHON = os.environ.get("AWS_VAULT_TEST_VENV", ROOT / ".venv")
LIFETIME = 12
REGION = "eu-central-1"
SERVERS = {
    "ECS": ["--ecs-server"],
    "ECS, token in a file": ["--ecs-server", "--token-file"],
    "EC2 v2": ["--ec2-server"],
    "EC2 v1": ["--ec2-server", "--http-tokens=optional"],
    "link-local": ["--ec2-server", "--link-local=namespace"],
}
CLIENTS = {
    "Python (boto3)": [f"{PYTHON}/bin/python", str(ROOT / "tests/sdk/python/client.py")],
    "JavaScript v3": ["node", str(BUILT / "js/client.mjs")],
    "Go v2": [str(BUILT / "go/client")],
    "Java v2": ["java", "-cp", "@java", "Client"],
    "Rust": [str(BUILT / "rust/target/debug/client")],
    "AWS CLI v2, Debian's": ["sh", str(ROOT / "tests/sdk/cli/client.sh"), "/usr/bin/aws"],
    "AWS CLI v2, backports": ["sh", str(ROOT / "tests/sdk/cli/client.sh"), str(BUILT / "cli/aws")],
}
# What cannot work, and why.
UNABLE = {
    ("AWS CLI v2, Debian's", "ECS, token in a file"): "no: does not know `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`",
}


class Sim:
    """The simulated AWS, with a user who may assume a role without MFA."""

    def __init__(self, home):
        world = json.loads(subprocess.check_output([BIN / "aws-sim", "world", "deck"]))
        world["accounts"]["111122223333"]["users"]["elmerfudd"].update(
            access_keys=[{"id": "AKIACANARYBASTIONKEY", "secret": "secret/0123456789012345678901234567890123"}],
            policies={"Roles": policy(["sts:AssumeRole"], Resource="*")},
        )
        trust = policy(["sts:AssumeRole"], Principal={"AWS": "arn:aws:iam::111122223333:root"})
        world["accounts"]["222233334444"]["roles"]["Deployer"] = {"max_session_duration": 43200, "trust": trust, "policies": {}}
        (home / "world.json").write_text(json.dumps(world))
        self.process = subprocess.Popen(
            [BIN / "aws-sim", "serve", "--until-stdin-closes", "--world", home / "world.json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]
        threading.Thread(target=self.shorten, daemon=True).start()

    def shorten(self):
        """Lets every new session end LIFETIME seconds from now."""
        while self.process.poll() is None:
            end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LIFETIME)
            fault = {"action": "AssumeRole", "kind": "field", "name": "Expiration", "value": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
            request = urllib.request.Request(f"{self.endpoint}/_sim/faults", json.dumps([fault]).encode(), method="PUT")
            urllib.request.urlopen(request).read()
            time.sleep(0.4)


def policy(actions, **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **more}]}


def try_client(home, env, flags, words):
    """What became of one client at one server: 'pass', or the reason."""
    words = [java_classpath() if word == "@java" else word for word in words]
    aws_vault = [BIN / "aws-vault", "exec", *flags, "deploy", "--", *words]
    with tempfile.TemporaryFile("w+") as errors:
        client = subprocess.Popen(aws_vault, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        first = client.stdout.readline().split()
        time.sleep(LIFETIME + 1)
        second = ""
        try:
            second, _ = client.communicate("again\n", timeout=60)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            client.kill()
        errors.seek(0)
        said = errors.read().strip().splitlines() or ["nothing was said"]
    second = second.split()
    if len(first) < 1 or len(second) < 1:
        return f"no credentials: {said[-1][:120]}"
    if first[1:] != [REGION]:
        return f"region {first[1:]}"
    return "pass" if first[0] != second[0] else "no new credentials after the expiry"


def java_classpath():
    return f"{BUILT}/java/target/classes:{(BUILT / 'java/cp.txt').read_text().strip()}"


def main():
    if os.environ.get("AWS_VAULT_TEST_VENV") is None and not (ROOT / ".venv").exists():
        sys.exit("run `make venv` first")
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        sim = Sim(home)
        (home / ".aws").mkdir()
        (home / ".aws/config").write_text(
            f"[profile bastion]\nregion = {REGION}\n\n[profile deploy]\nsource_profile = bastion\nregion = {REGION}\n"
            "role_arn = arn:aws:iam::222233334444:role/Deployer\n"
        )
        os.chmod(home / ".aws/config", 0o600)
        env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "AWS_ENDPOINT_URL": sim.endpoint, "AWS_VAULT_BACKEND": "file",
            "AWS_VAULT_FILE_PASSPHRASE": "matrix", "AWS_VAULT_UNLOCK_TTL": "0",
        }
        keys = {"AWS_ACCESS_KEY_ID": "AKIACANARYBASTIONKEY", "AWS_SECRET_ACCESS_KEY": "secret/0123456789012345678901234567890123"}
        subprocess.run([BIN / "aws-vault", "add", "--env", "--no-add-config", "bastion"], env=env | keys, check=True, stdout=subprocess.DEVNULL)
        results = {}
        for server, flags in SERVERS.items():
            def work(client, server=server, flags=flags):
                results[client, server] = UNABLE.get((client, server)) or try_client(home, env, flags, CLIENTS[client])
            threads = [threading.Thread(target=work, args=(client,)) for client in CLIENTS]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        sim.process.stdin.close()
    print("| SDK | " + " | ".join(SERVERS) + " |\n| --- |" + " --- |" * len(SERVERS))
    for client in CLIENTS:
        print(f"| {client} | " + " | ".join(results[client, server] for server in SERVERS) + " |")
    sys.exit(any(result not in ("pass", UNABLE.get(place)) for place, result in results.items()))


main()
