"""deploy/s3: the compose file as text, against the server that the tests run. Compose itself isn't run here."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import yaml

from requirements import requirement
from servers import s3

ROOT = Path(__file__).resolve().parents[2]


@requirement("S2-02")
def test_the_container_is_the_server_of_the_tests_and_for_this_machine_alone() -> None:
    (service,) = yaml.safe_load((ROOT / "deploy/s3/docker-compose.yml").read_text("utf-8"))["services"].values()
    assert service["image"] == f"versity/versitygw:${{VERSITYGW_VERSION:-{s3.VERSION}}}"
    options = {word for word in service["command"] if re.match(r"--|posix$", word)}
    launched = inspect.getsource(s3.Server._launch)
    assert options == {"--port", "--region", "posix", "--sidecar", "--versioning-dir"}
    assert all(f'"{word}"' in launched for word in options)
    assert [port.startswith("${S3_BIND:-127.0.0.1}:") for port in service["ports"]] == [True]


def test_the_guide_types_what_the_container_listens_to() -> None:
    guide = (ROOT / "docs/guides/object-storage.md").read_text("utf-8")
    compose = (ROOT / "deploy/s3/docker-compose.yml").read_text("utf-8")
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", compose))
    typed = dict(re.findall(r"\b(AWS_\w+)=(\S+)", guide))
    assert typed == {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{defaults['S3_PORT']}",
        "AWS_ACCESS_KEY_ID": defaults["S3_ACCESS_KEY"],
        "AWS_SECRET_ACCESS_KEY": defaults["S3_SECRET_KEY"],
        "AWS_REGION": "us-east-1",
    }
