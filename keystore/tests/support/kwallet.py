"""KDE Wallet by another implementation of D-Bus, to compare ours with.

`unlock`: opens the wallet, and makes it if there is none, as the login does by PAM: without a dialog.
`write NAME`: stores standard input as an entry. `read NAME`: prints an entry. `open`: prints whether the wallet is open.
"""

import os
import sys

try:
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection
except ImportError:
    sys.exit("no Python module jeepney (Debian package python3-jeepney)")

WALLET = "aws-vault"
connection = open_dbus_connection(os.environ["DBUS_SESSION_BUS_ADDRESS"])
service = DBusAddress("/modules/kwalletd5", "org.kde.kwalletd5", "org.kde.KWallet")


def call(method, signature, *arguments):
    body = connection.send_and_get_reply(new_method_call(service, method, signature, arguments)).body
    return body[0] if body else None


command, *names = sys.argv[1:]
if command == "unlock":
    # The hash of the password: as many bytes as PBKDF2 makes of it.
    call("pamOpen", "sayi", WALLET, bytes(range(56)), 0)
elif command == "open":
    print("yes" if call("isOpen", "s", WALLET) else "no")
else:
    wallet = call("open", "sxs", WALLET, 0, WALLET)
    if command == "read":
        sys.stdout.buffer.write(call("readEntry", "isss", wallet, WALLET, names[0], WALLET))
    elif command == "write":
        call("createFolder", "iss", wallet, WALLET, WALLET)
        code = call("writeEntry", "issays", wallet, WALLET, names[0], sys.stdin.buffer.read(), WALLET)
        if code != 0:
            sys.exit(f"writeEntry answered {code}")
    else:
        sys.exit(f"unknown command {command!r}")
