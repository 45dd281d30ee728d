"""A server that takes what Metabase's REST API takes, and refuses what it refuses: Metabase is in no registry.

What it takes is written from the schemas of Metabase's source (src/metabase: setup_rest, warehouses_rest,
queries_rest, dashboards_rest, lib/schema/parameter): maps that are closed there are closed here.
It keeps what it is given, and runs no query.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Positive = Annotated[int, Field(gt=0)]
AtLeast0 = Annotated[int, Field(ge=0)]
_TAG = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")
_TYPES = {"date": {"date/single"}, "text": {"string/="}}
"""Which parameters may set a variable of which type."""


class Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class TemplateTag(Closed):
    id: Text
    name: Text
    display_name: Annotated[Text, Field(alias="display-name")]
    type: Literal["text", "number", "date", "boolean"]
    required: bool = False
    default: Any = None


class Native(Closed):
    query: Text
    template_tags: Annotated[dict[str, TemplateTag], Field(alias="template-tags")]

    @model_validator(mode="after")
    def _agree(self) -> Native:
        assert set(_TAG.findall(self.query)) == set(self.template_tags), "tags are not those of the query"
        assert all(name == tag.name for name, tag in self.template_tags.items())
        assert self.query.count("[[") == self.query.count("]]")
        return self


class Query(Closed):
    type: Literal["native"]
    database: Positive
    native: Native


class Card(Closed):
    name: Text
    type: Literal["question"]
    dataset_query: Query
    display: Literal["scalar", "table", "line", "area", "bar", "row", "waterfall", "funnel", "scatter"]
    visualization_settings: dict[str, Any]
    description: Text | None = None
    collection_id: Positive | None = None


class Parameter(Closed):
    id: Text
    type: Literal["date/single", "string/="]
    name: Text
    slug: Text
    sectionId: str
    isMultiSelect: bool | None = None
    values_query_type: Literal["list", "search", "none"] | None = None
    values_source_type: Literal["static-list", "card"] | None = None
    values_source_config: dict[str, Any] | None = None


class Mapping(Closed):
    parameter_id: Text
    card_id: Positive
    target: tuple[Literal["variable"], tuple[Literal["template-tag"], Text]]

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, value: Any) -> Any:
        kind, tag = value["target"]
        return value | {"target": (kind, tuple(tag))}


class Named(Closed):
    id: Positive


class Dashcard(Closed):
    id: int
    size_x: Positive
    size_y: Positive
    row: AtLeast0
    col: AtLeast0
    card_id: Positive | None = None
    action_id: Positive | None = None
    dashboard_tab_id: int | None = None
    parameter_mappings: list[Mapping] | None = None
    visualization_settings: dict[str, Any] | None = None
    inline_parameters: list[Text] | None = None
    series: list[Named] | None = None


class Tab(Closed):
    id: int
    name: Text
    position: AtLeast0 | None = None


class DashboardMade(Closed):
    name: Text
    description: str | None = None
    parameters: list[Parameter] | None = None
    collection_id: Positive | None = None


class DashboardChanged(Closed):
    name: Text | None = None
    description: str | None = None
    parameters: list[Parameter] | None = None
    collection_id: Positive | None = None
    dashcards: list[Dashcard] | None = None
    tabs: list[Tab] | None = None


class Details(Closed):
    database_file: str | None = None
    read_only: bool | None = None
    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    user: str | None = None
    password: str | None = None
    ssl: bool | None = None
    ssl_mode: Annotated[str | None, Field(alias="ssl-mode")] = None
    schema_filters_type: Annotated[str | None, Field(alias="schema-filters-type")] = None
    schema_filters_patterns: Annotated[str | None, Field(alias="schema-filters-patterns")] = None


class DatabaseMade(Closed):
    name: Text
    engine: Literal["postgres", "duckdb"]
    details: Details
    is_full_sync: bool | None = True


class DatabaseChanged(Closed):
    engine: Literal["postgres", "duckdb"] | None = None
    details: Details | None = None


class CollectionMade(Closed):
    name: Text
    description: Text | None = None
    parent_id: Positive | None = None


class Person(Closed):
    email: Annotated[str, Field(pattern=r".+@.+\..+")]
    password: Annotated[str, Field(min_length=6)]
    first_name: Text | None = None
    last_name: Text | None = None


class Prefs(Closed):
    site_name: Text
    allow_tracking: bool | None = None


class SetUp(Closed):
    token: Text
    user: Person
    prefs: Prefs


class LogIn(Closed):
    username: Text
    password: Text


class FieldChanged(Closed):
    description: Text


_BODIES: dict[tuple[str, str], type[Closed]] = {
    ("POST", "setup"): SetUp,
    ("POST", "session"): LogIn,
    ("POST", "database"): DatabaseMade,
    ("PUT", "database"): DatabaseChanged,
    ("POST", "collection"): CollectionMade,
    ("POST", "card"): Card,
    ("PUT", "card"): Card,
    ("POST", "dashboard"): DashboardMade,
    ("PUT", "dashboard"): DashboardChanged,
    ("PUT", "field"): FieldChanged,
}


_NOT_TAKEN = {
    "message": "Looks like the username or password is incorrect.",
    "errors": {"username": "check your username", "password": "check your password"},
}


class Refused(Exception):
    """With a status, and what is said."""


@dataclass
class Server:
    """`things` are what was made, by kind and id; `tables` what a database is said to hold; `calls` what was asked.

    `taken` is the password that a database takes, where it takes but one; `known` are those that it was told.
    """

    url: str = ""
    email: str = ""
    password: str = ""
    things: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    taken: str | None = None
    known: dict[int, str | None] = field(default_factory=dict)

    def made(self, kind: str) -> list[dict[str, Any]]:
        return list(self.things.get(kind, {}).values())

    @property
    def writes(self) -> int:
        return sum(method != "GET" and path != "/api/session" for method, path in self.calls)

    def add(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        kept = self.things.setdefault(kind, {})
        made = body | {"id": 1 + max((number for one in self.things.values() for number in one), default=0)}
        kept[made["id"]] = made
        return made

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, session: str | None) -> Any:
        self.calls.append((method, path))
        kind, *rest = path.removeprefix("/api/").split("/")
        if method == "GET" and path == "/api/session/properties":
            return {"has-user-setup": bool(self.email), "setup-token": None if self.email else "token"}
        if kind not in ("session", "setup") and session != "key":
            raise Refused(401, "Unauthenticated")
        if method == "GET":
            return self._read(kind, rest, query)
        try:
            _BODIES[method, kind].model_validate(body)
        except KeyError:
            raise Refused(404, "API endpoint does not exist.") from None
        except ValidationError as error:
            raise Refused(400, {"specific-errors": str(error)}) from error
        if kind == "setup":
            if self.email:
                raise Refused(403, "The /api/setup route can only be used to create the first user")
            if body["token"] != "token":
                raise Refused(400, "Token does not match the setup token.")
            self.email, self.password = body["user"]["email"], body["user"]["password"]
            return {"id": "key"}
        if kind == "session":
            if (body["username"], body["password"]) != (self.email, self.password):
                raise Refused(401, {"errors": {"password": "did not match stored password"}})
            return {"id": "key"}
        return self._write(kind, rest, body)

    def _read(self, kind: str, rest: list[str], query: dict[str, list[str]]) -> Any:
        match kind, rest:
            case "database", []:
                return {"data": self.made("database"), "total": len(self.made("database"))}
            case "database", [number, "healthcheck"]:
                self._exists("database", int(number))
                return (
                    {"status": "ok"} if self._takes(self.known.get(int(number))) else _NOT_TAKEN | {"status": "error"}
                )
            case "database", [_, "metadata"]:
                return {"tables": self.tables}
            case "collection", []:
                return [{"id": "root", "name": "Our analytics"}, *self.made("collection")]
            case "collection", [number, "items"]:
                [model] = query["models"]
                limit, offset = int(query["limit"][0]), int(query["offset"][0])
                items = [one for one in self.made(model) if one.get("collection_id") == int(number)]
                shown = [{key: one.get(key) for key in ("id", "name", "description")} for one in items]
                return {"data": shown[offset : offset + limit], "total": len(items)}
            case _, [number]:
                if int(number) in self.things.get(kind, {}):
                    return self.things[kind][int(number)]
        raise Refused(404, "Not found.")

    def _write(self, kind: str, rest: list[str], body: dict[str, Any]) -> Any:
        if kind == "field":
            [one] = [one for table in self.tables for one in table["fields"] if one["id"] == int(rest[0])]
            one |= body
            return one
        if kind == "database" and "details" in body and not self._takes(body["details"].get("password")):
            raise Refused(400, _NOT_TAKEN)
        if not rest:
            more: dict[str, Any] = {"dashcards": [], "tabs": []} if kind == "dashboard" else {}
            if kind == "card":
                self._exists("database", body["dataset_query"]["database"])
            if body.get("collection_id"):
                self._exists("collection", body["collection_id"])
            made = self.add(kind, body | more)
            if kind == "database":
                self.known[made["id"]] = body["details"].get("password")
            return self._masked(made)
        known = self._exists(kind, int(rest[0]))
        if "dashcards" in body:
            body = body | {"dashcards": self._laid(known, body)}
        known |= body
        if kind == "database" and "details" in body:
            self.known[known["id"]] = body["details"].get("password")
        return self._masked(known)

    def _exists(self, kind: str, number: int) -> dict[str, Any]:
        if number not in self.things.get(kind, {}):
            raise Refused(404, f"there is no {kind} {number}")
        return self.things[kind][number]

    def _takes(self, password: str | None) -> bool:
        return self.taken is None or password == self.taken

    def _masked(self, thing: dict[str, Any]) -> dict[str, Any]:
        if (thing.get("details") or {}).get("password"):
            thing["details"] = thing["details"] | {"password": "**MetabasePass**"}
        return thing

    def _laid(self, dashboard: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
        """New cards get ids; those of no place here, of no tab, over others, or set by a wrong filter are refused."""
        known = {one["id"] for one in dashboard["dashcards"]}
        filters = {one["id"]: one["type"] for one in body.get("parameters") or dashboard["parameters"] or ()}
        taken: set[tuple[int, int]] = set()
        laid: list[dict[str, Any]] = []
        for one in body["dashcards"]:
            if one["id"] > 0 and one["id"] not in known:
                raise Refused(404, f"there is no dashcard {one['id']}")
            if body.get("tabs") and one.get("dashboard_tab_id") is None:
                raise Refused(400, "This dashboard has tab, makes sure every card has a tab")
            cells = {
                (row, column)
                for row in range(one["row"], one["row"] + one["size_y"])
                for column in range(one["col"], one["col"] + one["size_x"])
            }
            if one["col"] + one["size_x"] > 24 or cells & taken:
                raise Refused(400, f"no place for {one}")
            taken |= cells
            if one.get("card_id"):
                tags = self._exists("card", one["card_id"])["dataset_query"]["native"]["template-tags"]
                for mapping in one["parameter_mappings"]:
                    tag = tags[mapping["target"][1][1]]
                    if filters[mapping["parameter_id"]] not in _TYPES[tag["type"]]:
                        raise Refused(400, f"{mapping} sets a variable of another type")
            number = one["id"] if one["id"] > 0 else 1000 + len(laid) + max(known, default=0)
            laid.append(one | {"id": number})
        return laid


@contextmanager
def running() -> Iterator[Server]:
    """Start it on a free port of 127.0.0.1."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            address = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            try:
                session = self.headers.get("X-Metabase-Session")
                said = state.answer(self.command, address.path, parse_qs(address.query), body, session)
                status = 200
            except Refused as refused:
                status, said = refused.args
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _do

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
