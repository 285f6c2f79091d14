"""The credential servers under load, beside the peer's container server: requests per second, latencies, memory.

The load is wrk's, on the same cores, so every figure is that of server and load together. The peer's instance metadata server
needs root and an address of the machine's own, and is not measured.
"""

import contextlib
import http.client
import json
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from report import Row, Target

ROUNDS = 3
SECONDS = 4
CONNECTIONS = (1, 64, 1000)
HALF_OPEN = 900
GOOD_REQUESTS = 300
STARTS = 31
SCRIPT = Path(__file__).parent / "wrk.lua"
CREDENTIALS = "/latest/meta-data/iam/security-credentials/"


@dataclass
class Load:
    """What wrk saw in one round; latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    errors: int


class Server:
    """`exec` with a server flag and a command that waits."""

    def __init__(self, contestant, flag, directory, ending):
        file = directory / f"env-{contestant.name.split()[0]}{flag}-{time.monotonic_ns()}"
        wait = f"env > {file}.part && mv {file}.part {file} && exec sleep infinity"
        program = contestant.program("exec", flag, "bench", "--", "/bin/sh", "-c", wait)
        self.process = subprocess.Popen(program.argv, env=program.environment, stdin=subprocess.DEVNULL)
        ending.callback(self.process.wait)
        ending.callback(self.process.terminate)
        while not file.exists():
            if self.process.poll() is not None:
                raise SystemExit(f"{' '.join(program.argv)} ended")
            time.sleep(0.01)
        self.variables = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
        self.prepare()

    def prepare(self):
        """Container credentials: one address and a token."""
        self.url = self.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        self.headers = {"Authorization": self.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}

    def load(self, connections, *headers):
        """Puts load on it for a while; remembers the memory that it needed meanwhile."""
        words = ["wrk", f"-t{min(connections, 2)}", f"-c{connections}", f"-d{SECONDS}s", "--timeout=10s", "-s", SCRIPT]
        for header in [*(f"{name}: {value}" for name, value in self.headers.items()), *headers]:
            words += ["-H", header]
        with subprocess.Popen([*words, self.url], stdout=subprocess.PIPE, text=True) as wrk:
            time.sleep(SECONDS / 2)
            self.loaded_mb = self.memory_mb()
            said = wrk.stdout.read()
        seen = json.loads(said.splitlines()[-1])
        return Load(seen["requests"] / seen["duration"] * 1e6, seen["p50"] / 1000, seen["p99"] / 1000, seen["errors"])

    def good_request_ms(self):
        """One request with a connection of its own."""
        started = time.perf_counter_ns()
        ask(self.url, self.headers)
        return (time.perf_counter_ns() - started) / 1e6

    def memory_mb(self):
        """Resident, of the serving process alone."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


class MetadataServer(Server):
    def prepare(self):
        endpoint = self.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"].rstrip("/")
        token = ask(f"{endpoint}/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, "PUT").decode()
        self.headers = {"X-aws-ec2-metadata-token": token}
        self.url = endpoint + CREDENTIALS + ask(endpoint + CREDENTIALS, self.headers).decode()


def ask(url, headers, method="GET"):
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    connection.request(method, where.path or "/", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{method} {url}: {answer.status} {body[:200]}")
    return body


def measure(bench, directory):
    yield from container(bench, directory)
    yield from metadata(bench, directory)
    yield first_credentials(bench)


def container(bench, directory):
    with contextlib.ExitStack() as ending:
        servers = [Server(contestant, "--ecs-server", directory, ending) for contestant in bench.contestants]
        yield memory("resident before any load", [server.memory_mb() for server in servers])
        for connections in CONNECTIONS:
            what = counted(connections)
            yield from rows(what, connections, servers)
            yield memory(f"resident with {what}", [server.loaded_mb for server in servers])
        time.sleep(1)
        yield memory("resident afterwards", [server.memory_mb() for server in servers])
        yield from rows("a connection for each request, 64 at a time", 64, servers, "Connection: close")
        yield waited(f"one request beside {HALF_OPEN} half-open connections", servers, half_open)
        yield waited("one request beside 256 clients that connect anew each time", servers, flood)


def metadata(bench, directory):
    with contextlib.ExitStack() as ending:
        server = MetadataServer(bench.ours, "--ec2-server", directory, ending)
        for connections in CONNECTIONS:
            yield from rows(f"EC2, {counted(connections)}", connections, [server])


def rows(what, connections, servers, *headers):
    """Requests per second, median and 99th percentile of the answers' times; the servers take turns."""
    rounds = [[server.load(connections, *headers) for server in servers] for _ in range(ROUNDS)]
    loads = list(zip(*rounds))
    typical = lambda name: [statistics.median(getattr(load, name) for load in loads_of) for loads_of in loads]
    errors = sum(load.errors for load in loads[0])
    rate, p50, p99 = typical("rate"), typical("p50"), typical("p99")
    mixed = bool(headers) or what.startswith("EC2")
    yield Row(what, "req/s", *rate, target=None if mixed else rate_target(connections, errors, *rate))
    if connections == 1:
        yield Row(f"{what}, median", "ms", *p50, target=Target("0.1 ms", p50[0] <= 0.1))
    lower = Target("lower than the peer's", p99[0] < p99[1] if len(p99) > 1 else None)
    yield Row(f"{what}, 99 of 100 within", "ms", *p99, target=lower if connections == 64 and not mixed else None)


def rate_target(connections, errors, ours, peer=None):
    if connections == 64:
        return Target("2.5 times the peer's", ours >= 2.5 * peer if peer else None)
    if connections == 1000:
        return Target("30,000 without errors", ours >= 30_000 and not errors, f"{errors} errors" if errors else "")
    return None


def counted(connections):
    return f"{connections:,} connection{'s' * (connections > 1)}"


def memory(what, figures):
    return Row(what, "MB", *figures, target=Target("at most 12 MB", figures[0] <= 12))


def waited(what, servers, trouble):
    """The slowest of many good requests while others make trouble."""
    figures = []
    for server in servers:
        with trouble(server):
            figures.append(max(server.good_request_ms() for _ in range(GOOD_REQUESTS)))
    return Row(f"{what}, the slowest of {GOOD_REQUESTS}", "ms", *figures, target=Target("under 50 ms", figures[0] < 50))


@contextlib.contextmanager
def half_open(server):
    where = urlsplit(server.url)
    waiting = [socket.create_connection((where.hostname, where.port)) for _ in range(HALF_OPEN)]
    for connection in waiting:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {where.netloc}\r\nX-Slow: ".encode())
    yield
    for connection in waiting:
        connection.close()


@contextlib.contextmanager
def flood(server):
    thread = threading.Thread(target=server.load, args=(256, "Connection: close"))
    thread.start()
    time.sleep(0.5)
    yield
    thread.join()


def first_credentials(bench):
    """From the start of `server`, with a session that is alive, to credentials in a client's hands."""
    program = bench.ours.program("server", "--format=env", "bench")

    def once():
        started = time.perf_counter_ns()
        process = subprocess.Popen(program.argv, env=program.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        url, token = (process.stdout.readline().strip().split("=", 1)[1] for _ in range(2))
        printed = time.perf_counter_ns()
        ask(url, {"Authorization": token})
        served = time.perf_counter_ns()
        process.terminate()
        process.communicate()
        return (printed - started) / 1e6, (served - printed) / 1e6

    runs = [once() for _ in range(STARTS)]
    start, first = (statistics.median(column) for column in zip(*runs))
    return Row("first credentials after a warm start of `server`", "ms", first, target=Target("5 ms", first <= 5, f"the start took {start:.1f} ms"))
