"""Who gets in: a login where one is demanded, sessions, limits on attempts, and what browsers are told to refuse.

It stands before everything else of the server, websockets too, so that a page or an API that is added needs nothing.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import html
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shophouse.json_text import json_text
from shophouse.serve.dashboard.users import User, Users

__all__ = ["Access", "Visitor", "visitor"]

COOKIE = "shophouse"
HOURS = 12
_WITHIN = 600.0
# failures within ten minutes: of one address with one name, of one address, with one name
_MOST = {"both": 5, "address": 20, "name": 50}
_LOCAL = ("127.0.0.1", "localhost", "::1")
_LONGEST_FORM = 4096
_KEY = "shophouse.visitor"
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class Visitor:
    """Who asks: a user's name, None where no login is demanded; and whether they still may."""

    name: str | None
    sees_personal: bool
    may_stay: Callable[[], bool]


def visitor(scope: Any) -> Visitor:
    """Who sent a request, by its scope."""
    found = scope[_KEY]
    assert isinstance(found, Visitor)
    return found


@dataclass(frozen=True)
class _Session:
    user: User
    until: float


class Access:
    """ASGI middleware. With `users` a login is demanded of everyone; without, only this machine's names are served."""

    def __init__(
        self, app: ASGIApp, *, shop: str, users: Users | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._shop = shop
        self._users = users
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._failures: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)
        # each attempt takes memory and time
        self._one_at_a_time = asyncio.Semaphore(2)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, is_secure=scope.get("scheme") in ("https", "wss"))
        answer = await self._answer(scope, receive)
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """What to say instead of what is asked for; None lets it through."""
        headers = Headers(scope=scope)
        path = scope["path"]
        origin = headers.get("origin")
        asks_to_change = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if asks_to_change and origin is not None and origin.partition("://")[2] != headers.get("host"):
            return _refused(scope, 403, "the request comes from another site")
        if self._users is None:
            # another name that leads here is how a web page gets around the browser's rules
            if _name_of(headers.get("host", "")) not in _LOCAL:
                return _refused(scope, 400, "without a login only 127.0.0.1 and localhost are served")
            scope[_KEY] = Visitor(None, True, lambda: True)
            return None
        if scope["type"] == "http" and path == "/login":
            return await self._login(Request(scope, receive))
        token = Request({**scope, "type": "http"}).cookies.get(COOKIE, "")
        if scope["type"] == "http" and path == "/logout" and scope["method"] == "POST":
            self._sessions.pop(_digest(token), None)
            answer = RedirectResponse("/login", 303)
            answer.delete_cookie(COOKIE)
            return answer
        user = self._of_session(token)
        if user is not None:
            scope[_KEY] = Visitor(user.name, user.role == "analyst", lambda: self._of_session(token) is not None)
            return None
        is_api = path == "/api" or path.startswith("/api/")
        if is_api and headers.get("authorization", "").lower().startswith("basic "):
            return await self._basic(scope, headers)
        if scope["type"] == "websocket" or is_api or scope["method"] not in ("GET", "HEAD"):
            return _refused(scope, 401, "a login is needed", "send a user's name and password, as curl -u NAME does")
        wanted = path + (f"?{scope['query_string'].decode('ascii', 'replace')}" if scope["query_string"] else "")
        return RedirectResponse(f"/login?next={quote(wanted)}", 303)

    async def _login(self, request: Request) -> Response:
        wanted = _inside(request.query_params.get("next", "/"))
        if request.method != "POST":
            return self._form(wanted)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_FORM:
                return self._form(wanted, "That is too long.", 413)
        said = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        name, password = said.get("name", [""])[0], said.get("password", [""])[0]
        user, wait = await self._attempt(_address(request.scope), name, password)
        if wait:
            return self._form(wanted, "Too many attempts. Try again in some minutes.", 429, wait)
        if user is None:
            return self._form(wanted, "Name or password is wrong.", 401)
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._sessions = {key: one for key, one in self._sessions.items() if one.until > now}
        self._sessions[_digest(token)] = _Session(user, now + HOURS * 3600)
        answer = RedirectResponse(wanted, 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, token, HOURS * 3600, httponly=True, samesite="lax", secure=is_secure)
        return answer

    async def _basic(self, scope: Scope, headers: Headers) -> Response | None:
        try:
            name, _, password = base64.b64decode(headers["authorization"][6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return _refused(scope, 401, "the login is not understood", "curl -u NAME")
        user, wait = await self._attempt(_address(scope), name, password)
        if wait:
            return _refused(scope, 429, "too many attempts", "try again in some minutes", wait)
        if user is None:
            return _refused(scope, 401, "name or password is wrong")
        scope[_KEY] = Visitor(user.name, user.role == "analyst", lambda: True)
        return None

    async def _attempt(self, address: str, name: str, password: str) -> tuple[User | None, int]:
        """The user, or how many seconds to wait until the next attempt."""
        keys = {"both": (address, name), "address": (address,), "name": ("", name)}
        assert self._users is not None
        async with self._one_at_a_time:
            now = self._clock()
            self._forget(now)
            for kind, key in keys.items():
                if len(self._failures.get(key, ())) >= _MOST[kind]:
                    return None, max(1, int(self._failures[key][0] + _WITHIN - now))
            user = await asyncio.to_thread(self._users.verified, name, password)
            if user is None:
                for key in keys.values():
                    self._failures[key].append(now)
            else:
                self._failures.pop(keys["both"], None)
            return user, 0

    def _forget(self, now: float) -> None:
        for key, times in list(self._failures.items()):
            while times and times[0] <= now - _WITHIN:
                times.popleft()
            if not times:
                del self._failures[key]

    def _of_session(self, token: str) -> User | None:
        """The user of a session that has not ended; one removed, or with another password or role, has none."""
        session = self._sessions.get(_digest(token))
        if session is None or session.until <= self._clock() or self._users is None:
            return None
        return session.user if self._users.all().get(session.user.name) == session.user else None

    def _form(self, wanted: str, problem: str = "", status: int = 200, wait: int = 0) -> Response:
        shop = html.escape(self._shop)
        told = f'<p role="alert">{problem}</p>' if problem else ""
        text = _FORM.format(shop=shop, told=told, wanted=html.escape(quote(wanted), quote=True))
        return HTMLResponse(text, status, {"Retry-After": str(wait)} if wait else None)


def _with_headers(send: Send, *, is_secure: bool) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # figures are nobody's to keep; what is the same for all is kept by the name of its version
            headers.setdefault("Cache-Control", "no-store")
            if is_secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await send(message)

    return tell


def _refused(scope: Scope, status: int, what: str, hint: str = "", wait: int = 0) -> Response:
    told = {"error": what, "where": [], "why": [], "hint": [hint] if hint else []}
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401 and scope["path"].startswith("/api"):
        headers["WWW-Authenticate"] = 'Basic realm="shophouse", charset="UTF-8"'
    return Response(json_text(told), status, headers, "application/json")


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("unknown",))[0])


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def _inside(wanted: str) -> str:
    """An address of this server: a login leads nowhere else."""
    is_inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_inside and wanted.isprintable() else "/"


_FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in – {shop}</title><style>
:root {{ color-scheme: light dark; --ink: #20262d; --paper: #f5f6f8; --card: #fff; --line: #88929d; --bad: #a82a45; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e8eb; --paper: #14181d; --card: #1d232a; --line: #6d7884; --bad: #f08aa0; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font-family: Inter, "Segoe UI", system-ui, sans-serif; }}
main {{ background: var(--card); border-radius: 10px; padding: 24px; width: min(86vw, 320px); }}
h1 {{ font-size: 1.3rem; margin: 0 0 16px; }} p {{ color: var(--bad); }}
label {{ display: block; margin-bottom: 12px; }}
input {{ display: block; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 9px; font: inherit;
  border: 1px solid var(--line); border-radius: 6px; background: var(--card); color: var(--ink); }}
button {{ width: 100%; padding: 10px; border: 0; border-radius: 6px; background: #2563a8; color: #fff; font: inherit; }}
</style></head><body><main><h1>{shop}</h1>{told}
<form method="post" action="/login?next={wanted}">
<label>Name<input name="name" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form></main></body></html>
"""
