"""Try the store of assets and the archive: whether each takes a file, and the store's disk."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path

from tracker.cli.doctor.finding import Finding
from tracker.clock import make_token
from tracker.domain.errors import StorageError
from tracker.objects.bucket import Bucket
from tracker.objects.folder import PARTS, Folder
from tracker.parts import open_archive, open_asset_store
from tracker.services.counted import iterate_whole
from tracker.services.storage import ObjectStore
from tracker.services.store_room import PROBES
from tracker.settings import Settings, SettingsError

PATIENCE_S = 20.0
"""How long the store may take in all."""
_PROBE = b"tracker doctor was here: this file may be deleted\n"
_ABOUT, _ARCHIVE = "TRACKER_ASSET_STORE", "TRACKER_ARCHIVE"


def try_asset_store(settings: Settings) -> Iterator[Finding]:
    """Yield whether the store takes files. A folder that nothing was kept in yet stays untouched.

    Its first file makes it known; where its disk is not mounted, none may.
    """
    if not settings.has_custody():
        yield Finding("ok", "TRACKER_ASSETS", "off: files of results stay with their provider")
        return
    place = settings.tracker_asset_store or str(settings.get_asset_folder())
    try:
        store = open_asset_store(settings)
    except SettingsError as error:
        yield Finding("error", _ABOUT, str(error).removeprefix(f"{_ABOUT}: "))
        return
    with closing(store):
        if isinstance(store, Folder) and not (settings.get_asset_folder() / PARTS).exists():
            text = (
                f"{place} was not tried, as it holds no file yet: if a disk, see that it is mounted"
            )
            yield Finding("ok", _ABOUT, text)
        else:
            yield asyncio.run(_try(store, place, _ABOUT))
        yield from asyncio.run(_look_at_disk(store, settings))


def try_archive(settings: Settings) -> Iterator[Finding]:
    """Yield whether the archive takes files. A folder that is not there yet is not made."""
    place = settings.tracker_archive
    if not place or not (place.startswith("s3://") or Path(place).exists()):
        return
    try:
        with open_archive(settings) as archive:
            if archive is not None:
                yield asyncio.run(_try(archive, place, _ARCHIVE))
    except SettingsError as error:
        yield Finding("error", _ARCHIVE, str(error).removeprefix(f"{_ARCHIVE}: "))


async def _try(store: ObjectStore, place: str, about: str) -> Finding:
    name = f"{PROBES}/{make_token()}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            await store.put(name, iterate_whole(_PROBE))
            async with aclosing(store.read(name, 0, len(_PROBE))) as blocks:
                read = b"".join([block async for block in blocks])
            await store.delete(name)
    except TimeoutError:
        text = f"{place} has not taken, given back and deleted a file within {PATIENCE_S:g} s"
        return Finding("error", about, text)
    except StorageError as error:
        return Finding("error", about, f"no file can be kept now: {error}")
    if read != _PROBE:
        return Finding("error", about, f"{place} gives back other bytes than it was given")
    return Finding("ok", about, f"{place} takes a file, gives it back and deletes it")


async def _look_at_disk(store: Folder | Bucket, settings: Settings) -> list[Finding]:
    try:
        free = await store.free_bytes()
    except StorageError as error:
        return [Finding("error", _ABOUT, str(error))]
    floor = settings.tracker_asset_min_free_bytes
    if free is None or free >= floor:
        return []
    text = (
        f"{free} bytes are free where files are kept, less than this ({floor}): none is fetched; "
        "make room, or lower it"
    )
    return [Finding("error", "TRACKER_ASSET_MIN_FREE_BYTES", text)]
