"""The parts that the measured programs talk to, all private: a simulated AWS, and a GNOME Keyring on a bus of its own."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
AWS_SIM = BUILT / "aws-sim"
START_URL = "https://corp.awsapps.com/start"
SECRET_SERVICE = "org.freedesktop.secrets"


class SimulatedAws:
    """The built-in world, except that an MFA code works as often as one likes: there is no time to wait for the next one."""

    def __init__(self, directory, ending):
        world = json.loads(subprocess.check_output([AWS_SIM, "world", "deck"]))
        world["options"] = {"allow_code_reuse": True}
        world["identity_center"] = {
            "start_url": START_URL,
            "assignments": {"222233334444": {"name": "Master", "email": "m@example.com", "roles": ["DeveloperRole"]}},
        }
        file = directory / "world.json"
        file.write_text(json.dumps(world))
        process = started(
            ending, [AWS_SIM, "serve", "--world", file, "--until-stdin-closes"], stdin=subprocess.PIPE,
        )
        self.endpoint = json.loads(answer_of(process))["endpoint"]
        user = world["accounts"]["111122223333"]["users"]["elmerfudd"]
        self.access_key, self.mfa_device = user["access_keys"][0], user["mfa_devices"][0]

    def mfa_code(self):
        return subprocess.check_output([AWS_SIM, "totp", self.mfa_device["seed"]], text=True).strip()

    def calls_during(self, work):
        """How many calls to AWS it makes."""
        self.request("DELETE", "/_sim/calls")
        work()
        return len(json.loads(self.request("GET", "/_sim/calls")))

    def answer_after(self, milliseconds):
        self.request("PUT", "/_sim/faults", json.dumps([{"kind": "latency", "ms": milliseconds}]))

    def round_trip_ms(self):
        """One call to STS with a connection of its own, measured from here."""
        started = time.perf_counter_ns()
        self.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
        return (time.perf_counter_ns() - started) / 1e6

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc)
        form = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        connection.request(method, path, body, form)
        answer = connection.getresponse().read()
        connection.close()
        return answer


class GnomeKeyring:
    """A session bus that nobody else is on, with a GNOME Keyring whose prompts are answered by a script."""

    def __init__(self, directory, ending):
        directory.mkdir()
        config = directory / "bus.conf"
        config.write_text(
            f"<busconfig><type>session</type><listen>unix:path={directory}/bus</listen>"
            '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
            '<allow own="*"/></policy></busconfig>'
        )
        bus = started(
            ending, ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"],
            # Only complaints that it cannot raise its limits.
            stderr=subprocess.DEVNULL,
        )
        self.address = answer_of(bus)
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(directory), "XDG_DATA_HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory), "DBUS_SESSION_BUS_ADDRESS": self.address,
        }
        self.prompter = started(
            ending, [sys.executable, ROOT / "keystore/tests/support/prompter.py"], env=environment, stdin=subprocess.PIPE,
        )
        environment["GNOME_KEYRING_TEST_PROMPTER"] = answer_of(self.prompter)
        started(
            ending,
            ["gnome-keyring-daemon", "--foreground", "--components=secrets", f"--control-directory={directory}/control"],
            env=environment, stderr=subprocess.DEVNULL,
        )
        self.wait_for_service(environment)

    def wait_for_service(self, environment):
        ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
               "org.freedesktop.DBus.NameHasOwner", f"string:{SECRET_SERVICE}"]
        for _ in range(500):
            if b"true" in subprocess.run(ask, env=environment, capture_output=True).stdout:
                return
            time.sleep(0.01)
        raise SystemExit("gnome-keyring-daemon did not appear on the bus within 5 seconds (Debian package gnome-keyring)")

    def expect_password(self):
        """The next prompt, the one for the password of a new collection, is answered."""
        self.prompter.stdin.write("password of the collection\n")
        self.prompter.stdin.flush()
        answer_of(self.prompter)


def started(ending, command, **how):
    """A process that `ending` ends."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how)
    ending.callback(process.wait)
    ending.callback(process.terminate)
    return process


def answer_of(process):
    line = process.stdout.readline().strip()
    if not line:
        raise SystemExit(f"{process.args[0]} did not start")
    return line
