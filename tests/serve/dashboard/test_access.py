from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from shophouse.serve.dashboard.access import COOKIE, HOURS, Access, visitor
from shophouse.serve.dashboard.users import Users

PASSWORD = "a long enough one"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path)
    users.put("anna", "analyst", PASSWORD)
    users.put("vera", "viewer", PASSWORD)
    return users


@pytest.fixture
def client(users: Users, clock: Clock) -> Callable[..., TestClient]:
    """A browser with an empty memory, as client() or client(login=False)."""
    servers = {login: _server(users if login else None, clock) for login in (True, False)}

    def of(*, login: bool = True, address: str = "https://shop.example") -> TestClient:
        return TestClient(servers[login], base_url=address, follow_redirects=False)

    return of


def _server(users: Users | None, clock: Clock) -> FastAPI:
    server = FastAPI()

    @server.api_route("/{path:path}", methods=["GET", "POST"])
    def show(request: Request, response: Response) -> dict[str, object]:
        who = visitor(request.scope)
        if request.url.path == "/api/other-cookies":
            response.set_cookie("other", "x")
        return {"name": who.name, "sees_personal": who.sees_personal}

    @server.websocket("/socket")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(str(visitor(socket.scope).name))
        await socket.close()

    server.add_middleware(Access, shop="Shop <b>", users=users, clock=clock)
    return server


def log_in(browser: TestClient, name: str, password: str = PASSWORD, after: str = "/") -> int:
    return browser.post(f"/login?next={after}", data={"name": name, "password": password}).status_code


def test_nothing_is_shown_before_a_login(client: Callable[..., TestClient]) -> None:
    browser = client()
    asked = browser.get("/sales?channel=web")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/sales%3Fchannel%3Dweb")
    assert browser.post("/sales").status_code == 401
    told = browser.get("/api/metrics")
    assert told.status_code == 401 and told.json()["hint"]
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/socket"):
        pass
    form = browser.get("/login")
    assert "Shop &lt;b&gt;" in form.text and "Shop <b>" not in form.text


def test_a_login_leads_where_one_wanted_to_go(client: Callable[..., TestClient]) -> None:
    browser = client()
    answer = browser.post("/login?next=/sales%3Fchannel%3Dweb", data={"name": "anna", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sales?channel=web")
    kept = answer.headers["set-cookie"].lower()
    assert all(word in kept for word in ("httponly", "samesite=lax", "secure", f"max-age={HOURS * 3600}"))
    assert browser.get("/sales").json() == {"name": "anna", "sees_personal": True}
    with browser.websocket_connect("wss://shop.example/socket") as socket:
        assert socket.receive_text() == "anna"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/%5Cevil.example", "/a%0D%0AX: y"])
def test_a_login_leads_nowhere_else(client: Callable[..., TestClient], elsewhere: str) -> None:
    answer = client().post(f"/login?next={elsewhere}", data={"name": "anna", "password": PASSWORD})
    assert answer.headers["location"] == "/"


def test_a_viewer_is_no_analyst(client: Callable[..., TestClient]) -> None:
    browser = client()
    assert log_in(browser, "vera") == 303
    assert browser.get("/").json() == {"name": "vera", "sees_personal": False}
    assert client().get("/api/x", auth=("vera", PASSWORD)).json() == {"name": "vera", "sees_personal": False}
    assert client().get("/api/x", auth=("vera", "wrong")).status_code == 401
    # what a browser sends by itself opens no page
    assert client().get("/sales", auth=("vera", PASSWORD)).status_code == 303


def test_a_session_ends(client: Callable[..., TestClient], users: Users, clock: Clock) -> None:
    browser = client()
    log_in(browser, "anna")
    clock.now += HOURS * 3600 - 1
    assert browser.get("/").status_code == 200
    clock.now += 2
    assert browser.get("/").status_code == 303

    log_in(browser, "anna")
    token = browser.cookies[COOKIE]
    assert browser.post("/logout").headers["location"] == "/login"
    # a copy of the cookie is worth nothing any more
    assert client().get("/", headers={"cookie": f"{COOKIE}={token}"}).status_code == 303

    for change in (partial(users.put, "anna", "viewer", PASSWORD), partial(users.remove, "anna")):
        log_in(browser, "anna")
        assert browser.get("/").status_code == 200
        change()
        assert browser.get("/").status_code == 303


def test_attempts_are_limited(client: Callable[..., TestClient], clock: Clock) -> None:
    browser = client()
    assert [log_in(browser, "anna", "wrong") for _ in range(6)] == [401] * 5 + [429]
    # the right password is no way to find out that it is right
    assert log_in(browser, "anna") == 429
    assert client().get("/api/x", auth=("anna", PASSWORD)).status_code == 429
    answer = browser.post("/login", data={"name": "anna", "password": PASSWORD})
    assert 0 < int(answer.headers["retry-after"]) <= 600
    # another user is not kept out
    assert log_in(client(), "vera") == 303
    clock.now += 601
    assert log_in(browser, "anna") == 303


def test_an_address_that_tries_many_names_is_stopped(client: Callable[..., TestClient]) -> None:
    browser = client()
    assert [log_in(browser, f"name{number}", "wrong") for number in range(21)] == [401] * 20 + [429]
    assert browser.post("/login", content=b"x" * 5000).status_code == 413


@pytest.mark.parametrize("login", [True, False])
def test_another_site_changes_nothing(client: Callable[..., TestClient], login: bool) -> None:
    address = "https://shop.example" if login else "http://127.0.0.1:8080"
    browser = client(login=login, address=address)
    evil = {"origin": "https://evil.example"}
    assert browser.post("/login", data={"name": "anna", "password": PASSWORD}, headers=evil).status_code == 403
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/socket", headers=evil):
        pass
    assert browser.post("/x", headers={"origin": address}).status_code == (401 if login else 200)


def test_without_a_login_only_this_machine_is_served(client: Callable[..., TestClient]) -> None:
    for name in ("127.0.0.1:8080", "localhost", "[::1]:8080"):
        answer = client(login=False, address=f"http://{name}").get("/sales")
        assert answer.json() == {"name": None, "sees_personal": True}
    for name in ("evil.example", "127.0.0.1.evil.example:8080", "["):
        assert client(login=False, address="http://127.0.0.1").get("/", headers={"host": name}).status_code == 400


def test_browsers_are_told_what_to_refuse(client: Callable[..., TestClient]) -> None:
    browser = client()
    for answer in (browser.get("/login"), browser.get("/"), browser.get("/api/metrics")):
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" in answer.headers
    plain = client(login=False, address="http://127.0.0.1").get("/")
    assert "strict-transport-security" not in plain.headers


def test_cookies_go_back_by_https_alone(client: Callable[..., TestClient]) -> None:
    for scheme, expected in (("https", True), ("http", False)):
        answer = client(address=f"{scheme}://shop.example").post("/other-cookies", auth=("anna", PASSWORD))
        assert answer.status_code == 401
        answer = client(address=f"{scheme}://shop.example").get("/api/other-cookies", auth=("anna", PASSWORD))
        assert ("secure" in answer.headers["set-cookie"].lower()) is expected


def test_a_login_ends_the_session_before(client: Callable[..., TestClient]) -> None:
    browser = client()
    # a token that somebody else chose is none
    browser.cookies.set(COOKIE, "chosen")
    assert browser.get("/").status_code == 303
    browser.cookies.clear()
    log_in(browser, "vera")
    first = browser.cookies[COOKIE]
    log_in(browser, "anna")
    assert browser.cookies[COOKIE] not in (first, "chosen")
    assert client().get("/", headers={"cookie": f"{COOKIE}={first}"}).status_code == 303


def test_nobody_gets_in_while_users_can_not_be_read(
    client: Callable[..., TestClient], users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    browser = client()
    log_in(browser, "anna")
    users.file.write_text("[]", "utf-8")
    for path, kind in (("/sales", "text/html"), ("/api/metrics", "application/json")):
        answer = browser.get(path)
        assert answer.status_code == 503 and answer.headers["content-type"].startswith(kind)
        assert "nobody can be let in" in answer.text and str(users.file.parent) not in answer.text
    assert "users.json is not understood" in caplog.text
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/socket"):
        pass
    users.file.unlink()
    users.put("anna", "analyst", PASSWORD)
    assert log_in(client(), "anna") == 303
