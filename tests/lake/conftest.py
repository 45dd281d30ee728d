from __future__ import annotations

import os

import pytest

from .places import LOCAL, Place

SHARED = ["s3-sqlite", "s3-postgres", "s3-rest", "s3-glue"]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """A lake's place of its own: the one that the test is parametrised with, local by default."""
    name: str = getattr(request, "param", "local")
    if name == "local":
        return LOCAL
    server = request.getfixturevalue("s3")
    bucket = server.bucket()
    # for the processes that tests start, too
    os.environ["LAKE_KEY"] = server.environment["AWS_ACCESS_KEY_ID"]
    os.environ["LAKE_SECRET"] = server.environment["AWS_SECRET_ACCESS_KEY"]
    catalog = _catalog(request, name.partition("-")[2], bucket)
    return Place(name, f"s3://{bucket}/shops/one", server.endpoint, catalog=catalog)


def on(*names: str) -> pytest.MarkDecorator:
    """Run a test on lakes at these places."""
    marks = {"local": ()}
    return pytest.mark.parametrize(
        "place", [pytest.param(name, marks=marks.get(name, pytest.mark.server)) for name in names], indirect=True
    )


def _catalog(request: pytest.FixtureRequest, kind: str, bucket: str) -> dict[str, str]:
    if kind == "postgres":
        return {"kind": kind, "dsn": request.getfixturevalue("postgres").database()}
    if kind == "rest":
        return {"kind": kind, "uri": request.getfixturevalue("iceberg_rest").uri, "prefix": f"{bucket}_"}
    if kind == "glue":
        for name in ("GLUE_KEY", "GLUE_SECRET"):
            os.environ[name] = "any"
        keys = {"access_key": "env:GLUE_KEY", "secret_key": "env:GLUE_SECRET", "region": "us-east-1"}
        return {"kind": kind, "endpoint": request.getfixturevalue("glue").fresh(), **keys}
    return {"kind": "sqlite"}
