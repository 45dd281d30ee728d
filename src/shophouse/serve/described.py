"""What the models' yml says of them: column descriptions, and which test proves which conservation law.

Read from the files, for dbt's manifest is written with the documentation only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from shophouse.project import Project, package_warehouse
from shophouse.yamlfile import Loader

__all__ = ["LAWS", "Described", "column_descriptions", "described_marts", "laws"]

LAWS = {
    1: "the ledger of an order is what its facts say; gross is Σ quantity × price",
    2: "what an order carries (discount, shipping, tax) is on its lines, to the last cent",
    3: "no more money goes back than was captured, no more units than were ordered",
    4: "every split of a mart, by day, state, category or channel, sums to the ledger",
    5: "the touches of an order are credited with it once in each model, and all credit and the rest is all revenue",
    6: "what was there, and what moved, is what is there",
    7: "a cohort is whole at age 0, all cohorts are all persons, a cumulative value is the sum of its months",
    8: "who came to a step of the funnel came to the one before",
    9: "rules that sort things into classes are total and disjoint",
    10: "versions of a customer or product leave no gap and no overlap, one is current, each line finds one",
    11: "an incremental run equals a full rebuild, row for row",
    12: "every row that arrived is in core, replaced, rejected or dropped for a stated reason, and so is its money",
}
"""What each conservation law says. No test of a shop's own proves law 11: shophouse's do."""


@dataclass(frozen=True)
class Described:
    """What a model says of itself and of its columns."""

    description: str
    columns: Mapping[str, str]


def described_marts(project: Project) -> dict[str, Described]:
    """Mart → what its yml says. The shop's own mart hides a packaged one."""
    found: dict[str, Described] = {}
    for file in _files(project, "marts"):
        for model in (yaml.load(file.read_text("utf-8"), Loader) or {}).get("models") or ():
            columns = {column["name"]: column.get("description", "") for column in model.get("columns") or ()}
            found.setdefault(model["name"], Described(" ".join(model.get("description", "").split()), columns))
    return found


def column_descriptions(project: Project, model: str) -> dict[str, str]:
    """Column → description; empty for a model that no yml describes. The shop's own model hides a packaged one."""
    # a model's yml is called as the model, as a rule
    for file in sorted(_files(project), key=lambda file: file.stem != model):
        text = file.read_text("utf-8")
        if not re.search(rf"name: *{re.escape(model)}\s*$", text, re.MULTILINE):
            continue
        for found in (yaml.load(text, Loader) or {}).get("models") or ():
            if found.get("name") == model and found.get("columns"):
                return {column["name"]: column.get("description", "") for column in found["columns"]}
    return {}


def laws(project: Project) -> dict[str, int]:
    """Test → the number of the conservation law that it proves, as the generic test behind it says."""
    generic = {}
    for file in (package_warehouse() / "tests" / "generic").glob("*.sql"):
        if said := re.search(r"[Cc]onservation law (\d+)", file.read_text("utf-8")):
            generic[file.stem] = int(said[1])
    use = re.compile(rf"- (?:shophouse\.)?({'|'.join(generic)}):\s+name: *(\w+)")
    return {name: generic[kind] for file in _files(project) for kind, name in use.findall(file.read_text("utf-8"))}


def _files(project: Project, below: str = "") -> Iterator[Path]:
    for root in (project.folder / "models", package_warehouse() / "models"):
        yield from sorted((root / below).rglob("*.yml"))
