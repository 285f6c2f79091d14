"""Measures the release build, beside another aws-vault if one is given, and writes bench/results.md.

    run.py [--peer PROGRAM] [--peer-name NAME] [--only commands|servers]

Numbers that miss their target are reported; they are no failure.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bastion
import go_session
import report
import servers
from measure import Program, in_turn, once, peak_kilobytes
from report import Row
from stage import BUILT, ROOT, START_URL, GnomeKeyring, SimulatedAws

RUNS = 51
SLOW_RUNS = 31
PASSPHRASE = "a passphrase for the bench"
COLLECTION = "awsvault"
# Name, `--backend`, and what a warm `exec` may take of the peer's time when the store must be opened and when it need not: the
# passphrase of the file store costs 600,000 rounds of PBKDF2 on purpose, the peer's 8,192.
STORES = [("file store", "file", None, 0.3), ("Secret Service", "secret-service", 0.5, 0.25)]
SESSIONS = 1_000
STS_LATENCY_MS = 20
PARTS = ["commands", "servers", "bastion"]
PROFILE = "[profile bench]\nregion = eu-west-1\n"
ROLE_PROFILE = """
[profile {name}]
region = eu-west-1
source_profile = bench
role_arn = arn:aws:iam::222233334444:role/DeveloperRole
"""
SSO_PROFILE = f"""
[profile sso]
region = eu-west-1
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 222233334444
sso_role_name = DeveloperRole
"""
# Follows every redirect, as somebody does who agrees to everything.
BROWSER = '#!/bin/sh\nexec curl --silent --location --output /dev/null "$1"\n'


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--peer", type=Path)
    arguments.add_argument("--peer-name", help="for the table; unless given, what it says about its version")
    arguments.add_argument("--only", choices=PARTS, help="a part of it, and nothing is written")
    arguments = arguments.parse_args()
    load, *_ = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="aws-vault-bench.") as directory, contextlib.ExitStack() as ending:
        bench = Bench(Path(directory), ending, arguments.peer, arguments.peer_name)
        # Commands last, since the peer's store is not the same afterwards.
        parts = {
            "servers": lambda: servers.measure(bench, Path(directory)),
            "bastion": lambda: bastion.measure(Path(directory), ending),
            "commands": bench.measure,
        }
        measured = {part: list(told(rows())) for part, rows in parts.items() if arguments.only in (None, part)}
    names = [contestant.name for contestant in bench.contestants]
    text = report.markdown(*(measured.get(part, []) for part in PARTS), names, load)
    if not arguments.only:
        (ROOT / "bench/results.md").write_text(text)
    print(text)


def told(rows):
    for row in rows:
        print(f"{row.what}: {row.figure(row.ours)} {row.ratio}", file=sys.stderr)
        yield row


def says_of_itself(program):
    said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return f"{program.name} {said.split()[-1] if said.strip() else ''}".strip()


@dataclass
class Contestant:
    name: str
    binary: str
    home: Path
    keyring: GnomeKeyring
    endpoint: str

    def program(self, *words, store="file", config="config", unlock_ttl="1h", prepare=lambda: None):
        """The tool with that command line, in an environment with nothing else."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.home / config),
            "AWS_VAULT_BACKEND": store,
            "AWS_VAULT_FILE_PASSPHRASE": PASSPHRASE,
            "AWS_VAULT_UNLOCK_TTL": unlock_ttl,
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        if store == "secret-service":
            environment["DBUS_SESSION_BUS_ADDRESS"] = self.keyring.address
        return Program([self.binary, *words], environment, prepare)

    def do(self, *words, store="file", config="config", **more):
        program = self.program(*words, store=store, config=config)
        subprocess.run(program.argv, env=program.environment | more, check=True, stdout=subprocess.DEVNULL)

    def forget_sessions(self):
        """The role's too, but not where they are sealed with, nor the names of stored keys."""
        for file in (self.home / ".local/state/aws-vault").rglob("*.session"):
            file.unlink()


class Bench:
    def __init__(self, directory, ending, peer=None, peer_name=None):
        self.directory = directory
        self.aws = SimulatedAws(directory, ending)
        self.ours = self.contestant(ending, "aws-vault", BUILT / "aws-vault")
        self.contestants = [self.ours]
        if peer:
            self.contestants.append(self.contestant(ending, peer_name or says_of_itself(peer), peer.resolve()))

    def contestant(self, ending, name, binary):
        """One with a home and a keyring of its own, a key in both stores, and a session that is alive."""
        home = Path(tempfile.mkdtemp(prefix="home.", dir=self.directory))
        keyring = GnomeKeyring(home / "keyring", ending)
        contestant = Contestant(name, str(binary), home, keyring, self.aws.endpoint)
        for file, profiles in ("config", 2), ("config-10000", 10_000), ("config-100000", 100_000):
            roles = (ROLE_PROFILE.format(name=f"account-{number}") for number in range(1, profiles))
            (home / file).write_text(PROFILE + "".join(roles))
        mfa = f"mfa_serial = {self.aws.mfa_device['serial']}\n"
        (home / "config-mfa").write_text(PROFILE + mfa + ROLE_PROFILE.format(name="role") + mfa)
        # Profiles that ask for the same would share one session.
        roles = (
            f"{ROLE_PROFILE.format(name=f'account-{number}')}{mfa}role_session_name = session-{number}\n"
            for number in range(1, SESSIONS + 1)
        )
        (home / "config-sessions").write_text(PROFILE + mfa + "".join(roles))
        keyring.expect_password()
        key = {"AWS_ACCESS_KEY_ID": self.aws.access_key["id"], "AWS_SECRET_ACCESS_KEY": self.aws.access_key["secret"]}
        for _, store, *_ in STORES:
            contestant.do("add", "--env", "bench", store=store, **key)
        # A program that can be pointed at the simulated AWS makes a session of its own and ignores these.
        go_session.in_file_store(home, "bench", PASSPHRASE)
        go_session.in_secret_service(keyring.address, COLLECTION, "bench")
        for _, store, *_ in STORES:
            contestant.do("exec", "bench", "--", "true", store=store)
        if binary == BUILT / "aws-vault":
            # What was unlocked rests in the kernel, and outlives the homes.
            for _, store, *_ in STORES:
                ending.callback(contestant.do, "lock", store=store)
        return contestant

    def measure(self):
        yield self.ratio("`--version`", ["--version"], 0.3)
        warm = ["exec", "bench", "--", "true"]
        for name, store, opened, unlocked in STORES:
            yield self.ratio(f"warm `exec`, {name}", warm, unlocked, store=store)
            yield self.ratio("the same, not unlocked before", warm, opened, store=store, unlock_ttl="0")
        for command, words in ("exec", warm), ("list", ["list"]):
            yield self.ratio(f"`{command}`, 10,000 profiles", words, 0.05, runs=SLOW_RUNS, config="config-10000")
            yield self.growth(command, words)
        for name, store, *_ in STORES:
            yield self.memory(f"peak memory, warm `exec`, {name}", warm, store)
        yield self.size()
        # Sessions of the file store are what the next row needs.
        for name, store, *_ in reversed(STORES):
            yield self.cold(name, store)
        yield from self.single_sign_on()
        # Last, since the peer's store is not the same afterwards.
        yield self.many_sessions(f"`list`, 10,000 profiles and {SESSIONS:,} sessions")

    def ratio(self, what, words, target, runs=RUNS, **where):
        results = in_turn([contestant.program(*words, **where) for contestant in self.contestants], runs)
        return Row.of_runs(what, results, report.ratio_target(target))

    def single_sign_on(self):
        """Beside a role's session, which the measurement of the cold run left."""
        browser = self.ours.home / "browser"
        browser.write_text(BROWSER)
        browser.chmod(0o755)
        (self.ours.home / "config-sso").write_text(SSO_PROFILE)
        self.ours.do("exec", "sso", "--", "true", config="config-sso", BROWSER=str(browser), AWS_VAULT_DEVICE_CODE="0")
        programs = [
            self.ours.program("exec", profile, "--", "true", config=config)
            for profile, config in (("role", "config-mfa"), ("sso", "config-sso"))
        ]
        role, sso = in_turn(programs, RUNS)
        yield Row.of_runs("warm `exec` through a role, file store", [role], None)
        factor = sso.median / role.median
        target = report.Target("1.1 times the role's", factor <= 1.1, f"{factor:.2f} times")
        yield Row.of_runs("warm `exec` of Identity Center, file store", [sso], target)

    def many_sessions(self, what):
        """Ours are real; of the peer's, whose `list` looks at the names alone, only the names are."""
        for number in range(1, SESSIONS + 1):
            code = self.aws.mfa_code()
            self.ours.do("exec", "--mfa-token", code, f"account-{number}", "--", "true", config="config-sessions")
        for peer in self.contestants[1:]:
            go_session.many_in_file_store(peer.home, SESSIONS, PASSPHRASE)
        return self.ratio(what, ["list"], 0.05, runs=SLOW_RUNS, config="config-10000")

    def growth(self, command, words):
        """Ten times the profiles, in turn, so that a busy moment of the machine does not look like growth."""
        programs = [self.ours.program(*words, config=config) for config in ("config-10000", "config-100000")]
        tenth, runs = in_turn(programs, SLOW_RUNS)
        factor = runs.median / tenth.median
        target = report.Target("10 times 10,000", factor <= 10, f"{factor:.1f} times")
        return Row.of_runs(f"`{command}`, 100,000 profiles", [runs], target)

    def cold(self, name, store):
        """Each call to STS takes as long as one from here; the rest is ours, and in the file store the passphrase's."""
        words = ["exec", "--mfa-token", "CODE", "role", "--", "true"]
        program = self.ours.program(*words, store=store, config="config-mfa")

        def prepare():
            self.ours.forget_sessions()
            program.argv[3] = self.aws.mfa_code()

        program.prepare = prepare
        prepare()
        calls = self.aws.calls_during(lambda: once(program))
        self.aws.answer_after(STS_LATENCY_MS)
        [runs] = in_turn([program], RUNS)
        waiting = calls * statistics.median(self.aws.round_trip_ms() for _ in range(RUNS))
        self.aws.answer_after(0)
        added = runs.median - waiting
        detail = f"{added:.1f} ms more than {calls} calls ({waiting:.1f} ms)"
        met = added <= 20 if store != "file" else None
        target = report.Target("20 ms more than its STS calls" if met is not None else "", met, detail)
        what = f"cold `exec` through a role with MFA, {name}, STS answers after {STS_LATENCY_MS} ms"
        return Row.of_runs(what, [runs], target)

    def size(self):
        ours, *peer = (Path(contestant.binary).stat().st_size / 1e6 for contestant in self.contestants)
        return Row("size of the binary", "MB", ours, *peer, target=report.Target("10 MB", ours <= 10))

    def memory(self, what, words, store):
        def typical(contestant):
            peaks = [peak_kilobytes(contestant.program(*words, store=store)) for _ in range(SLOW_RUNS)]
            return statistics.median(peaks) / 1000

        ours, *peer = map(typical, self.contestants)
        target = report.Target("the peer's", ours <= peer[0] if peer else None)
        return Row(what, "MB", ours, *peer, target=target)


if __name__ == "__main__":
    sys.exit(main())
