"""The sections of `shophouse.yml` as frozen, strict models. `shophouse.project` puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shophouse.values import (
    ColumnType,
    Delivery,
    Duration,
    Encoding,
    FileGlob,
    FunctionName,
    HolidayCountry,
    LocalFolder,
    Name,
    Secret,
    TimeZone,
    Words,
)
from shophouse.yamlfile import mistake

AttributionModel = Literal[
    "first_any",
    "first_non_direct",
    "first_paid",
    "last_any",
    "last_non_direct",
    "last_paid",
    "linear",
    "position_based",
    "time_decay",
]


class Settings(BaseModel):
    """Base of everything in `shophouse.yml`: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: object) -> object:
        # `sources:` with every line below it commented out is an empty section, not a mistake.
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields
        return {
            key: value
            for key, value in data.items()
            if value is not None
            or key not in fields
            or fields[key].is_required()
            or fields[key].get_default(call_default_factory=True, validated_data={}) is None
        }


class Freshness(Settings):
    """How old the newest load of a table may be."""

    warn_after: Duration | None = None
    """Warn when nothing arrived for this long: 90m, 36h, 7d."""
    error_after: Duration | None = None
    """Fail the run when nothing arrived for this long: 90m, 36h, 7d."""

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        if self.warn_after and self.error_after and self.warn_after > self.error_after:
            raise mistake("fails before it warns", why="warn_after must not be longer than error_after")
        return self


class TableSettings(Settings):
    """What the project says of one raw table, over what its platform declares."""

    delivery: Delivery | None = None
    """What a new load means: append (immutable rows), upsert (the newest version of a key counts) or
    snapshot (the newest load of a path is the whole truth)."""
    key: Words | None = None
    """The columns that identify a row."""
    version: str | None = None
    """The column that orders the versions of a row."""
    parent: Words | None = None
    """The columns that identify the parent whose rows are replaced together, for delivery upsert."""
    columns: Mapping[str, ColumnType] | None = None
    """Column and type: text, bigint, integer, decimal(18,4), double, boolean, date or timestamp."""
    required: Words | None = None
    """Columns without which a file is refused."""
    freshness: Freshness | None = None
    """How old the newest load may be."""


class SourceSettings(Settings):
    """Base of all kinds of sources. A kind of your own: a subclass with a `kind` of its own, named in an entry point.

    The entry point (group `shophouse.sources`, named as the kind) is an object, module or class, whose attribute
    `Settings` is that subclass.
    """

    kind: str
    staging: Name | None = None
    """The platform whose staging models read this source: a folder of models/staging/, or a packaged one."""
    timezone: TimeZone | None = None
    """The time zone of times that name none; the project's when absent."""
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    """How often reading a table is tried again when the system does not answer, after pauses of about 1, 3, 9 …
    seconds, 60 at most. Nothing of a failed try is kept."""
    tables: Mapping[Name, TableSettings] = Field(default_factory=dict)
    """Tables that the platform doesn't declare, or declares otherwise."""


class Tolerance(Settings):
    """How much of what is read may be unreadable."""

    max_rejected_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of the rows of a file, or of one read of a table (0 to 1), that may go to quarantine before the load is
    refused: 0.1 when absent. Ten rows always may, except at 0."""


class FileFormat(Tolerance):
    """How files are written. What is absent is found out from the file."""

    delimiter: Annotated[str, Field(min_length=1, max_length=4)] | None = None
    """What separates the values of a line."""
    encoding: Encoding | None = None
    """The encoding of the text; UTF-8 when absent."""
    header: bool | None = None
    """Whether the first line names the columns."""
    compression: Literal["none", "gzip", "zstd"] | None = None
    """By the end of the file's name when absent."""
    null_values: Words | None = None
    """Words that mean "no value", beside the empty one."""
    decimal_separator: Literal[".", ","] | None = None
    """The decimal point."""


class StorageSettings(Settings):
    """How a bucket is reached. What is absent comes from the environment, as AWS_REGION, AWS_ACCESS_KEY_ID,
    AZURE_STORAGE_ACCOUNT_NAME, GOOGLE_APPLICATION_CREDENTIALS, or from the machine's own role."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^/\s]+(/\S*)?$")] | None = None
    """Where a server other than AWS, Azure or Google answers, as http://127.0.0.1:9000."""
    region: str | None = None
    """The region of an S3 bucket, as eu-central-1."""
    anonymous: bool = False
    """Whether the bucket is public, and read without credentials."""
    profile: str | None = None
    """A profile of ~/.aws, for S3."""
    access_key: Secret | None = None
    """The id of an S3 access key, by reference: `env:NAME`."""
    secret_key: Secret | None = None
    """Its secret, by reference: `env:NAME`."""
    session_token: Secret | None = None
    """The token of temporary S3 credentials, by reference: `env:NAME`."""
    account: str | None = None
    """The name of an Azure storage account."""
    account_key: Secret | None = None
    """Its key, by reference: `env:NAME`."""
    sas_token: Secret | None = None
    """A shared access signature of Azure, by reference: `env:NAME`."""
    service_account: Secret | None = None
    """The JSON key of a Google service account, by reference: `env:NAME`."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise mistake("has half a key", why="access_key and secret_key belong together")
        if self.anonymous and (self.access_key or self.profile or self.account_key or self.sas_token):
            raise mistake("says two things", why="anonymous: true asks without credentials", hint="leave one out")
        return self


class Operation(Settings):
    """How a change feed says what happened to a row."""

    column: Annotated[str, Field(min_length=1)]
    """The column that says it, as Op or __op."""
    insert: Words = ("i", "c", "r", "insert", "create", "read", "load")
    """Its words for a row that is new, in any case."""
    update: Words = ("u", "update")
    """Its words for a row that changed: it comes whole, as it is now."""
    delete: Words = ("d", "delete")
    """Its words for a row that was deleted."""

    @model_validator(mode="after")
    def _clear(self) -> Self:
        words = [word.strip().lower() for word in (*self.insert, *self.update, *self.delete)]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise mistake(f"has {', '.join(twice)} twice", why="a word means one operation")
        return self


class FilesTable(TableSettings, FileFormat):
    """A table that arrives as files."""

    files: str | None = None
    """Which of the source's files belong to this table: a pattern for the file's name, as "*orders*.csv"."""
    operation: Operation | None = None
    """For a change feed, as AWS DMS and Debezium write them: the column that says insert, update or delete. The rows of
    files without that column are inserts."""
    vanished_files: Literal["keep", "remove"] | None = None
    """For this table; see the source's."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.operation and self.delivery not in (None, "upsert"):
            why = "operation: is for files that bring the rows that changed"
            raise mistake(f"can't be of delivery {self.delivery}", why=why, hint="leave it out: it is upsert")
        if self.operation and self.parent:
            why = "operation: says row by row what happened, and brings no row that did not change"
            raise mistake("can't have a parent", why=why, hint="leave it out")
        return self


class FilesSource(SourceSettings, FileFormat):
    """Files of a folder or a bucket: CSV (plain, gz, zst), Parquet or newline-delimited JSON."""

    kind: Literal["files"]
    path: FileGlob
    """A glob, relative to the shop's folder or absolute: data/*.csv.gz. Or in a bucket (`pip install
    "shophouse[object-storage]"`): s3://bucket/shop/*.csv.gz, az://, abfss:// or gs://"""
    storage: StorageSettings = Field(default_factory=StorageSettings)
    """How the bucket is reached."""
    vanished_files: Literal["keep", "remove"] = "keep"
    """What a file that is gone means for a table of delivery snapshot: its rows stay (the file was cleared away), or
    they are removed with it. Under append and upsert they always stay."""
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    """How often reading a table is tried again when the folder does not answer, after growing pauses; for a bucket it
    is 3 when absent."""
    tables: Mapping[Name, FilesTable] = Field(default_factory=dict)
    """Tables that the platform doesn't declare, or declares otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _buckets_are_far(cls, data: object) -> object:
        if isinstance(data, dict) and "://" in str(data.get("path")) and data.get("retries") is None:
            return {**data, "retries": 3}
        return data

    @model_validator(mode="after")
    def _stored_in_a_bucket(self) -> Self:
        if "storage" in self.model_fields_set and not self.is_remote:
            raise mistake("has storage:", why=f"{self.path} is a folder of this machine", hint="write s3://bucket/…")
        return self

    @property
    def is_remote(self) -> bool:
        return "://" in self.path

    def removes_vanished(self, table: str) -> bool:
        """Whether the rows of `table`, a snapshot, go when their file does."""
        own = self.tables.get(table)
        return (own.vanished_files if own and own.vanished_files else self.vanished_files) == "remove"

    def format_of(self, table: str) -> FileFormat:
        """How the files of `table` are written: its own settings over the source's."""
        names = FileFormat.model_fields
        own = self.tables.get(table)
        layers: list[FileFormat] = [self] if own is None else [self, own]
        return FileFormat(**{n: getattr(s, n) for s in layers for n in names if n in s.model_fields_set})


class PostgresTable(TableSettings, Tolerance):
    """A table that is read from a PostgreSQL database."""

    table: Annotated[str, Field(min_length=1)] | None = None
    """Which table or view it is, as orders or sales.orders; the one of the same name when absent."""
    read: Literal["full", "cursor", "changes"] = "full"
    """full: the whole table each time, a row that is gone was deleted. cursor: only rows that were inserted or updated
    since; deletes are not noticed. changes: every insert, update, delete and truncate, by logical replication."""
    cursor: str | None = None
    """The column that grows with each change of a row, as updated_at; for read: cursor."""
    late_by: Duration | None = None
    """That the cursor is a time of the database's clock, and lies before the start of the transaction that writes it by
    no more than this: 10s. Reads then look at an index of the cursor alone, however long transactions take; a row with
    an older time is never read. When absent, each read passes over the whole table, and no time is trusted."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.late_by is not None and self.read != "cursor":
            raise mistake("has late_by", why="it is for read: cursor", hint="leave it out")
        if (self.read == "cursor") != (self.cursor is not None):
            why = "read: cursor and cursor: <column> belong together"
            hint = "write   cursor: updated_at" if self.cursor is None else "write   read: cursor"
            raise mistake("says only half of how it is read", why=why, hint=hint)
        wanted = "snapshot" if self.read == "full" else "upsert"
        if self.delivery not in (None, wanted):
            why = f"read: {self.read} brings {'changed rows' if wanted == 'upsert' else 'the whole table'}"
            raise mistake(f"can't be of delivery {self.delivery}", why=why, hint=f"leave it out: it is {wanted}")
        if self.read != "full" and (self.version or self.parent):
            why = "a later read has the later state of a row, and brings no row that did not change"
            raise mistake(f"can't have a version or parent with read: {self.read}", why=why, hint="leave them out")
        return self


class PostgresSource(SourceSettings, Tolerance):
    """Tables of a PostgreSQL database (13 or newer). Needs `pip install "shophouse[postgres]"`."""

    kind: Literal["postgres"]
    dsn: Secret
    """Where the database is, by reference: `env:SOURCE_DSN`, set to `postgresql://user:password@host:5432/database`."""
    database_schema: Annotated[str, Field(min_length=1)] = "public"
    """The schema of the tables that name none."""
    slot: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,63}$")] | None = None
    """The replication slot of the tables with read: changes, and the name of their publication; shophouse_<source> when
    absent. Each shop that reads a database needs one of its own."""
    tables: Mapping[Name, PostgresTable] = Field(default_factory=dict)
    """Tables that the platform doesn't declare or declares otherwise, and how each is read."""


class KafkaFormat(Tolerance):
    """How messages are written."""

    format: Literal["json", "debezium", "avro", "protobuf"] | None = None
    """json when absent: an object each. debezium: its envelopes of changed rows, with or without their schema, as JSON,
    or as Avro where there is a registry. avro, protobuf: as their serializers for the schema registry write them."""
    epoch: Literal["milliseconds", "microseconds", "nanoseconds"] | None = None
    """What a whole number in a column of type timestamp counts, since 1970 in UTC. When absent it is no timestamp."""


class KafkaTable(TableSettings, KafkaFormat):
    """A table that is read from Kafka topics."""

    topics: Words | None = None
    """The topics whose messages are the table's rows. When absent: all of the source, where it has one table, else the
    topic of the same name."""
    message_key: Words | None = None
    """The columns that a message's key names, in a tombstone; the table's key when absent."""


class KafkaSource(SourceSettings, KafkaFormat):
    """Messages of Kafka topics. Needs `pip install "shophouse[kafka]"`."""

    kind: Literal["kafka"]
    brokers: Annotated[str, Field(min_length=1)]
    """Brokers to begin with, as kafka-1:9092,kafka-2:9092, or by reference: env:KAFKA."""
    topics: Words = ()
    """The topics. Without declared tables, each is one, named after it."""
    client: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """Settings of librdkafka, as security.protocol: SASL_SSL; a value may be a reference, and a password must be one:
    sasl.password: env:KAFKA_PASSWORD."""
    registry: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """Settings of the schema registry's client, as url: https://registry:8081; a value may be a reference, and
    basic.auth.user.info must be one."""
    group: Annotated[str, Field(min_length=1)] | None = None
    """The group under which the broker is told how far the lake is; shophouse-<shop>-<source> when absent."""
    dead_letter_topic: Annotated[str, Field(min_length=1)] | None = None
    """A topic that gets a copy of each message that went to quarantine."""
    when_messages_are_gone: Literal["stop", "continue"] = "stop"
    """What to do when the topic deleted messages before they were read: stop, or tell how many and continue."""
    made_anew: Words = ()
    """Ids of topics that were deleted and made again, and may be read from their beginning."""
    patience_seconds: Annotated[float, Field(gt=0)] = 10.0
    """How long brokers may take to answer, before a try counts as failed."""
    tables: Mapping[Name, KafkaTable] = Field(default_factory=dict)
    """Tables that the platform doesn't declare or declares otherwise, and their topics."""

    @model_validator(mode="after")
    def _keeps_secrets(self) -> Self:
        for name, value in (*self.client.items(), *self.registry.items()):
            if name in _KAFKA_SECRETS and not (isinstance(value, str) and value.startswith("env:")):
                why, hint = "a secret is a reference: env:NAME", f"write   {name}: env:NAME"
                raise mistake(f"has {name} in the file itself", why=why, hint=hint)
        needing = [self.format, *(table.format for table in self.tables.values())]
        if not self.registry and ("avro" in needing or "protobuf" in needing):
            why, hint = "their schemas are in one", "write   registry: {url: https://…}"
            raise mistake("needs a schema registry for Avro and Protobuf", why=why, hint=hint)
        if not self.topics and not any(table.topics for table in self.tables.values()):
            raise mistake("has no topics", why="nothing would be read", hint="write   topics: [orders]")
        return self

    @property
    def resolved_brokers(self) -> str:
        """The brokers themselves. Raises ConfigError when a reference leads nowhere."""
        return str(_resolved(self.brokers))

    @property
    def resolved_client(self) -> dict[str, Any]:
        """The client's settings with the values of references, secrets among them. Raises ConfigError."""
        return {name: _resolved(value) for name, value in self.client.items()}

    @property
    def resolved_registry(self) -> dict[str, Any]:
        """The registry's settings with the values of references. Raises ConfigError."""
        return {name: _resolved(value) for name, value in self.registry.items()}

    def format_of(self, table: str) -> KafkaFormat:
        """How the messages of `table` are written: its own settings over the source's."""
        names = KafkaFormat.model_fields
        own = self.tables.get(table)
        layers: list[KafkaFormat] = [self] if own is None else [self, own]
        return KafkaFormat(**{n: getattr(s, n) for s in layers for n in names if n in s.model_fields_set})


_KAFKA_SECRETS = (
    "basic.auth.user.info",
    "bearer.auth.token",
    "sasl.oauthbearer.client.secret",
    "sasl.password",
    "ssl.key.password",
    "ssl.keystore.password",
)


def _resolved(value: Any) -> Any:
    is_reference = isinstance(value, str) and value.startswith("env:")
    return Secret(value).resolve().get_secret_value() if is_reference else value


class PythonTable(TableSettings, Tolerance):
    """A table that a function yields."""

    function: FunctionName | None = None
    """The function that yields it, as sources/erp.py:orders or module:function; the source's when absent."""
    arguments: Mapping[str, Any] | None = None
    """Arguments in place of the source's."""


class PythonSource(SourceSettings, Tolerance):
    """Functions of the shop's own that yield frames of pandas, Polars or Arrow."""

    kind: Literal["python"]
    function: FunctionName | None = None
    """The function of all tables that name none, as sources/erp.py:orders (a file of the shop's folder) or
    module:function. For several tables it has a parameter `table`."""
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    """Arguments of the functions, by name; a text `env:NAME` is replaced by that variable's value."""
    tables: Mapping[Name, PythonTable] = Field(default_factory=dict)
    """Tables that the platform doesn't declare or declares otherwise, and the function of each."""

    @model_validator(mode="after")
    def _has_a_function(self) -> Self:
        if self.function is None:
            if not any(table.function for table in self.tables.values()):
                raise mistake("names no function", hint="write   function: sources/erp.py:orders")
            if lacking := [name for name, table in self.tables.items() if table.function is None and not self.staging]:
                raise mistake(f"names no function for {', '.join(lacking)}", hint="write   function: …   there")
        return self


class DltSource(SourceSettings, Tolerance):
    """Any source of dlt: Shopify, Stripe, Google Ads … Needs `pip install "shophouse[dlt]"`."""

    kind: Literal["dlt"]
    source: FunctionName
    """The function that gives the dlt source or resource, as module:function or sources/crm.py:function."""
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    """Its arguments, by name; a text `env:NAME` is replaced by that variable's value. What is absent may stand in dlt's
    own configuration, `.dlt/secrets.toml` in the shop's folder."""
    resources: Words | None = None
    """The resources to read; all that the source selects when absent."""


class ExistingTable(TableSettings):
    """A table that another loader keeps where the engine is."""

    table: Annotated[str, Field(min_length=1)] | None = None
    """Which table or view it is, as orders or fivetran_shop.orders; the one of the same name when absent."""
    loaded_at: Annotated[str, Field(min_length=1)] | None = None
    """For this table; see the source's."""
    deleted: Annotated[str, Field(min_length=1)] | None = None
    """For this table; see the source's."""


class ExistingSource(SourceSettings):
    """Tables that another loader (Fivetran, Airbyte, dlt) keeps where the engine is: they are modelled where they are.

    With the engine postgres, schemas of the shop's database; with duckdb, a file of DuckDB's that the loader writes.
    """

    kind: Literal["existing"]
    path: LocalFolder | None = None
    """The loader's DuckDB file, relative to the shop's folder or absolute; for the engine duckdb, and only there."""
    database_schema: Annotated[str, Field(min_length=1)]
    """The schema of the tables that name none."""
    loaded_at: Annotated[str, Field(min_length=1)] | None = None
    """The column that says when the loader wrote a row, as _fivetran_synced, _airbyte_extracted_at or _dlt_load_id: a
    time, or seconds since 1970. Tables without it have the moment at which a change was seen."""
    deleted: Annotated[str, Field(min_length=1)] | None = None
    """The column by which the loader marks rows that are gone at the source, as _fivetran_deleted (true) or
    _ab_cdc_deleted_at (a time). Such rows are left out; tables without the column have none."""
    tables: Mapping[Name, ExistingTable] = Field(default_factory=dict)
    """Tables that the platform doesn't declare or declares otherwise, and what they are called."""


class EngineSettings(Settings):
    """Base of all engines. Others are found by an entry point of the group `shophouse.engines`, as sources are."""

    kind: str

    def dbt_output(self) -> dict[str, Any]:
        """What stands in dbt's profile for this engine; paths are relative to the shop's folder."""
        raise NotImplementedError(f"{type(self).__name__}.dbt_output")


class DuckdbEngine(EngineSettings):
    """DuckDB, in this process: nothing to install or operate."""

    kind: Literal["duckdb"] = "duckdb"
    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")] | None = None
    """The most memory that queries may take, as 3GB."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """How many threads queries may use; all cores when absent."""

    @property
    def config(self) -> dict[str, str | int | bool]:
        """What a connection is opened with: alike for each in a process, as DuckDB demands for one file."""
        chosen = {"memory_limit": self.memory_limit, "threads": self.threads}
        # No model depends on the order of rows, and to keep it costs memory and a third of the time of a large table.
        # A new file's texts are compressed as DuckDB 1.3 does it, which is cheaper. A file keeps its format.
        return {name: value for name, value in chosen.items() if value is not None} | {
            "preserve_insertion_order": False,
            "storage_compatibility_version": "v1.3.0",
        }

    def dbt_output(self) -> dict[str, Any]:
        # Not under `settings`: dbt-duckdb sends those again for every cursor, which fails once a query has spilled.
        # One thread of dbt: DuckDB runs each model on all cores, and several at once only take more memory.
        output = {"type": "duckdb", "path": "warehouse/build/shop.duckdb", "schema": "main", "threads": 1}
        return {**output, "config_options": self.config}


class PostgresEngine(EngineSettings):
    """PostgreSQL 16 or newer, a database of the shop's own. Needs `pip install "shophouse[postgres]"`."""

    kind: Literal["postgres"]
    dsn: Secret
    """Where the database is, by reference: `env:SHOP_DSN`, set to `postgresql://user:password@host:5432/database`."""
    threads: Annotated[int, Field(ge=1)] = 4
    """How many models are built at once."""
    work_mem: Annotated[str, Field(pattern=r"^\d+ ?(kB|MB|GB)$")] = "64MB"
    """Memory of each sort and hash of a query, as 64MB."""
    readers: tuple[Name, ...] = ()
    """Roles that may read what is published."""

    def dbt_output(self) -> dict[str, Any]:
        # libpq's own variables: shophouse sets them around dbt, a person who types dbt sets them alike
        return {
            "type": "postgres",
            "host": "{{ env_var('PGHOST', 'localhost') }}",
            "port": "{{ env_var('PGPORT', '5432') | as_number }}",
            "user": "{{ env_var('PGUSER', 'postgres') }}",
            "password": "{{ env_var('PGPASSWORD', '') }}",
            "dbname": "{{ env_var('PGDATABASE', 'postgres') }}",
            "schema": "main",
            "threads": self.threads,
        }


class ExportSettings(Settings):
    """What `shophouse export` writes, and where."""

    formats: tuple[Literal["csv", "parquet", "xlsx"], ...] = ("csv",)
    """The formats of the exported marts."""
    folder: LocalFolder = "reports"
    """A folder, relative to the shop's folder or absolute."""
    max_rows: Annotated[int, Field(ge=1)] = 1_000_000
    """A mart with more rows is a file only when it is named, as `shophouse export customer_360`: no sheet holds it."""


class OidcRoles(Settings):
    """Who of those whom the provider knows is what here. Whoever is neither is refused."""

    claim: Annotated[str, Field(min_length=1)] = "groups"
    """Where the provider says it: a claim, or a path of names with dots as realm_access.roles. An `email` counts only
    where the provider has verified it."""
    analyst: Words = ()
    """Values of the claim with which one sees everything."""
    viewer: Words = ()
    """Values of the claim with which one sees everything but personal data; "*" is everybody."""

    @model_validator(mode="after")
    def _someone_may(self) -> Self:
        if not self.analyst and not self.viewer:
            raise mistake("lets nobody in", hint="write   roles: {claim: groups, analyst: [shop-analysts]}")
        if "*" in self.analyst:
            raise mistake("can't make everybody an analyst", hint='write   viewer: ["*"]   and name the analysts')
        return self


class OidcSettings(Settings):
    """Login through a provider of OpenID Connect: Keycloak, Google, Entra, Okta and others."""

    issuer: str
    """The provider, as its discovery document calls itself: https://login.example.com/realms/shop."""
    client_id: Annotated[str, Field(min_length=1)]
    """What the provider calls this dashboard."""
    client_secret: Secret | None = None
    """The dashboard's secret at the provider, env:NAME; absent for a public client."""
    roles: OidcRoles
    """Who is what."""
    scopes: Words = ("openid", "profile", "email")
    """What is asked of the provider; some need one more for groups."""
    label: Annotated[str, Field(min_length=1, max_length=40)] = "single sign-on"
    """What the login page calls the provider."""
    hours: Annotated[int, Field(ge=1, le=24)] = 12
    """How long a login lasts. Who is removed at the provider is out after that."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        address = urlsplit(self.issuer)
        schemes = ("https", "http") if address.hostname in ("127.0.0.1", "localhost", "::1") else ("https",)
        if not address.hostname or address.scheme not in schemes:
            raise mistake(f"has an issuer that is no address with https: {self.issuer}", hint="as the provider says it")
        if "openid" not in self.scopes:
            raise mistake("must ask for the scope openid", hint="write   scopes: [openid, profile, email]")
        return self


class ServeSettings(Settings):
    """The dashboard and the reports."""

    locale: Annotated[str, Field(min_length=2)] = "en_US"
    """How numbers and days are written: en_US, de_DE, pt_BR."""
    oidc: OidcSettings | None = None
    """Login through a provider of OpenID Connect, beside passwords or instead."""


class ReportSettings(Settings):
    """A report that each run writes when it is due. Needs `pip install "shophouse[serve]"`."""

    name: Name
    """What its files are called by, before the period: monthly-2025-09.html."""
    period: Annotated[str, Field(min_length=1)] = "last month"
    """Its days, as of what is published: last month, last week, last quarter, last year, or 30d, mtd, ytd … as in the
    dashboard. A report of each such period is written once, and once more when its figures were corrected."""
    compare: Literal["previous", "year", "none"] = "previous"
    """What it is compared with: the period before, the same days of the year before, or nothing."""
    pages: tuple[str, ...] = ()
    """The pages of the dashboard that are in it, as overview and sales; all when absent."""
    where: str | None = None
    """What it is narrowed to, by store, channel, country or category: "channel = 'web' and country in ('DE', 'AT')"."""
    formats: Annotated[tuple[Literal["html", "pdf"], ...], Field(min_length=1)] = ("html",)
    """html, and pdf where Chromium is installed."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """How many periods are kept; all when absent."""
    with_personal_data: bool = False
    """Whether it shows personal data, as the names of employees."""


def _named_once(reports: tuple[ReportSettings, ...]) -> tuple[ReportSettings, ...]:
    names = [report.name for report in reports]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise mistake(f"has {', '.join(twice)} twice", why="a report's files are called by its name")
    return reports


Reports = Annotated[tuple[ReportSettings, ...], AfterValidator(_named_once)]


class CalendarSettings(Settings):
    """The years and holidays of dim_date."""

    fiscal_year_starts_in_month: Annotated[int, Field(ge=1, le=12)] = 1
    """The month in which the fiscal year begins, 1 to 12; the 4-4-5 calendar begins in the week nearest to it."""
    holidays: HolidayCountry | None = None
    """The country whose public holidays count (ISO 3166-1: BR, DE, US); none when absent."""


class AttributionSettings(Settings):
    """How orders are credited to the visits, clicks and impressions before them."""

    lookback_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How many days before an order a touch may lie and still count."""
    half_life_days: Annotated[int, Field(ge=1, le=365)] = 7
    """In how many days a touch loses half of its weight, in the model time_decay."""
    impressions: bool = False
    """Whether an advertisement that was shown and not clicked is a touch, too."""
    ends_percent: Annotated[int, Field(ge=1, le=50)] = 40
    """The share of the first touch, and that of the last, in the model position_based; those between share the rest."""
    model: AttributionModel = "last_non_direct"
    """The model whose credits channel_performance, campaign_performance and overclaim show."""


SnapshotEntity = Literal["products", "categories", "stores", "locations", "sellers", "campaigns", "promotions"]
"""What dbt snapshots can be kept of."""


class StockSettings(Settings):
    """What stock is judged by."""

    lead_time_days: Annotated[int, Field(ge=0, le=365)] = 14
    """How long a delivery of goods takes from the day it is ordered."""
    overstock_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """More stock than is sold in so many days is too much."""
    dead_after_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Stock of which nothing was sold for so many days is dead."""


class StreamSettings(Settings):
    """What `shophouse stream` does how often."""

    every: Duration = timedelta(seconds=1)
    """A round begins at most so often; none begins before the last one has ended."""
    rows: Annotated[int, Field(ge=1)] = 50_000
    """A round begins earlier where so many rows wait, as far as the source can tell."""
    marts: Words = ()
    """What each round brings up to date, beside the facts: sales_daily, executive_daily … Other marts wait for a whole
    round, and stay as they were proved before. Empty: every round is whole."""
    whole_every: Duration = timedelta(minutes=5)
    """How often a round is whole, where marts are named: it builds everything that waits, and tests it."""
    full_reads_every: Duration = timedelta(minutes=5)
    """How often tables are read that can only be read whole, and tables of another loader are looked at, of which a
    change is a full build."""
    exports_every: Duration = timedelta(hours=1)
    """How often the files of reports/ are written."""
    snapshots_kept: Duration = timedelta(minutes=10)
    """How long the lake keeps what a merge of small files replaced, for readers that still look at it."""
