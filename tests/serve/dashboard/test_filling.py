from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shophouse.errors import ConfigError, ShophouseError
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Content, Table
from shophouse.serve.dashboard.filling import Filling
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.published import WithoutPersonal


@dataclass(frozen=True, eq=False)
class Counted:
    """A block that tells how often it was worked out."""

    times: list[str]
    title: str = "Counted"
    width: int = 12
    needs: Need | None = None

    def content(self, context: Context) -> Content:
        self.times.append(context.view.address("page"))
        if context.view.preset == "7d":
            raise ConfigError("no such thing")
        if context.view.preset == "90d":
            raise ZeroDivisionError("a block of a shop's own")
        return Table(self.title, rows=((len(self.times),),))


def asked(question: Callable[[], Any]) -> Any:
    """The answer of a coroutine, in a thread of its own: another loop may run in this one."""
    found: list[Any] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            found.append(asyncio.run(question()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(30)
    if errors:
        raise errors[0]
    return found[0]


def test_a_view_is_worked_out_once_for_all_who_look(context: Callable[..., Context]) -> None:
    block = Counted([])
    page = Page("page", "Page", "", 1, (block,))
    of = context()

    async def look() -> list[Content]:
        filling = Filling()
        filling.begin(page, of, 1, [block])
        first = await asyncio.gather(*(filling.content(page, of, 1, block) for _ in range(20)))
        return [*first, await filling.content(page, of, 1, block)]

    assert len({id(content) for content in asked(look)}) == 1
    assert len(block.times) == 1


def test_another_version_view_or_right_is_worked_out_anew(context: Callable[..., Context]) -> None:
    block = Counted([])
    page = Page("page", "Page", "", 1, (block,))
    of = context()
    viewers = replace(of, published=WithoutPersonal(of.published, frozenset({"email"})))
    other = replace(of, view=of.view.with_(preset="12m"))
    about = replace(of, view=of.view.with_(about={"key": "7"}))

    async def look() -> int:
        filling = Filling()
        for version, one in ((1, of), (2, of), (1, viewers), (1, other), (1, about)):
            await filling.content(page, one, version, block)
        return len(block.times)

    assert asked(look) == 5


def test_an_error_is_told_to_who_looks(context: Callable[..., Context]) -> None:
    block = Counted([])
    page = Page("page", "Page", "", 1, (block,))
    wrong = context().view.with_(preset="7d")
    of = replace(context(), view=wrong)

    async def look() -> Content:
        filling = Filling()
        filling.begin(page, of, 1, [block])
        return await filling.content(page, of, 1, block)

    with pytest.raises(ConfigError, match="no such thing"):
        asked(look)


def test_a_block_that_is_broken_is_told_and_logged(
    context: Callable[..., Context], caplog: pytest.LogCaptureFixture
) -> None:
    block = Counted([])
    page = Page("page", "Page", "", 1, (block,))
    of = replace(context(), view=context().view.with_(preset="90d"))
    viewers = replace(of, published=WithoutPersonal(of.published, frozenset({"email"})))
    with pytest.raises(ShophouseError, match="Counted can't be shown") as told:
        asked(lambda: Filling().content(page, of, 1, block))
    assert told.value.why == ("ZeroDivisionError: a block of a shop's own",)
    with pytest.raises(ShophouseError) as told:
        asked(lambda: Filling().content(page, viewers, 1, block))
    # the words of an error may hold a value
    assert told.value.why == ()
    assert "ZeroDivisionError" in caplog.text
