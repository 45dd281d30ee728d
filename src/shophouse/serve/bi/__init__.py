"""Set-ups for BI tools that shops already use, made from what is said once: pages, queries, metrics, models' yml.

Each tool is a folder here with TOOL, a `Tool`.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from shophouse.errors import ConfigError
from shophouse.serve.bi.tool import Access, Provisioning, SetUp, Tool, set_up_of
from shophouse.yamlfile import did_you_mean

__all__ = ["Access", "Provisioning", "SetUp", "Tool", "set_up_of", "tool", "tools", "write"]

_MARK = ".shophouse-bi.json"
_OF_PEOPLE = (".env",)


@cache
def tools() -> dict[str, Tool]:
    """All tools by name."""
    found = [
        import_module(f"{__name__}.{module.name}").TOOL for module in pkgutil.iter_modules(__path__) if module.ispkg
    ]
    return {tool.name: tool for tool in found}


def tool(name: str) -> Tool:
    """Raises ConfigError that names the nearest one where there is none of this name."""
    try:
        return tools()[name]
    except KeyError:
        near = did_you_mean(name, tools())
        raise ConfigError(
            f"there is no set-up for {name!r}",
            why=f"there are {', '.join(tools())}; docs/guides/bi-tools.md has Power BI, Tableau, Excel and notebooks",
            hint=near or "shophouse bi list",
        ) from None


def write(name: str, set_up: SetUp, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the files of a tool's set-up, and remove those that a former call wrote and this one does not.

    Raises ConfigError for a folder that holds other files, or files of a former call that were edited, unless forced:
    then files of these names are overwritten, and all others left.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file", hint="name a folder with --into")
    files = {path: text.encode() if isinstance(text, str) else text for path, text in tool(name).files(set_up).items()}
    mark = folder / _MARK
    earlier = json.loads(mark.read_text("utf-8")) if mark.is_file() else {}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    written = {
        path for path, digest in earlier.items() if path in there and _digest(there[path].read_bytes()) == digest
    }
    foreign = sorted(there.keys() - written - {_MARK, *_OF_PEOPLE})
    if foreign and not force:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ConfigError(
            f"{folder} holds files that are not as shophouse wrote them, or not its own",
            why=f"{', '.join(foreign[:3])}{more}",
            hint="--into another folder, or --force to write over files of the same name and leave all others",
        )
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for path in written - files.keys():
        (folder / path).unlink()
    mark.write_text(json.dumps({path: _digest(content) for path, content in files.items()}, indent=0), "utf-8")
    return [folder / path for path in files]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
