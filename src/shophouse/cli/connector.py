"""The commands for a shop's own staging models: whether they are what the input contract asks for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import START, AsJson, ProjectFolder, command, group
from shophouse.cli.output import count, json_text, plural, say, working
from shophouse.errors import CheckFailed, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shophouse.connector import Initiated
    from shophouse.connector.check import Finding

__all__ = ["show_proposal"]

_connector = group("connector", START, "Your own staging models: what they lack, what is wrong.")


@command(of=_connector)
def check(
    models_only: Annotated[
        bool, typer.Option("--models-only", help="Look at the models alone: read no rows, connect to nothing.")
    ] = False,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Say what your staging models lack, and which of their values are wrong.

    Ends with exit code 2 when something is missing that the contract requires, and with 9 when rows would be rejected.
    Reads what arrived, as a run does, and publishes nothing.
    """
    from shophouse.connector.check import check_models, check_values
    from shophouse.shop import Shop

    with working(quiet=as_json) as bars:
        shop = Shop.open(project, bars)
        found = check_models(shop.project)
        is_missing = any(finding.verdict == "missing" for finding in found)
        if not is_missing and not models_only:
            found += check_values(shop)
    is_wrong = any(finding.verdict == "wrong" for finding in found)
    if as_json:
        listed = [dataclasses.asdict(finding) for finding in found]
        say(json_text({"is_complete": not is_missing, "is_right": not is_wrong, "findings": listed}, indent=1))
    else:
        _show(found, is_missing, models_only)
    if is_missing or is_wrong:
        raise typer.Exit(ConfigError.exit_code if is_missing else CheckFailed.exit_code)


def _show(found: Sequence[Finding], is_missing: bool, models_only: bool) -> None:
    titles = {
        "missing": "missing: the contract requires it, and nothing is built without it",
        "wrong": "wrong: rows that would be rejected or left out",
        "doubtful": "doubtful: look at it",
    }
    for verdict, title in titles.items():
        mine = [finding for finding in found if finding.verdict == verdict]
        if not mine:
            continue
        say(f"{title}")
        for finding in mine:
            name = f"{finding.entity}.{finding.column}" if finding.column else finding.entity
            rows = "" if finding.rows is None else f"{plural(finding.rows, 'row')}: "
            say(f"  {name}: {rows}{finding.what}")
            if finding.purpose:
                say(f"    for     {finding.purpose}")
            for index, line in enumerate(finding.edit):
                say(f"    {'edit' if index == 0 else '    '}    {line}")
        say()
    if absent := [finding for finding in found if finding.verdict == "absent"]:
        say("absent: optional, with the marts that stay empty without it")
        width = max(len(finding.entity) for finding in absent)
        for finding in absent:
            marts = f": {', '.join(finding.empty_marts)}" if finding.empty_marts else ""
            say(f"  {finding.entity.ljust(width)}  {finding.purpose}{marts}")
        say()
    if is_missing:
        say("values are looked at when nothing is missing any more")
    elif not any(finding.verdict == "wrong" for finding in found):
        what = "the models have" if models_only else "the models and their rows have"
        say(f"{what} what the contract asks for: shophouse run")


def show_proposal(made: Initiated, option: str) -> None:
    """What was proposed, what is uncertain, and what to type next."""
    proposal = made.proposal
    say(f"looked at {count(len(proposal.tables))} tables: {proposal.place}")
    width = max(len(match.entity) for match in proposal.matches.values())
    wide = max(len(match.table.name) for match in proposal.matches.values())
    say("\nproposed")
    for match in proposal.matches.values():
        taken = f"{match.entity.ljust(width)}  from {match.table.name.ljust(wide)}  {match.score:.2f}"
        say(f"  {taken}  {'; '.join(match.reasons)}")
    uncertain = [(match, mapped) for match in proposal.matches.values() for mapped in match.uncertain]
    if uncertain or proposal.considered:
        say("\nuncertain: look at it")
        for match, mapped in uncertain:
            say(f"  {match.entity}.{mapped.column}: {mapped.note}")
        for entity, why in proposal.considered.items():
            say(f"  {entity}: {why}")
    missing = [(match.entity, column) for match in proposal.matches.values() for column in match.missing]
    lacking = [
        entity for entity in ("customers", "products", "orders", "order_items") if entity not in proposal.matches
    ]
    if missing or lacking:
        say("\nmissing: nothing is built without it")
        for entity in lacking:
            say(f"  {entity}: no table looks like it")
        for entity, column in missing:
            say(f"  {entity}.{column}: no column looks like it")
    if left := [table.name for table in proposal.tables if table not in proposal.read]:
        say(f"\nnot read    {', '.join(left)}")
    staging = next((file.parent for file in made.written if file.name.endswith("__sources.yml")), None)
    say(
        f"\nwritten     {len(made.written)} files"
        + (f"; the models are in {staging.relative_to(made.root).as_posix()}/" if staging else "")
    )
    say("next")
    if made.variable:
        say(f"  set what the project refers to:   export {made.variable}='postgresql://…'")
    say(f"  see what is missing:              shophouse connector check{option}")
    say(f"  and then:                         shophouse run{option}")
