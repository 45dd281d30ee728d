"""A shop whose raw tables are the entities of the input contract: a test says only what it means."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from shophouse.bindings import Entity, contract
from shophouse.scaffold import init_project

from .shops import RawShop, Row

PLATFORM = "plain"
LINEAGE = ("_load_id", "_loaded_at", "_source_file", "_row_number", "_operation")
TYPES = {"money": "decimal(18,4)", "quantity": "decimal(18,4)", "rate": "decimal(18,8)"}


class PlainShop(RawShop):
    """Tables of all entities that `entities` names (beside customers, products, orders and order_items); `settings` are
    lines of shophouse.yml; `declared` says how a table is delivered, where it is not by upsert without a version."""

    def __init__(
        self,
        folder: Path,
        entities: Iterable[str] = (),
        *,
        timezone: str = "UTC",
        currency: str = "USD",
        settings: str = "",
        declared: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        init_project(folder, name=PLATFORM, timezone=timezone, currency=currency)
        with (folder / "shophouse.yml").open("a", encoding="utf-8") as file:
            file.write("\n" + settings)
        staging = folder / "models" / "staging" / PLATFORM
        shutil.rmtree(staging)
        staging.mkdir()
        known = contract()
        names = dict.fromkeys([*("customers", "products", "orders", "order_items"), *entities])
        write_staging(staging, [known[name] for name in names], declared or {})
        self._open(folder, PLATFORM)

    def rows(self, tables: Mapping[str, Iterable[Row]], *, load_id: int = 1) -> None:
        """Load rows of several entities and show them to the warehouse."""
        for table, rows in tables.items():
            self.load(table, rows, load_id=load_id, file=f"{table}-{load_id}.csv")
        self.arrive()


def write_staging(
    folder: Path, entities: Sequence[Entity], declared: Mapping[str, Mapping[str, object]] | None = None
) -> None:
    tables = []
    for entity in entities:
        types = {name: TYPES.get(kind, kind) for name, kind in entity.columns.items()}
        columns = [{"name": name, "data_type": kind, "description": f"{name}."} for name, kind in types.items()]
        key = list(entity.key)
        meta = {"delivery": "upsert", "key": key, "files": f"{entity.name}*", **(declared or {}).get(entity.name, {})}
        tables.append(
            {
                "name": entity.name,
                "identifier": f"{PLATFORM}__{entity.name}",
                "description": f"The entity {entity.name}.",
                "config": {"meta": meta},
                "columns": columns,
            }
        )
        name = f"stg_{PLATFORM}__{entity.name}"
        listed = ",\n    ".join([*types, *LINEAGE])
        (folder / f"{name}.sql").write_text(
            f"select\n    _source as source,\n    {listed}\nfrom {{{{ source('{PLATFORM}', '{entity.name}') }}}}\n",
            "utf-8",
        )
        bound = {"entity": entity.name, "raw_table": entity.name, "covers": "table"}
        model = {
            "name": name,
            "description": f"The entity {entity.name}.",
            "config": {"meta": bound},
            "columns": [{"name": column} for column in ("source", *types, *LINEAGE)],
        }
        (folder / f"{name}.yml").write_text(yaml.safe_dump({"models": [model]}, sort_keys=False), "utf-8")
    sources = {"name": PLATFORM, "schema": "raw", "description": "Entities.", "tables": tables}
    (folder / f"_{PLATFORM}__sources.yml").write_text(yaml.safe_dump({"sources": [sources]}, sort_keys=False), "utf-8")
