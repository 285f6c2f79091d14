"""Picks from a world file of the simulated AWS, read from standard input, what the demo tells about.

    world.py key         the user's access key id and secret, in two lines
    world.py mfa-seed    the seed of the user's MFA device
    world.py trust       the trust policy of DeveloperRole
    world.py developers  the policy of the group Developers that lets them assume it
"""

import json
import sys

BASTION, MASTER = "111122223333", "222233334444"

accounts = json.load(sys.stdin)["accounts"]
user = accounts[BASTION]["users"]["elmerfudd"]
key = user["access_keys"][0]
policies = accounts[BASTION]["groups"]["Developers"]["policies"]

print({
    "key": lambda: f"{key['id']}\n{key['secret']}",
    "mfa-seed": lambda: user["mfa_devices"][0]["seed"],
    "trust": lambda: json.dumps(accounts[MASTER]["roles"]["DeveloperRole"]["trust"], indent=2),
    "developers": lambda: json.dumps(policies["AssumeMasterDeveloperRole"], indent=2),
}[sys.argv[1]]())
