"""Opens a JWE with another implementation. Takes the passphrase as argument and the JWE on standard input."""

import json
import sys

try:
    from jwcrypto import jwa, jwe, jwk
except ImportError:
    sys.exit("no Python module jwcrypto (Debian package python3-jwcrypto)")

# It refuses more than 16,384 rounds by itself; the Go tool's limit is this.
jwa.default_max_pbkdf2_iterations = 1_300_000
token = jwe.JWE()
token.deserialize(sys.stdin.read(), jwk.JWK.from_password(sys.argv[1]))
print(json.dumps({"header": token.jose_header, "payload": token.payload.decode()}))
