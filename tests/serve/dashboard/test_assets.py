from __future__ import annotations

import gzip

import nicegui
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from shophouse.serve.dashboard.assets import Packed, preloads

BASE = f"/_nicegui/{nicegui.__version__}"
SCRIPT = "let a = 1;\n" * 500


def client(asked: list[str]) -> TestClient:
    async def script(request: Request) -> Response:
        asked.append(request.headers.get("accept-encoding", ""))
        return PlainTextResponse(SCRIPT, media_type="text/javascript", headers={"Cache-Control": "immutable"})

    async def font(_: Request) -> Response:
        return Response(b"\x00" * 5000, media_type="font/woff2")

    async def page(_: Request) -> Response:
        return PlainTextResponse(SCRIPT)

    routes = [Route(f"{BASE}/a.js", script), Route(f"{BASE}/a.woff2", font), Route("/page", page)]
    return TestClient(Packed(Starlette(routes=routes)))


def test_a_script_is_compressed_once_for_everyone() -> None:
    asked: list[str] = []
    browser = client(asked)
    for _ in range(3):
        found = browser.get(f"{BASE}/a.js", headers={"Accept-Encoding": "gzip"})
        assert (found.text, found.headers["content-encoding"]) == (SCRIPT, "gzip")
        assert found.headers["cache-control"] == "immutable"
        assert int(found.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 9))
    assert asked == [""]


def test_who_reads_no_gzip_gets_it_as_it_is() -> None:
    browser = client([])
    browser.get(f"{BASE}/a.js", headers={"Accept-Encoding": "gzip"})
    found = browser.get(f"{BASE}/a.js", headers={"Accept-Encoding": "identity"})
    assert found.text == SCRIPT and "content-encoding" not in found.headers


def test_fonts_pages_and_what_is_missing_pass_as_they_are() -> None:
    browser = client([])
    gzipped = {"Accept-Encoding": "gzip"}
    assert "content-encoding" not in browser.get(f"{BASE}/a.woff2", headers=gzipped).headers
    assert "content-encoding" not in browser.get("/page", headers=gzipped).headers
    assert browser.get(f"{BASE}/none.js", headers=gzipped).status_code == 404


def test_the_library_of_charts_is_asked_for_early() -> None:
    assert "index.js" in preloads() and preloads().count("modulepreload") >= 5
