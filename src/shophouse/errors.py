"""What shophouse raises, sorted by what the caller does next.

    ShophouseError
     ├─ ConfigError            edit the project's files
     ├─ SourceError            look at the source
     │   ├─ SourceUnreachable  try again later
     │   └─ SourceMismatch     change the source, or what the project says of it
     ├─ LakeError              look at the lake; nothing was committed
     │   └─ LakeUnreachable    try again later
     ├─ LockedError            try again when the holder is done
     ├─ BuildError             mend the SQL or the machine; nothing was published
     └─ CheckFailed            the numbers don't hold; nothing was published

The exit code of the command line says the same:

    ==================  ====  =====
    raised              exit  retry
    ==================  ====  =====
    ShophouseError         1  no
    ConfigError            2  no
    SourceError            5  no
    SourceUnreachable      4  yes
    SourceMismatch         3  no
    LakeError              6  no
    LakeUnreachable       10  yes
    LockedError            7  yes
    BuildError             8  no
    CheckFailed            9  no
    ==================  ====  =====

A usage error of the command line itself exits 2 as well: both mean "what you wrote is wrong".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "BuildError",
    "CheckFailed",
    "ConfigError",
    "LakeError",
    "LakeUnreachable",
    "LockedError",
    "ShophouseError",
    "SourceError",
    "SourceMismatch",
    "SourceUnreachable",
]


def _lines(text: str | Iterable[str] | None) -> tuple[str, ...]:
    if text is None:
        return ()
    parts = [text] if isinstance(text, str) else text
    return tuple(line for part in parts for line in part.splitlines())


class ShophouseError(Exception):
    """Anything that shophouse refuses or can't do, told so that a person can act on it.

    `what` is one line without a full stop. `where` and `why` are a line or several; `hint` says what to type.
    Nothing here may hold a secret: all of it is printed and logged.
    """

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    remedy: ClassVar[str] = "the same with `--debug`, to see where it comes from"
    """What to type next, as a rule; the `hint` of an error knows better."""

    def __init__(
        self,
        what: str,
        *,
        where: str | Iterable[str] | None = None,
        why: str | Iterable[str] | None = None,
        hint: str | Iterable[str] | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = _lines(where)
        self.why = _lines(why)
        self.hint = _lines(hint)

    def render(self) -> str:
        """As plain text: `error:` and what, then where and why indented, `hint:` last; no newline at the end."""
        first, *rest = self.what.splitlines() or [""]
        lines = [f"error: {first}", *(f"  {line}" for line in (*rest, *self.where, *self.why))]
        if self.hint:
            lines.append(f"  hint: {self.hint[0]}")
            lines.extend(f"        {line}" for line in self.hint[1:])
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render().removeprefix("error: ")


class ConfigError(ShophouseError):
    """The project's files are wrong: nothing was started, an edit is needed."""

    exit_code = 2
    remedy = "`shophouse doctor`, once it is edited"


class SourceError(ShophouseError):
    """Reading a source failed."""

    exit_code = 5
    remedy = "`shophouse doctor`"


class SourceUnreachable(SourceError):
    """The source doesn't answer, or is being written right now: worth a retry."""

    exit_code = 4
    remedy = "`shophouse run` again, later"
    retryable = True


class SourceMismatch(SourceError):
    """The source is not what the project says, and a person must act: a required column is gone, a file is cut off."""

    exit_code = 3
    remedy = "`shophouse doctor` compares source and project; `shophouse quarantine show` has the rows"


class LakeError(ShophouseError):
    """The lake can't be read or written. A load is one commit: what was being written is not there."""

    exit_code = 6
    remedy = "`shophouse doctor`; `shophouse lake move` where the folder was moved"


class LakeUnreachable(LakeError):
    """The lake's bucket or its catalog doesn't answer: worth a retry."""

    exit_code = 10
    remedy = "`shophouse run` again, later"
    retryable = True


class LockedError(ShophouseError):
    """Another process is writing. `holder` says who, as far as the lock tells."""

    exit_code = 7
    remedy = "`shophouse status` says who writes; then the same again"
    retryable = True

    def __init__(
        self,
        what: str,
        *,
        holder: str | None = None,
        where: str | Iterable[str] | None = None,
        why: str | Iterable[str] | None = None,
        hint: str | Iterable[str] | None = None,
    ) -> None:
        held = (f"held by {holder}",) if holder else ()
        super().__init__(what, where=where, why=(*held, *_lines(why)), hint=hint)
        self.holder = holder


class BuildError(ShophouseError):
    """A model couldn't be built."""

    exit_code = 8
    remedy = "`shophouse build`, once the SQL is mended"


class CheckFailed(ShophouseError):
    """A test, a conservation law, a reconciliation or freshness failed."""

    exit_code = 9
    remedy = "`shophouse check`; the rows are in the error and in `ops.rejected_rows`"
