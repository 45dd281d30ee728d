"""The server of the dashboard: FastAPI with NiceGUI's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from nicegui import Client, app, run, ui
from nicegui.storage import Storage
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shophouse.errors import ShophouseError
from shophouse.metrics import Catalogue
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.serve.dashboard import plain_pages
from shophouse.serve.dashboard.access import Access, Visitor, visitor
from shophouse.serve.dashboard.api import create_api
from shophouse.serve.dashboard.assets import Packed
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.choices import days_of
from shophouse.serve.dashboard.filling import Filling
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.oidc import Provider
from shophouse.serve.dashboard.pages import Page, load_pages, pages
from shophouse.serve.dashboard.published import Published, WithoutPersonal
from shophouse.serve.dashboard.screen import Screen, view_of
from shophouse.serve.dashboard.searching import add_search
from shophouse.serve.dashboard.users import Users
from shophouse.serve.dashboard.view import View, read_view
from shophouse.serve.described import described_marts

if TYPE_CHECKING:
    from shophouse.engines import Engine
    from shophouse.project import Project

__all__ = ["create_app"]

# seconds: one that was away for a moment need not load anew
_STAYS = 30.0
# a new version on a busy machine takes its time
_ANSWERS_WITHIN = 60.0
_MOST_UNOPENED = 100
_unopened: dict[str, Client] = {}


def create_app(project: Project, engine: Engine, *, secret: str, users: Users | None = None) -> FastAPI:
    """The dashboard of a shop. `secret` signs what a browser keeps; with `users` a login is demanded.

    Raises BuildError when nothing is published yet, ConfigError for a wrong locale, a wrong `metrics.yml` or a page
    of the shop's own that can't be loaded.
    """
    load_pages(project.folder)
    published = Published(engine)
    catalogue = Catalogue.load(project)
    formats = Formats(project.serve.locale, project.currency)
    personal = personal_columns(project) if users is not None else frozenset[str]()

    marts = cache(lambda: described_marts(project))

    def context_of(who: Visitor, view: View) -> Context:
        if who.sees_personal:
            return Context(published, catalogue, formats, view, marts)
        seen = WithoutPersonal(published, personal)
        return Context(seen, without_personal(catalogue, personal), formats, view, marts)

    def context_of_search(request: Request, choices: dict[str, list[str]]) -> Context:
        first, last, until = days_of(published)
        return context_of(visitor(request.scope), read_view(choices, first, last, until=until))

    def metrics_of(request: Request) -> Catalogue:
        loaded = Catalogue.load(project)
        return loaded if visitor(request.scope).sees_personal else without_personal(loaded, personal)

    published.query("select 1")
    # by itself it would be a folder where the command was typed
    Storage.path = project.generated_folder / "viewers"
    # by itself each tab that was ever open is remembered for 30 days
    app.storage.max_tab_storage_age = 3600
    app.on_page_exception(_went_wrong)
    server = FastAPI(title=project.name, docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/")
    def first() -> RedirectResponse:
        return RedirectResponse("/overview")

    add_search(server, context_of_search)
    server.mount("/api", create_api(project.name, published, metrics_of))
    filling = Filling()
    for page in pages().values():
        _add(page, project.name, published, context_of, filling)
    ui.run_with(
        server,
        title=project.name,
        storage_secret=secret,
        dark=None,
        # the language of the words; numbers and days follow the locale
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=_STAYS,
        favicon="🏬",
        session_middleware_kwargs={"same_site": "lax"},
        # of what is compressed for each visitor, the last percents take most of the time
        gzip_middleware_factory=lambda app: GZipMiddleware(app, minimum_size=1000, compresslevel=4),
    )
    server.add_middleware(Packed)
    # last, and so before all else
    provider = Provider(project.serve.oidc) if users is not None and project.serve.oidc else None
    server.add_middleware(Access, shop=project.name, users=users, provider=provider, secret=secret)
    return server


def _add(
    page: Page, shop: str, published: Published, context_of: Callable[[Visitor, View], Context], filling: Filling
) -> None:
    @ui.page(f"/{page.name}", title=f"{page.title} – {shop}", response_timeout=_ANSWERS_WITHIN)
    async def show(request: Request) -> Response | None:
        try:
            days = await run.io_bound(days_of, published)
            assert days is not None
            view = view_of(page, request.url.query, *days)
            who = visitor(request.scope)
            _keep_few_unopened(ui.context.client)
            await Screen(page, shop, context_of(who, view), who, filling).show()
        except ShophouseError as error:
            return HTMLResponse(plain_pages.unavailable(shop, error), 503, {"Retry-After": "5"})
        return None


def _keep_few_unopened(client: Client) -> None:
    """Pages that are asked for and never opened take half a megabyte each, for a minute: the oldest go before."""
    _unopened[client.id] = client
    for leaves in (client.on_connect, client.on_delete):
        leaves(lambda: _unopened.pop(client.id, None))
    while len(_unopened) > _MOST_UNOPENED:
        oldest = _unopened.pop(next(iter(_unopened)))
        if not oldest.is_deleted:
            oldest.delete()


def _went_wrong() -> None:
    # what it is stands in the server's log, and is nobody else's business
    ui.label("Something went wrong here. The log of the server says what.").classes("problem")
