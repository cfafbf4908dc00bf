"""Files are kept in a folder or in object storage, and both behave alike."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from signfleet.foundation.blobs.files import DELETED_AT_ONCE, Blobs, open_blobs
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.open import CannotOpen


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An object storage with the API of S3, on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return open_blobs(str(tmp_path / "deep" / "blobs"))
    endpoint = request.getfixturevalue("s3")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="signage")
    return open_blobs("s3://signage/fleet")


async def test_get_returns_what_was_put(blobs: Blobs) -> None:
    await blobs.put("screenshots/1/2/a.jpg", b"first")
    await blobs.put("screenshots/1/2/a.jpg", b"second")
    assert await blobs.get("screenshots/1/2/a.jpg") == b"second"


async def test_an_unknown_name_has_no_file(blobs: Blobs) -> None:
    await blobs.put("screenshots/1/2/a.jpg", b"content")
    assert await blobs.get("screenshots/1/2/b.jpg") is None
    assert await blobs.get("screenshots/1/2") is None


async def test_deleting_is_idempotent(blobs: Blobs) -> None:
    await blobs.put("a.jpg", b"content")
    await blobs.delete(["a.jpg", "never.jpg"])
    assert await blobs.get("a.jpg") is None


async def test_many_files_are_deleted_and_no_other_one(blobs: Blobs) -> None:
    names = [f"screenshots/1/2/{number}.jpg" for number in range(DELETED_AT_ONCE + 2)]
    for name in names:
        await blobs.put(name, b"content")
    await blobs.delete(names[:-1])
    assert [name for name in names if await blobs.get(name) is not None] == names[-1:]


async def test_deleting_removes_half_written_files_too(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    half = tmp_path / "1" / "a.jpg#1"
    half.parent.mkdir()
    half.write_bytes(b"con")
    await blobs.delete(["1/a.jpg"])
    assert not half.exists()


async def test_unreachable_object_storage_is_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(StorageError, match=r"a.jpg could not be stored"):
        await open_blobs("s3://signage").put("a.jpg", b"content")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("ftp://key:hush@host", "'ftp:' is neither a folder nor one of s3, "),
        ("carrier-pigeon://loft", "'carrier-pigeon:' is neither a folder nor one of s3, "),
        ("memory://", "'memory:' is neither"),
        ("file:///tmp/x", "'file:' is neither"),
        ("http://key:hush@host/x", "'http:' is neither"),
        ("s3://", "s3://…: "),
        ("s3:/bucket", "s3:/…: "),
        ("az://key:hush@container", "az://…: Generic S3 error"),
    ],
)
def test_an_invalid_place_is_refused_in_one_sentence(place: str, message: str) -> None:
    with pytest.raises(CannotOpen) as raised:
        open_blobs(place)
    assert f"The setting blobs names no place for pictures: {message}" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "hush" not in str(raised.value)
