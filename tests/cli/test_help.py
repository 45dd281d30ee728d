from __future__ import annotations

from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from built_shop import shophouse
from shophouse.cli.commands import app
from shophouse.version import __version__


def commands() -> dict[str, Any]:
    """Every command by the words that call it."""
    found: dict[str, Any] = {}
    todo: list[tuple[str, Any]] = [("", get_command(app))]
    while todo:
        words, command = todo.pop()
        if hasattr(command, "commands"):
            todo += [(f"{words} {name}".strip(), child) for name, child in command.commands.items()]
        else:
            found[words] = command
    return found


def test_the_help_is_a_table_of_contents() -> None:
    said = CliRunner().invoke(app, ["--help"]).stdout
    chapters = [said.index(f"\n{chapter}:\n") for chapter in ("Start", "Run", "Look", "Maintain")]
    assert chapters == sorted(chapters)
    for name in ("init", "demo", "ingest", "build", "run", "check", "export", "query", "status", "doctor"):
        assert f"\n  {name} " in said


def test_the_table_of_contents_fits_on_a_line_each() -> None:
    lines = CliRunner().invoke(app, ["--help"]).stdout.split("\nStart:")[1].splitlines()
    assert not [line for line in lines if line.startswith("    ")]


@pytest.mark.parametrize("words", sorted(commands()))
def test_every_command_and_option_says_what_it_does(words: str) -> None:
    done = CliRunner().invoke(app, [*words.split(), "--help"])
    assert done.exit_code == 0
    command = commands()[words]
    assert len(command.help) > 10
    assert [p.name for p in command.params if p.param_type_name == "option" and not getattr(p, "help", None)] == []


@pytest.mark.parametrize("words", sorted(set(commands()) - {"init", "demo", "restore", "schema"}))
def test_every_command_on_a_shop_takes_project(words: str) -> None:
    options = {name for parameter in commands()[words].params for name in parameter.opts}
    assert {"--project", "-p", "--debug"} <= options


@pytest.mark.parametrize("words", ["run", "ingest", "build", "check", "publish", "export", "query", "status", "doctor"])
def test_what_a_program_would_read_comes_as_json(words: str) -> None:
    assert "--json" in {name for parameter in commands()[words].params for name in parameter.opts}


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"shophouse {__version__}\n"


def test_a_wrong_word_is_a_usage_error_with_the_nearest_right_one() -> None:
    done = shophouse("rum")
    assert done.returncode == 2
    assert "'run'" in done.stderr
    assert done.stdout == ""


def test_completion_knows_the_commands() -> None:
    done = shophouse(_SHOPHOUSE_COMPLETE="complete_bash", COMP_WORDS="shophouse qu", COMP_CWORD="1")
    assert done.stdout.split() == ["query", "quarantine"]
