"""Login through a provider of OpenID Connect, a real one: oidc-provider, in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from built_shop import DemoShop
from servers import oidc
from servers.browser import axe, serving
from servers.machine import Missing
from shophouse.serve.dashboard.oidc import role_of, values_of
from shophouse.serve.dashboard.users import Users
from shophouse.settings import OidcRoles

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "a long enough one"
SETTINGS = """
serve:
  oidc:
    issuer: {issuer}
    client_id: shophouse
    client_secret: env:OIDC_SECRET
    label: Our provider
    roles: {{claim: groups, analyst: [shop-analysts], viewer: [shop-viewers]}}
"""


@pytest.mark.parametrize(
    ("claims", "claim", "role"),
    [
        ({"groups": ["a", "shop-analysts"]}, "groups", "analyst"),
        ({"groups": "shop-viewers"}, "groups", "viewer"),
        ({"groups": ["shop-viewers", "shop-analysts"]}, "groups", "analyst"),
        ({"groups": []}, "groups", None),
        ({}, "groups", None),
        ({"groups": ["shop"]}, "groups", None),
        ({"realm_access": {"roles": ["shop-viewers"]}}, "realm_access.roles", "viewer"),
        ({"realm_access": "shop-viewers"}, "realm_access.roles", None),
        ({"https://shop.example/roles": ["shop-analysts"]}, "https://shop.example/roles", "analyst"),
        ({"email": "shop-analysts", "email_verified": True}, "email", "analyst"),
        ({"email": "shop-analysts", "email_verified": False}, "email", None),
        ({"email": "shop-analysts"}, "email", None),
        ({"email": "shop-analysts", "email_verified": "true"}, "email", None),
        ({"groups": {"shop-analysts": 1}}, "groups", None),
    ],
)
def test_roles_come_from_claims(claims: dict[str, Any], claim: str, role: str | None) -> None:
    assert role_of(claims, OidcRoles(claim=claim, analyst=("shop-analysts",), viewer=("shop-viewers",))) == role


def test_everybody_may_be_a_viewer_and_no_more() -> None:
    assert role_of({"sub": "x"}, OidcRoles(viewer=("*",))) == "viewer"
    assert values_of({"groups": ["*"]}, "groups") == frozenset({"*"})
    assert role_of({"groups": ["*"]}, OidcRoles(analyst=("a",))) is None
    with pytest.raises(ValueError, match="everybody an analyst"):
        OidcRoles(analyst=("*",))
    with pytest.raises(ValueError, match="nobody in"):
        OidcRoles()


class Site:
    """A dashboard with a provider beside it."""

    def __init__(self, provider: oidc.Server, address: str, folder: Path) -> None:
        self.provider, self.address, self.folder = provider, address, folder

    def came_back(self, browser: httpx.Client, path: str = "/login/oidc", **more: str) -> tuple[str, dict[str, str]]:
        """Where the provider sends someone on to, followed by no one; and the parameters of the way there."""
        there = browser.get(f"{self.address}{path}").headers["location"]
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        answer = browser.get(there)
        while "/login/oidc/callback" not in (location := answer.headers.get("location", "")):
            if location:
                answer = browser.get(httpx.URL(there).join(location))
            else:
                form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert form is not None, answer.text
                said = {"prompt": "login", "login": more.get("name", "anna"), "password": "any"}
                answer = browser.post(httpx.URL(there).join(form[1]), data=said)
        return location, asked


@pytest.fixture(scope="module")
def site(whole_shop: DemoShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("oidc") / "shop"
    shutil.copytree(whole_shop.folder, folder)
    Users(folder).put("paula", "viewer", PASSWORD)
    port = oidc.free_port()
    try:
        with oidc.running(f"http://127.0.0.1:{port}") as provider, pytest.MonkeyPatch.context() as environment:
            file = folder / "shophouse.yml"
            file.write_text(file.read_text("utf-8") + SETTINGS.format(issuer=provider.issuer), "utf-8")
            environment.setenv("OIDC_SECRET", oidc.SECRET)
            with serving(folder, "--login", port=port) as address:
                yield Site(provider, address, folder)
    except Missing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    # its own pages load a font
    context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    yield context
    context.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as found:
        yield found


def sign_on(page: Page, name: str) -> None:
    page.get_by_role("link", name="Log in with Our provider").click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()


@pytest.mark.slow
@pytest.mark.server
def test_one_logs_in_and_out_by_the_provider(site: Site, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"{site.address}/sales?channel=web")
    page.evaluate(axe())
    assert page.evaluate("axe.run()")["violations"] == []
    sign_on(page, "anna")
    page.wait_for_url("**/sales?channel=web")
    page.locator(".figure-value").first.wait_for()
    assert visitor.request.get(f"{site.address}/api/metrics").ok
    page.get_by_role("button", name="Log out").click()
    # the provider asks whether its own session ends, too
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{site.address}/login*")
    assert visitor.request.get(f"{site.address}/api/metrics").status == 401
    sign_on(page, "vera")
    page.wait_for_url("**/overview")


@pytest.mark.slow
@pytest.mark.server
def test_who_has_no_role_is_told_so(site: Site, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"{site.address}/sales")
    sign_on(page, "nora")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "Our provider knows you as nora, but you have no role here"
    assert visitor.request.get(f"{site.address}/api/metrics").status == 401
    page.get_by_role("link", name="Log in as somebody else").click()
    page.get_by_placeholder("Enter any login").fill("vera")
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.wait_for_url("**/overview")


@pytest.mark.server
def test_a_login_is_for_the_browser_that_asked_once(site: Site, client: httpx.Client) -> None:
    back, asked = site.came_back(client, "/login/oidc?next=//evil.example")
    assert asked["code_challenge_method"] == "S256" and asked["code_challenge"] and asked["nonce"] and asked["state"]
    assert asked["response_type"] == "code"
    # somebody else's browser is not logged in by a link
    with httpx.Client() as other:
        assert other.get(back).status_code == 401
        other.get(f"{site.address}/login/oidc")
        assert other.get(back).status_code == 401
    answer = client.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    token = client.cookies["shophouse"]
    assert client.get(f"{site.address}/api/metrics").status_code == 200
    # a code is good for once
    assert client.get(back).status_code == 401
    again, _ = site.came_back(client)
    client.get(again)
    assert client.cookies["shophouse"] != token
    with httpx.Client(cookies={"shophouse": token}) as former:
        assert former.get(f"{site.address}/api/metrics").status_code == 401


@pytest.mark.server
@pytest.mark.parametrize("wrong", ["state", "code", "error"])
def test_what_is_made_up_gets_nobody_in(site: Site, client: httpx.Client, wrong: str) -> None:
    back, _ = site.came_back(client)
    url = httpx.URL(back)
    if wrong == "error":
        url = url.copy_with(params={"error": "<b>call 555</b>", "error_description": "call 555", "state": "x"})
    else:
        url = url.copy_merge_params({wrong: "x" * 43})
    answer = client.get(url)
    assert answer.status_code == 401 and 'role="alert"' in answer.text and "call 555" not in answer.text
    assert "shophouse" not in client.cookies
    assert client.post(f"{site.address}/login/oidc").status_code == 405


@pytest.mark.server
def test_new_keys_of_the_provider_are_noticed_and_a_provider_that_is_away_is_told(
    site: Site, client: httpx.Client
) -> None:
    back, _ = site.came_back(client)
    assert client.get(back).status_code == 303
    site.provider.stop()
    with httpx.Client() as other:
        there = other.get(f"{site.address}/login/oidc")
        # what it said of itself is still known, so the browser is sent there; coming back is what fails
        assert there.status_code == 302
        state = parse_qs(urlsplit(there.headers["location"]).query)["state"][0]
        told = other.get(f"{site.address}/login/oidc/callback", params={"code": "x", "state": state})
        assert told.status_code == 503 and "Our provider does not answer" in told.text and "Traceback" not in told.text
        by_password = other.post(f"{site.address}/login", data={"name": "paula", "password": PASSWORD})
        assert by_password.status_code == 303
        assert other.get(f"{site.address}/api/metrics").status_code == 200
    site.provider.start()
    with httpx.Client() as other:
        back, _ = site.came_back(other)
        assert other.get(back).status_code == 303
        assert other.get(f"{site.address}/api/metrics").status_code == 200


@pytest.mark.server
def test_a_viewer_of_the_provider_sees_no_personal_data(site: Site, client: httpx.Client) -> None:
    back, _ = site.came_back(client, name="vera")
    client.get(back)
    asked = client.get(f"{site.address}/api/metrics").json()
    assert asked
    assert client.get(f"{site.address}/overview").status_code == 200


@pytest.mark.slow
@pytest.mark.server
def test_the_dashboard_starts_without_its_provider(
    whole_shop: DemoShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, folder)
    file = folder / "shophouse.yml"
    nobody = f"http://127.0.0.1:{oidc.free_port()}"
    file.write_text(file.read_text("utf-8") + SETTINGS.format(issuer=nobody), "utf-8")
    monkeypatch.setenv("OIDC_SECRET", oidc.SECRET)
    # nobody has a password here
    with serving(folder, "--login") as address, httpx.Client() as client:
        form = client.get(f"{address}/login").text
        assert "Log in with Our provider" in form and "password" not in form
        told = client.get(f"{address}/login/oidc")
        assert told.status_code == 503 and "Our provider does not answer" in told.text
