"""A long job whose sessions end every minute: one call to AWS for each, nothing expired served, memory flat.

    soak.py [SECONDS]

Ends with exit status 1 if it is not so.
"""

import contextlib
import json
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import run
from servers import MetadataServer, Server, ask

LIFETIME_S = 60
PAUSE_S = 0.02
# Memory of a server that has had credentials anew at least once.
SETTLED_S = 2 * LIFETIME_S
GROWTH_MB = 1
REPORT_S = 60


class Job:
    """Asks one server again and again."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.keys, self.requests, self.expired, self.memory = set(), 0, 0, []

    def ask(self, settled):
        credentials = json.loads(ask(self.server.url, self.server.headers))
        self.requests += 1
        self.keys.add(credentials["AccessKeyId"])
        left = datetime.strptime(credentials["Expiration"], "%Y-%m-%dT%H:%M:%S%z") - datetime.now(timezone.utc)
        self.expired += left <= timedelta(0)
        if settled:
            self.memory.append(self.server.memory_mb())

    def growth(self):
        """Between the first and the last tenth."""
        tenth = max(1, len(self.memory) // 10)
        average = lambda values: sum(values) / len(values)
        return average(self.memory[-tenth:]) - average(self.memory[:tenth]) if self.memory else 0.0

    def tell(self):
        print(f"{self.name}: {self.requests:,} requests, {len(self.keys)} sessions, {self.expired} expired ones served, "
              f"{self.server.memory_mb():.1f} MB resident, {self.growth():+.2f} MB since it settled", flush=True)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with tempfile.TemporaryDirectory(prefix="aws-vault-soak.") as directory, contextlib.ExitStack() as ending:
        bench = run.Bench(Path(directory), ending)
        aws, over = bench.aws, threading.Event()
        ending.callback(over.set)
        threading.Thread(target=shorten, args=(aws, over), daemon=True).start()
        time.sleep(1)
        bench.ours.forget_sessions()
        aws.request("DELETE", "/_sim/calls")
        # Each server has a process and sessions of its own; the second finds the first one's.
        jobs = [Job("container credentials", Server(bench.ours, "--ecs-server", Path(directory), ending)),
                Job("instance metadata", MetadataServer(bench.ours, "--ec2-server", Path(directory), ending))]
        started = reported = time.monotonic()
        while (now := time.monotonic()) < started + seconds:
            for job in jobs:
                job.ask(now > started + SETTLED_S)
            if now > reported + REPORT_S:
                reported = now
                [job.tell() for job in jobs]
            time.sleep(PAUSE_S)
        calls = len(json.loads(aws.request("GET", "/_sim/calls")))
        [job.tell() for job in jobs]
    sessions = len(set().union(*(job.keys for job in jobs)))
    print(f"{calls} calls to AWS for {sessions} sessions in {seconds} s")
    # One more may be under way.
    good = sessions <= calls <= sessions + 1 and not any(job.expired or job.growth() > GROWTH_MB for job in jobs)
    print("good" if good else "not as it should be")
    return not good


def shorten(aws, over):
    """Every session from now on ends LIFETIME_S seconds from then."""
    while not over.wait(0.5):
        end = datetime.now(timezone.utc) + timedelta(seconds=LIFETIME_S)
        fault = {"kind": "field", "name": "Expiration", "value": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        faults = [{"action": action, **fault} for action in ("GetSessionToken", "AssumeRole")]
        aws.request("PUT", "/_sim/faults", json.dumps(faults))


if __name__ == "__main__":
    sys.exit(main())
