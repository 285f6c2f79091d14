"""The table of bench/results.md."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass
class Target:
    """The most that a figure may be; `met` is None when there is nothing to compare with."""

    text: str
    met: bool | None
    detail: str = ""

    @property
    def verdict(self):
        if not self.text:
            return self.detail
        verdict = {True: "met", False: "**missed**", None: "no peer"}[self.met]
        return f"{verdict}: {self.detail}" if self.detail else verdict


@dataclass
class Row:
    what: str
    unit: str
    ours: float
    peer: float | None = None
    target: Target | None = None
    spread: str = ""
    where_it_goes: str = ""

    @classmethod
    def of_runs(cls, what, results, target):
        """`target` is a Target, or a function that makes one of our figure and the peer's."""
        medians = [runs.median for runs in results]
        if callable(target):
            target = target(*medians)
        low, high = results[0].quartiles
        return cls(what, "ms", *medians, target=target, spread=f" ({low:.1f}–{high:.1f})",
                   where_it_goes=results[0].where_it_goes())

    @property
    def ratio(self):
        return f"{self.ours / self.peer:.3f}" if self.peer else ""

    def figure(self, value):
        """With three digits that tell something."""
        digits = 0 if value >= 1000 else 1 if value >= 1 else 2
        return f"{value:,.{digits}f} {self.unit}"


def ratio_target(most):
    """None for a figure that is shown and has no target."""
    if most is None:
        return None

    def judge(ours, peer=None):
        return Target(f"{most} of the peer's", ours / peer <= most if peer else None)

    return judge


def markdown(commands, servers, bastion, names, load):
    """`load` is the machine's load average before the first measurement: other work shows in every figure."""
    return "\n".join([
        "# How fast it is", "",
        "Written by `make bench`; medians, in brackets the quartiles. Everything runs in a home of its own; programs that are",
        "compared run in turn. Without `PEER=/path/to/another/aws-vault` there are no ratios.", "",
        f"{date.today()}, commit {commit()}, {machine()}, load average {load:.1f} before", "",
        *table(commands, names, "at most"), "",
        *misses(commands),
        "## Local servers", "",
        "Load by `wrk` on the same cores; medians of rounds in which the servers take turns. The peer's is its container server.", "",
        *table(servers, names, "target"), "",
        "## Hundreds of accounts", "",
        "`bastion` against a simulated AWS on the same cores whose every answer takes its time; one run each.", "",
        *table(bastion, names[:1], "at most"), "",
    ])


def table(rows, names, bound):
    ours, *peer = names
    head = ["", ours, *peer, *(["ratio"] if peer else []), bound, "result"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        figures = [row.figure(row.ours) + row.spread]
        if peer:
            figures += [row.figure(row.peer) if row.peer else "", row.ratio]
        target = [row.target.text, row.target.verdict] if row.target else ["", ""]
        lines.append([row.what, *figures, *target])
    return [f"| {' | '.join(line)} |" for line in lines]


def misses(rows):
    missed = [row for row in rows if row.where_it_goes and row.target and row.target.met is False]
    if not missed:
        return []
    lines = [f"- {row.what}: {row.where_it_goes}" for row in missed]
    return ["Where the time of what missed its target goes:", "", *lines, ""]


def commit():
    """The commit measured, with a plus if the sources differ from it."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    sources = ["Cargo.toml", "Cargo.lock", "src", "keystore", "aws-sim"]
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", *sources]).returncode
    return f"{name or 'unknown'}{'+' if changed else ''}"


def machine():
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {names[0] if names else platform.machine()}, {memory:.0f} GiB, {release}, Linux {platform.release()}"
