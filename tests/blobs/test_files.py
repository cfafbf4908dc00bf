"""Files are kept in a folder or in object storage, and both behave alike."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from signfleet.blobs.files import Blobs, open_blobs
from signfleet.storage.interface import StorageError
from signfleet.storage.opening import CannotOpen

pytestmark = pytest.mark.anyio


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


async def test_what_was_put_is_got(blobs: Blobs) -> None:
    await blobs.put("screenshots/1/2/a.jpg", b"first")
    await blobs.put("screenshots/1/2/a.jpg", b"second")
    assert await blobs.get("screenshots/1/2/a.jpg") == b"second"


async def test_there_is_nothing_under_other_names(blobs: Blobs) -> None:
    await blobs.put("screenshots/1/2/a.jpg", b"content")
    assert await blobs.get("screenshots/1/2/b.jpg") is None
    assert await blobs.get("screenshots/1/2") is None


async def test_deleting_is_done_whether_it_is_there_or_not(blobs: Blobs) -> None:
    await blobs.put("a.jpg", b"content")
    await blobs.delete(["a.jpg", "never.jpg"])
    assert await blobs.get("a.jpg") is None


async def test_a_folder_is_deleted_with_all_that_is_in_it_and_nothing_beside_it(blobs: Blobs) -> None:
    for name in ("screenshots/1/2/a.jpg", "screenshots/1/2/b.jpg", "screenshots/1/23/a.jpg"):
        await blobs.put(name, b"content")
    await blobs.delete_folder("screenshots/1/2")
    await blobs.delete_folder("screenshots/1/none")
    assert await blobs.get("screenshots/1/2/a.jpg") is None
    assert await blobs.get("screenshots/1/2/b.jpg") is None
    assert await blobs.get("screenshots/1/23/a.jpg") == b"content"


async def test_an_object_storage_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(StorageError, match=r"a.jpg could not be kept"):
        await open_blobs("s3://signage").put("a.jpg", b"content")


def test_a_place_that_means_nothing_is_told() -> None:
    with pytest.raises(CannotOpen, match="cannot be kept at carrier-pigeon"):
        open_blobs("carrier-pigeon://loft")
