"""Opens a JWE with another implementation. Takes the passphrase as argument and the JWE on standard input."""

import json
import sys

try:
    from jwcrypto import jwe, jwk
except ImportError:
    sys.exit("no Python module jwcrypto (Debian package python3-jwcrypto)")

token = jwe.JWE()
token.deserialize(sys.stdin.read(), jwk.JWK.from_password(sys.argv[1]))
print(json.dumps({"header": token.jose_header, "payload": token.payload.decode()}))
