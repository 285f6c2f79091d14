"""The program for Windows on wine's console: questions, the Credential Manager, the file store, a command and its status.

Ctrl-C is not tried: wine makes a signal of it, whatever the console is set to.

Usage: console.py WINE PROGRAM (scripts/cross.sh windows). The home is wine's own, new each time.
"""

import os
import pty
import re
import select
import shutil
import sys
import time

WINE, PROGRAM = sys.argv[1:]
PATIENCE = 120
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY_QUESTIONS = [("Access Key ID:", KEY + "\r"), ("Secret Access Key:", SECRET + "\r"), ("MFA Device ARN", "\r")]


def run(words, answers=()):
    """Runs the program on a terminal of its own, answers what it asks, and yields its status and what the screen was sent."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(WINE, [WINE, PROGRAM, *words])
    shown, rest, answers, end = "", "", list(answers), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            sent = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
        shown, rest = shown + sent, rest + sent
        if answers and answers[0][0] in plain(rest):
            rest = ""
            os.write(terminal, answers.pop(0)[1].encode())
    else:
        os.kill(pid, 9)
        sys.exit(f"{words}: no end after {PATIENCE} s; the screen:\n{plain(shown)}")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), plain(shown)


def plain(sent):
    """Without what moves the cursor, and without the lines' ends, which depend on the width of the screen."""
    return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|[\r\n]", "", sent)


def check(condition, what, shown):
    if not condition:
        sys.exit(f"{what}; the screen:\n{shown}")
    print(f"  {what}")


def main():
    home = os.path.join(os.environ["WINEPREFIX"], "drive_c/users", os.environ.get("USER", "root"))
    for left in (".aws", ".awsvault"):
        shutil.rmtree(os.path.join(home, left), ignore_errors=True)

    status, shown = run(["add", "bastion"], KEY_QUESTIONS)
    check(status == 0 and 'Added credentials to profile "bastion"' in shown, "add asks, and stores in the Credential Manager", shown)
    check(SECRET not in shown and "*" * 40 in shown, "the secret shows as stars", shown)

    status, shown = run(["exec", "--no-session", "--region=eu-west-1", "bastion", "--", "cmd.exe", "/c", "echo %AWS_ACCESS_KEY_ID% & exit 7"])
    check(status == 7 and KEY in shown, "exec runs a command with the credentials, and ends with its status", shown)

    passphrase = "correct horse\r"
    chosen = [("Choose a passphrase", passphrase), ("Type it again", passphrase)]
    status, shown = run(["--backend=file", "add", "second"], KEY_QUESTIONS + chosen)
    check(status == 0, "add asks for the passphrase of a new file store, twice", shown)
    status, shown = run(["--backend=file", "exec", "--no-session", "second", "--", "cmd.exe", "/c", "exit 3"], [("passphrase", passphrase)])
    check(status == 3, "exec asks for the passphrase", shown)

    status, shown = run(["explain"], [("Choose AWS profile", "bas\r")])
    check(status == 0 and "access key of 'bastion'" in shown, "without a profile there is a list to choose from", shown)


main()
