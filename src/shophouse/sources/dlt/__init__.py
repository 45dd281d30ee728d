"""Any source of dlt (Shopify, Stripe, Google Ads …): dlt extracts and normalises, the lake keeps rows and position.

One extraction of a resource feeds several tables: its own, and one for each list nested in it (`orders__line_items`).
What makes it exact, with a commit for each table:

1. dlt's state, which says how far the resource was read, is kept in the position of one of its tables, the anchor,
   which is the resource's own. It is loaded last: its commit is what ends the extraction. A folder of dlt's own is
   scratch; it is made anew from the position.
2. An extraction has a number, one more than that in the anchor's position. Tables that were committed before a crash
   have its number already. The extracted package is kept until the anchor is committed: the next run loads what is
   missing from it.
3. If the package is lost, the resource is extracted again from the anchor's state, and every table loads all of it
   again. What it loaded before counts no more: rows to append come under the path of the extraction, whose newer load
   replaces the older; with a key, the newer version of a row, and all rows of its parent, count; a snapshot is
   replaced.

Nested rows of a resource with a primary key carry that key as `_root_<column>`, so that the newest load of a row
replaces what is nested in it. A row that came again without any has a row with `_operation` delete there.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse import settings as described
from shophouse.errors import ConfigError, LockedError, ShophouseError, SourceMismatch
from shophouse.sources import Batch, Check, Notice, Position, Progress, Table
from shophouse.sources._functions import Function, resolved, secrets_of
from shophouse.sources._retries import Retries, retried
from shophouse.sources._tolerance import USUAL_REJECTED_RATE
from shophouse.sources.dlt._package import DELIVERIES, Package
from shophouse.sources.dlt._reading import read_table

if TYPE_CHECKING:
    from shophouse.project import Project

__all__ = ["DltSource"]

_log = logging.getLogger(__name__)


class DltSource:
    """A function that gives a source or a resource of dlt, called with `arguments`.

    `resources` are those to be read; all that the source selects when absent. `scratch` is a folder for packages that
    are not loaded whole yet. `timezone` is the zone of times that name none.
    """

    def __init__(
        self,
        name: str,
        folder: Path | str,
        source: str,
        scratch: Path | str,
        *,
        tables: Sequence[Table] = (),
        arguments: Mapping[str, Any] | None = None,
        resources: Sequence[str] | None = None,
        timezone: str | None = None,
        max_rejected_rate: float = USUAL_REJECTED_RATE,
        retries: int = 0,
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> None:
        self.name = name
        self.folder = Path(folder).absolute()
        self.scratch = Path(scratch).absolute()
        self.function = Function(source, self.folder, f"sources.{name}.source in shophouse.yml")
        self.declared = {table.name: table for table in tables}
        self.arguments = dict(arguments or {})
        self.resources = tuple(resources or ())
        self.timezone = timezone
        self.max_rejected_rate = max_rejected_rate
        self.retries = retries
        self.progress = progress
        self._notice = notice
        self._package: Package | None = None
        self._positions: Mapping[str, Position] = {}

    @classmethod
    def of(
        cls,
        *,
        name: str,
        project: Project,
        settings: described.DltSource,
        tables: Sequence[Table],
        progress: Progress | None = None,
        notice: Notice | None = None,
    ) -> DltSource:
        """The source that a project describes under `name`. Raises ConfigError when dlt is not installed."""
        if importlib.util.find_spec("dlt") is None:
            raise ConfigError(f"sources.{name}: dlt is not installed", hint="pip install 'shophouse[dlt]'")
        rate = settings.max_rejected_rate
        return cls(
            name,
            project.folder,
            settings.source,
            project.generated_folder / "dlt" / name,
            tables=tables,
            arguments=settings.arguments,
            resources=settings.resources,
            timezone=project.timezone_of(name),
            max_rejected_rate=USUAL_REJECTED_RATE if rate is None else rate,
            retries=settings.retries,
            progress=progress,
            notice=notice,
        )

    def tables(self) -> list[Table]:
        """The declared tables, else one for each resource: which are nested in it, only an extraction tells."""
        if self.declared:
            return list(self.declared.values())
        return [Table(self.name, resource, delivery="append") for resource in self._selected()]

    def check(self) -> Iterator[Check]:
        """Whether the source can be had with its arguments. No system is asked."""
        try:
            resources = self._selected()
        except ShophouseError as error:
            why = "; ".join((*error.where, *error.why))
            yield Check("error", f"{error.what}{': ' if why else ''}{why}", " ".join(error.hint))
            return
        yield Check("ok", f"{self.function.reference}: {', '.join(resources)}")

    def arriving(self, positions: Mapping[str, Position]) -> Iterator[Table]:
        """Extract one resource after the other and give its tables, each to be read and committed before the next.

        `positions` are those of all tables that the lake has of this source.
        """
        self._positions = positions
        # a function may ask its system which resources there are
        for resource in retried(self._selected, Retries(self.retries), about=self.name, notice=self._tell):
            own = {name: at for name, at in positions.items() if at.get("resource") == resource}
            anchor = next((name for name, at in sorted(own.items()) if "state" in at), None)
            extract = partial(self._extract, resource, own, anchor)
            package = retried(extract, Retries(self.retries), about=f"{self.name}.{resource}", notice=self._tell)
            self._package = package
            try:
                for name in package.unread(own):
                    yield self._table(package, name)
            finally:
                self._package = None
            package.delete()

    def read(
        self,
        table: Table,
        since: Position | None,
        into: Path,
        load_id: int,
        loaded_at: datetime,
    ) -> Iterator[Batch]:
        """Yield the table's rows of the extraction that is under way, see `arriving`; by itself it makes one."""
        package = self._package
        if package is None:
            for one in self.arriving({} if since is None else {table.name: since}):
                if one.name == table.name:
                    yield from self.read(one, since, into, load_id, loaded_at)
            return
        if since != self._positions.get(table.name):
            raise LockedError(
                f"another process has loaded {self.name}.{table.name} meanwhile", hint="try again when it is done"
            )
        yield from read_table(
            package,
            table,
            since,
            into,
            load_id,
            loaded_at,
            rate=self.max_rejected_rate,
            zone_is_utc=self.timezone in (None, "UTC"),
        )
        if self.progress:
            self.progress(f"{self.name}.{table.name}", package.size, package.size)

    def _extract(self, resource: str, own: Mapping[str, Position], anchor: str | None) -> Package:
        from shophouse.sources.dlt._extraction import extract

        since = own[anchor] if anchor else None
        place = self.scratch / resource
        kept = Package.kept(place, since)
        if kept is not None:
            return kept
        types = {name: list(table.types) for name, table in self.declared.items()}
        return extract(
            self.function,
            resolved(self.arguments),
            resource,
            place,
            since,
            types,
            self.name,
            anchor,
            secrets_of(self.arguments),
        )

    def _selected(self) -> list[str]:
        from shophouse.sources.dlt._extraction import made

        with self.function.importing():
            source = made(self.function, resolved(self.arguments), self.name, secrets_of(self.arguments))
        found = [name for name, one in source.selected_resources.items() if one.write_disposition != "skip"]
        if unknown := [name for name in self.resources if name not in source.resources]:
            raise ConfigError(
                f"{self.function.reference} has no resource {', '.join(unknown)}",
                where=f"sources.{self.name}.resources in shophouse.yml",
                why=f"it has: {', '.join(source.resources)}",
            )
        return list(self.resources) or found

    def _table(self, package: Package, name: str) -> Table:
        """The table as it is declared, which must mean what dlt means; else as dlt has it."""
        delivery = DELIVERIES[package.disposition(name)]
        declared = self.declared.get(name)
        if declared is None:
            return Table(self.name, name, delivery=delivery, key=package.key(name), parent=package.parent(name))
        if declared.delivery != delivery:
            said = package.disposition(name)
            raise SourceMismatch(
                f"{self.name}.{name} is declared with delivery {declared.delivery}",
                where=f"sources.{self.name}.tables.{name}",
                why=f"dlt's write_disposition is {said}, which means {delivery}",
                hint=f"write   delivery: {delivery}   there, or another write_disposition in the dlt source",
            )
        return declared

    def _tell(self, line: str) -> None:
        _log.info(line)
        if self._notice:
            self._notice(line)
