"""Doctor tries the store of assets: a file there, the free disk, and the words of a bad bucket."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.origin import build_head
from tests.support.small_s3 import SmallS3, open_small_bucket
from tests.support.upstream import Asked
from tracker.cli.doctor.assets import try_archive, try_asset_store
from tracker.objects.folder import PARTS
from tracker.settings import Settings

SETTING, FLOOR = "TRACKER_ASSET_STORE", "TRACKER_ASSET_MIN_FREE_BYTES"
BAD = {
    "RequestTimeTooSkewed": "the clock of this machine",
    "InvalidAccessKeyId": "does not know AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong",
    "ExpiredToken": "they have expired",
    "NoSuchBucket": "there is no such bucket",
    "AuthorizationHeaderMalformed": "another region than AWS_REGION",
    "AccessDenied": "403 Forbidden AccessDenied",
}


def found(tmp_path: Path, **env: str) -> list[tuple[str, str, str]]:
    settings = Settings.read_environment({"TRACKER_DATA_DIR": str(tmp_path), FLOOR: "0"} | env)
    return [(one.level, one.about, one.text) for one in try_asset_store(settings)]


@pytest.fixture
def s3() -> Iterator[SmallS3]:
    small = SmallS3()
    with open_small_bucket(small, silence_s=1):
        yield small


def test_a_file_is_written_read_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "assets" / PARTS).mkdir(parents=True)
    assert found(tmp_path) == [
        ("ok", SETTING, f"{tmp_path}/assets takes a file, gives it back and deletes it")
    ]
    assert [one.name for one in (tmp_path / "assets").rglob("*")] == [PARTS]


def test_a_folder_that_was_never_used_is_left_as_it_is(tmp_path: Path) -> None:
    """Its disk may not be mounted: a file written below would make it look as if it were."""
    ((level, _, text),) = found(tmp_path)
    assert (level, "was not tried" in text) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_and_a_full_disk_are_errors(tmp_path: Path) -> None:
    kept = tmp_path / "assets"
    kept.mkdir()
    (kept / PARTS).write_text("a file in the place of the folder")
    one, other = found(tmp_path, **{FLOOR: str(10**15)})
    assert (one[0], one[1], "no file can be kept now" in one[2]) == ("error", SETTING, True)
    assert (other[0], other[1], "make room" in other[2]) == ("error", FLOOR, True)


def test_a_bucket_takes_a_file(s3: SmallS3, tmp_path: Path) -> None:
    ((level, _, _),) = found(tmp_path, **{SETTING: "s3://small/kept"})
    assert (level, s3.objects) == ("ok", {})


@pytest.mark.parametrize("code", BAD)
def test_a_bad_bucket_is_told_by_name_and_without_what_it_repeats(
    s3: SmallS3, tmp_path: Path, code: str
) -> None:
    said = f"<Error><Code>{code}</Code><AWSAccessKeyId>the-id</AWSAccessKeyId></Error>".encode()
    status = "404 Not Found" if code == "NoSuchBucket" else "403 Forbidden"

    def refuse(asked: Asked) -> Iterable[bytes]:
        b"".join(asked.body)
        return [build_head(status, len(said)), said]

    s3.fault = lambda _asked: refuse
    ((level, about, text),) = found(tmp_path, **{SETTING: "s3://small/kept"})
    assert (level, about) == ("error", SETTING)
    assert BAD[code] in text
    assert "the-id" not in text


def test_custody_that_is_off_has_no_store(tmp_path: Path) -> None:
    assert [one[:2] for one in found(tmp_path, TRACKER_ASSETS="off")] == [("ok", "TRACKER_ASSETS")]


def test_an_archive_that_takes_no_file_is_told_before_it_is_needed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    def tried() -> list[str]:
        settings = Settings.read_environment({"TRACKER_ARCHIVE": str(kept)})
        return [one.level for one in try_archive(settings)]

    assert tried() == []
    assert list(tmp_path.iterdir()) == []
    kept.mkdir()
    assert tried() == ["ok"]
    (kept / PARTS).rmdir()
    (kept / PARTS).write_text("a file in the place of the folder")
    assert tried() == ["error"]
