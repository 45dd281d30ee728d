"""Avro and Protobuf of a schema registry, as JSON: what follows is then the same for every format.

The schema's id stands before each value. What can't be decoded is a bad message; a registry that doesn't answer is not
the message's fault, and stops the read.
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, ShophouseError, SourceMismatch, SourceUnreachable

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

__all__ = ["Decoder"]

_HEAD = 5
_NOT_FOUND = 404
_REFUSED = (401, 403)


class _Undecodable(Exception):
    """The message, and why."""


class Decoder:
    """Decodes values and keys. `settings` are those of the registry's client; `mock://name` is one in memory."""

    def __init__(self, source: str, settings: Mapping[str, Any], client: SchemaRegistryClient | None = None) -> None:
        self.source = source
        self.url = str(settings.get("url", ""))
        self._client = client or self._connected(settings)
        self._readers: dict[int, Callable[[bytes], str]] = {}

    def decoded(self, messages: pa.Table) -> pa.Table:
        """The messages with values and keys as JSON, and `problem`: why a value is left as it was, else null.

        Raises SourceUnreachable or SourceMismatch when the registry gives no schema.
        """
        import pyarrow as pa

        values: list[bytes | None] = []
        problems: list[str | None] = []
        for value in messages["value"].to_pylist():
            try:
                values.append(self._json(value) if value is not None else None)
                problems.append(None)
            except _Undecodable as error:
                values.append(value)
                problems.append(str(error))
        keys = [self._key(key) for key in messages["key"].to_pylist()]
        for name, column in (("value", values), ("key", keys)):
            at = messages.schema.get_field_index(name)
            messages = messages.set_column(at, name, pa.array(column, pa.large_binary()))
        return messages.append_column("problem", pa.array(problems, pa.string()))

    def _key(self, key: bytes | None) -> bytes | None:
        # keys are often plain text beside values of a schema
        if key is None or key[:1] != b"\0":
            return key
        try:
            return self._json(key)
        except _Undecodable:
            return key

    def _json(self, value: bytes) -> bytes:
        if len(value) <= _HEAD or value[0] != 0:
            raise _Undecodable("it does not begin with the id of a schema")
        (number,) = struct.unpack(">I", value[1:_HEAD])
        reader = self._readers.get(number)
        if reader is None:
            reader = self._readers[number] = self._reader(number)
        try:
            return reader(value[_HEAD:]).encode()
        except _Undecodable:
            raise
        except Exception as error:  # whatever a library makes of bytes that aren't of the schema
            raise _Undecodable(f"not of its schema {number}: {type(error).__name__}: {error}"[:500]) from None

    def _reader(self, number: int) -> Callable[[bytes], str]:
        schema = self._asked(lambda: self._client.get_schema(number), f"the schema {number}")
        if schema.schema_type == "AVRO":
            return self._avro(schema)
        if schema.schema_type == "PROTOBUF":
            packed = self._asked(lambda: self._client.get_schema(number, fmt="serialized"), f"the schema {number}")
            return self._protobuf(packed)
        if schema.schema_type == "JSON":
            return lambda value: value.decode()
        raise _Undecodable(f"its schema {number} is of type {schema.schema_type}")

    def _avro(self, schema: Schema) -> Callable[[bytes], str]:
        from fastavro import schemaless_reader
        from fastavro.schema import parse_schema

        named: dict[str, Any] = {}
        self._with_references(schema, lambda _, part: parse_schema(json.loads(part.schema_str or ""), named))
        parsed = parse_schema(json.loads(schema.schema_str or ""), named)

        def read(value: bytes) -> str:
            return json.dumps(schemaless_reader(io.BytesIO(value), parsed, None), default=_plain, ensure_ascii=False)

        return read

    def _protobuf(self, schema: Schema) -> Callable[[bytes], str]:
        from google.protobuf import descriptor_pool, json_format
        from google.protobuf.descriptor_pb2 import FileDescriptorProto
        from google.protobuf.message_factory import GetMessageClass

        pool = descriptor_pool.DescriptorPool()

        def add(name: str | None, text: str) -> FileDescriptorProto:
            file = FileDescriptorProto()
            file.ParseFromString(base64.b64decode(text))
            if name is not None:
                file.name = name
            for needed in file.dependency:
                try:
                    pool.FindFileByName(needed)
                except KeyError:
                    known = FileDescriptorProto()
                    descriptor_pool.Default().FindFileByName(needed).CopyToProto(known)
                    pool.Add(known)
            pool.Add(file)
            return file

        self._with_references(schema, lambda name, part: add(name, part.schema_str or ""), fmt="serialized")
        file = add(None, schema.schema_str or "")

        def read(value: bytes) -> str:
            indexes, rest = _indexes(value)
            found = pool.FindFileByName(file.name).message_types_by_name[file.message_type[indexes[0]].name]
            for index in indexes[1:]:
                found = found.nested_types[index]
            message = GetMessageClass(found)()
            message.ParseFromString(rest)
            text: str = json_format.MessageToJson(
                message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=None
            )
            return text

        return read

    def _with_references(self, schema: Schema, add: Callable[[str, Schema], Any], fmt: str | None = None) -> None:
        """Have what a schema refers to added, the innermost first."""
        for reference in schema.references or []:
            name, subject, version = reference.name or "", reference.subject or "", reference.version or 1
            ask = partial(self._client.get_version, subject, version, fmt=fmt)
            part = self._asked(ask, subject).schema
            self._with_references(part, add, fmt)
            add(name, part)

    def _asked(self, ask: Callable[[], Any], what: str) -> Any:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return ask()
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                raise _Undecodable(f"the registry has not {what}") from None
            raise self._failed(str(error), refused=error.http_status_code in _REFUSED) from None
        except Exception as error:  # the HTTP library's own, of which there are several generations
            raise self._failed(f"{type(error).__name__}: {error}") from None

    def _failed(self, why: str, refused: bool = False) -> ShophouseError:
        if refused:
            return SourceMismatch(
                f"source {self.source}: the schema registry refuses the user",
                where=self.url,
                why=why,
                hint=f"look at basic.auth.user.info under sources.{self.source}.registry",
            )
        return SourceUnreachable(
            f"source {self.source}: the schema registry does not answer",
            where=self.url,
            why=why,
            hint=f"is it up, and is sources.{self.source}.registry.url right? Nothing is lost: run again",
        )

    def _connected(self, settings: Mapping[str, Any]) -> SchemaRegistryClient:
        try:
            from confluent_kafka.schema_registry import SchemaRegistryClient

            return SchemaRegistryClient.new_client(dict(settings))
        except ImportError as error:
            raise ConfigError(
                f"source {self.source}: the schema registry's client is missing",
                why=str(error),
                hint='pip install "shophouse[kafka]"',
            ) from None
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"source {self.source}: the schema registry's client can't be made",
                where=f"sources.{self.source}.registry in shophouse.yml",
                why=str(error),
                hint="it has at least   url: https://…",
            ) from None


def _plain(value: Any) -> Any:
    """What JSON has no form for: times in UTC, decimals as text, bytes as base64."""
    if isinstance(value, datetime.datetime):
        naive = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
        return naive.isoformat(sep=" ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _indexes(value: bytes) -> tuple[list[int], bytes]:
    """Which message of a Protobuf file a value is, as a path, and the message itself."""
    count, at = _varint(value, 0)
    indexes = []
    for _ in range(count):
        index, at = _varint(value, at)
        indexes.append(index)
    return indexes or [0], value[at:]


def _varint(value: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = value[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            # zigzag
            return number >> 1 ^ -(number & 1), at
        shift += 7
