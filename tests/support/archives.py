"""Files of an archive as a stranger reads them."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tracker.objects import parquet
from tracker.objects.folder import PARTS

needs_pyarrow = pytest.mark.skipif(
    not parquet.is_installed(), reason="pyarrow is not installed (group s3): no Parquet is tested"
)


def list_files(root: Path) -> list[str]:
    """Return the paths of whole files below a folder."""
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted(str(path) for path in found if PARTS not in path.parts)


def assert_hides(root: Path, secrets: Iterable[str]) -> None:
    """Assert that no file holds any of these texts, or a column that is nobody's business."""
    for path in list_files(root):
        text = _read_text(root / path)
        assert '"key":' in text
        assert not [secret for secret in secrets if secret in text]
        for column in ("callback_url", "webhook_url", "context", "source_url", "secret"):
            assert f'"{column}"' not in text


def _read_text(file: Path) -> str:
    """Return what is in a file, names of columns included."""
    data = file.read_bytes()
    if file.suffix != parquet.SUFFIX:
        return gzip.decompress(data).decode()
    from pyarrow import BufferReader  # noqa: PLC0415 - of the group `s3`
    from pyarrow.parquet import read_table  # noqa: PLC0415

    return json.dumps(read_table(BufferReader(data)).to_pylist(), default=str)
