"""Files in a bucket of a real S3 server: what is read, what is read again, and what each refusal says."""

from __future__ import annotations

import glob
import gzip
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from requirements import requirement
from servers.s3 import ACCESS_KEY, REGION, SECRET_KEY, Server
from shophouse import object_store
from shophouse.errors import ShophouseError, SourceMismatch, SourceUnreachable
from shophouse.settings import StorageSettings
from shophouse.sources import Batch, Column, Position, Table, _bucket
from shophouse.sources._retries import Retries, retried
from shophouse.sources.files import FilesSource

from .conformance import SourceConformance, System

pytestmark = pytest.mark.server

KEYS: dict[str, Any] = {"access_key": "env:SHOP_KEY", "secret_key": "env:SHOP_SECRET"}
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ORDERS = Table("shop", "orders", columns=(Column("id", "bigint"), Column("state")), required=("id",))
DAY = b"id,state\n1,paid\n2,paid\n"


class Shop:
    """A bucket, read by one source as the lake would: the position moves on after each read."""

    def __init__(self, server: Server, folder: Path, pattern: str, table: Table, versioned: bool, **options: Any):
        self.client = server.client()
        self.bucket = server.bucket(versioned=versioned)
        self.folder = folder
        self.table = table
        self.notices: list[str] = []
        self.source = FilesSource(
            "shop",
            folder,
            f"s3://{self.bucket}/{pattern}",
            **{
                "tables": [table],
                "storage": StorageSettings(endpoint=server.endpoint, region=REGION, **KEYS),
                "notice": self.notices.append,
                **options,
            },
        )
        self.position: Position | None = None

    def put(self, key: str, body: bytes = DAY) -> str:
        return str(self.client.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"])

    def read(self) -> list[Batch]:
        into = Path(tempfile.mkdtemp(dir=self.folder))
        batches = list(self.source.read(self.table, self.position, into, 1, NOW))
        if batches:
            self.position = json.loads(json.dumps(batches[-1].position))
        assert not (into / "scratch").exists()
        return batches


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", ACCESS_KEY)
    monkeypatch.setenv("SHOP_SECRET", SECRET_KEY)


@pytest.fixture
def shop(s3: Server, tmp_path: Path) -> Callable[..., Shop]:
    def make(pattern: str = "in/*", table: Table = ORDERS, versioned: bool = False, **options: Any) -> Shop:
        return Shop(s3, tmp_path, pattern, table, versioned, **options)

    return make


def rows(batches: list[Batch], columns: str = "id, state") -> list[tuple[Any, ...]]:
    files = [str(path) for batch in batches for path in batch.parquet]
    return duckdb.sql(f"select {columns} from read_parquet({files}) order by all").fetchall() if files else []


def read_files(batches: list[Batch]) -> list[str]:
    return [file.source_file.rpartition("/")[2] for batch in batches for file in batch.files]


class Objects:
    """Objects of one format, a new one for each arrival."""

    def __init__(self, shop: Shop, ending: str) -> None:
        self.shop = shop
        self.source = shop.source
        self.ending = ending
        self.count = 0

    def arrive(self, ids: list[int]) -> None:
        self.write([str(number) for number in ids])

    def arrive_broken(self) -> None:
        self.write(["broken"])

    def write(self, values: list[str]) -> None:
        self.count += 1
        if self.ending == ".parquet":
            sink = pa.BufferOutputStream()
            pq.write_table(pa.table({"id": values}), sink)
            body = sink.getvalue().to_pybytes()
        else:
            body = gzip.compress("".join(f"{line}\n" for line in ["id", *values]).encode())
        self.shop.put(f"in/{self.count:03}{self.ending}", body)


@requirement("S2-02", "S3-34")
@pytest.mark.parametrize("ending", [".csv.gz", ".parquet"])
class TestBucket(SourceConformance):
    @pytest.fixture
    def system(self, shop: Callable[..., Shop], ending: str) -> System:
        table = Table("shop", "orders", columns=(Column("id", "bigint"),), required=("id",))
        return Objects(shop(table=table), ending)


@requirement("S2-02")
def test_objects_of_any_name_and_size_arrive_whole(shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bucket, "_PART_BYTES", 10_000)
    monkeypatch.setattr(_bucket, "_AHEAD_BYTES", 50_000)
    told: list[tuple[int, int]] = []
    bucket = shop("in/**/*.csv", progress=lambda _, done, total: told.append((done, total)))
    big = b"id,state\n" + b"".join(b"%d,state of %d\n" % (number, number) for number in range(20_000))
    names = ["a b.csv", "it's [1] *?.csv", "50%+ü#~.csv", "deep/er/x.csv"]
    bucket.put("in/big.csv", big)
    for name in names:
        bucket.put(f"in/{name}")
    bucket.put("in/.hidden.csv")
    bucket.put("in/note.txt")
    bucket.put("inner/c.csv")

    found = bucket.read()

    assert sorted(read_files(found)) == sorted(["big.csv", *(name.rpartition("/")[2] for name in names)])
    assert rows(found, "count(*), sum(id), max(_row_number)") == [(20_008, 20_000 * 19_999 // 2 + 4 * 3, 20_000)]
    labels = rows(found, "distinct _source_file")
    assert labels == sorted((f"s3://{bucket.bucket}/in/{name}",) for name in ["big.csv", *names])
    assert told[-1][0] == told[-1][1] == 3 * (len(big) + 4 * len(DAY))


PATTERNS = """
    * *.csv */*.csv **/*.csv ** a/** a/**/c* [ab]/x.csv [!a]/x.csv a/x.csv ?/x.c?v a/[x-z]* none/*.csv x[.]csv **/.h/*
    a*/b/**/x.csv
"""


@pytest.mark.parametrize("pattern", PATTERNS.split())
def test_a_pattern_means_for_keys_what_it_means_for_paths(
    shop: Callable[..., Shop], tmp_path: Path, pattern: str
) -> None:
    bucket = shop(pattern, tables=())
    for key in [
        "x.csv",
        "a/x.csv",
        "a/b/x.csv",
        "a/b/c/x.csv",
        "a/c.csv",
        "b/x.csv",
        ".h/x.csv",
        "a/.h/y.csv",
        "a-x.csv",
    ]:
        bucket.put(key)
        path = tmp_path / "local" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DAY)

    found = {file.label.removeprefix(f"s3://{bucket.bucket}/") for file in bucket.source.find()}

    local = tmp_path / "local"
    assert found == {path for path in glob.glob(pattern, root_dir=local, recursive=True) if (local / path).is_file()}


def test_a_listing_of_more_than_one_page_is_whole(shop: Callable[..., Shop]) -> None:
    bucket = shop("in/*.csv")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: bucket.put(f"in/{n}.csv", b"id,state\n%d,paid\n" % n), range(1_005)))
    assert rows(bucket.read(), "count(*), count(distinct id)") == [(1_005, 1_005)]


@requirement("S2-06")
def test_an_object_is_read_again_when_its_bytes_are_others(shop: Callable[..., Shop]) -> None:
    bucket = shop()
    bucket.put("in/a.csv")
    bucket.put("in/b.csv")
    assert len(rows(bucket.read())) == 4
    assert bucket.read() == []

    bucket.put("in/a.csv")
    assert bucket.read() == []

    upload = {"Bucket": bucket.bucket, "Key": "in/a.csv"}
    number = bucket.client.create_multipart_upload(**upload)["UploadId"]
    part = bucket.client.upload_part(**upload, UploadId=number, PartNumber=1, Body=DAY)
    bucket.put("in/b.csv", b"id,state\n1,shipped\n")
    assert read_files(bucket.read()) == ["b.csv"], "an upload that is not complete is not there"

    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    bucket.client.complete_multipart_upload(**upload, UploadId=number, MultipartUpload=parts)
    (batch,) = bucket.read()
    assert not batch.files, "the same bytes under another etag are no news"
    assert bucket.read() == []


@requirement("S2-03", "S2-22")
@pytest.mark.parametrize("removes", [False, True])
@pytest.mark.parametrize("delivery", ["snapshot", "upsert", "append"])
def test_versions_and_deletions_are_followed(shop: Callable[..., Shop], delivery: Any, removes: bool) -> None:
    table = Table("shop", "orders", columns=ORDERS.columns, delivery=delivery, key=("id",))
    bucket = shop(versioned=True, table=table, removes_vanished=removes)
    bucket.put("in/a.csv", b"id,state\n1,old\n")
    bucket.put("in/a.csv", b"id,state\n1,new\n")
    bucket.put("in/b.csv", b"id,state\n2,new\n")
    assert rows(bucket.read()) == [(1, "new"), (2, "new")]

    marker = bucket.client.delete_object(Bucket=bucket.bucket, Key="in/a.csv")["VersionId"]
    gone = bucket.read()
    if removes and delivery == "snapshot":
        assert [(file.source_file, file.rows) for batch in gone for file in batch.files] == [
            (f"s3://{bucket.bucket}/in/a.csv", 0)
        ]
    else:
        assert gone == []
    assert bucket.read() == []

    bucket.client.delete_object(Bucket=bucket.bucket, Key="in/a.csv", VersionId=marker)
    assert rows(bucket.read()) == ([(1, "new")] if gone else [])


@pytest.mark.parametrize("then", ["another", "nothing"])
def test_an_object_that_is_replaced_while_it_is_read_is_left_to_the_next_run(
    shop: Callable[..., Shop], then: str
) -> None:
    bucket = shop(versioned=True)
    bucket.put("in/a.csv")
    bucket.put("in/b.csv", b"id,state\n3,paid\n")
    listed = bucket.source.find()
    stale = FilesSource(
        "shop",
        bucket.folder,
        f"s3://{bucket.bucket}/in/*",
        tables=[ORDERS],
        storage=bucket.source.places[0].storage,  # type: ignore[attr-defined]
        found=lambda: listed,
        notice=bucket.notices.append,
    )
    if then == "another":
        bucket.put("in/a.csv", b"id,state\n1,shipped\n")
    else:
        bucket.client.delete_object(Bucket=bucket.bucket, Key="in/a.csv")

    fresh, bucket.source = bucket.source, stale
    assert rows(bucket.read()) == [(3, "paid")]
    assert ["a.csv is being written" in line for line in bucket.notices] == [True]

    bucket.source = fresh
    assert rows(bucket.read()) == ([(1, "shipped")] if then == "another" else [])


def test_empty_objects_and_folders_are_no_rows(shop: Callable[..., Shop]) -> None:
    bucket = shop("*", tables=())
    bucket.put("empty.csv", b"")
    bucket.put("folder/", b"")
    bucket.put("folder/a.csv")
    assert [table.name for table in bucket.source.tables()] == ["empty"]
    (batch,) = bucket.source.read(Table("shop", "empty"), None, bucket.folder, 1, NOW)
    assert [(file.rows, file.bytes) for file in batch.files] == [(0, 0)]


def test_a_packed_object_that_is_cut_off_is_refused_and_leaves_nothing(shop: Callable[..., Shop]) -> None:
    bucket = shop()
    bucket.put("in/a.csv")
    bucket.put("in/b.csv.gz", gzip.compress(DAY * 1000)[:-20])
    with pytest.raises(SourceMismatch, match=r"in/b\.csv\.gz is cut off"):
        bucket.read()
    assert [path for path in bucket.folder.rglob("*") if path.is_file() and "scratch" in path.parts] == []


def test_a_server_that_goes_away_while_objects_are_copied_costs_only_time(
    s3: Server, shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bucket, "_PART_BYTES", 20_000)
    some_arrived = threading.Event()

    def go_away() -> None:
        some_arrived.wait(20)
        s3.stop(kill=True)
        time.sleep(0.5)
        s3.start()

    def progress(_: str, done: int, total: int) -> None:
        if done > total / 10:
            some_arrived.set()

    bucket = shop(progress=progress)
    for number in range(20):
        lines = b"".join(b"%d,paid\n" % row for row in range(number * 10_000, (number + 1) * 10_000))
        bucket.put(f"in/{number:02}.csv", b"id,state\n" + lines)
    helper = threading.Thread(target=go_away)
    helper.start()

    found = retried(bucket.read, Retries(10, first_pause=0.3, growth=1.5), about="shop")

    helper.join()
    assert some_arrived.is_set()
    assert rows(found, "count(*), count(distinct id), max(id)") == [(200_000, 200_000, 199_999)]


def refused(s3: Server, folder: Path, bucket: str, **storage: Any) -> ShophouseError:
    settings = StorageSettings(**{"endpoint": s3.endpoint, "region": REGION, **KEYS, **storage})
    source = FilesSource("shop", folder, f"s3://{bucket}/in/*", tables=[ORDERS], storage=settings)
    with pytest.raises(ShophouseError) as caught:
        list(source.read(ORDERS, None, folder, 1, NOW))
    assert SECRET_KEY not in str(caught.value) and ACCESS_KEY not in str(caught.value)
    assert list(folder.iterdir()) == []
    return caught.value


def test_a_wrong_key_is_refused(s3: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "another")
    error = refused(s3, tmp_path, s3.bucket())
    assert isinstance(error, SourceMismatch) and error.exit_code == 3
    assert "refuses" in error.what and error.why[0].startswith("SignatureDoesNotMatch")
    monkeypatch.setenv("SHOP_KEY", "nobody")
    assert refused(s3, tmp_path, s3.bucket()).why[0].startswith("InvalidAccessKeyId")


def test_a_bucket_that_is_not_public_refuses_the_anonymous(s3: Server, tmp_path: Path) -> None:
    error = refused(s3, tmp_path, s3.bucket(), access_key=None, secret_key=None, anonymous=True)
    assert error.why[0].startswith("AccessDenied")
    assert "right to list the bucket" in error.hint[0]


def test_objects_that_may_be_listed_and_not_read_are_refused(
    s3: Server, shop: Callable[..., Shop], tmp_path: Path
) -> None:
    bucket = shop()
    bucket.put("in/a.csv")
    allowed = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket.bucket}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    bucket.client.put_bucket_policy(Bucket=bucket.bucket, Policy=policy)
    error = refused(s3, tmp_path, bucket.bucket, access_key=None, secret_key=None, anonymous=True)
    assert isinstance(error, SourceMismatch) and "refuses" in error.what
    assert "read its objects" in error.hint[0]


def test_a_public_bucket_is_read_without_credentials(s3: Server, shop: Callable[..., Shop], tmp_path: Path) -> None:
    bucket = shop()
    bucket.put("in/a.csv")
    bucket.client.put_bucket_ownership_controls(
        Bucket=bucket.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    bucket.client.put_bucket_acl(Bucket=bucket.bucket, ACL="public-read")
    settings = StorageSettings(endpoint=s3.endpoint, region=REGION, anonymous=True)
    source = FilesSource("shop", tmp_path, f"s3://{bucket.bucket}/in/*", tables=[ORDERS], storage=settings)
    assert len(rows(list(source.read(ORDERS, None, tmp_path, 1, NOW)))) == 2


def test_a_bucket_that_does_not_exist(s3: Server, tmp_path: Path) -> None:
    error = refused(s3, tmp_path, "no-such-bucket")
    assert isinstance(error, SourceMismatch)
    assert error.what == "s3://no-such-bucket does not exist"
    settings = StorageSettings(endpoint=s3.endpoint, region=REGION, **KEYS)
    with pytest.raises(SourceMismatch, match="does not exist"):
        FilesSource("shop", tmp_path, "s3://no-such-bucket/a.csv", storage=settings).find()
    assert FilesSource("shop", tmp_path, f"s3://{s3.bucket()}/a.csv", storage=settings).find() == []


def test_a_wrong_region(s3: Server, tmp_path: Path) -> None:
    error = refused(s3, tmp_path, s3.bucket(), region="eu-west-3")
    assert isinstance(error, SourceMismatch)
    assert REGION in error.why[0] and "region:" in error.hint[0]


def test_nobody_at_the_endpoint_is_worth_a_retry(s3: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bucket, "connect", partial(object_store.connect, retries=1))
    error = refused(s3, tmp_path, "shop", endpoint="http://127.0.0.1:1")
    assert isinstance(error, SourceUnreachable) and error.exit_code == 4 and error.retryable
    assert error.where == ("source shop, s3://shop/in/*", "http://127.0.0.1:1")
    assert error.why == ("Generic S3 error: Error performing list request: HTTP error: error sending request",)


def test_a_clock_that_is_wrong_is_told(s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's clock can't be moved: what the server says to a request of an hour ago is asked for another way."""
    import botocore.auth  # type: ignore[import-untyped]
    import botocore.exceptions  # type: ignore[import-untyped]
    from obstore.exceptions import GenericError

    client = s3.client()
    said: list[str] = []
    client.meta.events.register("after-call", lambda http_response, **_: said.append(http_response.text))
    late = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: late)
    with pytest.raises(botocore.exceptions.ClientError):
        client.list_buckets()

    found = object_store.refusal(GenericError(f"Generic S3 error: status code: 403 Forbidden: {said[0]}"))

    assert found.kind == "forbidden" and found.why.startswith("RequestTimeTooSkewed")
    assert "clock" in found.hint


def test_no_credentials_anywhere_say_where_they_may_stand(
    s3: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bucket, "connect", partial(object_store.connect, retries=0))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # the machine's own role, where a cloud has one
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1/169.254.169.254")
    error = refused(s3, tmp_path, s3.bucket(), access_key=None, secret_key=None)
    assert "AWS_ACCESS_KEY_ID" in error.hint[0] and "env:NAME" in error.hint[0]


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.mark.usefixtures("clean_environment")
def test_credentials_come_from_the_environment_or_a_profile(
    s3: Server, shop: Callable[..., Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = shop()
    bucket.put("in/a.csv")

    def found(**storage: Any) -> int:
        settings = StorageSettings(**{"endpoint": s3.endpoint, "region": REGION, **storage})
        return len(FilesSource("shop", tmp_path, f"s3://{bucket.bucket}/in/*", storage=settings).find())

    profiles = tmp_path / "credentials"
    profiles.write_text(f"[shop]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    assert found(profile="shop") == 1
    monkeypatch.setenv("AWS_PROFILE", "shop")
    assert found() == 1
    with pytest.raises(ShophouseError, match="profile another"):
        found(profile="another")

    monkeypatch.delenv("AWS_PROFILE")
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    assert found() == 1
    assert len(FilesSource("shop", tmp_path, f"s3://{bucket.bucket}/in/*").find()) == 1


def test_the_doctor_looks_into_a_bucket(
    s3: Server, shop: Callable[..., Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shophouse.doctor import examine
    from shophouse.scaffold import init_project

    bucket = shop()
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    path = f"s3://{bucket.bucket}/in/*"
    init_project(tmp_path / "mine", name="mine", staging="storefront", currency="USD", path=path)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"order_id": [1]}), sink)
    bucket.put("in/orders.parquet", sink.getvalue().to_pybytes())
    bucket.put("in/users.csv.gz", gzip.compress(b"user_id\n1\n"))

    def told() -> dict[str, str]:
        return {found.what: found.verdict for found in examine(tmp_path / "mine") if found.about == "source storefront"}

    found = told()
    assert found[next(what for what in found if what.startswith(f"{path}: 2 files"))] == "ok"
    assert any(what.startswith("orders: orders.parquet lacks") and "required" in what for what in found)
    assert any(what.startswith("users: users.csv.gz lacks") for what in found)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    ((what, verdict),) = told().items()
    assert verdict == "error" and "SignatureDoesNotMatch" in what
