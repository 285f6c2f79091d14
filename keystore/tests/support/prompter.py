"""Answers the prompts of GNOME Keyring from a script, in place of its dialog: the mock prompter of its own test suite.

Prints its bus name, then takes one command per line, answers each with "ok", and ends with its standard input.
"""

import ctypes
import sys

try:
    gcr = ctypes.CDLL("libgcr-base-3.so.1")
except OSError as error:
    sys.exit(f"{error} (Debian package libgcr-base-3-1)")

gcr.gcr_mock_prompter_start.restype = ctypes.c_char_p
print(gcr.gcr_mock_prompter_start().decode(), flush=True)

for line in sys.stdin:
    command, _, argument = line.rstrip("\n").partition(" ")
    if command == "password":
        gcr.gcr_mock_prompter_expect_password_ok(argument.encode(), None)
    elif command == "dismiss":
        gcr.gcr_mock_prompter_expect_password_cancel()
    elif command == "delay":
        gcr.gcr_mock_prompter_set_delay_msec(ctypes.c_uint(int(argument)))
    elif command == "expecting":
        print("yes" if gcr.gcr_mock_prompter_is_expecting() else "no", flush=True)
        continue
    else:
        sys.exit(f"unknown command {command!r}")
    print("ok", flush=True)
