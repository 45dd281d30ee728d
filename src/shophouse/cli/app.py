"""What all commands share: help by chapters, `--debug`, how errors are told, and the options that most of them have."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from shophouse.errors import ShophouseError

__all__ = [
    "LOOK",
    "MAINTAIN",
    "RUN",
    "START",
    "AsJson",
    "Command",
    "Contents",
    "ProjectFolder",
    "app",
    "command",
    "group",
]

START, RUN, LOOK, MAINTAIN = "Start", "Run", "Look", "Maintain"

ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project", "-p", metavar="FOLDER", envvar="SHOPHOUSE_PROJECT", help="The shop's folder.", show_default="here"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

F = TypeVar("F", bound=Callable[..., None])


class Contents(TyperGroup):
    """A group whose help lists its commands by chapter."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        chapters: dict[str, list[tuple[str, str]]] = {}
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        shown = [(name, found) for name, found in commands if not found.hidden]
        width = max(len(name) for name, _ in shown)
        for name, found in shown:
            chapter = getattr(found, "rich_help_panel", None) or "Commands"
            chapters.setdefault(chapter, []).append((name.ljust(width), found.get_short_help_str(200)))
        for chapter, rows in chapters.items():
            with formatter.section(chapter):
                formatter.write_dl(rows)


class Command(TyperCommand):
    """A command that tells errors as `shophouse.errors` renders them, and ends with their exit codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            TyperOption(
                param_decls=["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember_debug,
                help="Show the traceback when something unexpected happens.",
            )
        )

    def invoke(self, ctx: Any) -> Any:
        project = ctx.params.get("project")
        folder = project if isinstance(project, Path) else None
        try:
            return super().invoke(ctx)
        except ShophouseError as error:
            _print(error.render())
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            _print(_stopped(folder))
            raise typer.Exit(130) from None
        except BrokenPipeError:
            raise
        except Exception as error:
            if ctx.meta.get("shophouse.debug"):
                _print(traceback.format_exc().rstrip())
            _print(_unexpected(error, folder))
            raise typer.Exit(1) from error


def _remember_debug(ctx: Any, param: Any, value: bool) -> bool:
    ctx.meta["shophouse.debug"] = value
    return value


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
    lines = [f"error: {type(error).__name__}: {error}".rstrip(": "), "  this is a fault of shophouse, not of your shop"]
    log = folder / "logs" / "shophouse.log" if folder else None
    if log is not None and log.parent.is_dir():
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} ERROR unexpected\n{traceback.format_exc()}")
        lines.append(f"  the traceback is in {log}")
    return "\n".join([*lines, "  hint: add --debug to see it here"])


app = typer.Typer(
    name="shophouse",
    cls=Contents,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def command(chapter: str | None = None, *, name: str | None = None, of: typer.Typer = app) -> Callable[[F], F]:
    """Make a function a command under this chapter of the help."""
    return of.command(
        name, cls=Command, rich_help_panel=chapter, context_settings={"help_option_names": ["-h", "--help"]}
    )


def group(name: str, chapter: str, help: str) -> typer.Typer:
    """A group of commands under one name."""
    made = typer.Typer(cls=Contents, rich_markup_mode=None, no_args_is_help=True, help=help)
    app.add_typer(made, name=name, rich_help_panel=chapter)
    return made


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """A warehouse for a shop's data, whose numbers tie out to the source to the cent.

    Begin with   shophouse demo   or, for a shop of your own,   shophouse init my-shop
    """


def _print_version(value: bool) -> None:
    if value:
        from shophouse.version import __version__

        print(f"shophouse {__version__}")
        raise typer.Exit


root.__annotations__["version"] = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
]
