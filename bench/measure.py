"""Runs a program many times and says what it took. Contestants take turns, so that a busy moment of the machine hits both."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field

WARM_UP_RUNS = 5


@dataclass
class Runs:
    """What each run of one program took, in milliseconds."""

    wall: list = field(default_factory=list)
    user: list = field(default_factory=list)
    kernel: list = field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.wall)

    @property
    def quartiles(self):
        first, _, third = statistics.quantiles(self.wall, n=4)
        return first, third

    def where_it_goes(self):
        user, kernel = statistics.median(self.user), statistics.median(self.kernel)
        waiting = max(0.0, self.median - user - kernel)
        return f"{user:.1f} ms in the program, {kernel:.1f} ms in the kernel, {waiting:.1f} ms waiting"


@dataclass
class Program:
    argv: list
    environment: dict
    # Done before every run, and not measured.
    prepare: callable = lambda: None


def in_turn(programs, runs):
    """A B A B …; the medians of `runs` runs each after some to warm up. A run that fails ends the measurement."""
    results = [Runs() for _ in programs]
    for turn in range(WARM_UP_RUNS + runs):
        for program, result in zip(programs, results):
            program.prepare()
            wall, usage = once(program)
            if turn >= WARM_UP_RUNS:
                result.wall.append(wall)
                result.user.append(usage.ru_utime * 1000)
                result.kernel.append(usage.ru_stime * 1000)
    return results


def once(program):
    started = time.perf_counter_ns()
    pid = os.posix_spawn(program.argv[0], program.argv, program.environment, file_actions=SILENT)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - started) / 1e6
    if status:
        subprocess.run(program.argv, env=program.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        raise SystemExit(f"{' '.join(program.argv)} failed (wait status {status})")
    return wall, usage


SILENT = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]


def peak_kilobytes(program):
    """Peak resident memory. By GNU time, which is small: the figure of a child includes its parent's pages at the fork."""
    command = ["/usr/bin/time", "--quiet", "--format=%M", *program.argv]
    done = subprocess.run(
        command, env=program.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        check=True, text=True,
    )
    return int(done.stderr.split()[-1])
