"""A guide as what it asks to be written and typed, in its order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(?:^`([\w./-]+)`\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A file to write or to change, or a command to type and what it prints (None: the guide doesn't say)."""

    file: str | None
    text: str
    prints: str | None = None
    is_change: bool = False
    """Whether the text is a diff: lines that begin with -, + and a space."""

    def changed(self, text: str) -> str:
        """The file's text after the change; fails the test where it isn't as the guide says."""
        lines = self.text.splitlines()
        old = "\n".join(line[1:] for line in lines if line[:1] != "+")
        new = "\n".join(line[1:] for line in lines if line[:1] != "-")
        assert text.count(old) == 1, f"{self.file} has {text.count(old)} times:\n{old}"
        return text.replace(old, new)


def steps(page: Path) -> Iterator[Step]:
    for file, language, text in _BLOCK.findall(page.read_text("utf-8")):
        if file:
            yield Step(file, text, is_change=language == "diff")
        elif language == "console":
            for typed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                yield Step(None, typed[0], typed[1] or None)


def shell(line: str, folder: Path) -> str:
    """What a line that a person types prints; fails the test when it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "SHOPHOUSE_"))}
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def follow(page: Path, folder: Path, edits: dict[str, tuple[str, str, str]]) -> Path:
    """Do what the guide says, beginning in `folder`; return where it ends.

    `edits` are changes by hand that the guide describes in words: before the n-th command that begins with a key
    (`"shophouse run#3"`), text of a file is replaced by another.
    """
    seen: dict[str, int] = {}
    for step in steps(page):
        if step.file:
            target = folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.changed(target.read_text("utf-8")) if step.is_change else step.text, "utf-8")
            continue
        seen[step.text] = seen.get(step.text, 0) + 1
        if edit := edits.get(f"{step.text}#{seen[step.text]}"):
            file, old, new = edit
            text = (folder / file).read_text("utf-8")
            assert old in text, edit
            (folder / file).write_text(text.replace(old, new), "utf-8")
        if step.text.startswith("cd "):
            folder = folder / step.text.removeprefix("cd ")
            continue
        said = shell(step.text, folder)
        if step.prints is not None:
            assert said == step.prints, step.text
    return folder
