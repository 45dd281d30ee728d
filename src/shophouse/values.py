"""The values that settings are made of: each is checked when it is read, and says what is allowed."""

from __future__ import annotations

import os
import re
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema
from pydantic_core import core_schema

from shophouse.errors import ConfigError
from shophouse.yamlfile import did_you_mean, mistake, nearest

Delivery = Literal["append", "upsert", "snapshot"]

_SEED = Path(__file__).parent / "warehouse" / "seeds" / "currencies.csv"
CURRENCIES = frozenset(line.split(",")[0] for line in _SEED.read_text("utf-8").splitlines()[1:])
"""ISO 4217 codes. The warehouse joins the same list, for a currency's minor units."""

_TYPES = ("text", "bigint", "integer", "decimal(18,4)", "double", "boolean", "date", "timestamp")
_OTHER_NAMES = {
    "string": "text",
    "str": "text",
    "varchar": "text",
    "char": "text",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "long": "bigint",
    "numeric": "decimal(18,4)",
    "decimal": "decimal(18,4)",
    "money": "decimal(18,4)",
    "float": "double",
    "real": "double",
    "number": "double",
    "bool": "boolean",
    "datetime": "timestamp",
    "timestamptz": "timestamp",
}


def _column_type(value: str) -> str:
    written = re.sub(r"\s+", "", value.lower())
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", written):
        precision, scale = int(decimal[1]), int(decimal[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise mistake(f"can't be {value}", why="a decimal has 1 to 38 digits, and no more of them behind the point")
        return written
    if written not in _TYPES:
        near = _OTHER_NAMES.get(written) or nearest(written, _TYPES)
        hint = f"did you mean {near}?" if near else None
        raise mistake(f"can't be of type {value!r}", why=f"allowed: {', '.join(_TYPES)}", hint=hint)
    return written


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        zones = zoneinfo.available_timezones()
        by_city = {zone.rsplit("/", 1)[-1]: zone for zone in sorted(zones)}
        near = nearest(value, zones) or by_city.get(nearest(value.replace(" ", "_"), by_city) or "")
        hint = f"did you mean {near}?" if near else None
        raise mistake(
            f"can't be {value!r}", why="a time zone is an IANA name, as Europe/Oslo or UTC", hint=hint
        ) from None
    return value


def _holidays(value: str) -> str:
    # Read only where a project names a country: the list is long.
    lines = (_SEED.with_name("holidays.csv")).read_text("utf-8").splitlines()[1:]
    known = sorted({line.split(",")[0] for line in lines})
    if value not in known:
        near = nearest(value.upper(), known)
        raise mistake(
            f"can't be {value!r}",
            why=f"the holidays of these countries are known: {', '.join(known)}",
            hint=f"did you mean {near}?" if near else None,
        )
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        swapped = (code for code in sorted(CURRENCIES) if sorted(code) == sorted(value.upper()))
        near = next(swapped, None) or nearest(value, CURRENCIES)
        hint = f"did you mean {near}?" if near else None
        raise mistake(f"can't be {value!r}", why="a currency is an ISO 4217 code, as EUR, BRL or USD", hint=hint)
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        word = re.sub(r"\W+", "_", value).strip("_").lower()
        hint = f"write {word}" if re.fullmatch(r"[a-z][a-z0-9_]*", word) else None
        raise mistake("can't be called that", why="a name is of small letters, digits and _, a letter first", hint=hint)
    return value


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", value) if isinstance(value, str) else None
    if not match:
        raise mistake(f"can't be {value!r}", why="a time span is a number with s, m, h or d: 30s, 90m, 36h, 7d")
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]: int(match[1])})


_BUCKETS = {"s3": "S3", "az": "Azure", "abfs": "Azure", "abfss": "Azure", "gs": "Google Cloud"}


def _file_glob(value: str) -> str:
    scheme, is_url, rest = value.partition("://")
    if is_url:
        known = ", ".join(f"{word}://" for word in _BUCKETS)
        if scheme not in _BUCKETS:
            why = f"files are read from folders of this machine, and from {known}"
            raise mistake(f"can't be {value!r}", why=why, hint="write data/*.csv or s3://bucket/shop/*.csv")
        bucket, _, pattern = rest.partition("/")
        if not bucket or re.search(r"[*?\[]", bucket):
            raise mistake(f"can't be {value!r}", why="it names one bucket", hint=f"write {scheme}://bucket/shop/*.csv")
        if not pattern or pattern.endswith("/"):
            why = "it says which objects of the bucket are read"
            raise mistake(f"can't be {value!r}", why=why, hint=f"write {value.rstrip('/')}/*.csv")
        return value
    if not value.strip():
        raise mistake("is empty", hint="write data/*.csv")
    fixed = _fixed_part(Path(value).expanduser())
    if fixed.is_absolute() and not fixed.exists():
        there = next(parent for parent in fixed.parents if parent.exists())
        here = [child.name for child in there.iterdir()] if there.is_dir() else []
        near = nearest(fixed.relative_to(there).parts[0], here)
        hint = f"did you mean {there / near}?" if near else None
        raise mistake(f"points at a folder that isn't there: {fixed}", why=f"{there} exists", hint=hint)
    return value


def _fixed_part(path: Path) -> Path:
    """The folder of a glob: what comes before the first part with a wildcard, and without the file's name."""
    wild = next((index for index, part in enumerate(path.parts) if re.search(r"[*?\[]", part)), len(path.parts) - 1)
    return Path(*path.parts[:wild])


def _local_folder(value: str) -> str:
    if "://" in value or not value.strip():
        raise mistake(f"can't be {value!r}", why="it is a folder, beside shophouse.yml or absolute")
    return value


def _lake_place(value: str) -> str:
    scheme, found, rest = value.partition("://")
    if found and (scheme not in _BUCKETS or not rest.strip("/")):
        raise mistake(
            f"can't be {value!r}",
            why=f"it is a folder, or a place in a bucket: {', '.join(f'{known}://…' for known in _BUCKETS)}",
            hint="write s3://bucket/prefix",
        )
    return value.rstrip("/") if found else _local_folder(value)


def _size(value: object) -> object:
    match = re.fullmatch(r"\s*(\d+)\s*([MGT])B\s*", value) if isinstance(value, str) else None
    if match is None:
        raise mistake(f"can't be {value!r}", why="a size is a number with MB, GB or TB: 50GB")
    return int(match[1]) * {"M": 10**6, "G": 10**9, "T": 10**12}[match[2]]


def _encoding(value: str) -> str:
    try:
        "".encode(value)
    except LookupError:
        known = ("utf-8", "utf-16", "latin-1", "cp1252", "iso-8859-15")
        raise mistake(
            f"can't be {value!r}", why=f"for example: {', '.join(known)}", hint=did_you_mean(value, known)
        ) from None
    return value


def _function_name(value: str) -> str:
    if not re.fullmatch(r"[^:]+:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", value):
        raise mistake(
            f"can't be {value!r}", why="a function is named with its file or module", hint="write sources/erp.py:orders"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Currency = Annotated[str, AfterValidator(_currency), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})]
ColumnType = Annotated[str, AfterValidator(_column_type)]
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[smhd]\s*$"})
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
FileGlob = Annotated[str, AfterValidator(_file_glob)]
LakePlace = Annotated[str, AfterValidator(_lake_place)]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[MGT]B\s*$"})]
LocalFolder = Annotated[str, AfterValidator(_local_folder)]
Encoding = Annotated[str, AfterValidator(_encoding)]
FunctionName = Annotated[str, AfterValidator(_function_name)]
HolidayCountry = Annotated[str, AfterValidator(_holidays)]


class Secret:
    """A password, key or DSN by reference: `env:NAME` in the file, read from the environment when it is used.

    As the type of a setting. The value is never part of the project, so that no dump, log or error can hold it.
    """

    def __init__(self, reference: str) -> None:
        if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", reference):
            raise mistake(
                "must not be in the file itself", why="a secret is a reference: env:NAME", hint="write env:NAME"
            )
        self.reference = reference

    @property
    def variable(self) -> str:
        return self.reference.removeprefix("env:")

    def resolve(self) -> SecretStr:
        """The value. Raises ConfigError, which names the variable, when it isn't set or empty."""
        value = os.environ.get(self.variable)
        if not value:
            raise ConfigError(
                f"the environment variable {self.variable} is not set",
                why=f"the project refers to it as {self.reference}",
                hint=f"export {self.variable}=…",
            )
        return SecretStr(value)

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(repr)
        )
