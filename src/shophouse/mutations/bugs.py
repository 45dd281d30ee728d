"""The bugs that are planted, as `bugs.yml` lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Bug", "bugs"]

_FILE = Path(__file__).with_name("bugs.yml")


@dataclass(frozen=True)
class Bug:
    """In the packaged `file`, `right` becomes `wrong`; of the tests named in `found_by` at least one must then fail."""

    bug: str
    file: str
    right: str
    wrong: str
    found_by: tuple[str, ...]
    days: int = 1
    """2: planted before a second day's rows come in an incremental run, for bugs that a full run does not have."""

    def is_in(self, sql: str) -> bool:
        """Whether the SQL reads as it did when the bug was written down."""
        return self._right.search(sql) is not None

    def of(self, sql: str) -> str:
        """The SQL with the bug in every place. Raises ValueError when the SQL has no such place."""
        if not self.is_in(sql):
            raise ValueError(f"{self.file} no longer says {self.right!r}: bring bugs.yml up to date")
        return self._right.sub(lambda _: self.wrong, sql)

    @property
    def _right(self) -> re.Pattern[str]:
        return re.compile(r"\s+".join(re.escape(word) for word in self.right.split()))


def bugs() -> list[Bug]:
    """Every bug of the suite, in the order of the file."""
    listed = yaml.safe_load(_FILE.read_text("utf-8"))
    return [Bug(**{**one, "found_by": tuple(one["found_by"])}) for one in listed]
