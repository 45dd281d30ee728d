"""What all commands share: help by chapters, `--debug`, how errors are told, and the options that most of them have."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from shophouse.cli import stopping
from shophouse.errors import ShophouseError

__all__ = [
    "CHAPTERS",
    "LOOK",
    "MAINTAIN",
    "RUN",
    "START",
    "AsJson",
    "Contents",
    "ProjectFolder",
    "app",
    "command",
    "group",
]

CHAPTERS = START, RUN, LOOK, MAINTAIN = "Start", "Run", "Look", "Maintain"

ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project", "-p", metavar="FOLDER", envvar="SHOPHOUSE_PROJECT", help="The shop's folder.", show_default="here"
    ),
]
_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

F = TypeVar("F", bound=Callable[..., None])


class Contents(TyperGroup):
    """A group whose help lists its commands by chapter."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        chapters: dict[str, list[tuple[str, str]]] = {name: [] for name in CHAPTERS}
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        shown = [(name, found) for name, found in commands if not found.hidden]
        width = max(len(name) for name, _ in shown)
        for name, found in shown:
            chapter = getattr(found, "rich_help_panel", None) or "Commands"
            chapters.setdefault(chapter, []).append((name.ljust(width), found.get_short_help_str(200)))
        for chapter, rows in chapters.items():
            if not rows:
                continue
            with formatter.section(chapter):
                formatter.write_dl(rows)


def _told(function: Callable[..., None]) -> Callable[..., None]:
    """The function with `--debug`, and with its errors told and turned into exit codes."""

    @functools.wraps(function)
    def wrapper(*args: Any, debug: bool = False, **kwargs: Any) -> None:
        project = kwargs.get("project")
        folder = project if isinstance(project, Path) else None
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, BrokenPipeError):
            raise
        except (KeyboardInterrupt, SystemExit):
            _print(_stopped(folder))
            raise typer.Exit(stopping.code() or 130) from None
        except ShophouseError as error:
            _print(error.render())
            raise typer.Exit(error.exit_code) from error
        except Exception as error:
            if (code := stopping.code()) is not None:
                _print(_stopped(folder))
                raise typer.Exit(code) from error
            if debug:
                _print(traceback.format_exc().rstrip())
            _print(_unexpected(error, folder))
            raise typer.Exit(1) from error

    plain = inspect.signature(function, eval_str=True)
    last = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Debug)
    wrapper.__signature__ = plain.replace(parameters=[*plain.parameters.values(), last])  # type: ignore[attr-defined]
    return wrapper


def _print(text: str) -> None:
    typer.echo(text, err=True)


def _stopped(folder: Path | None) -> str:
    """What Ctrl-C left: the run's own record knows."""
    from shophouse.run_log import records

    newest = records(folder / "logs", 1) if folder else []
    if not newest or newest[0].status != "stopped":
        return "stopped"
    if newest[0].published is not None:
        return f"stopped; version {newest[0].published} was published before"
    return "stopped; nothing was published"


def _unexpected(error: Exception, folder: Path | None) -> str:
    if isinstance(error, OSError):
        lines = [f"error: {error}"]
    else:
        lines = [
            f"error: {type(error).__name__}: {error}".rstrip(": "),
            "  this is a fault of shophouse, not of your shop",
        ]
    log = folder / "logs" / "shophouse.log" if folder else None
    if log is not None and log.parent.is_dir():
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} ERROR unexpected\n{traceback.format_exc()}")
        lines.append(f"  the traceback is in {log}")
    return "\n".join([*lines, "  hint: add --debug to see it here"])


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="shophouse",
    cls=Contents,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


def command(chapter: str | None = None, *, name: str | None = None, of: typer.Typer = app) -> Callable[[F], F]:
    """Make a function a command under this chapter of the help. The function itself stays as it is."""

    def register(function: F) -> F:
        of.command(name, rich_help_panel=chapter, context_settings=_SETTINGS)(_told(function))
        return function

    return register


def group(name: str, chapter: str, help: str) -> typer.Typer:
    """A group of commands under one name."""
    made = typer.Typer(cls=Contents, rich_markup_mode=None, no_args_is_help=True, context_settings=_SETTINGS)
    app.add_typer(made, name=name, rich_help_panel=chapter, short_help=help)
    return made


def _print_version(value: bool) -> None:
    if value:
        from shophouse.version import __version__

        typer.echo(f"shophouse {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A warehouse for a shop's data: its numbers tie out to the source.

    Begin with `shophouse demo`, or with `shophouse init my-shop`.
    """
