"""Set-ups for BI tools that shops already use, made from what is there once: pages, their queries, metrics, models' yml.

Each tool is a folder here with TOOL, a `Tool`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from shophouse.errors import ConfigError
from shophouse.serve.bi.tool import Access, Provisioning, SetUp, Tool, set_up_of
from shophouse.yamlfile import did_you_mean

__all__ = ["Access", "Provisioning", "SetUp", "Tool", "set_up_of", "tool", "tools", "write"]

_MARK = ".shophouse-bi"


@cache
def tools() -> dict[str, Tool]:
    """All tools by name."""
    found = [import_module(f"{__name__}.{module.name}").TOOL for module in pkgutil.iter_modules(__path__) if module.ispkg]
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

    Raises ConfigError for a folder that holds files of others, unless forced; they are left even then, but for those of
    the same name.
    """
    mark = folder / _MARK
    earlier = set(mark.read_text("utf-8").split("\n")) if mark.is_file() else set()
    files = tool(name).files(set_up)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file", hint="name a folder with --into")
    others = sorted(
        str(path.relative_to(folder)) for path in (folder.rglob("*") if folder.is_dir() else ()) if path.is_file()
    )
    foreign = [path for path in others if path not in earlier and path not in (_MARK, ".env")]
    if foreign and not force:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise ConfigError(
            f"{folder} holds files that shophouse did not write",
            why=f"{', '.join(foreign[:3])}{more}",
            hint=f"--into {folder}/{name}, or --force to write beside them, and over those of the same name",
        )
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    for path in earlier - files.keys() - {""}:
        (folder / path).unlink(missing_ok=True)
    mark.write_text("\n".join(sorted(files)), "utf-8")
    return [folder / path for path in files]
