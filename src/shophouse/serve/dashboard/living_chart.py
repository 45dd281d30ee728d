"""A chart of ECharts that shows other options without being made anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

__all__ = ["LivingChart"]

# its library is registered with it
_ECHARTS = ui.echart


class LivingChart(ui.element, component="living_chart.js"):
    """As `ui.echart`, which makes each chart's size known by a layout of its own and keeps what options don't name.

    `clicked` is called with the place of a point that was clicked, and its row where the chart is a heat map; a click
    on what has been replaced meanwhile is none.
    """

    def __init__(self, options: dict[str, Any], clicked: Callable[[int | None, int | None], Awaitable[None]]) -> None:
        super().__init__()
        self._turn = 0
        self._update_method = "show"
        self.props["options"] = options
        self.props["turn"] = self._turn

        async def told(event: Any) -> None:
            if event.args["turn"] == self._turn:
                await clicked(event.args["at"], event.args["row"])

        self.on("point", told)

    def show(self, options: dict[str, Any]) -> None:
        """Draw something else."""
        self._turn += 1
        self.props["options"] = options
        self.props["turn"] = self._turn
