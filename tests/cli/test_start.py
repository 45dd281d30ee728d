from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shophouse.cli.commands import app


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "mysql"], "known: postgres, files"),
        (["--from", "files", "--force"], "--missing writes what isn't there"),
        (["--from", "files", "--platform", "olist"], "--from and --platform exclude each other"),
        (["--from", "postgres"], "--dsn env:SHOP_SOURCE"),
        (["--missing"], "--dsn and --missing need --from"),
        (["--from", "postgres", "--dsn", "env:NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
    ],
)
def test_init_refuses_what_makes_no_sense_before_anything_is_written(
    words: list[str], said: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "s"), *words])
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "s").exists()


def test_init_from_what_is_no_shop_s_says_so_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("id,name\n1,A\n")
    done = CliRunner().invoke(app, ["init", str(tmp_path / "s"), "--from", "files", "--path", f"{tmp_path}/*.csv"])
    assert done.exit_code == 1
    assert "nothing is proposed, and nothing was written" in done.output
    assert not (tmp_path / "s").exists()
