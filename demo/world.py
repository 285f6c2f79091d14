"""Picks the administrator's access key, id and secret in two lines, from a world file of the simulated AWS on standard input."""

import json
import sys

key = json.load(sys.stdin)["accounts"]["222233334444"]["users"]["martin"]["access_keys"][0]
print(f"{key['id']}\n{key['secret']}")
