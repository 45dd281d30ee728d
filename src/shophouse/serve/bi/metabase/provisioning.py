"""Metabase over its REST API: the database, a collection, questions and dashboards, made or brought up to date.

What shophouse made is known by the last line of its description; all else is left alone. The line ends in a digest, so
that what did not change is not written again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.errors import ConfigError, ShophouseError
from shophouse.serve.bi.metabase.cards import card, dashcards, marked, parameters
from shophouse.serve.bi.tool import Provisioned

if TYPE_CHECKING:
    import httpx

    from shophouse.serve.bi.questions import Dashboard
    from shophouse.serve.bi.tool import SetUp

__all__ = ["Metabase", "MetabaseError", "provision"]

_MARK = re.compile(r"shophouse (\S+) ([0-9a-f]{12})\s*$")
_DASHCARD = (
    *("id", "card_id", "action_id", "row", "col", "size_x", "size_y", "dashboard_tab_id", "parameter_mappings"),
    *("visualization_settings", "inline_parameters"),
)
_BEGUN = "0" * 12
_SECONDS = 60.0
_ITEMS = 200


class MetabaseError(ShophouseError):
    """Metabase does not answer, or refuses what it is asked."""


class Metabase:
    """A session at a Metabase, whose calls raise MetabaseError.

    One that is new gets its first user, of this e-mail address and password, where `site` says what it is to be called.
    """

    def __init__(self, url: str, user: str, password: str, site: str | None = None) -> None:
        import httpx

        self._url = url.rstrip("/")
        if not self._url.startswith(("http://", "https://")):
            raise ConfigError(f"{url} is no address of a Metabase", hint="as http://127.0.0.1:3000")
        self._client = httpx.Client(base_url=self._url, timeout=_SECONDS)
        properties = self.get("/api/session/properties")
        if properties.get("has-user-setup") is False:
            if site is None:
                raise MetabaseError(
                    "this Metabase has no user yet",
                    where=self._url,
                    hint="open it and make one, or add --first-user: it makes one of this e-mail address and password",
                )
            first = {"email": user, "password": password, "first_name": "shophouse", "last_name": site}
            prefs = {"site_name": site, "allow_tracking": False}
            self.send("POST", "/api/setup", {"token": properties["setup-token"], "user": first, "prefs": prefs})
        session = self.send("POST", "/api/session", {"username": user, "password": password})
        self._client.headers["X-Metabase-Session"] = session["id"]

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, None, query)

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._ask(method, path, body, {})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, Any]) -> Any:
        import httpx

        try:
            answer = self._client.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise MetabaseError(
                "Metabase does not answer",
                where=self._url,
                why=str(error) or type(error).__name__,
                hint="docker compose up --detach, and a minute of patience: the first start takes long",
            ) from error
        if answer.status_code == 401 and path == "/api/session":
            raise MetabaseError(
                "Metabase does not know this user and password",
                where=self._url,
                hint="--user EMAIL, and the password in SHOPHOUSE_BI_PASSWORD",
            )
        if answer.is_error:
            hint = "the user must be an administrator of Metabase" if answer.status_code in (401, 403) else None
            raise MetabaseError(
                f"Metabase refused {method} {path} ({answer.status_code})",
                where=self._url,
                why=_readable(answer),
                hint=hint,
            )
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise MetabaseError(
                f"{self._url} is no Metabase", why=f"{path} answers {answer.text[:60]!r}", hint="--provision URL"
            ) from error


def provision(
    metabase: Metabase,
    set_up: SetUp,
    details: dict[str, Any],
    *,
    notice: Callable[[str], None] = lambda _: None,
    patience: float = 60.0,
) -> Provisioned:
    """Make what is missing, and bring up to date what changed.

    `details` are how Metabase reaches the database. Descriptions of tables and columns are set once Metabase has read
    the tables, for which it gets `patience` seconds.
    """
    work = _Work(metabase, set_up, Provisioned())
    database = work.database(details)
    collection = work.collection()
    known = {model: work.known(collection, model) for model in ("card", "dashboard")}
    for dashboard in set_up.dashboards:
        cards = {
            question.name: work.kept(
                known["card"], "card", question.name, card(question, database, collection, set_up.currency)
            )
            for question in dashboard.questions
        }
        work.dashboard(known["dashboard"], dashboard, cards, collection)
    wanted = {question.name for dashboard in set_up.dashboards for question in dashboard.questions}
    work.done.left = sorted(name for name in known["card"] if name not in wanted)
    work.describe(database, patience, notice)
    return work.done


@dataclass
class _Work:
    metabase: Metabase
    set_up: SetUp
    done: Provisioned

    @property
    def name(self) -> str:
        return f"shophouse: {self.set_up.shop}"

    def database(self, details: dict[str, Any]) -> int:
        found = self.metabase.get("/api/database")
        listed = found["data"] if isinstance(found, dict) else found
        mine = next((one for one in listed if one["name"] == self.name), None)
        engine = self.set_up.dialect
        if mine is None:
            made = self.metabase.send(
                "POST", "/api/database", {"name": self.name, "engine": engine, "details": details, "is_full_sync": True}
            )
            self.done.made.append(f"database {self.name}")
            return int(made["id"])
        known = self.metabase.get(f"/api/database/{mine['id']}")
        # a password comes back masked
        open_details = {key: value for key, value in details.items() if key != "password"}
        if (
            known["engine"] != engine
            or any(known["details"].get(key) != value for key, value in open_details.items())
            or not (details.get("password") is None or self._gets_in(mine["id"]))
        ):
            self.metabase.send("PUT", f"/api/database/{mine['id']}", {"engine": engine, "details": details})
            self.done.changed.append(f"database {self.name}")
        else:
            self.done.same += 1
        return int(mine["id"])

    def _gets_in(self, database: int) -> bool:
        """Whether the database still takes what Metabase knows of it."""
        return bool(self.metabase.get(f"/api/database/{database}/healthcheck")["status"] == "ok")

    def collection(self) -> int:
        for one in self.metabase.get("/api/collection"):
            if one.get("name") == self.name and not one.get("archived") and isinstance(one["id"], int):
                self.done.same += 1
                return int(one["id"])
        made = self.metabase.send(
            "POST",
            "/api/collection",
            {"name": self.name, "description": "Made by shophouse; questions of your own may lie here too."},
        )
        self.done.made.append(f"collection {self.name}")
        return int(made["id"])

    def known(self, collection: int, model: str) -> dict[str, tuple[int, str]]:
        """What shophouse made before: id and digest, by name."""
        found: dict[str, tuple[int, str]] = {}
        offset = 0
        while True:
            page = self.metabase.get(f"/api/collection/{collection}/items", models=model, limit=_ITEMS, offset=offset)
            for item in page["data"]:
                if mark := _MARK.search(item.get("description") or ""):
                    found[mark[1]] = (int(item["id"]), mark[2])
            offset += _ITEMS
            if offset >= page["total"]:
                return found

    def kept(self, known: dict[str, tuple[int, str]], kind: str, name: str, body: dict[str, Any]) -> int:
        """Make it, or bring it up to date; gives its id."""
        body = body | {"description": marked(body["description"], name, body)}
        digest = _digest(body)
        if name not in known:
            made = self.metabase.send("POST", f"/api/{kind}", body)
            self.done.made.append(f"{kind} {name}")
            return int(made["id"])
        number, before = known[name]
        if before == digest:
            self.done.same += 1
        else:
            self.metabase.send("PUT", f"/api/{kind}/{number}", body)
            self.done.changed.append(f"{kind} {name}")
        return number

    def dashboard(
        self, known: dict[str, tuple[int, str]], dashboard: Dashboard, cards: dict[str, int], collection: int
    ) -> None:
        mine = dashcards(dashboard, cards)
        body = {
            "name": f"{self.set_up.shop}: {dashboard.title}",
            "parameters": parameters(dashboard, self.set_up.values),
            "collection_id": collection,
        }
        description = marked(dashboard.description, dashboard.name, [body, dashboard.description, mine])
        number, before = known.get(dashboard.name, (None, ""))
        if before == _digest({"description": description}):
            self.done.same += 1
            return
        there: dict[str, Any] = {"dashcards": [], "tabs": []}
        if number is None:
            begun = _MARK.sub(f"shophouse {dashboard.name} {_BEGUN}", description)
            made = self.metabase.send("POST", "/api/dashboard", body | {"description": begun})
            number = int(made["id"])
            self.done.made.append(f"dashboard {dashboard.name}")
        else:
            there = self.metabase.get(f"/api/dashboard/{number}")
            self.done.changed.append(f"dashboard {dashboard.name}")
        tabs = [{"id": tab["id"], "name": tab["name"]} for tab in there.get("tabs") or ()]
        laid = _laid(mine, there["dashcards"], set(cards.values()), tabs[0]["id"] if tabs else None)
        # the digest comes last: a dashboard that was left half made is made whole by the next call
        self.metabase.send("PUT", f"/api/dashboard/{number}", body | {"dashcards": laid, "tabs": tabs})
        self.metabase.send("PUT", f"/api/dashboard/{number}", {"description": description})

    def describe(self, database: int, patience: float, notice: Callable[[str], None]) -> None:
        """Give tables and columns the descriptions of the models."""
        wanted = {(table.schema, table.name): table for table in self.set_up.tables()}
        end = time.monotonic() + patience
        while True:
            there = self.metabase.get(f"/api/database/{database}/metadata")["tables"]
            found = [table for table in there if (table.get("schema"), table["name"]) in wanted]
            if len(found) == len(wanted) or time.monotonic() > end:
                break
            if patience:
                notice("waiting until Metabase has read the tables")
            time.sleep(min(2.0, patience))
        if len(found) < len(wanted):
            notice(f"Metabase knows {len(found)} of {len(wanted)} tables as yet: call again, to describe the others")
        for table in found:
            columns = wanted[table["schema"], table["name"]].columns
            changed = 0
            for one in table["fields"]:
                _, said = columns.get(one["name"], ("", ""))
                if said and one.get("description") != said:
                    self.metabase.send("PUT", f"/api/field/{one['id']}", {"description": said})
                    changed += 1
            if changed:
                self.done.changed.append(f"descriptions of {table['name']}")
            else:
                self.done.same += 1


def _digest(body: dict[str, Any]) -> str:
    mark = _MARK.search(body["description"])
    assert mark is not None
    return mark[2]


def _laid(
    mine: list[dict[str, Any]], there: list[dict[str, Any]], cards: set[int], tab: int | None
) -> list[dict[str, Any]]:
    """The cards of a dashboard: shophouse's in their places, and whatever people added to it as it is."""
    ids = {one["card_id"]: one["id"] for one in there if one.get("card_id") in cards}
    laid = [
        one | {"id": ids.get(one["card_id"], -1 - number), **({"dashboard_tab_id": tab} if tab is not None else {})}
        for number, one in enumerate(mine)
    ]
    for one in there:
        if one["id"] not in ids.values():
            kept = {key: one[key] for key in _DASHCARD if key in one}
            laid.append(kept | {"series": [{"id": other["id"]} for other in one.get("series") or ()]})
    return laid


def _readable(answer: httpx.Response) -> str:
    """What Metabase says of a refusal, in a line."""
    try:
        said = answer.json()
    except ValueError:
        return answer.text.splitlines()[0][:300] if answer.text else answer.reason_phrase
    if isinstance(said, dict):
        said = said.get("message") or said.get("errors") or said.get("specific-errors") or said
    return said if isinstance(said, str) else json.dumps(said)[:500]
