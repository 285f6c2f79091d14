"""A Secret Service that does what GNOME Keyring never does, or only when people click: locks one item alone, never answers.

    secret_service.py STATE [FAULT...]

Its one collection `awsvault` is unlocked, and what is in it is the JSON file STATE: items by name, with their secret and
whether they are locked. The file is written again at every change. Faults:

    prompt          unlocking shows a prompt, which is confirmed at once
    dismiss         which is dismissed at once
    forever         which nobody answers
    stubborn        unlocking succeeds, and nothing is unlocked
    silent=METHOD   a method that is never answered
    odd=METHOD      a method whose answer is a text, whatever it should be
    other-key       secrets are encrypted with another key than agreed
    no-key          the service's half of the key agreement is worthless
"""

import json
import os
import secrets
import sys
from pathlib import Path

try:
    from cryptography.hazmat.primitives import hashes, padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
    from jeepney.bus_messages import message_bus
    from jeepney.io.blocking import open_dbus_connection
except ImportError as error:
    sys.exit(f"{error} (Debian package python3-secretstorage)")

ROOT = "/org/freedesktop/secrets"
COLLECTION = f"{ROOT}/collection/awsvault"
SESSION = f"{ROOT}/session/1"
PROMPT = f"{ROOT}/prompt/1"
NONE = "/"
SECRET = "org.freedesktop.Secret"
# The second Oakley group, RFC 2409 section 6.2.
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE65381FFFFFFFFFFFFFFFF", 16,
)


class Refused(Exception):
    """Carries the last part of an error's name."""


class Service:
    def __init__(self, state, faults):
        self.state, self.faults, self.key, self.waiting = state, faults, None, []
        self.items = json.loads(state.read_text())

    def answer(self, call):
        """Signature, values, and the signals that follow; `None` for no answer at all."""
        member, path = call.header.fields[HeaderFields.member], call.header.fields[HeaderFields.path]
        if f"silent={member}" in self.faults:
            return None
        if f"odd={member}" in self.faults:
            return "s", ("odd",), []
        return getattr(self, member)(path, *call.body)

    def OpenSession(self, _path, _algorithm, public_key):
        secret = secrets.randbelow(PRIME)
        shared = pow(int.from_bytes(public_key[1], "big"), secret, PRIME).to_bytes(128, "big")
        self.key = HKDF(hashes.SHA256(), 16, None, b"").derive(shared)
        ours = 1 if "no-key" in self.faults else pow(2, secret, PRIME)
        return "vo", (("ay", ours.to_bytes(128, "big")), SESSION), []

    def SearchItems(self, _path, attributes):
        name = attributes.get("profile")
        return "ao", ([self.path(name)] if name in self.items else [],), []

    def Unlock(self, _path, objects):
        if not {"prompt", "dismiss", "forever"} & self.faults:
            if "stubborn" not in self.faults:
                self.unlock(objects)
            return "aoo", (objects, NONE), []
        self.waiting = objects
        return "aoo", ([], PROMPT), []

    def Prompt(self, _path, _window):
        if "forever" in self.faults:
            return "", (), []
        dismissed = "dismiss" in self.faults
        if not dismissed:
            self.unlock(self.waiting)
        sender = DBusAddress(PROMPT, interface=f"{SECRET}.Prompt")
        return "", (), [new_signal(sender, "Completed", "bv", (dismissed, ("ao", [] if dismissed else self.waiting)))]

    def Dismiss(self, _path):
        return "", (), []

    def GetSecret(self, path, _session):
        item = self.unlocked(path)
        vector = os.urandom(16)
        key = os.urandom(16) if "other-key" in self.faults else self.key
        padder = padding.PKCS7(128).padder()
        padded = padder.update(item["secret"].encode()) + padder.finalize()
        cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
        value = cipher.update(padded) + cipher.finalize()
        return "(oayays)", ((SESSION, vector, value, "application/json"),), []

    def CreateItem(self, _path, properties, secret, _replace):
        name = properties[f"{SECRET}.Item.Attributes"][1]["profile"]
        self.items[name] = {"secret": self.decrypted(secret), "locked": False}
        self.save()
        return "oo", (self.path(name), NONE), []

    def SetSecret(self, path, secret):
        self.unlocked(path)["secret"] = self.decrypted(secret)
        self.save()
        return "", (), []

    def decrypted(self, secret):
        _, vector, value, _ = secret
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(bytes(vector))).decryptor()
        padded = cipher.update(bytes(value)) + cipher.finalize()
        unpadder = padding.PKCS7(128).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()

    def Delete(self, path):
        self.unlocked(path)
        del self.items[self.name(path)]
        self.save()
        return "o", (NONE,), []

    def Get(self, _path, _interface, name):
        values = {"Locked": ("b", False), "Items": ("ao", [self.path(name) for name in self.items])}
        return "v", (values[name],), []

    def GetAll(self, path, _interface):
        name = self.name(path)
        return "a{sv}", ({"Label": ("s", name), "Attributes": ("a{ss}", {"profile": name})},), []

    def unlocked(self, path):
        if self.name(path) not in self.items:
            raise Refused("NoSuchObject")
        item = self.items[self.name(path)]
        if item["locked"]:
            raise Refused("IsLocked")
        return item

    def unlock(self, paths):
        """No change of what is stored: the file is not written."""
        for path in paths:
            if path != COLLECTION:
                self.items[self.name(path)]["locked"] = False

    def save(self):
        self.state.write_text(json.dumps(self.items))

    @staticmethod
    def path(name):
        return f"{COLLECTION}/{name}"

    @staticmethod
    def name(path):
        return path.rpartition("/")[2]


def serve(service):
    connection = open_dbus_connection(os.environ["DBUS_SESSION_BUS_ADDRESS"])
    connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
    print("ready", flush=True)
    while True:
        call = connection.receive()
        if call.header.message_type is not MessageType.method_call:
            continue
        try:
            answer = service.answer(call)
        except Refused as refused:
            connection.send(new_error(call, f"{SECRET}.Error.{refused}", "s", (str(refused),)))
            continue
        if answer is None:
            continue
        signature, values, signals = answer
        connection.send(new_method_return(call, signature or None, values))
        for signal in signals:
            connection.send(signal)


serve(Service(Path(sys.argv[1]), set(sys.argv[2:])))
