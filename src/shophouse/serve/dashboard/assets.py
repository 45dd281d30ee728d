"""Scripts and styles of the pages: compressed once for everyone, and asked for before they are needed."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import MutableMapping
from functools import cache
from typing import Any

import nicegui
from nicegui import ui
from nicegui.dependencies import esm_modules
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shophouse.serve.dashboard.living_chart import LivingChart

__all__ = ["Packed", "preloads"]

_BASE = f"/_nicegui/{nicegui.__version__}"
_CHARTS = "nicegui-echart"
_TEXTS = ("text/", "application/javascript", "application/json", "image/svg")


class Packed:
    """ASGI middleware: files of NiceGUI that are text are compressed at the first request, and kept so.

    Their addresses carry NiceGUI's version, so they never change while a server runs. Compressing them for each visitor
    takes longer than a page does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_packable(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._kept:
            answer = _Answer()
            await self._app(_asking_for_all(scope), receive, answer)
            if answer.status != 200 or not answer.is_text:
                await answer.pass_on(send)
                return
            body = await asyncio.to_thread(gzip.compress, bytes(answer.body), 9)
            headers = MutableHeaders(raw=list(answer.headers))
            headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
            headers["Vary"] = "Accept-Encoding"
            self._kept[path] = headers.raw, body
        kept, body = self._kept[path]
        await send({"type": "http.response.start", "status": 200, "headers": list(kept)})
        await send({"type": "http.response.body", "body": body})


class _Answer:
    """What the server answers, held back."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    @property
    def is_text(self) -> bool:
        return Headers(raw=self.headers).get("content-type", "").startswith(_TEXTS)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def pass_on(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": bytes(self.body)})


def _is_packable(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(f"{_BASE}/"):
        return False
    headers = Headers(scope=scope)
    is_dynamic = "/dynamic_resources/" in scope["path"]
    return not is_dynamic and "range" not in headers and "gzip" in headers.get("accept-encoding", "")


def _asking_for_all(scope: Scope) -> MutableMapping[str, Any]:
    """The same request, for the file as it is."""
    unwanted = (b"accept-encoding", b"if-none-match", b"if-modified-since")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in unwanted]}


@cache
def preloads() -> str:
    """What a page's head says, so that charts and tables load beside the rest, not after the first block has come."""
    key, module = next((key, one) for key, one in esm_modules.items() if one.name == _CHARTS)
    folder = f"{_BASE}/esm/{key}"
    parts = re.findall(r'from"\./([^"]+)"', (module.path / "index.js").read_text("utf-8"))
    components = [one.component for one in (LivingChart, ui.table) if one.component is not None]
    addresses = [
        f"{folder}/index.js",
        *(f"{folder}/{part}" for part in parts),
        f"{_BASE}/static/utils/dynamic_properties.js",
        *(f"{_BASE}/components/{component.key}" for component in components),
    ]
    return "\n".join(f'<link rel="modulepreload" href="{address}" />' for address in addresses)
