"""The conservation laws: what each says, and which test proves which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from shophouse.project import Project, package_warehouse

__all__ = ["LAWS", "laws", "model_files"]

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


def laws(project: Project) -> dict[str, int]:
    """Test → the number of the conservation law that it proves, as its name (law_5_…) or the generic test behind it
    says."""
    generic = {}
    for file in (package_warehouse() / "tests" / "generic").glob("*.sql"):
        if said := re.search(r"[Cc]onservation law (\d+)", file.read_text("utf-8")):
            generic[file.stem] = int(said[1])
    use = re.compile(rf"- (?:shophouse\.)?({'|'.join(generic)}):\s+name: *(\w+)")
    named = re.compile(r"\bname: *(law_(\d+)_\w+)")
    found: dict[str, int] = {}
    for file in model_files(project):
        text = file.read_text("utf-8")
        found |= {name: generic[kind] for kind, name in use.findall(text)}
        found |= {name: int(number) for name, number in named.findall(text)}
    return found


def model_files(project: Project, below: str = "") -> Iterator[Path]:
    """The yml of all models in a folder of models/: the shop's own first, then those of the package."""
    for root in (project.folder / "models", package_warehouse() / "models"):
        yield from sorted((root / below).rglob("*.yml"))
