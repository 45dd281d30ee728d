"""A shop of one's own: what the tables of an unknown system are in the terms of the input contract.

`propose` looks and says; `init_from` writes what was proposed as a shop's folder. A person decides: nothing is built
until each column that the contract requires is there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from shophouse.connector.matching import propose
from shophouse.connector.proposal import Lookup, Mapped, Match, Proposal
from shophouse.connector.writing import Written
from shophouse.errors import ConfigError
from shophouse.project import PROJECT_FILE, staging_folders
from shophouse.scaffold import dbt_name, init_project
from shophouse.sources.schema import SchemaReader
from shophouse.values import Secret

__all__ = ["Initiated", "Lookup", "Mapped", "Match", "Proposal", "init_from_files", "init_from_postgres", "propose"]


@dataclass(frozen=True)
class Initiated:
    """What was proposed and written. Without matches nothing was written."""

    proposal: Proposal
    root: Path
    written: Sequence[Path]
    variable: str | None = None
    """The environment variable that has to be set to the DSN before the next command."""


class _Given(Secret):
    """A DSN that was typed: it is used now, and known to the project by the variable's name alone."""

    def __init__(self, variable: str, value: str) -> None:
        super().__init__(f"env:{variable}")
        self._value = SecretStr(value)

    def resolve(self) -> SecretStr:
        return self._value


def init_from_postgres(
    folder: Path | str,
    dsn: str,
    *,
    schema: str = "public",
    name: str | None = None,
    timezone: str = "UTC",
    currency: str = "EUR",
    only_missing: bool = False,
) -> Initiated:
    """Propose a shop from the tables of a PostgreSQL database, and write its folder.

    `dsn` is `env:NAME`, or a DSN of PostgreSQL, which is written nowhere: the project then refers to `<SHOP>_DSN`.
    Values that were looked at are written only where they are words of a list, such as states of an order.

    Raises ConfigError before anything is written when files are there already (`only_missing` leaves them as they
    are), and SourceUnreachable or SourceMismatch when the database can't be read.
    """
    from shophouse.sources.postgres._schema import PostgresSchema

    root, own = _place(folder, name)
    typed = not dsn.startswith("env:")
    secret = _Given(f"{own.upper()}_DSN", dsn) if typed else Secret(dsn)
    proposal = _propose(PostgresSchema(own, secret, schema))
    if not proposal.matches:
        return Initiated(proposal, root, ())
    written = Written(proposal, own)
    lines = [
        f"  # Proposed by `shophouse init --from postgres`. The DSN stands in the variable {secret.variable}:",
        f"  #   export {secret.variable}='postgresql://user:password@host:5432/database'",
        f"  {own}:",
        "    kind: postgres",
        f'    dsn: "{secret.reference}"',
        *([f"    database_schema: {json.dumps(schema, ensure_ascii=False)}"] if schema != "public" else []),
        f"    staging: {own}",
        *(
            [f"    timezone: {zone}                # some of its times have a zone, and come in UTC"]
            if (zone := written.zone())
            else []
        ),
        "    # full: the whole table each time. cursor: the rows that changed, by a column that each change sets, for",
        "    # tables that grow large and have a primary key.",
        "    tables:",
        *_tables(written),
    ]
    return _write(
        root, proposal, written, lines, secret.variable if typed else None, name, timezone, currency, only_missing
    )


def init_from_files(
    folder: Path | str,
    path: str,
    *,
    name: str | None = None,
    timezone: str = "UTC",
    currency: str = "EUR",
    only_missing: bool = False,
) -> Initiated:
    """Propose a shop from files (CSV, Parquet), and write its folder.

    `path` is a glob, absolute or relative to `folder`. Files whose names differ in digits alone are one table.
    Raises as `init_from_postgres` does, and ConfigError when no file matches.
    """
    from shophouse.sources._files_schema import FilesSchema

    root, own = _place(folder, name)
    proposal = _propose(FilesSchema(root / Path(path).expanduser()))
    if not proposal.matches:
        return Initiated(proposal, root, ())
    written = Written(proposal, own)
    lines = [
        "  # Proposed by `shophouse init --from files`.",
        f"  {own}:",
        "    kind: files",
        f"    path: {json.dumps(path, ensure_ascii=False)}",
        f"    staging: {own}",
        "    # timezone: UTC             # of the times in the files, where it isn't the shop's",
    ]
    return _write(root, proposal, written, lines, None, name, timezone, currency, only_missing)


def _place(folder: Path | str, name: str | None) -> tuple[Path, str]:
    """The shop's folder, and the name of its source and staging; never that of a platform that comes with shophouse."""
    root = Path(folder).expanduser().resolve()
    own = dbt_name(name or root.name)
    return root, f"{own}_shop" if own in staging_folders() else own


def _propose(reader: SchemaReader) -> Proposal:
    return propose(reader.place, reader.tables())


def _tables(written: Written) -> list[str]:
    lines = []
    for table, said, comment in written.table_settings():
        inside = ", ".join(
            f"{key}: {json.dumps(value, ensure_ascii=False) if key != 'read' else value}" for key, value in said.items()
        )
        lines.append(f"      {table}: {{{inside}}}{f'   # {comment}' if comment else ''}")
    return lines


def _write(
    root: Path,
    proposal: Proposal,
    written: Written,
    lines: Sequence[str],
    variable: str | None,
    name: str | None,
    timezone: str,
    currency: str,
    only_missing: bool,
) -> Initiated:
    if (
        only_missing
        and (root / PROJECT_FILE).is_file()
        and f"  {written.own}:" not in (root / PROJECT_FILE).read_text("utf-8")
    ):
        raise ConfigError(
            f"{PROJECT_FILE} is there, and has no source {written.own}",
            where=str(root),
            hint=["--missing leaves it as it is: add this under sources:", *lines],
        )
    files = init_project(
        root,
        name=name,
        timezone=timezone,
        currency=currency,
        sources="\n".join(lines),
        models=written.texts(),
        only_missing=only_missing,
        is_complete=not any(match.missing for match in proposal.matches.values()),
    )
    return Initiated(proposal, root, files, variable)
