"""The items of a collection by another implementation of the Secret Service, to compare ours with.

`list`: prints label, attributes, content type and secret of every item as JSON.
`create`: stores the items that standard input describes in the same form.
`lock`, `delete`: locks or removes the collection.
"""

import json
import sys

try:
    import secretstorage
except ImportError:
    sys.exit("no Python module secretstorage (Debian package python3-secretstorage)")

command, label = sys.argv[1:]
connection = secretstorage.dbus_init()
collections = [c for c in secretstorage.get_all_collections(connection) if c.get_label() == label]

if command == "list":
    print(json.dumps([
        {
            "label": item.get_label(),
            "attributes": item.get_attributes(),
            "content_type": item.get_secret_content_type(),
            "secret": item.get_secret().decode(),
        }
        for collection in collections
        for item in collection.get_all_items()
    ]))
elif command == "create":
    collection = collections[0] if collections else secretstorage.create_collection(connection, label)
    for item in json.load(sys.stdin):
        collection.create_item(
            item["label"], item["attributes"], item["secret"].encode(), True, item["content_type"]
        )
elif command == "lock":
    collections[0].lock()
elif command == "delete":
    collections[0].delete()
else:
    sys.exit(f"unknown command {command!r}")
