"""The search box of every page, and what it asks the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import FastAPI, Query, Request
from nicegui import ui
from starlette.responses import Response

from shophouse.errors import ShophouseError
from shophouse.json_text import json_text
from shophouse.serve.dashboard.search import find

if TYPE_CHECKING:
    from shophouse.serve.dashboard.blocks import Context

__all__ = ["add_search", "draw_search"]

_BOX = """
<div class="search" role="search">
  <input id="search" type="text" role="combobox" aria-label="Search pages, metrics, tables, products{customers}"
    aria-expanded="false" aria-controls="found" aria-autocomplete="list" autocomplete="off" autocapitalize="off"
    spellcheck="false" maxlength="80" placeholder="Search" aria-keyshortcuts="/">
  <kbd aria-hidden="true">/</kbd>
  <div class="found-panel" hidden>
    <div id="found" role="listbox" aria-label="What was found"></div>
    <div class="found-told" role="status"></div>
  </div>
</div>
"""


def add_search(server: FastAPI, context_of: Callable[[Request, dict[str, list[str]]], Context]) -> None:
    """Answer /search?q=… with groups of what is found. `context_of` gives what whoever asks may read, in their view."""

    @server.get("/search")
    def search(
        request: Request, q: str = Query("", max_length=200), view: str = Query("", max_length=4000)
    ) -> Response:
        choices = parse_qs(view.lstrip("?"), keep_blank_values=True)
        try:
            groups = [asdict(group) for group in find(context_of(request, choices), q)]
        except ShophouseError as error:
            return Response(json_text({"error": error.what}), 503, media_type="application/json")
        return Response(json_text({"groups": groups}), media_type="application/json")


def draw_search(*, sees_personal: bool) -> None:
    """Draw the box where NiceGUI stands. What it does is in search.js, for each key that is pressed."""
    ui.html(_BOX.format(customers=" and customers" if sees_personal else ""), sanitize=False).classes("search-place")
    ui.add_body_html(f"<script>{Path(__file__).with_name('search.js').read_text('utf-8')}</script>")
