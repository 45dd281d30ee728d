"""The synthetic shop in a PostgreSQL database of its own: the schema, the rows, and a project that reads them there.

What is loaded is what `demo shop` writes as files, without the faults that files may have and keys forbid.
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.demo.world.deliveries import DATA, write_world
from shophouse.demo.world.settings import Settings
from shophouse.errors import ConfigError, SourceUnreachable
from shophouse.values import Secret

if TYPE_CHECKING:
    import psycopg

__all__ = ["SCHEMA", "fill", "read_from"]

SCHEMA = Path(__file__).with_name("oltp_schema.sql")
_BLOCK = 1 << 20
_SOURCE = """sources:
  storefront:
    kind: postgres
    dsn: "{reference}"
    staging: storefront
    timezone: UTC
    tables:                       # what is not named is read whole
      users: {{read: cursor, cursor: updated_at}}
      orders: {{read: cursor, cursor: updated_at}}

"""


def read_from(project_file: Path, dsn: Secret) -> None:
    """Have a new project file's one source be the database that `dsn` refers to."""
    text = project_file.read_text("utf-8")
    source = _SOURCE.format(reference=dsn.reference)
    changed, times = re.subn(r"(?ms)^sources:\n.*?(?=^# A password)", lambda found: source, text)
    assert times == 1
    project_file.write_text(changed, "utf-8")


def fill(dsn: Secret, settings: Settings) -> dict[str, int]:
    """Make the tables of SCHEMA in the database and fill them; how many rows each has. All of it or nothing.

    Raises ConfigError when one of them is there already, and SourceUnreachable when the database can't be reached.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError("psycopg is not installed", hint='pip install "shophouse[postgres]"')
    import psycopg

    value = dsn.resolve().get_secret_value()
    with tempfile.TemporaryDirectory(prefix="shophouse-demo-") as folder:
        try:
            # before the work of making the rows
            psycopg.connect(value, connect_timeout=10).close()
            write_world(folder, settings, "storefront")
            with psycopg.connect(value) as connection:
                connection.execute("set timezone = 'UTC'")
                connection.execute(SCHEMA.read_text("utf-8"))
                tables = re.findall(r"(?m)^create table (\w+)", SCHEMA.read_text("utf-8"))
                rows = {table: _load(connection, table, Path(folder) / DATA) for table in tables}
                connection.execute("analyze")
            return rows
        except psycopg.errors.DuplicateTable as error:
            raise ConfigError(
                f"the database of {dsn.reference} is not empty",
                why=error.diag.message_primary,
                hint="name an empty one",
            ) from None
        except psycopg.OperationalError:
            raise SourceUnreachable(
                f"the database of {dsn.reference} can't be reached",
                hint=f"createdb shop && export {dsn.variable}=postgresql://user:password@localhost:5432/shop",
            ) from None


def _load(connection: psycopg.Connection[Any], table: str, files: Path) -> int:
    import duckdb

    count = 0
    # orders.csv or orders-0001.csv, and no other table whose name begins alike
    for path in sorted(files.iterdir()):
        if not re.fullmatch(rf"{table}(-(\d+|visits(-\d+)?))?\.(csv|parquet)", path.name):
            continue
        text = path
        if path.suffix == ".parquet":
            text = path.with_suffix(".text")
            with duckdb.connect() as db:
                db.execute(f"copy (from read_parquet('{path}')) to '{text}' (format csv, header)")
        with text.open("rb") as lines:
            columns = lines.readline().decode().strip()
            with connection.cursor() as cursor:
                with cursor.copy(f"copy {table} ({columns}) from stdin (format csv)") as copy:
                    while block := lines.read(_BLOCK):
                        copy.write(block)
                count += cursor.rowcount
    return count
