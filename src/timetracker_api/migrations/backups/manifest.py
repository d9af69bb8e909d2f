"""What lies beside every backup: what it holds, and how to tell that it is whole."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from timetracker_api.migrations.failures import BackupFailed, RestoreFailed

Format = Literal["sqlite", "postgresql", "portable"]

SUFFIXES: dict[Format, str] = {"sqlite": ".sqlite3", "postgresql": ".dump", "portable": ".ttb"}


@dataclass(frozen=True, slots=True)
class Copy:
    """What was written to a file, and read again."""

    tables: dict[str, int]
    """Every table, and its rows."""
    flaw: str
    """Why it is not what the database is; nothing where it is."""
    sha256: str


class Manifest(BaseModel):
    """The account of one backup."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    format: Format
    created: datetime
    app_version: str
    dialect: str
    """The kind of database it was taken from; a portable backup is for either."""
    server_version: Annotated[str, Field(pattern=r"^\d+")]
    schema_name: str | None = None
    """Where the tables were, and will be again; only of PostgreSQL's own format."""
    database: str
    """Which database it was: its path, or host and name."""
    revision: str
    tables: dict[str, int]
    """Every table, and its rows."""
    bytes: int
    sha256: str
    verified: bool
    """Whether it was read whole and compared with the database before it got its name."""

    def write(self, backup: Path) -> None:
        """Lay it beside a backup."""
        file = beside(backup)
        file.unlink(missing_ok=True)  # of a backup that never got its name
        file.touch(mode=0o600)
        file.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def beside(backup: Path) -> Path:
    """Return where the manifest of a backup is."""
    return backup.with_name(f"{backup.name}.json")


def refuse_another(backup: Path) -> None:
    """Raise where something else has the name of the manifest."""
    if beside(backup).exists():
        try:
            read(backup)
        except RestoreFailed as error:
            raise BackupFailed(
                f"{beside(backup)} is there already, and is no manifest", "Name another file"
            ) from error


def read(backup: Path) -> Manifest:
    """Return what a backup says of itself."""
    try:
        return Manifest.model_validate_json(beside(backup).read_bytes())
    except OSError as error:
        raise RestoreFailed(
            f"{beside(backup)}: {error.strerror}", "Keep a backup and its manifest together"
        ) from error
    except ValidationError as error:
        raise RestoreFailed(
            f"{beside(backup)} is not the manifest of a backup", "Use another backup"
        ) from error


def read_whole(backup: Path) -> Manifest:
    """Return what a backup says of itself, once every byte of it has been read and is right."""
    manifest = read(backup)
    try:
        found = digest(backup)
    except OSError as error:
        raise RestoreFailed(f"{backup}: {error.strerror}", "Name a backup that is there") from error
    if found != manifest.sha256:
        raise RestoreFailed(
            f"{backup} is damaged: it has {backup.stat().st_size} bytes, of {manifest.bytes}, and "
            "another checksum than when it was written",
            "Use another backup",
        )
    return manifest


def digest(file: Path) -> str:
    """Return the checksum of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
