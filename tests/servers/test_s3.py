"""The S3 server of the tests is what they take it for."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from servers.s3 import Server

pytestmark = pytest.mark.server


def test_a_server_that_was_killed_comes_back_with_its_objects_and_their_versions(s3: Server) -> None:
    bucket, client = s3.bucket(versioned=True), s3.client()
    for body in (b"one", b"three"):
        client.put_object(Bucket=bucket, Key="a/b.csv", Body=body)

    s3.stop(kill=True)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(s3.endpoint, timeout=2)
    s3.start()

    assert client.get_object(Bucket=bucket, Key="a/b.csv")["Body"].read() == b"three"
    sizes = [version["Size"] for version in client.list_object_versions(Bucket=bucket)["Versions"]]
    assert sorted(sizes) == [3, 5]
