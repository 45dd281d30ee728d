"""What is missing in a shop's staging models, in the words of the input contract, and what is wrong in their values.

First the models are read, as they are: a model that is not finished can't be built. Only when nothing that is required
is missing are their rows looked at.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from shophouse.bindings import Entity, bindings, contract
from shophouse.connector.texts import descriptions
from shophouse.errors import ConfigError
from shophouse.project import Project
from shophouse.shop import Shop
from shophouse.yamlfile import read_yaml

__all__ = ["Finding", "check_models", "check_values", "purposes"]

_ALWAYS = ("customers", "products", "orders", "order_items")
_SHOWN = 8
_BELONGS = {"orders": ("customers",), "order_items": ("products",), "products": ("categories",)}
"""Entities whose rows should be there too: without one a row stays, and the id alone is known."""


@dataclass(frozen=True)
class Finding:
    """`verdict` is missing (required, and not there), wrong (rows that are rejected or dropped), doubtful, or absent:
    optional, and no source has it. `edit` is the smallest change that mends it."""

    verdict: Literal["missing", "wrong", "doubtful", "absent"]
    entity: str
    column: str | None
    what: str
    purpose: str = ""
    empty_marts: tuple[str, ...] = ()
    edit: tuple[str, ...] = ()
    rows: int | None = None


@functools.cache
def purposes() -> Mapping[str, Mapping[str, Any]]:
    """Entity → what it is `for`, and the marts that are `empty` without it."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "purposes.yml").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class _Model:
    name: str
    entity: str
    columns: tuple[str, ...]
    sql: Path
    yml: Path

    @functools.cached_property
    def text(self) -> str:
        return self.sql.read_text("utf-8") if self.sql.is_file() else ""

    def gives(self, column: str) -> bool:
        """Whether the last select names the column, outside of comments."""
        last = re.sub(r"--.*", "", self.text)[_last_select(re.sub(r"--.*", "", self.text)) :]
        return re.search(rf"\b{re.escape(column)}\b\s*(,|\n|$)", last) is not None


def check_models(project: Project) -> list[Finding]:
    """What the models of the project's platforms lack. Raises ConfigError when a yml can't be read."""
    models = [model for platform in project.platforms for model in _models(project, platform)]
    if not models:
        raise ConfigError(
            "no source has staging models",
            where=str(project.folder),
            hint="shophouse init <folder> --from postgres --dsn env:NAME   proposes them",
        )
    found: list[Finding] = []
    for name, entity in contract().items():
        mine = [model for model in models if model.entity == name]
        if not mine:
            found.append(_no_entity(project, name))
        for model in mine:
            found += _lacking(project, entity, model)
    return found


def _models(project: Project, platform: str) -> Iterator[_Model]:
    folder = project.staging_folder(platform)
    for file in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")]):
        data = read_yaml(file, shown_as=file.name).data
        for model in data.get("models") or () if isinstance(data, dict) else ():
            meta = ((model.get("config") or {}).get("meta") or {}) if isinstance(model, dict) else {}
            if meta.get("entity") in contract():
                columns = tuple(str(column.get("name")) for column in model.get("columns") or ())
                sql = next(iter(folder.rglob(f"{model['name']}.sql")), file.with_name(f"{model['name']}.sql"))
                yield _Model(str(model["name"]), meta["entity"], columns, sql, file)


def _no_entity(project: Project, name: str) -> Finding:
    purpose = purposes()[name]
    is_needed = name in _ALWAYS
    platform = next(iter(project.platforms), "<platform>")
    edit = (
        f"write models/staging/{platform}/stg_{platform}__{name}.sql and .yml: {', '.join(contract()[name].required)}"
    )
    return Finding(
        "missing" if is_needed else "absent",
        name,
        None,
        f"no source has {name}",
        str(purpose["for"]),
        tuple(purpose["empty"]),
        (edit,),
    )


def _lacking(project: Project, entity: Entity, model: _Model) -> Iterator[Finding]:
    said = descriptions(entity.name)
    sql, yml = _shown(project, model.sql), _shown(project, model.yml)
    for column in (c for c in entity.columns if c in entity.required or c in model.columns):
        listed, given = column in model.columns, model.gives(column)
        if listed and given:
            continue
        edit = []
        if not given:
            line, example = _waiting(model.text, column)
            where = f"{sql}, line {line}" if line else sql
            edit.append(f"{where}: {example or f'… as {column},'}")
        if not listed:
            edit.append(f"{yml}: list {column} under columns:")
        what = "the model does not give it" if not given else f"{model.yml.name} does not list it"
        yield Finding("missing", entity.name, column, what, said[column], edit=tuple(edit))


def _last_select(text: str) -> int:
    found = [match.start() for match in re.finditer(r"^select\b", text, re.MULTILINE)]
    return found[-1] if found else 0


def _waiting(text: str, column: str) -> tuple[int, str]:
    """The line of a comment that would give the column, from 1, and what it says."""
    for number, line in enumerate(text.splitlines(), 1):
        if waiting := re.fullmatch(rf"\s*-- (.* as {re.escape(column)},?)", line):
            return number, waiting[1]
    return 0, ""


def _shown(project: Project, file: Path) -> str:
    return file.relative_to(project.folder).as_posix() if file.is_relative_to(project.folder) else file.name


def check_values(shop: Shop) -> list[Finding]:
    """Read what arrived, make the staging models, and look at their newest rows. Publishes nothing.

    Raises what `ingest` and `build` raise.
    """
    bound = bindings(shop.project)["entities"]
    shop.ingest()
    models = [binding["model"] for entity in bound.values() for binding in entity]
    shop.build(select=[f"+{name}" for name in [*models, *(f"input_{entity}" for entity in bound)]])
    looking = _Values(shop, bound)
    return [finding for entity in bound for finding in looking.findings(entity)]


class _Values:
    def __init__(self, shop: Shop, bound: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.engine = shop.engine
        self.bound = bound

    def _one(self, sql: str) -> dict[str, Any]:
        row: dict[str, Any] = self.engine.query(sql).to_pylist()[0]
        return row

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.query(sql).to_pylist()
        return rows

    def findings(self, name: str) -> Iterator[Finding]:
        entity = contract()[name]
        for binding in self.bound[name]:
            newest = self._newest(binding)
            if not self._one(f"select count(*) as n from {newest}")["n"]:
                yield Finding("doubtful", name, None, "there are no rows", str(purposes()[name]["for"]), rows=0)
                continue
            yield from self._nulls(entity, newest)
            yield from self._repeated(entity, binding, newest)
            yield from self._unknown_words(entity, binding, newest)
            yield from self._without_parent(entity, binding, newest)
        if name == "order_items" and "orders" in self.bound:
            yield from self._money()

    def _newest(self, binding: Mapping[str, Any]) -> str:
        """What the newest loads brought, as a relation: older snapshots were true once."""
        model = f"staging.{binding['model']}"
        if binding["delivery"] != "snapshot":
            return f"(select * from {model}) as found"
        loads = f"(select source, _source_file, max(_load_id) as _load_id from {model} group by source, _source_file)"
        return (
            f"(select one.* from {model} as one inner join {loads} as loads on one.source = loads.source"
            " and one._source_file = loads._source_file and one._load_id = loads._load_id) as found"
        )

    def _nulls(self, entity: Entity, newest: str) -> Iterator[Finding]:
        counts = ", ".join(f"count(*) - count({column}) as {column}" for column in entity.required)
        for column, rows in self._one(f"select {counts} from {newest}").items():
            if rows:
                said = descriptions(entity.name)[column]
                yield Finding("wrong", entity.name, column, "rows without a value are rejected", said, rows=rows)

    def _repeated(self, entity: Entity, binding: Mapping[str, Any], newest: str) -> Iterator[Finding]:
        if binding["covers"] == "none":
            return
        key = ", ".join(entity.key)
        filled = " and ".join(f"{column} is not null" for column in entity.key)
        found = self._one(
            f"select count(*) as keys, coalesce(sum(n), 0) as n from (select count(*) as n from {newest} where {filled}"
            f" group by source, {key}, _load_id having count(*) > 1) as repeated"
        )
        if found["keys"]:
            what = (
                f"{key} names {found['n']:,} rows {found['keys']:,} times: one of each counts, the others are left out"
            )
            yield Finding("wrong", entity.name, key, what, "what names a row, with the source", rows=int(found["n"]))

    def _unknown_words(self, entity: Entity, binding: Mapping[str, Any], newest: str) -> Iterator[Finding]:
        for column, seed in entity.accepted.items():
            if column not in binding["columns"]:
                continue
            rows = self._rows(
                f"select found.{column} as word, count(*) as n from {newest} left join reference.{seed} as known"
                f" on found.{column} = known.{column} where found.{column} is not null and known.{column} is null"
                " group by 1 order by 2 desc, 1"
            )
            if rows:
                few = ", ".join(f"{row['word']} ({row['n']:,})" for row in rows[:_SHOWN]) + (
                    " …" if len(rows) > _SHOWN else ""
                )
                yield Finding(
                    "wrong",
                    entity.name,
                    column,
                    f"words that are not in the seed {seed}, and their rows are rejected: {few}",
                    descriptions(entity.name)[column],
                    edit=(
                        f"{binding['model']}.sql: case {column} when '{rows[0]['word']}' then '<a known word>' … end",
                    ),
                    rows=sum(row["n"] for row in rows),
                )

    def _without_parent(self, entity: Entity, binding: Mapping[str, Any], newest: str) -> Iterator[Finding]:
        required = (entity.belongs_to,) if entity.belongs_to else ()
        for parent in (*required, *_BELONGS.get(entity.name, ())):
            column = contract()[parent].key[0]
            if parent not in self.bound or column not in binding["columns"]:
                continue
            rows = self._one(
                f"select count(*) as n from {newest} left join input.input_{parent} as parents"
                f" on found.source = parents.source and found.{column} = parents.{column}"
                f" where found.{column} is not null and parents.{column} is null"
            )["n"]
            if rows:
                is_wrong = parent in required
                what = f"there is no such row in {parent}"
                what += ": these rows are rejected" if is_wrong else ": the id is kept, and nothing else is known of it"
                said = descriptions(entity.name)[column]
                yield Finding("wrong" if is_wrong else "doubtful", entity.name, column, what, said, rows=rows)

    def _money(self) -> Iterator[Finding]:
        without = self._one(
            "select count(*) as n from input.input_orders as orders left join input.input_order_items as lines"
            " on orders.source = lines.source and orders.order_id = lines.order_id where lines.order_id is null"
        )["n"]
        if without:
            yield Finding("doubtful", "orders", "order_id", "orders without a line are no valid orders", rows=without)
        charges = " + ".join(
            f"coalesce(orders.{column}, 0)"
            for column in ("shipping_amount", "duties_amount", "tip_amount", "fee_amount")
        )
        totals = (
            "select orders.order_id as order_id, orders.total_amount as total, lines.goods + lines.charges"
            f" - coalesce(orders.discount_amount, 0) + {charges}"
            " + case when coalesce(orders.taxes_included, false) then 0"
            " else lines.tax + coalesce(orders.tax_amount, 0) end as made"
            " from input.input_orders as orders inner join ("
            "select source, order_id,"
            " sum(cast(quantity * unit_price as decimal(18, 4)) - coalesce(discount_amount, 0)) as goods,"
            " sum(coalesce(shipping_amount, 0)) as charges, sum(coalesce(tax_amount, 0)) as tax"
            " from input.input_order_items group by source, order_id) as lines"
            " on orders.source = lines.source and orders.order_id = lines.order_id"
            " where orders.total_amount is not null"
        )
        differs = "abs(made - total) > 0.01"
        found = self._one(
            f"select count(*) as n, count(case when {differs} then 1 end) as off from ({totals}) as totals"
        )
        if found["off"]:
            (worst,) = self._rows(
                f"select order_id, total, made from ({totals}) as totals where {differs}"
                " order by abs(made - total) desc, order_id limit 1"
            )
            what = (
                f"of {found['n']:,} orders with a total, {found['off']:,} differ from what lines and charges make;"
                f" most in order {worst['order_id']}: {worst['made']:.2f}, not {worst['total']:.2f}"
            )
            purpose = "a control: is a discount, tax or shipping counted twice, or not at all?"
            yield Finding("doubtful", "orders", "total_amount", what, purpose, rows=found["off"])
