"""What the blocks of pages show, worked out once for all who look at the same view."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from shophouse.errors import ShophouseError
from shophouse.serve.dashboard.blocks import Block, Context
from shophouse.serve.dashboard.contents import Content, Figures
from shophouse.serve.dashboard.kept import Kept, size_of
from shophouse.serve.dashboard.pages import Page

__all__ = ["Filling"]

_LOG = logging.getLogger(__name__)
_KEPT_BYTES = 64 * 2**20
_AT_ONCE = 4
_MOST_AHEAD = 100


class Filling:
    """Contents of blocks by version, view, and what the viewer may see. To be used in one event loop."""

    def __init__(self) -> None:
        self._kept: Kept[Content] = Kept(_KEPT_BYTES, _size)
        self._coming: dict[Hashable, asyncio.Future[Content]] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, "content")

    def begin(self, page: Page, context: Context, version: int | None, blocks: Iterable[Block]) -> None:
        """Begin to work out what is going to be asked for. `version` is the newest that is known of."""
        for block in blocks:
            # who asks for many pages and opens none must not keep others waiting
            if len(self._coming) < _MOST_AHEAD:
                self._start(page, context, version, block)

    async def content(self, page: Page, context: Context, version: int | None, block: Block) -> Content:
        """What a block shows. Raises ShophouseError."""
        # who leaves doesn't take it away from the others
        return await asyncio.shield(self._start(page, context, version, block))

    def _start(self, page: Page, context: Context, version: int | None, block: Block) -> asyncio.Future[Content]:
        key = _key(page, context, version, block)
        found = self._coming.get(key)
        if found is None:
            work = partial(self._kept.get, key, partial(_worked_out, block, context))
            found = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._coming[key] = found
            found.add_done_callback(partial(self._came, key))
        return found

    def _came(self, key: Hashable, found: asyncio.Future[Content]) -> None:
        del self._coming[key]
        # an error is told by those who wait for the content; nobody may have waited
        if not found.cancelled():
            found.exception()


def _worked_out(block: Block, context: Context) -> Content:
    """What a block shows. Raises ShophouseError, whatever goes wrong: a page outlives a block that is broken."""
    try:
        return block.content(context)
    except ShophouseError:
        raise
    except Exception as error:
        _LOG.exception("the block %r failed", block.title)
        why = f"{type(error).__name__}: {error}" if not context.published.personal else ()
        raise ShophouseError(f"{block.title} can't be shown", why=why, hint="the server's log says more") from error


def _key(page: Page, context: Context, version: int | None, block: Block) -> Hashable:
    view = context.view
    return (
        version,
        context.published.personal,
        page.name,
        page.blocks.index(block),
        view.address(page.name),
        tuple(view.about.items()),
        (view.first, view.last, view.until),
    )


def _size(content: Content) -> int:
    rows = tuple(figure.trend for figure in content.figures) if isinstance(content, Figures) else content.rows
    # rows, and series and links made of them
    return 3 * size_of(rows) + len(content.sql)
