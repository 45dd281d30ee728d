"""Who gets in: a login where one is demanded, sessions, limits on attempts, and what browsers are told to refuse.

It stands before everything else of the server, websockets too, so that a page or an API that is added needs nothing.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shophouse.errors import ConfigError, ShophouseError
from shophouse.json_text import json_text
from shophouse.serve.dashboard import plain_pages
from shophouse.serve.dashboard.attempts import Attempts
from shophouse.serve.dashboard.oidc import NoRole, Provider, ProviderAway, SignOnFailed
from shophouse.serve.dashboard.users import Role, User, Users

__all__ = ["LOCAL", "Access", "Visitor", "visitor"]

_LOG = logging.getLogger(__name__)
COOKIE = "shophouse"
HOURS = 12
LOCAL = ("127.0.0.1", "localhost", "::1")
"""The names of this machine, at which no login is demanded."""
_LONGEST_FORM = 4096
# each attempt takes memory and time
_ATTEMPTS_AT_ONCE, _WAITING = 2, 20
_BEGIN, _BACK = "/login/oidc", "/login/oidc/callback"
_TOLD_WITHIN = 10.0
_TOO_MANY = "Too many attempts. Try again in some minutes."
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
    "Cross-Origin-Resource-Policy": "same-origin",
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
    """`user` is who has a password here, `token` what the provider gave out on who has not."""

    name: str
    role: Role
    until: float
    user: User | None = None
    token: str = ""


class Access:
    """ASGI middleware. With `users` a login is demanded of everyone; without, only this machine's names are served.

    With a `provider`, too, people log in there instead of by password, or as they like. `secret` signs what a browser
    keeps on its way there and back.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        shop: str,
        users: Users | None,
        provider: Provider | None = None,
        secret: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._shop = shop
        self._users = users
        self._provider = provider
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._attempts = Attempts(clock)
        self._one_at_a_time = asyncio.Semaphore(_ATTEMPTS_AT_ONCE)
        self._waiting = 0
        # a cookie for ten minutes: states of attempts would fill the memory of a server
        self._sign_on = SessionMiddleware(
            self._with_provider,
            secret or secrets.token_hex(32),
            session_cookie=f"{COOKIE}-oidc",
            max_age=600,
            path=_BEGIN,
            same_site="lax",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, is_secure=scope.get("scheme") in ("https", "wss"))
        try:
            answer = await self._answer(scope, receive)
        except ConfigError as error:
            # where users are kept is nobody's business
            _LOG.error("%s", error.render())
            answer = self._closed(scope)
        if answer is None:
            await self._app(scope, _while_welcome(scope, receive), send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp | None:
        """What to say instead of what is asked for; None lets it through."""
        headers = Headers(scope=scope)
        path = scope["path"]
        origin = headers.get("origin")
        asks_to_change = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if asks_to_change and origin is not None and origin.partition("://")[2] != headers.get("host"):
            return _refused(scope, 403, "the request comes from another site")
        if self._users is None:
            # another name that leads here is how a web page gets around the browser's rules
            if _name_of(headers.get("host", "")) not in LOCAL:
                return _refused(scope, 400, "without a login only 127.0.0.1 and localhost are served")
            scope[_KEY] = Visitor(None, True, lambda: True)
            return None
        if scope["type"] == "http" and path == "/login":
            return await self._login(Request(scope, receive))
        if scope["type"] == "http" and self._provider is not None and path in (_BEGIN, _BACK):
            return self._sign_on
        token = Request({**scope, "type": "http"}).cookies.get(COOKIE, "")
        if scope["type"] == "http" and path == "/logout" and scope["method"] == "POST":
            return await self._logout(Request(scope), token)
        session = self._of_token(token)
        if session is not None:
            may_stay = lambda: self._of_token(token) is not None  # noqa: E731
            scope[_KEY] = Visitor(session.name, session.role == "analyst", may_stay)
            return None
        is_api = _is_api(path)
        if is_api and headers.get("authorization", "").lower().startswith("basic "):
            return await self._basic(scope, headers)
        if scope["type"] == "websocket" or is_api or scope["method"] not in ("GET", "HEAD"):
            return _refused(scope, 401, "a login is needed", "send a user's name and password, as curl -u NAME does")
        wanted = path + (f"?{scope['query_string'].decode('ascii', 'replace')}" if scope["query_string"] else "")
        return RedirectResponse(f"/login?next={quote(wanted)}", 303)

    def _closed(self, scope: Scope) -> ASGIApp:
        """What is said while it can't be told who may log in."""
        what, hint = "nobody can be let in at the moment", "the log of the server says why"
        if _is_api(scope["path"]):
            return _refused(scope, 503, what, hint)
        told = plain_pages.unavailable(self._shop, ShophouseError(what, hint=hint))
        return HTMLResponse(told, 503, {"Retry-After": "5"})

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
            return self._form(wanted, _TOO_MANY, 429, wait)
        if user is None:
            return self._form(wanted, "Name or password is wrong.", 401)
        return self._entered(request, wanted, _Session(user.name, user.role, self._clock() + HOURS * 3600, user))

    def _entered(self, request: Request, wanted: str, session: _Session) -> Response:
        """Begin a session, under a token that nobody had before; one that the browser still has ends."""
        now = self._clock()
        self._sessions.pop(_digest(request.cookies.get(COOKIE, "")), None)
        self._sessions = {key: one for key, one in self._sessions.items() if one.until > now}
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = session
        answer = RedirectResponse(wanted, 303)
        answer.set_cookie(COOKIE, token, int(session.until - now), httponly=True, samesite="lax")
        return answer

    async def _logout(self, request: Request, token: str) -> Response:
        session = self._sessions.pop(_digest(token), None)
        answer: Response = RedirectResponse("/login", 303)
        if session is not None and session.token and self._provider is not None:
            elsewhere = await self._provider.end_session(session.token, f"{_origin(request)}/login")
            if elsewhere is not None:
                answer = HTMLResponse(plain_pages.farewell(self._shop, self._provider.label, elsewhere))
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def _with_provider(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The way to the provider, and back from it."""
        request = Request(scope, receive)
        answer = await self._signed_on(request) if request.method == "GET" else Response(status_code=405)
        await answer(scope, receive, send)

    async def _signed_on(self, request: Request) -> Response:
        provider, address = self._provider, _address(request.scope)
        assert provider is not None
        if wait := self._attempts.wait(address):
            return self._form("/", _TOO_MANY, 429, wait)
        try:
            if request.url.path == _BEGIN:
                wanted = _inside(request.query_params.get("next", "/"))
                is_another = "another" in request.query_params
                return await provider.begin(request, f"{_origin(request)}{_BACK}", wanted, as_another=is_another)
            found = await provider.finish(request)
        except ProviderAway as error:
            return self._form("/", "; ".join((error.what, *error.why, *error.hint)), 503)
        except NoRole as error:
            link = (f"{_BEGIN}?another", "Log in as somebody else")
            told = plain_pages.message(self._shop, "No role", error.what, hints=(*error.why, *error.hint), link=link)
            return HTMLResponse(told, 403)
        except SignOnFailed as error:
            # whoever makes up what a provider sends has the server ask it each time
            self._attempts.failed(address)
            return self._form("/", "; ".join((error.what, *error.why, *error.hint)), 401)
        until = self._clock() + provider.hours * 3600
        session = _Session(found.name, found.role, until, token=found.token)
        return self._entered(request, _inside(found.wanted), session)

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
        assert self._users is not None
        if self._waiting >= _WAITING:
            return None, 5
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                if wait := self._attempts.wait(address, name):
                    return None, wait
                user = await asyncio.to_thread(self._users.verified, name, password)
                if user is None:
                    self._attempts.failed(address, name)
                else:
                    self._attempts.succeeded(address, name)
                return user, 0
        finally:
            self._waiting -= 1

    def _of_token(self, token: str) -> _Session | None:
        """The session, where it has not ended; that of a user who is gone, or has another password or role, has."""
        session = self._sessions.get(_digest(token))
        if session is None or session.until <= self._clock() or self._users is None:
            return None
        user = session.user
        return session if user is None or self._users.all().get(user.name) == user else None

    def _form(self, wanted: str, problem: str = "", status: int = 200, wait: int = 0) -> Response:
        text = plain_pages.form(
            self._shop,
            wanted,
            problem=problem,
            provider=self._provider.label if self._provider else None,
            has_passwords=self._provider is None or bool(self._users and self._users.all()),
        )
        return HTMLResponse(text, status, {"Retry-After": str(wait)} if wait else None)


def _while_welcome(scope: Scope, receive: Receive) -> Receive:
    """What a websocket says, until whoever holds it may not stay: a page that is open need not obey when told to go.

    One that obeys is told by the same websocket, which is therefore closed some seconds later.
    """
    if scope["type"] != "websocket":
        return receive
    who, ended = visitor(scope), 0.0

    async def heard() -> Message:
        nonlocal ended
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or who.may_stay():
                return message
            ended = ended or time.monotonic()
            if time.monotonic() - ended > _TOLD_WITHIN:
                return {"type": "websocket.disconnect", "code": 1008}

    return heard


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
                message["headers"] = [_only_by_https(name, value) for name, value in message["headers"]]
        await send(message)

    return tell


def _only_by_https(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header; a cookie, whoever sets it, is told to go back by https alone."""
    is_open_cookie = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if is_open_cookie else value


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _refused(scope: Scope, status: int, what: str, hint: str = "", wait: int = 0) -> Response:
    told = {"error": what, "where": [], "why": [], "hint": [hint] if hint else []}
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401 and _is_api(scope["path"]):
        headers["WWW-Authenticate"] = 'Basic realm="shophouse", charset="UTF-8"'
    return Response(json_text(told), status, headers, "application/json")


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("unknown",))[0])


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


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
