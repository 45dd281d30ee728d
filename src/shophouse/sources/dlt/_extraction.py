"""dlt at work: a resource is extracted and normalised into Parquet files, from the state that the lake has kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, ShophouseError, SourceError, SourceMismatch, SourceUnreachable
from shophouse.sources import Position
from shophouse.sources._functions import Function, without
from shophouse.sources.dlt._package import DELIVERIES, Package, digest_of

if TYPE_CHECKING:
    from dlt.extract import DltSource as Source

__all__ = ["extract", "made"]

_LOWEST, _HIGHEST = 400, 500
_REFUSED = (401, 403)
_BUSY = (408, 425, 429)


def made(function: Function, arguments: Mapping[str, Any], name: str, secrets: Sequence[str]) -> Source:
    """The dlt source that the function gives; a resource alone is made one.

    Raises ConfigError where it can't be had, or lacks a setting that dlt's own configuration might give, and
    SourceError where it asks its system and that fails.
    """
    _quiet(function.folder)
    from dlt.common.configuration.exceptions import ConfigFieldMissingException
    from dlt.extract import DltResource
    from dlt.extract import DltSource as Source

    given: Any = function.load()
    if not isinstance(given, Source | DltResource):
        try:
            given = given(**arguments)
        except ConfigFieldMissingException as error:
            raise _missing(function, error) from error
        except TypeError as error:
            raise ConfigError(
                f"{function.reference} can't be called: {error}",
                where=function.setting,
                hint=f"give its arguments under   sources.{name}.arguments",
            ) from error
        except ShophouseError:
            raise
        except Exception as error:
            raise _failure(function, secrets, name, list(_causes(error))) from error
    if isinstance(given, DltResource):
        from dlt.common.schema import Schema

        given = Source(Schema(name), name, [given])
    if not isinstance(given, Source):
        raise ConfigError(
            f"{function.reference} gives no source of dlt",
            where=function.setting,
            why=f"it gives {type(given).__name__}",
            hint="name a function that is decorated with @dlt.source or @dlt.resource, or returns such a one",
        )
    return given


def extract(
    function: Function,
    arguments: Mapping[str, Any],
    resource: str,
    folder: Path,
    since: Position | None,
    declared: Mapping[str, Sequence[str]],
    name: str,
    anchor: str | None,
    secrets: Sequence[str],
) -> Package:
    """Extract what is new since the anchor's position into `folder`, which is emptied first.

    `declared` are the columns whose types the project says: dlt hands them over as text, to be typed by the lake.
    `secrets` are not shown in errors.
    Raises SourceError where the resource fails, SourceUnreachable where its system doesn't answer.
    """
    import dlt
    from dlt.common.normalizers.json.relational import DataItemNormalizer
    from dlt.common.schema import Schema

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with function.importing(), _told(function, secrets, resource):
        source = made(function, arguments, name, secrets).with_resources(resource)
        one = source.resources[resource]
        if since is not None:
            source.schema = Schema.from_dict(_as_text(since["schema"], declared))
        schema = source.schema
        key = [schema.naming.normalize_identifier(column) for column in _primary_key(one)]
        # the name of its table may be told by a function of the row
        own = schema.naming.normalize_table_identifier(one.table_name if isinstance(one.table_name, str) else resource)
        if one.write_disposition == "merge" and key:
            propagated = {"_dlt_id": "_dlt_root_id", **{column: f"_root_{column}" for column in key}}
            config: Any = {"propagation": {"root": {}, "tables": {own: propagated}}}
            DataItemNormalizer.update_normalizer_config(schema, config)
        for table, columns in declared.items():
            if table not in schema.tables and (table == own or table.startswith(f"{own}__")):
                hints = {column: {"name": column, "data_type": "text"} for column in columns if column[0] != "_"}
                schema.update_table(_table(table, own, resource, hints, schema))
        pipeline = dlt.pipeline(
            name,
            pipelines_dir=str(folder / "pipeline"),
            # names that every engine takes, the shortest being PostgreSQL's
            destination=dlt.destinations.filesystem(bucket_url=(folder / "nowhere").as_uri(), max_identifier_length=63),
            dataset_name=name,
        )
        if since is not None:
            with pipeline.managed_state() as state:
                state["sources"] = json.loads(json.dumps(since["state"]))
        pipeline.extract(source, loader_file_format="parquet")
        content = "" if one.write_disposition == "append" else _content(pipeline)
        pipeline.normalize()
        found = pipeline.default_schema if pipeline.default_schema_name else schema
        package = _packed(pipeline, found, folder, resource, since, content, anchor)
    package.keep()
    return package


def _packed(
    pipeline: Any, schema: Any, folder: Path, resource: str, since: Position | None, content: str, anchor: str | None
) -> Package:
    from dlt.common.schema.utils import get_inherited_table_hint, get_root_table

    files: dict[str, list[Path]] = {}
    for load in pipeline.list_normalized_load_packages():
        for job in pipeline.get_load_package_info(load).jobs["new_jobs"]:
            if job.job_file_info.table_name in schema.data_table_names(seen_data_only=False):
                path = Path(job.file_path)
                if path.suffix == ".parquet":
                    files.setdefault(job.job_file_info.table_name, []).append(path)
    tables: dict[str, dict[str, Any]] = {}
    for table in schema.data_tables(seen_data_only=True):
        root = get_root_table(schema.tables, table["name"])
        if root.get("resource", root["name"]) != resource:
            continue
        columns = schema.tables[table["name"]]["columns"]
        disposition = get_inherited_table_hint(schema.tables, table["name"], "write_disposition", allow_none=True)
        tables[table["name"]] = {
            # their names are of chance, so only the time tells their order
            "files": [
                path.relative_to(folder).as_posix()
                for path in sorted(files.get(table["name"], []), key=lambda path: path.stat().st_mtime_ns)
            ],
            "disposition": disposition or "append",
            "root": root["name"],
            "primary_key": [at["name"] for at in root["columns"].values() if at.get("primary_key")],
            "variants": {name: _varied(name, columns) for name, at in columns.items() if at.get("variant")},
            "hard_delete": next((at["name"] for at in columns.values() if at.get("hard_delete")), None),
        }
    for name, table in tables.items():
        if table["disposition"] not in DELIVERIES:
            raise SourceMismatch(f"{name}: write_disposition {table['disposition']} means nothing to the lake")
        if table["disposition"] == "merge" and not table["primary_key"] and table["root"] == name:
            raise SourceMismatch(
                f"{name} is merged without a primary key",
                why="nothing would tell which row is a newer version of which",
                hint="give the resource a primary_key, or another write_disposition",
            )
    roots = [name for name, table in tables.items() if table["root"] == name]
    own = schema.naming.normalize_table_identifier(resource)
    if anchor is None:
        anchor = own if own in roots or not roots else sorted(roots)[-1]
    return Package(
        folder=folder,
        id=uuid.uuid4().hex,
        resource=resource,
        anchor=anchor,
        generation=(since or {}).get("generation", 0) + 1,
        base=digest_of(since),
        state=json.loads(json.dumps(pipeline.state.get("sources", {}), default=str)),
        schema=schema.to_dict(),
        content=content,
        tables=tables,
    )


def _varied(name: str, columns: Mapping[str, Any]) -> str:
    """The column that a variant stands in for: dlt adds __v_<type> to its name."""
    return next((base for base in columns if name.startswith(f"{base}__v_")), name)


def _content(pipeline: Any) -> str:
    """A digest of what was extracted, before dlt gives each row an id of its own."""
    digests = []
    for file in Path(pipeline.working_dir).glob("normalize/extracted/*/new_jobs/*"):
        if not file.name.startswith("_dlt"):
            data = file.read_bytes()
            table = file.name.split(".")[0].encode()
            digests.append(
                hashlib.sha256(table + (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)).digest()
            )
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def _primary_key(resource: Any) -> list[str]:
    schema = resource.compute_table_schema()
    return [column["name"] for column in schema.get("columns", {}).values() if column.get("primary_key")]


def _table(table: str, root: str, resource: str, columns: Mapping[str, Any], schema: Any) -> Any:
    """A table of dlt's schema with these columns; the tables that it is nested in are put into the schema."""
    from dlt.common.schema.utils import new_table

    parent = table.rpartition("__")[0] if table != root else None
    if parent is not None and parent not in schema.tables:
        schema.update_table(_table(parent, root, resource, {}, schema))
    place: dict[str, Any] = {"parent_table_name": parent} if parent else {"resource": resource}
    return new_table(table, columns=list(columns.values()), **place)


def _as_text(schema: Mapping[str, Any], declared: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A schema that was kept, with the columns that are declared since as text."""
    kept: dict[str, Any] = json.loads(json.dumps(schema))
    for table, columns in declared.items():
        known = kept["tables"].get(table, {}).get("columns", {})
        for column in columns:
            if column in known:
                known[column]["data_type"] = "text"
    return kept


def _quiet(folder: Path) -> None:
    """dlt reports nothing to anybody, and finds its configuration in the shop's folder."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
    os.environ.setdefault("DLT_DATA_DIR", str(folder / ".shophouse" / "dlt" / ".data"))
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    Container()[PluggableRunContext].reload(str(folder))


@contextmanager
def _told(function: Function, secrets: Sequence[str], resource: str) -> Iterator[None]:
    """What dlt raises, as errors of ours, without the values of secrets."""
    from dlt.common.configuration.exceptions import ConfigFieldMissingException

    try:
        yield
    except (ShophouseError, KeyboardInterrupt):
        raise
    except Exception as error:
        chain = list(_causes(error))
        for cause in chain:
            if isinstance(cause, ShophouseError | KeyboardInterrupt):
                raise cause from error
            if isinstance(cause, ConfigFieldMissingException):
                raise _missing(function, cause) from error
        raise _failure(function, secrets, resource, chain) from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def _failure(function: Function, secrets: Sequence[str], resource: str, chain: Sequence[BaseException]) -> SourceError:
    root = chain[-1]
    answers = [getattr(one, "response", None) for one in chain]
    status = next((getattr(answer, "status_code", None) for answer in answers if answer is not None), None)
    kind: type[SourceError] = SourceError
    hint = "nothing of it was loaded"
    names = {name for one in chain for name in (type(one).__name__, *(base.__name__ for base in type(one).__mro__))}
    if status in _REFUSED:
        kind, hint = SourceMismatch, "look at the credentials, and at what they may read"
    elif (status is not None and (status >= _HIGHEST or status in _BUSY)) or (
        status is None and names & {"ConnectionError", "Timeout", "TimeoutError"}
    ):
        kind, hint = SourceUnreachable, "nothing of it was loaded; try again later"
    elif status is not None and status >= _LOWEST:
        kind = SourceMismatch
    shown = next((one for one in reversed(chain) if hasattr(one, "response")), root)
    text = without(secrets, f"{type(shown).__name__}: {shown}").splitlines()
    return kind(f"{resource}: {function.reference} failed: {text[0][:300]}", why=text[1:6], hint=hint)


def _missing(function: Function, error: Any) -> ConfigError:
    fields = ", ".join(error.fields)
    name = error.fields[0]
    return ConfigError(
        f"{function.reference} needs {fields}",
        where=function.setting,
        why="neither the arguments have it nor dlt's own configuration",
        hint=[
            f'write   arguments: {{{name}: "env:{name.upper()}"}}   there,',
            "or put it where dlt looks: .dlt/secrets.toml in the shop's folder",
        ],
    )
