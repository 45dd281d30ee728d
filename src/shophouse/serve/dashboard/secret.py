"""What signs the cookies of a dashboard: made once, beside what shophouse generates, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shophouse.project import Project

__all__ = ["secret_of"]


def secret_of(project: Project) -> str:
    """The secret of this shop, 64 hexadecimal digits; made when there is none."""
    file = project.generated_folder / "serve-secret"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as made:
        made.write(secrets.token_hex(32))
    return file.read_text("ascii").strip()
