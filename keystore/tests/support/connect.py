"""A stand-in for a 1Password Connect server: the documented calls on items of one vault, and faults on demand.

Prints its port. `PUT /fault` makes every later call answer with that status, hang (`hang`), redirect (`redirect`) or send
garbage (`garbage`); an empty one ends that. `GET /calls` tells what was asked.
Source: https://developer.1password.com/docs/connect/api-reference/
"""

import json
import re
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN, VAULT = sys.argv[1], sys.argv[2]
items, calls, lock = {}, [], threading.Lock()
fault = ""


def overview(item):
    return {key: value for key, value in item.items() if key not in ("fields", "sections")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_call(self):
        global fault
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/fault":
            fault = body.decode()
            return self.answer(204)
        if url.path == "/calls":
            return self.answer(200, calls)
        with lock:
            calls.append(f"{self.command} {urllib.parse.unquote(self.path)}")
        if fault == "hang":
            time.sleep(600)
        if fault == "redirect":
            return self.answer(302, headers=[("Location", "/stolen")])
        if fault == "garbage":
            return self.answer(200, b"<html>canary")
        if fault:
            return self.answer(int(fault), {"status": int(fault), "message": "canary"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"status": 401, "message": "Invalid bearer token"})
        path = re.fullmatch(r"/v1/vaults/([^/]+)/items(?:/([^/]+))?", url.path)
        if not path:
            return self.answer(404, {"status": 404})
        if path[1] != VAULT:
            return self.answer(404, {"status": 404, "message": "vault not found"})
        with lock:
            self.on_items(path[2], urllib.parse.parse_qs(url.query).get("filter", [""])[0], body)

    def on_items(self, identity, text, body):
        if identity is None and self.command == "GET":
            kind, _, value = text.partition(" eq ")
            if text and not re.fullmatch(r'"[^"\\]*"', value):
                return self.answer(400, {"status": 400, "message": "bad filter"})
            value = value.strip('"')
            # Titles compare without case, as in SCIM filters; the client has to look again.
            match = {
                "": lambda item: True,
                "title": lambda item: item["title"].lower() == value.lower(),
                "tag": lambda item: value in item["tags"],
            }[kind]
            return self.answer(200, [overview(item) for item in items.values() if match(item)])
        if identity is None and self.command == "POST":
            item = json.loads(body)
            assert item["vault"]["id"] == VAULT and item["category"] == "API_CREDENTIAL", item
            item["id"] = f"item{len(calls):022}"
            for number, field in enumerate(item["fields"]):
                field["id"] = f"field{number}"
            items[item["id"]] = item
            return self.answer(200, item)
        if identity not in items:
            return self.answer(404, {"status": 404})
        if self.command == "GET":
            return self.answer(200, items[identity])
        if self.command == "PUT":
            items[identity] = json.loads(body)
            return self.answer(200, items[identity])
        del items[identity]
        return self.answer(204)

    do_GET = do_POST = do_PUT = do_DELETE = handle_call


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
# Clients that hang up are part of the tests.
server.handle_error = lambda *_: None
print(server.server_port, flush=True)
server.serve_forever()
