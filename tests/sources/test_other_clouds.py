"""The same files in Azure and in Google Cloud, as far as their emulators go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import obstore
import pytest

from requirements import requirement
from servers import clouds, s3
from shophouse.errors import SourceMismatch
from shophouse.object_store import connect
from shophouse.settings import StorageSettings
from shophouse.sources._bucket import Bucket

pytestmark = pytest.mark.server

KEYS = {"in/a b.csv": b"id\n1\n", "in/deep/c.csv": b"id\n2\n", "other/d.csv": b"id\n3\n", "in/empty.csv": b""}


def needs(reason: str | None) -> None:
    if reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[StorageSettings]:
    needs(None if shutil.which("npm") else "npm is not installed: apt-get install npm")
    monkeypatch.setenv("AZURE_KEY", clouds.ACCOUNT_KEY)
    with clouds.azurite() as endpoint:
        yield StorageSettings.model_validate(
            {"endpoint": endpoint, "account": clouds.ACCOUNT, "account_key": "env:AZURE_KEY"}
        )


@pytest.fixture
def google() -> Iterator[StorageSettings]:
    needs(s3.missing(*clouds.GOOGLE))
    with clouds.google() as endpoint:
        yield StorageSettings(endpoint=endpoint, anonymous=True)


def read(url: str, storage: StorageSettings, folder: Path) -> dict[str, bytes | None]:
    bucket = Bucket("shop", f"{url}/in/**/*.csv", storage)
    return {
        file.label: path.read_bytes() if path else None
        for file, path in bucket.at_hand(sorted(bucket.files(), key=lambda f: f.label), folder, lambda _: None)
    }


def expected(url: str) -> dict[str, bytes]:
    return {f"{url}/{key}": body for key, body in KEYS.items() if key.startswith("in/")}


@requirement("S3-34")
@pytest.mark.parametrize("url", ["az://shop", f"abfss://shop@{clouds.ACCOUNT}.dfs.core.windows.net"])
def test_azure(azure: StorageSettings, tmp_path: Path, url: str) -> None:
    clouds.make_container(azure.endpoint)
    store = connect(url, azure)
    for key, body in KEYS.items():
        obstore.put(store, key, body)
    assert read(url, azure, tmp_path) == expected(url)

    bucket = Bucket("shop", f"{url}/in/*.csv", azure)
    found = sorted(bucket.files(), key=lambda file: file.label)
    obstore.put(store, "in/a b.csv", b"id\n4\n")
    assert next(path for _, path in bucket.at_hand(found, tmp_path, lambda _: None)) is None
    assert [file.etag for file in found] != [file.etag for file in sorted(bucket.files(), key=lambda f: f.label)]
    with pytest.raises(SourceMismatch, match="does not exist"):
        Bucket("shop", url.replace("shop", "nothing") + "/*.csv", azure).files()


def test_azure_refuses_a_wrong_key(azure: StorageSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_KEY", "AAAA")
    with pytest.raises(SourceMismatch, match="az://shop refuses"):
        Bucket("shop", "az://shop/*.csv", azure).files()


@requirement("S3-34")
def test_google(google: StorageSettings, tmp_path: Path) -> None:
    clouds.google_request(f"{google.endpoint}/storage/v1/b?project=p", b'{"name": "shop"}', "application/json")
    for key, body in KEYS.items():
        url = f"{google.endpoint}/upload/storage/v1/b/shop/o?uploadType=media&name={quote(key, safe='')}"
        clouds.google_request(url, body, "text/csv")
    assert read("gs://shop", google, tmp_path) == expected("gs://shop")
