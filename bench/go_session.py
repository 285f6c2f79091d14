"""Stores a session in the form of the Go aws-vault, which cannot be pointed at a simulated AWS, so that its `exec` is warm.

One item in its keystore; the name tells what it is: TYPE,BASE64(profile),BASE64(MFA serial),EXPIRY.
"""

import base64
import json
import time
from datetime import datetime, timezone

from jwcrypto import jwe, jwk
import secretstorage
from jeepney.io.blocking import open_dbus_connection

LIFE_S = 8 * 3600


def in_file_store(home, profile, passphrase):
    name, item = session(profile)
    (home / ".awsvault/keys" / name).write_text(sealed(item, passphrase))


def many_in_file_store(home, count, passphrase):
    """With one content, which its `list` does not look at."""
    _, item = session("bench")
    content = sealed(item, passphrase)
    for number in range(1, count + 1):
        name, _ = session(f"account-{number}")
        (home / ".awsvault/keys" / name).write_text(content)


def sealed(item, passphrase):
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 8192, "p2s": encoded(b"twelve bytes")}
    token = jwe.JWE(json.dumps(item), json.dumps(header))
    token.add_recipient(jwk.JWK.from_password(passphrase))
    return token.serialize(compact=True)


def in_secret_service(address, collection, profile):
    name, item = session(profile)
    connection = open_dbus_connection(bus=address)
    found = [c for c in secretstorage.get_all_collections(connection) if c.get_label() == collection]
    found[0].create_item(name, {"profile": name}, json.dumps(item).encode(), True, "application/json")
    connection.close()


def session(profile):
    expiry = int(time.time()) + LIFE_S
    name = f"sts.GetSessionToken,{encoded(profile.encode())},,{expiry}"
    credentials = {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "Expiration": datetime.fromtimestamp(expiry, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "SessionToken": "IQoJb3JpZ2luX2VjEXAMPLE" * 12,
    }
    item = {
        "Key": name,
        "Data": base64.b64encode(json.dumps(credentials).encode()).decode(),
        "Label": f"aws-vault session for {profile}",
        "Description": "aws-vault session",
        "KeychainNotTrustApplication": False,
        "KeychainNotSynchronizable": False,
    }
    return name, item


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
