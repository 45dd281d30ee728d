"""Names and addresses, from Faker: pools that persons are given theirs from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

_TRIES = 400


@dataclass(frozen=True)
class Pool:
    """Names of one language; `mail` spells the same names with the letters that an address may have."""

    first: Any
    last: Any
    first_mail: Any
    last_mail: Any
    street: Any


@lru_cache(maxsize=16)
def pool(locale: str, seed: int) -> Pool:
    from faker import Faker

    fake = Faker(locale)
    fake.seed_instance(seed)

    def some(one: Callable[[], str]) -> list[str]:
        return sorted({one().replace("\n", ", ") for _ in range(_TRIES)})

    japanese = locale == "ja_JP"
    first = some(fake.first_romanized_name if japanese else fake.first_name)
    last = some(fake.last_romanized_name if japanese else fake.last_name)
    return Pool(
        first=pa.array(first),
        last=pa.array(last),
        first_mail=pa.array([_plain(name) for name in first]),
        last_mail=pa.array([_plain(name) for name in last]),
        street=pa.array(some(fake.street_address)),
    )


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return "".join(letter for letter in text if letter.isalpha())
