"""A browser for the demo: opens the link that it reads from standard input and prints the page it ends on as text.

    browser.py ENDPOINT

Every host is looked for at ENDPOINT, as if DNS said so: the console is part of the simulated AWS.
"""

import html
import re
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlsplit, urlunsplit


class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, body, code, message, headers, location):
        print(f"{code} -> {location}")
        return super().redirect_request(request, body, code, message, headers, at_endpoint(location))


def at_endpoint(url):
    endpoint, page = urlsplit(sys.argv[1]), urlsplit(url)
    return urlunsplit((endpoint.scheme, endpoint.netloc, page.path, page.query, page.fragment))


browser = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    # The console remembers who is signed in by a cookie.
    urllib.request.HTTPCookieProcessor(CookieJar()),
    Redirects,
)
try:
    with browser.open(at_endpoint(sys.stdin.readline().strip())) as page:
        status, text = page.status, page.read().decode()
except urllib.error.HTTPError as page:
    status, text = page.code, page.read().decode()
text = re.sub(r"<title>.*?</title>|<!.*?>", "", text)
lines = re.sub(r"</(h1|p)>", "\n", text)
print(status, html.unescape(re.sub(r"<[^>]*>", "", lines)).strip())
sys.exit(status != 200)
