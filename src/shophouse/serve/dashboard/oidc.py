"""Login through a provider of OpenID Connect: the authorization code flow with PKCE, state and nonce, by Authlib.

What the provider publishes of itself is read when somebody logs in, so that the dashboard starts without it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from shophouse.errors import ShophouseError
from shophouse.serve.dashboard.users import Role

if TYPE_CHECKING:
    from shophouse.settings import OidcRoles, OidcSettings

__all__ = ["NoRole", "Provider", "ProviderAway", "SignOnFailed", "SignedOn", "role_of"]

_SECONDS = 10.0
_TRIED_AGAIN_AFTER = 5.0
_READ_AGAIN_AFTER = 3600.0
# signed by the provider alone: never by a secret that is shared, never by nobody
_SIGNED_BY = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
_NEXT = "next"


class ProviderAway(ShophouseError):
    """The provider does not answer, or not as one: worth another try."""

    retryable = True


class SignOnFailed(ShophouseError):
    """This attempt came to nothing: it is old, was made up, or the provider refused."""


class NoRole(ShophouseError):
    """The provider knows this person, and nothing here names them."""


@dataclass(frozen=True)
class SignedOn:
    """Whom the provider let in, what they are here, where they wanted to go, and what ends their session there."""

    name: str
    role: Role
    wanted: str
    token: str


class Provider:
    """The provider of `serve.oidc`. Raises ConfigError when the secret is not in the environment."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._secret = settings.client_secret.resolve() if settings.client_secret else None
        self._client: Any = None
        self._read_at = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._away: tuple[float, ProviderAway] | None = None

    @property
    def label(self) -> str:
        return self._settings.label

    @property
    def hours(self) -> int:
        return self._settings.hours

    async def begin(self, request: Request, back: str, wanted: str, *, as_another: bool = False) -> Response:
        """Send the browser to the provider, who sends it to `back`. What this attempt is known by is in its session.

        Raises ProviderAway.
        """
        client = await self._ready()
        request.session.clear()
        again = {"prompt": "login"} if as_another else {}
        answer: Response = await client.authorize_redirect(request, back, **again)
        request.session[_NEXT] = wanted
        return answer

    async def finish(self, request: Request) -> SignedOn:
        """Who comes back from the provider. Raises ProviderAway, SignOnFailed, NoRole."""
        client = await self._ready()
        wanted = str(request.session.get(_NEXT, "/"))
        try:
            token = await client.authorize_access_token(request)
            claims = dict(token.get("userinfo") or {})
            if not claims:
                raise SignOnFailed(f"{self.label} did not say who you are", hint="log in again")
            if values_of(claims, self._settings.roles.claim) is None:
                claims = await self._asked(client, token, claims)
        except OAuthError as error:
            code = str(error.error or "")
            # what stands in an address may be anybody's words
            said = code if re.fullmatch(r"[a-z_]{1,40}", code) else "not understood"
            raise SignOnFailed(f"the login at {self.label} came to nothing", why=said, hint="log in again") from error
        except JoseError as error:
            # its keys are read anew the next time
            self._client = None
            raise SignOnFailed(
                f"what {self.label} says is not rightly signed, or not for this login",
                why=type(error).__name__,
                hint="log in again",
            ) from error
        except (httpx2.HTTPError, ValueError, KeyError, RuntimeError) as error:
            raise self._unreachable(error) from error
        finally:
            request.session.clear()
        name = str(claims.get("preferred_username") or claims.get("email") or claims.get("name") or claims["sub"])
        role = role_of(claims, self._settings.roles)
        if role is None:
            raise NoRole(
                f"{self.label} knows you as {name}, but you have no role here",
                why=f"what it says of you as {self._settings.roles.claim} is named in neither role",
                hint="ask who runs this dashboard to name a group of yours under serve.oidc.roles",
            )
        return SignedOn(name, role, wanted, str(token.get("id_token", "")))

    async def end_session(self, token: str, back: str) -> str | None:
        """Where the provider ends its own session; None where it can't, or does not answer."""
        try:
            client = await self._ready()
        except ProviderAway:
            return None
        found = client.server_metadata.get("end_session_endpoint")
        if not found or not str(found).startswith(("https://", "http://")):
            return None
        words = {"id_token_hint": token, "client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        return f"{found}{'&' if '?' in found else '?'}{urlencode(words)}"

    async def _asked(self, client: Any, token: Mapping[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """The claims with those that only the provider's userinfo has, which must be of the same person."""
        if not client.server_metadata.get("userinfo_endpoint"):
            return claims
        more = dict(await client.userinfo(token=token))
        if more.get("sub") != claims["sub"]:
            raise SignOnFailed(f"{self.label} speaks of two people", hint="log in again")
        return {**more, **claims}

    async def _ready(self) -> Any:
        """Authlib's client, with what the provider says of itself."""
        async with self._one_at_a_time:
            now = time.monotonic()
            if self._client is not None and now - self._read_at < _READ_AGAIN_AFTER:
                return self._client
            if self._away is not None and now - self._away[0] < _TRIED_AGAIN_AFTER:
                raise self._away[1]
            try:
                client = await self._discovered()
            except (httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
                away = self._unreachable(error)
                self._away = (time.monotonic(), away)
                raise away from error
            self._client, self._read_at, self._away = client, now, None
            return client

    async def _discovered(self) -> Any:
        settings = self._settings
        client = OAuth().register(
            "provider",
            client_id=settings.client_id,
            client_secret=self._secret.get_secret_value() if self._secret else None,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(settings.scopes),
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if self._secret else "none",
                "timeout": _SECONDS,
            },
        )
        said = await client.load_server_metadata()
        if str(said.get("issuer", "")).rstrip("/") != settings.issuer.rstrip("/"):
            raise ValueError(f"it calls itself {said.get('issuer')!r}, and serve.oidc.issuer {settings.issuer!r}")
        known = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if self._secret and "client_secret_basic" not in known and "client_secret_post" in known:
            client.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"
        signed_by = set(said.get("id_token_signing_alg_values_supported") or ["RS256"]) & _SIGNED_BY
        said["id_token_signing_alg_values_supported"] = sorted(signed_by)
        return client

    def _unreachable(self, error: Exception) -> ProviderAway:
        is_told = isinstance(error, ValueError) and str(error).startswith("it calls itself")
        return ProviderAway(
            f"{self.label} does not answer as it should",
            why=str(error) if is_told else type(error).__name__,
            hint="try again in a minute",
        )


def role_of(claims: Mapping[str, Any], roles: OidcRoles) -> Role | None:
    """What someone of whom the provider says this is here; None for nobody."""
    has = values_of(claims, roles.claim) or frozenset()
    if roles.claim == "email" and claims.get("email_verified") is not True:
        has = frozenset()
    if has & set(roles.analyst):
        return "analyst"
    return "viewer" if "*" in roles.viewer or has & set(roles.viewer) else None


def values_of(claims: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """What is said under a name, or under a path of names with dots; None where nothing is."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        return None
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset({str(found)})
