#!/usr/bin/python3
"""A stand-in for 1Password's program `op` 2: the documented `op item` commands on a folder, OP_STANDIN. A file `fault` in it has
what to fail with, or `hang`. Source: https://developer.1password.com/docs/cli/reference/management-commands/item/"""

import fcntl
import json
import os
import sys
import time

folder = os.path.dirname(os.path.realpath(__file__)) + "/store"
os.makedirs(folder, exist_ok=True)


def fail(reason):
    print(f"[ERROR] 2026/11/24 12:00:00 {reason}", file=sys.stderr)
    sys.exit(1)


def option(words, name):
    if name not in words:
        return None
    at = words.index(name)
    value = words[at + 1]
    del words[at : at + 2]
    return value


if os.path.exists(folder + "/fault"):
    reason = open(folder + "/fault").read()
    if reason == "hang":
        time.sleep(600)
    fail(reason)
if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN") != "ops_token":
    fail("You are not currently signed in. Please run `op signin --help` for instructions")

words = sys.argv[1:]
# What is on the command line can be seen by everybody.
assert "secret" not in " ".join(words), words
vault, as_json = option(words, "--vault"), option(words, "--format")
tag, category = option(words, "--tags"), option(words, "--categories")
if vault != "vault1":
    fail(f'"{vault}" isn\'t a vault in this account. Specify the vault with its ID or name.')

lock = open(folder + "/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
path = folder + "/items.json"
items = json.load(open(path)) if os.path.exists(path) else {}


def find(name):
    found = [item for item in items.values() if name in (item["id"], item["title"])]
    if not found:
        fail(f'"{name}" isn\'t an item in the "Personal" vault. Specify the item with its UUID, name, or domain.')
    if len(found) > 1:
        fail(f'More than one item matches "{name}". Try again and specify the item by its ID:')
    return found[0]


def save():
    with open(path + ".new", "w") as file:
        json.dump(items, file)
    os.rename(path + ".new", path)


match words:
    case ["item", "get", name]:
        assert as_json == "json"
        print(json.dumps(find(name)))
    case ["item", "list"]:
        assert as_json == "json" and category == "API Credential"
        listed = [item for item in items.values() if tag in item["tags"]]
        print(json.dumps([{k: v for k, v in item.items() if k != "fields"} for item in listed]))
    case ["item", "create", "-"]:
        item = json.load(sys.stdin)
        assert item["category"] == "API_CREDENTIAL", item
        item["id"] = f"id{time.time_ns()}"
        items[item["id"]] = item
        save()
    case ["item", "edit", name]:
        old = find(name)
        items[old["id"]] = json.load(sys.stdin)
        save()
    case ["item", "delete", name]:
        del items[find(name)["id"]]
        save()
    case _:
        fail(f"unknown command {words}")
