"""`bastion plan` and `apply` for hundreds of accounts, against an AWS whose every answer takes 20 ms.

    bastion.py          builds nothing: measures target/release and prints the rows that `make bench` has
"""

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from report import Row, Target
from stage import AWS_SIM, BUILT, answer_of, started

ACCOUNTS, ROLES, LATENCY_MS = 200, 5, 20
ADMIN = {"AWS_ACCESS_KEY_ID": "AKIAMARTINADMEXAMPLE", "AWS_SECRET_ACCESS_KEY": "M42Rv7NqKp1sHnT7bKcFdGmRj5zEXAMPLEKEY+/w"}
PLAN_SECONDS = 10


class Layout:
    """So many accounts, entered through OrganizationAccountAccessRole, each with five roles and nothing made yet."""

    def __init__(self, directory, ending, accounts):
        world = json.loads(subprocess.check_output([AWS_SIM, "world", "empty"]))
        entrance = world["accounts"]["333344445555"]["roles"]
        ids = [f"9{number:011}" for number in range(accounts)]
        world["accounts"] |= {account: {"roles": entrance} for account in ids}
        self.home = Path(tempfile.mkdtemp(prefix="bastion.", dir=directory))
        (self.home / "world.json").write_text(json.dumps(world))
        serve = [AWS_SIM, "serve", "--world", self.home / "world.json", "--until-stdin-closes"]
        self.endpoint = json.loads(answer_of(started(ending, serve, stdin=subprocess.PIPE)))["endpoint"]
        (self.home / "config").write_text("[profile martin]\nregion = eu-west-1\n")
        (self.home / "bastion.toml").write_text("\n".join([
            '[bastion]\naccount = "111122223333"',
            '[admin]\nprofile = "martin"\nrole = "OrganizationAccountAccessRole"',
            *(f'[accounts.A{account}]\nid = "{account}"' for account in ids),
            *(f'[roles.Role{n}]\naccounts = ["*"]\nmanaged_policies = ["PowerUserAccess"]\n'
              f'[groups.Group{n}]\nassume = ["Role{n}"]' for n in range(ROLES)),
        ]))
        self.run("add", "--env", "--no-add-config", "martin", **ADMIN)
        self.request_latency()

    def request_latency(self):
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc)
        connection.request("PUT", "/_sim/faults", json.dumps([{"kind": "latency", "ms": LATENCY_MS}]))
        assert connection.getresponse().status == 200
        connection.close()

    def run(self, *words, fails_with=0, **more):
        """Seconds and peak megabytes."""
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(self.home), "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_VAULT_BACKEND": "file", "AWS_VAULT_FILE_PASSPHRASE": "bench", "AWS_VAULT_UNLOCK_TTL": "0",
            "AWS_ENDPOINT_URL": self.endpoint, **more,
        }
        begun = time.perf_counter()
        command = ["/usr/bin/time", "--quiet", "--format=%M", BUILT / "aws-vault", *words]
        done = subprocess.run(
            command, env=environment, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        seconds = time.perf_counter() - begun
        if done.returncode != fails_with:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-500:]}{done.stderr}")
        return seconds, int(done.stderr.split()[-1]) / 1000


def measure(directory, ending):
    small, large = (Layout(directory, ending, accounts) for accounts in (ACCOUNTS // 10, ACCOUNTS))
    of = f"{ACCOUNTS} accounts × {ROLES} roles"
    first, _ = large.run("bastion", "plan", fails_with=2)
    yield Row(f"`bastion plan`, {of}, AWS answers after {LATENCY_MS} ms", "s", first,
              target=Target(f"{PLAN_SECONDS} s", first <= PLAN_SECONDS))
    applied, peak = large.run("bastion", "apply", "--yes")
    changes = ACCOUNTS * ROLES * 2
    yield Row(f"`bastion apply`, the same: {changes:,} changes in the accounts", "s", applied)
    again, _ = large.run("bastion", "plan")
    yield Row("`bastion plan` after it", "s", again, target=Target(f"{PLAN_SECONDS} s", again <= PLAN_SECONDS))
    _, tenth = small.run("bastion", "apply", "--yes")
    # Flat: what is held is the plan and what was read, not one client for each account.
    yield Row(f"peak memory of `bastion apply`, {of}", "MB", peak,
              target=Target(f"3 times that of {ACCOUNTS // 10} accounts", peak <= 3 * tenth, f"{tenth:.1f} MB"))


def main():
    with tempfile.TemporaryDirectory(prefix="aws-vault-bench.") as directory, contextlib.ExitStack() as ending:
        for row in measure(Path(directory), ending):
            print(f"{row.what}: {row.figure(row.ours)} {row.target.verdict if row.target else ''}")


if __name__ == "__main__":
    sys.exit(main())
