"""A page as one viewer has it open: what is chosen, what is drawn, and that it follows what is published."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from nicegui import app, background_tasks, run, ui

from shophouse.errors import ShophouseError
from shophouse.metrics import GRAINS
from shophouse.serve.dashboard.access import Visitor
from shophouse.serve.dashboard.assets import preloads
from shophouse.serve.dashboard.blocks import Block, Context, place_of
from shophouse.serve.dashboard.choices import days_of, filter_values
from shophouse.serve.dashboard.drawing import Drawing
from shophouse.serve.dashboard.filling import Filling
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page, laid_out, pages
from shophouse.serve.dashboard.periods import COMPARISONS, PRESETS, Period
from shophouse.serve.dashboard.searching import draw_search
from shophouse.serve.dashboard.view import FILTERS, View, read_view

__all__ = ["Screen", "view_of"]

_LOOKS_FOR_A_VERSION_EVERY = 2.0
_BROWSERS_ANSWER_WITHIN = 30.0
_DRAWN_EVERY = 0.1
# what the browser prefers, where the viewer has not chosen
_IS_DARK = "document.body.classList.contains('body--dark')"
_TELLS_OF_GOING_BACK = "window.addEventListener('popstate', () => emitEvent('address', location.search))"
# what is chosen of periods where it is none of those with a name
_OWN, _OTHER = "own", "other"
_WORDS = {str(name): words for name, words in COMPARISONS.items()}


def view_of(page: Page, query: str, first: date, last: date, until: date | None) -> View:
    """The view that the words after an address's question mark ask of a page."""
    return read_view(parse_qs(query, keep_blank_values=True), first, last, page.about, until)


class Screen:
    """A page as one viewer has it open."""

    def __init__(self, page: Page, shop: str, context: Context, who: Visitor, filling: Filling) -> None:
        self._who = who
        self._filling = filling
        self._page = page
        self._shop = shop
        self._context = context
        self._blocks: list[tuple[Block, Any, Drawing]] = []
        self._links: dict[str, Any] = {}
        self._values: dict[str, list[str]] = {}
        self._choices: Any = None
        self._version = context.published.version()
        self._dark = ui.dark_mode(app.storage.user.get("dark"))
        self._is_dark = self._is_away = False
        self._client = ui.context.client

    @property
    def _view(self) -> View:
        return self._context.view

    async def show(self) -> None:
        ui.add_head_html(preloads())
        ui.add_css((Path(__file__).with_name("dashboard.css")).read_text("utf-8"))
        self._values = await run.io_bound(filter_values, self._context.published) or {}
        self._header()
        with ui.element("div").classes("page"):
            with ui.element("div").classes("page-head"):
                heading = await run.io_bound(self._page.named, self._context)
                lacked = await run.io_bound(self._lacked)
                told = self._page.lead if heading is not None else None
                lead = await run.io_bound(told, self._context) if told is not None else None
                self._heading(heading or self._page.title, lead or "")
                if heading is not None and lacked is None:
                    self._choices = ui.element("div").classes("bar")
                    self._draw_choices()
            self._problems = ui.element("div").classes("problems").props("role=status")
            self._tell_problems()
            if heading is None:
                self._say("search_off", f"There is nothing of {self._asked_for()}.", "The link may be an old one.")
                return
            if lacked is not None:
                self._say(
                    "inbox", f"{lacked.what}: this shop has no data yet.", f"This page needs {lacked.brought_by}."
                )
                return
            shown = await run.io_bound(self._page.shown, self._context.published)
            assert shown is not None
            blocks, lacking = shown
            # while the browser loads what it needs to draw
            self._filling.begin(self._page, self._context, self._version, blocks)
            with ui.element("div").classes("blocks"):
                for block, width in zip(blocks, laid_out(blocks), strict=True):
                    self._frame(block, width)
            if lacking:
                with ui.element("div").classes("lacking"):
                    ui.label("Not shown here:")
                    for need in lacking:
                        ui.label(f"{need.what}: needs {need.brought_by}")
        ui.on("address", lambda event: self._show_query(event.args))
        background_tasks.create(self._begin(), name="dashboard")
        ui.timer(_LOOKS_FOR_A_VERSION_EVERY, self._look_for_a_version)

    def _heading(self, heading: str, lead: str) -> None:
        with ui.element("div"):
            above = pages().get(self._page.under)
            if above is not None:
                ui.link(f"← {above.title}", self._view.address(above.name)).classes("above")
            ui.html(f"<h1>{escape(heading)}</h1>", sanitize=False)
            if lead:
                ui.label(lead).classes("lead")

    def _asked_for(self) -> str:
        return ", ".join(f"{name} {value!r}" for name, value in self._view.about.items()) or "no name"

    def _say(self, icon: str, title: str, text: str) -> None:
        with ui.element("section").classes("panel missing"):
            ui.icon(icon, size="2.4rem").props('aria-hidden="true"')
            ui.html(f"<h2>{escape(title)}</h2>", sanitize=False)
            ui.label(text)

    async def _begin(self) -> None:
        await self._client.connected()
        with suppress(TimeoutError):
            # None where the browser has gone meanwhile
            self._is_dark = bool(await self._client.run_javascript(_IS_DARK, timeout=_BROWSERS_ANSWER_WITHIN))
        self._client.run_javascript(_TELLS_OF_GOING_BACK)
        await self._fill()
        self._client.run_javascript("window.shophouseShowPlace()")

    def _header(self) -> None:
        with ui.header().classes("top"):
            ui.link(self._shop, "/overview").classes("shop")
            with ui.element("nav").classes("pages").props('aria-label="Pages"'):
                for other in pages().values():
                    if other.under:
                        continue
                    link = ui.link(other.title, self._view.address(other.name)).classes("page-link")
                    self._links[other.name] = link
                    if other.name in (self._page.name, self._page.under):
                        link.props('aria-current="page"')
            draw_search(sees_personal=self._who.sees_personal)
            ui.button(icon="contrast", on_click=self._toggle_dark).props('flat round dense aria-label="Light or dark"')
            if self._who.name is not None:
                out = '<form method="post" action="/logout"><button class="log-out">Log out</button></form>'
                ui.html(out, sanitize=False).tooltip(self._who.name)

    def _draw_choices(self) -> None:
        view = self._view
        if self._choices is None:
            return
        choices = self._page.choices
        self._choices.clear()
        with self._choices:
            if "period" in choices:
                own = {} if view.own is None else {_OWN: self._days_of(view.own)}
                periods = PRESETS | own | {_OTHER: "Other days …" if own else "Own days …"}
                self._select("Period", periods, _OWN if own else view.preset, self._choose_period)
            if "comparison" in choices:
                self._select("Compared with", _WORDS, view.comparison, lambda v: self._change(comparison=v))
            if "grain" in choices:
                grains = {"": "Automatic", **{str(grain): grain.capitalize() for grain in GRAINS}}
                self._select("By", grains, view.chosen_grain or "", lambda v: self._change(chosen_grain=v or None))
            for name, label in FILTERS.items():
                if name not in choices:
                    continue
                values = self._values.get(name, [])
                if len(values) > 1 or view.filters.get(name):
                    self._filter(name, label, values)

    def _days_of(self, period: Period) -> str:
        formats = self._context.formats
        return f"{formats.day(period.start)} – {formats.day(period.end)}"

    def _select(
        self, label: str, options: dict[str, str], value: str, changed: Callable[[str], Awaitable[None]]
    ) -> None:
        select = ui.select(dict(options), value=value, label=label, on_change=lambda event: changed(event.value))
        select.props("dense outlined options-dense").classes("choice")

    def _filter(self, name: str, label: str, values: list[str]) -> None:
        chosen = [value for value in self._view.filters.get(name, ()) if value in values]
        unknown = [value for value in self._view.filters.get(name, ()) if value not in values]
        select = ui.select(
            [*values, *unknown],
            value=[*chosen, *unknown],
            label=label,
            multiple=True,
            clearable=True,
            on_change=lambda event: self._change(filters={**self._view.filters, name: tuple(event.value or ())}),
        )
        select.props("dense outlined options-dense").classes("choice")

    async def _choose_period(self, value: str) -> None:
        if value != _OTHER:
            had_own = self._view.own is not None
            await self._change(preset=value, own=None)
            if had_own:
                self._draw_choices()
            return
        period = self._view.period
        with ui.dialog() as dialog, ui.card():
            start = ui.date_input("First day", value=period.start.isoformat())
            end = ui.date_input("Last day", value=period.end.isoformat())

            async def take() -> None:
                parameters = {"from": [start.value or ""], "to": [end.value or ""]}
                read = read_view(parameters, self._view.first, self._view.last)
                if read.own is None:
                    ui.notify("; ".join(read.problems), type="negative")
                    return
                await self._change(own=read.own)
                dialog.close()

            ui.button("Show", on_click=take)
        # what the choice says is what is shown, also when nothing was chosen
        dialog.on("hide", self._draw_choices)
        dialog.open()

    async def _change(self, **changes: Any) -> None:
        """Show another view: the address changes, the page stays."""
        view = self._view.with_(**changes)
        ui.navigate.history.push(self._here(view.address("")))
        await self._show_view(view)

    async def _show_query(self, query: str) -> None:
        """Show the view of an address, as when someone goes back."""
        view = self._view
        await self._show_view(view_of(self._page, query.lstrip("?"), view.first, view.last, view.until))
        self._draw_choices()

    async def _show_view(self, view: View) -> None:
        context = self._context
        self._context = replace(context, view=view)
        for name, link in self._links.items():
            link.props(f'href="{view.address(name)}"')
        self._tell_problems()
        await self._fill()

    def _tell_problems(self) -> None:
        self._problems.clear()
        with self._problems:
            for problem in self._view.problems:
                ui.label(problem).classes("problem")

    def _lacked(self) -> Need | None:
        needs = self._page.needs
        return None if needs is None or needs.is_met(self._context.published) else needs

    def _frame(self, block: Block, width: int) -> None:
        with ui.element("section").classes(f"panel wide-{width}") as panel:
            panel.props["data-place"] = place_of(block.title)
            with ui.element("div").classes("block-head"):
                with ui.element("div").classes("block-title"):
                    ui.html(f"<h2>{escape(block.title)}</h2>", sanitize=False)
                    about = ui.element("div")
                menu = ui.element("div")
            body = ui.element("div").classes("block-body")
            with body:
                ui.skeleton(height="120px")
        self._blocks.append((block, body, Drawing(body, about, menu, self._context.formats, self._go)))

    async def _fill(self) -> None:
        """Calculate every block, several at a time, and draw those together that come about the same time."""
        context, version = self._context, self._version
        # those who ask for pages and never open them, or leave, need no figures
        if self._client.is_deleted:
            return
        places = {
            asyncio.ensure_future(self._filling.content(self._page, context, version, block)): (body, drawing)
            for block, body, drawing in self._blocks
        }
        coming = set(places)
        shows = context.view.address(self._page.name)
        try:
            while coming:
                # the browser goes through the whole page for each message
                come, coming = await asyncio.wait(coming, timeout=_DRAWN_EVERY)
                if self._client.is_deleted or context is not self._context:
                    return
                for one in come:
                    body, drawing = places[one]
                    try:
                        drawing.show(one.result(), is_dark=self._is_dark)
                    except ShophouseError as error:
                        drawing.tell(error)
                    body.props["data-shows"] = shows
        finally:
            for one in places:
                if not one.cancel() and not one.cancelled():
                    # what is not waited for any more needs no telling
                    one.exception()

    async def _go(self, link: str) -> None:
        """Follow a link of a content; one without a page stays on this one."""
        target = urlsplit(self._here(link))
        about = parse_qs(target.query)
        is_here = target.path == f"/{self._page.name}"
        # a page that is about something else is another page
        if is_here and all(about.get(name, [""])[-1] == value for name, value in self._view.about.items()):
            ui.navigate.history.push(self._here(link))
            await self._show_query(target.query)
        else:
            ui.navigate.to(self._here(link))

    def _here(self, link: str) -> str:
        return f"/{self._page.name}{link[1:]}" if link.startswith("/?") or link == "/" else link

    async def _look_for_a_version(self) -> None:
        if not self._who.may_stay():
            ui.navigate.to("/login")
            return
        try:
            version = await run.io_bound(self._context.published.version)
            if version == self._version and not self._is_away:
                return
            days = await run.io_bound(days_of, self._context.published)
            self._values = await run.io_bound(filter_values, self._context.published) or self._values
        except ShophouseError as error:
            self._tell_that_it_is_away(error)
            return
        self._version, self._is_away = version, False
        first, last, until = days or (self._view.first, self._view.last, self._view.until)
        await self._show_view(self._view.with_(first=first, last=last, until=until))
        self._draw_choices()

    def _tell_that_it_is_away(self, error: ShophouseError) -> None:
        """What is shown stays; the page looks again by itself."""
        if self._is_away:
            return
        self._is_away = True
        self._problems.clear()
        with self._problems:
            ui.label(f"{error.what}; what is shown is as it was before.").classes("problem")

    async def _toggle_dark(self) -> None:
        self._is_dark = not self._is_dark
        self._dark.value = app.storage.user["dark"] = self._is_dark
        await self._fill()
