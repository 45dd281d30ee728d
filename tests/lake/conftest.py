from __future__ import annotations

import uuid

import pytest

from servers import clouds

from .places import LOCAL, Place


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """A lake's place of its own: the one that the test is parametrised with, local by default."""
    name: str = getattr(request, "param", "local")
    if name == "local":
        return LOCAL
    if name == "azure-sqlite":
        variables = {"LAKE_ACCOUNT": clouds.ACCOUNT, "LAKE_ACCOUNT_KEY": clouds.ACCOUNT_KEY}
        return Place(name, f"az://shop/{uuid.uuid4()}", request.getfixturevalue("azure"), variables)
    server = request.getfixturevalue("s3")
    bucket = server.bucket()
    said = server.environment
    variables = {"LAKE_KEY": said["AWS_ACCESS_KEY_ID"], "LAKE_SECRET": said["AWS_SECRET_ACCESS_KEY"], "GLUE_KEY": "any"}
    catalog = _catalog(request, name.partition("-")[2], bucket)
    return Place(name, f"s3://{bucket}/shops/one", server.endpoint, variables, catalog)


def on(*names: str) -> pytest.MarkDecorator:
    """Run a test on lakes at these places."""
    places = [pytest.param(name, marks=() if name == "local" else pytest.mark.server) for name in names]
    return pytest.mark.parametrize("place", places, indirect=True)


def _catalog(request: pytest.FixtureRequest, kind: str, bucket: str) -> dict[str, str]:
    if kind == "postgres":
        return {"kind": kind, "dsn": request.getfixturevalue("postgres").database()}
    if kind == "rest":
        return {"kind": kind, "uri": request.getfixturevalue("iceberg_rest").uri, "prefix": f"{bucket}_"}
    if kind == "glue":
        keys = {"access_key": "env:GLUE_KEY", "secret_key": "env:GLUE_KEY", "region": "us-east-1"}
        return {"kind": kind, "endpoint": request.getfixturevalue("glue").fresh(), **keys}
    return {"kind": "sqlite"}
