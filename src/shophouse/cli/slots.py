"""`shophouse slots`: what PostgreSQL keeps for tables that are read by their changes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import MAINTAIN, AsJson, ProjectFolder, command, group
from shophouse.cli.output import ago, json_text, plural, say, size, table

__all__: list[str] = []

slots = group("slots", MAINTAIN, "See the replication slots of PostgreSQL: list, drop, …")


@slots.callback()
def about() -> None:
    """See and drop the replication slots of the shop's PostgreSQL databases (read: changes).

    A server keeps its log for each slot until it is read: a slot that nobody reads fills the disk.
    """


@command(of=slots, name="list")
def list_(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="These alone.")] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """The slots of each source's database: how far behind, and how much the server keeps for them."""
    from shophouse.shop import Shop
    from shophouse.slots import states

    found = states(Shop.open(project).project, sources or ())
    if as_json:
        say(json_text([dataclasses.asdict(state) for state in found], indent=1))
        return
    if not found:
        say("there are no slots")
        return
    table(
        ["source", "slot", "read here", "behind", "kept", "until lost", "last read", "log", ""],
        [
            (
                state.source,
                state.slot,
                "yes" if state.use in ("reads", "missing") else "no",
                size(state.behind_bytes),
                size(state.kept_bytes),
                size(state.safe_bytes) if state.safe_bytes is not None else "no limit",
                "now" if state.is_active else ago(state.idle_since) if state.idle_since else "",
                state.wal_status or "missing",
                state.why,
            )
            for state in found
        ],
        right=(3, 4, 5),
    )


@command(of=slots)
def drop(
    slot: Annotated[str, typer.Argument(metavar="SLOT")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Drop a slot, so that the server need not keep its log.

    Where a source still reads it, its tables have to be begun anew: shophouse slots restart.
    """
    from shophouse.shop import Shop
    from shophouse.slots import drop

    if not yes and not typer.confirm(f"drop {slot}? What was not read yet can't be read any more"):
        raise typer.Exit(1)
    source = drop(Shop.open(project).project, slot)
    say(f"{slot} of {source} is dropped")


@command(of=slots)
def restart(
    which: Annotated[str, typer.Argument(metavar="SOURCE[.TABLE]")],
    project: ProjectFolder = Path(),
) -> None:
    """Have the next run read tables anew: a new snapshot, then their changes from there.

    What the lake has stays, and rows that are gone are deleted in it. Of a source, its slot is made anew.
    """
    from shophouse.shop import Shop
    from shophouse.slots import restart

    shop = Shop.open(project)
    done = restart(shop.project, shop.lake, which)
    say(f"{plural(len(done), 'table')} to be read anew: {', '.join(done) or 'none was read before'}")
    say("next:   shophouse run")
