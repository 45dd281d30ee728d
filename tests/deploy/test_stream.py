"""deploy/stream: the compose file and the unit as text, against the program. Neither is run here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from servers import kafka
from shophouse.cli.commands import app
from shophouse.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/stream"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "docker-compose.yml").read_text("utf-8"))["services"]
    return found


def test_the_container_runs_what_the_program_has(services: dict[str, Any]) -> None:
    stream = services["stream"]
    built = stream["build"]["dockerfile_inline"]
    (extras,) = re.findall(r'"/src\[(.*)\]"', built)
    assert (FOLDER / stream["build"]["context"] / "pyproject.toml").is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    (entry,) = re.findall(r'ENTRYPOINT \["(\w+)"\]', built)
    assert entry in project["scripts"]
    asked = stream["healthcheck"]["test"]
    assert asked[:2] == ["CMD", entry]
    for words in (stream["command"], asked[2:]):
        done = CliRunner().invoke(app, [*words, "--help"])
        assert done.exit_code == 0, words


def test_the_container_lets_a_round_end_as_the_unit_does(services: dict[str, Any]) -> None:
    unit = (FOLDER / "shophouse-stream.service").read_text("utf-8")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert services["stream"]["stop_grace_period"] == f"{int(seconds) // 60}m"
    assert f"RestartPreventExitStatus={ConfigError.exit_code}" in unit
    # compose knows no exit codes: it gives up after a few
    assert re.fullmatch(r"on-failure:\d", services["stream"]["restart"])


def test_the_broker_is_that_of_the_tests_and_for_this_machine_alone(services: dict[str, Any]) -> None:
    broker = services["kafka"]
    pom = Path(kafka.__file__).with_name("kafka.pom.xml").read_text("utf-8")
    assert f"<version>{re.findall(r':-([0-9.]+)}', broker['image'])[0]}</version>" in pom
    assert [port.startswith("${KAFKA_BIND:-127.0.0.1}:") for port in broker["ports"]] == [True]
    listening = dict(re.findall(r"(\w+)://[^:]*:(\d+)", broker["environment"]["KAFKA_LISTENERS"]))
    assert listening["PLAINTEXT"] == services["stream"]["environment"]["KAFKA"].rpartition(":")[2].rstrip("}")
    assert broker["ports"][0].endswith(f":{listening['HOST']}")
    # a setting of the tests' broker that a single one can't do without
    for setting in re.findall(r"^(\S*(?:replication\.factor|min\.isr))=1$", kafka._SETTINGS, re.MULTILINE):
        assert broker["environment"][f"KAFKA_{setting.replace('.', '_').upper()}"] == 1


def test_the_guide_types_what_the_container_asks_for(services: dict[str, Any]) -> None:
    guide = (ROOT / "docs/guides/streaming.md").read_text("utf-8")
    (variable,) = re.findall(r"\$\{(\w+):\?", str(services["stream"]["volumes"]))
    assert f"{variable}=" in guide and "deploy/stream/docker-compose.yml" in guide
