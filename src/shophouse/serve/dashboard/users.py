"""Who may log in to a dashboard: names, roles and hashed passwords, in the shop's folder."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from shophouse.errors import ConfigError

__all__ = ["FILE", "LEAST", "ROLES", "Role", "User", "Users"]

FILE = "users.json"
LEAST = 10
"""The fewest characters of a password."""
Role = Literal["viewer", "analyst"]
ROLES: tuple[Role, ...] = get_args(Role)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
# 32 MB and some tenths of a second for each attempt, as OWASP has it
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
_MEMORY = 64 * 2**20
_NOBODY = "$".join(("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), "AAAAAAAAAAAAAAAAAAAAAA==", "A" * 43 + "="))


@dataclass(frozen=True)
class User:
    """Someone who may log in. A viewer sees no personal data. `password` is a salted hash."""

    name: str
    role: Role
    password: str


class Users:
    """The users of a shop, in `users.json` of its folder, which its owner alone can read."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE

    def all(self) -> Mapping[str, User]:
        """By name. Raises ConfigError when the file is not as this class writes it, or others can read it."""
        try:
            mode = self.file.stat().st_mode
            text = self.file.read_text("utf-8")
        except FileNotFoundError:
            return {}
        if os.name == "posix" and mode & 0o077:
            raise ConfigError(f"{FILE} can be read by others", hint=f"chmod 600 {self.file}")
        try:
            return {name: User(name, **said) for name, said in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{FILE} is not understood", why=str(error), hint="remove it, and add its users: shophouse users add"
            ) from error

    def put(self, name: str, role: str, password: str) -> None:
        """Add a user, or give one another role and password. Raises ConfigError for what none can have."""
        known = next((one for one in ROLES if one == role), None)
        if known is None:
            raise ConfigError(f"there is no role {role!r}", hint=f"there are {', '.join(ROLES)}")
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} can't be a user's name", hint="letters, digits and . _ @ -")
        if len(password) < LEAST:
            raise ConfigError(f"a password has {LEAST} characters or more", hint="several words are easy to remember")
        self._write({**self.all(), name: User(name, known, _hashed(password))})

    def remove(self, name: str) -> None:
        """Raises ConfigError where there is none of this name."""
        users = dict(self.all())
        if name not in users:
            raise ConfigError(f"there is no user {name!r}", hint="shophouse users list")
        del users[name]
        self._write(users)

    def verified(self, name: str, password: str) -> User | None:
        """The user whose name and password these are. It takes as long for a name that nobody has."""
        user = self.all().get(name)
        is_right = _fits(password, user.password if user else _NOBODY)
        return user if is_right else None

    def _write(self, users: Mapping[str, User]) -> None:
        said = {
            name: {key: value for key, value in asdict(user).items() if key != "name"} for name, user in users.items()
        }
        # made readable by its owner alone, and put in place at once
        handle, incoming = tempfile.mkstemp(prefix=f".{FILE}-", dir=self.file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(said, indent=1) + "\n")
            os.replace(incoming, self.file)
        except BaseException:
            Path(incoming).unlink(missing_ok=True)
            raise


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    key = _derived(password, salt, _COST, _BLOCK, _PARALLEL)
    words = ("scrypt", _COST, _BLOCK, _PARALLEL, base64.b64encode(salt).decode(), base64.b64encode(key).decode())
    return "$".join(map(str, words))


def _fits(password: str, hashed: str) -> bool:
    _, cost, block, parallel, salt, key = hashed.split("$")
    derived = _derived(password, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(derived, base64.b64decode(key))


def _derived(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8"), salt=salt, n=cost, r=block, p=parallel, maxmem=_MEMORY, dklen=32)
