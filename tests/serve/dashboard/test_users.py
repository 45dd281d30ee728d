from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from built_shop import shophouse
from shophouse.errors import ConfigError
from shophouse.serve.dashboard.users import Users

PASSWORD = "a long enough one"


def test_only_the_hash_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.put("anna", "analyst", PASSWORD)
    users.put("bert", "viewer", PASSWORD)
    assert users.file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [users.file]
    text = users.file.read_text("utf-8")
    assert PASSWORD not in text
    kept = json.loads(text)
    assert kept["anna"]["password"].startswith("scrypt$32768$8$3$")
    assert kept["anna"]["password"] != kept["bert"]["password"]


def test_a_name_needs_its_own_password(tmp_path: Path) -> None:
    users = Users(tmp_path)
    assert users.verified("anna", PASSWORD) is None
    users.put("anna", "analyst", PASSWORD)
    found = users.verified("anna", PASSWORD)
    assert found is not None and (found.name, found.role) == ("anna", "analyst")
    assert users.verified("anna", PASSWORD + "!") is None
    assert users.verified("bert", PASSWORD) is None
    users.put("anna", "viewer", "another long one")
    assert users.verified("anna", PASSWORD) is None
    users.remove("anna")
    assert users.verified("anna", "another long one") is None


@pytest.mark.parametrize(
    ("name", "role", "password", "told"),
    [
        ("anna", "admin", PASSWORD, "viewer, analyst"),
        ("an na", "viewer", PASSWORD, "can't be a user's name"),
        ("anna", "viewer", "short", "10 characters"),
    ],
)
def test_what_nobody_can_have_is_refused(tmp_path: Path, name: str, role: str, password: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Users(tmp_path).put(name, role, password)
    assert told in refused.value.render()
    assert not (tmp_path / "users.json").exists()


def test_a_file_that_others_can_read_or_that_is_broken_lets_nobody_in(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.put("anna", "viewer", PASSWORD)
    users.file.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        users.verified("anna", PASSWORD)
    users.file.chmod(0o600)
    users.file.write_text("{", "utf-8")
    with pytest.raises(ConfigError, match="not understood"):
        users.verified("anna", PASSWORD)
    with pytest.raises(ConfigError, match="no user 'bert'"):
        Users(tmp_path / "..").remove("bert")


def test_the_commands(tmp_path: Path) -> None:
    assert shophouse("init", "shop", "--timezone", "Europe/Oslo", "--currency", "NOK", folder=tmp_path).returncode == 0
    shop = tmp_path / "shop"
    add = [sys.executable, "-m", "shophouse", "users", "add", "anna", "--role", "analyst", "-p", str(shop)]
    empty = subprocess.run(add, input="", capture_output=True, text=True, check=False)
    assert empty.returncode == 2 and "no password on stdin" in empty.stderr
    done = subprocess.run(add, input=PASSWORD + "\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0 and PASSWORD not in done.stdout + done.stderr
    assert Users(shop).verified("anna", PASSWORD) is not None
    listed = shophouse("users", "list", "--json", "-p", shop)
    assert json.loads(listed.stdout) == [{"name": "anna", "role": "analyst"}]
    assert shophouse("users", "remove", "anna", "-p", shop).returncode == 0
    assert shophouse("users", "list", "--json", "-p", shop).stdout.strip() == "[]"
    assert "/users.json" in (shop / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "in clear text"),
        (("--host", "0.0.0.0", "--plain-http"), "nobody may log in yet"),
        (("--login",), "shophouse users add NAME"),
        (("--certificate", "cert.pem"), "both a certificate and its key"),
    ],
)
def test_no_dashboard_without_a_login_elsewhere(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    shophouse("init", "shop", "--timezone", "Europe/Oslo", "--currency", "NOK", folder=tmp_path)
    refused = shophouse("serve", *options, "-p", tmp_path / "shop")
    assert refused.returncode == 2 and told in refused.stderr
