"""A stand-in for Shopify's Admin API: it serves recorded responses with pages, filters by updated_at, and a token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "shpat_0123456789abcdef"
_FILES = Path(__file__).parent / "shopify"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Shopify:
    """What the API has; a test may change it. `asked` are the paths that were asked for, with their queries."""

    def __init__(self) -> None:
        self.content: dict[str, list[dict[str, Any]]] = {
            file.stem: json.loads(file.read_text("utf-8"))[file.stem] for file in sorted(_FILES.glob("*.json"))
        }
        self.asked: list[str] = []
        self.failing: dict[str, int] = {}
        """Status by the last word of a path, for requests that are to fail."""
        self.url = ""

    def answer(self, address: str, token: str | None) -> tuple[int, dict[str, Any], dict[str, str]]:
        parts = urlsplit(address)
        self.asked.append(address)
        words = parts.path.removesuffix(".json").split("/")
        if token != TOKEN:
            return 401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, {}
        if words[-1] in self.failing:
            return self.failing[words[-1]], {"errors": "no"}, {}
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = words[-1]
        if name not in self.content:
            return 404, {"errors": "Not Found"}, {}
        rows = self.content[name]
        # as the real ones do, the address of a page holds the filter of the first request
        first = json.loads(query["page_info"]) if "page_info" in query else {"at": 0, **query}
        if name == "transactions":
            rows = [row for row in rows if row["order_id"] == int(words[-2])]
        if "location_ids" in first:
            rows = [row for row in rows if str(row["location_id"]) in first["location_ids"].split(",")]
        if since := first.get("updated_at_min"):
            rows = [row for row in rows if moment(row["updated_at"]) >= moment(since)]
        if "limit" not in query:
            return 200, {name: rows}, {}
        rows = sorted(rows, key=lambda row: moment(row["updated_at"]))
        limit, at = int(query["limit"]), int(first["at"])
        headers = {}
        if at + limit < len(rows):
            cursor = urlencode({"limit": limit, "page_info": json.dumps({**first, "at": at + limit})})
            headers["Link"] = f'<{self.url}{parts.path}?{cursor}>; rel="next"'
        return 200, {name: rows[at : at + limit]}, headers


@contextmanager
def shopify() -> Iterator[Shopify]:
    """A server on a free port of 127.0.0.1, until the block ends."""
    api = Shopify()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = api.answer(self.path, self.headers.get("X-Shopify-Access-Token"))
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
