"""The manifest of a backup: what it holds, and what is needed to open it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

FORMAT = 1
"""Of manifests that this version writes, and the newest that it reads."""


class ManifestError(Exception):
    """A manifest cannot be read, or does not fit. The message is one line."""


class BackupFile(BaseModel):
    """One file of a backup. sha256: of its content, in hexadecimal digits."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """Content of `manifest.json`.

    format:       of the manifest itself.
    version:      of the program that wrote it.
    taken_at:     nothing that was committed before this time is missing.
    database:     the kind of database that was copied.
    schema_revision: of that database.
    feed_seq, feed_origin: the newest number of its feed, and whose numbers they are.
    secret_marks: digests of the callback secrets, the signing one first; they tell nobody the
                  secrets.
    histories:    how many histories were folded and agreed with their tasks.
    files:        by name; those of the backup's folder but for the manifest itself.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    version: str
    taken_at: AwareDatetime
    database: Literal["sqlite", "postgresql"]
    schema_revision: str
    feed_seq: Annotated[int, Field(ge=0)]
    feed_origin: str
    secret_marks: Sequence[str]
    histories: int
    files: Mapping[str, BackupFile]

    def list_missing_secrets(self, marks: Sequence[str]) -> Sequence[str]:
        """Return the marks of secrets that are not among these."""
        return [mark for mark in self.secret_marks if mark not in marks]


def write_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as the bytes of its file."""
    return manifest.model_dump_json(indent=2).encode() + b"\n"


def read(text: bytes) -> Manifest:
    """Read a manifest. Raises ManifestError."""
    try:
        found = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ManifestError(f"it is no manifest of a backup: {where}: {first['msg']}") from None
    if found.format > FORMAT:
        raise ManifestError(
            f"its format {found.format} is newer than this version, which reads up to {FORMAT}: "
            "install the version that made it"
        )
    return found
