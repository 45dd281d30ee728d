"""Superset: databases, datasets, charts and dashboards as the YAML that it imports."""
from __future__ import annotations
from shophouse.serve.bi.tool import SetUp


class _Superset:
    name = "superset"
    title = "Superset"
    summary = "dashboards, charts and datasets as YAML, to import"

    def files(self, set_up: SetUp) -> dict[str, str | bytes]:
        return {}


TOOL = _Superset()
