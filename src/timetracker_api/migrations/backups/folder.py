"""The folder that backups are in: a file has its name only once it is whole."""

import contextlib
import errno
import os
import re
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import URL

from timetracker_api.clock import now
from timetracker_api.migrations.backups.manifest import SUFFIXES, Format, Manifest, beside, read
from timetracker_api.migrations.failures import (
    BackupFailed,
    Failure,
    LockBusy,
    NotPermitted,
    RestoreFailed,
)
from timetracker_api.migrations.lock import LOCK_WAIT, granted, held_by_file

NAMED_BY_US = re.compile(r"timetracker-(sqlite|postgresql)-\w+-\d{8}T\d{6}Z(-\d+)?\.\w+")

UNFINISHED = ".timetracker.part"
"""The ending of what is being written."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_SPACE = "no space is left"
REASONS = {
    errno.EEXIST: "a file has that name",
    **dict.fromkeys(NO_ROOM, NO_SPACE),
}
MAKE_ROOM = "Make room, or name another folder"
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def usual_folder(url: URL) -> Path:
    """Return where backups go unless somebody says otherwise: beside the file, or here."""
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").resolve().parent / "backups"
    return Path("backups").resolve()


def unused_name(folder: Path, dialect: str, revision: str, format: Format) -> Path:
    """Return a name that says what is in the file."""
    stem = f"timetracker-{dialect}-{revision}-{now():%Y%m%dT%H%M%SZ}"
    names = (f"{stem}{count}{SUFFIXES[format]}" for count in ("", *(f"-{n}" for n in range(2, 99))))
    return next(folder / name for name in names if not (folder / name).exists())


@asynccontextmanager
async def alone_in(folder: Path) -> AsyncGenerator[None]:
    """Be the only one who writes backups here, so that every unfinished file is a leftover."""
    with held_by_file(_lock_file(folder)) as take:
        if not await granted(take, LOCK_WAIT):
            raise LockBusy(
                f"another backup is being written to {folder}",
                "Wait until it has finished, then run this again",
            )
        _sweep(folder)
        yield


def _lock_file(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = folder / ".timetracker-backups.lock"
    os.close(os.open(lock, os.O_CREAT | os.O_RDWR, 0o600))  # says why it cannot, as SQLite does not
    return lock


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"*{UNFINISHED}"):
        remove(leftover)


def is_there(file: Path) -> bool:
    """Tell whether a file has that name."""
    return file.exists()


@contextmanager
def aside(file: Path) -> Generator[Path]:
    """Give a file beside the one that is meant, for its owner alone; nothing of it stays."""
    part = file.with_name(f"{file.name}{UNFINISHED}")
    remove(part)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
    finally:
        remove(part)


def remove(part: Path) -> None:
    """Remove an unfinished file, and what SQLite keeps beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)


def publish(part: Path, file: Path) -> None:
    """Give a finished file its name, once it is on the disk."""
    synchronise(part)
    part.rename(file)
    with contextlib.suppress(OSError):  # some systems know no such thing for folders
        synchronise(file.parent)


def synchronise(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def retire(newest: Path, manifest: Manifest, keep: int) -> list[Path]:
    """Delete all but the newest backups of a database. What is not ours by name and manifest,
    or of another database, is left alone.
    """
    mine = sorted(_of(manifest.database, newest.parent), reverse=True)
    retired = [file for _, file in mine[keep:] if file != newest]
    for file in retired:
        file.unlink()
        beside(file).unlink()
    return retired


def newest(database: str, folder: Path) -> Path | None:
    """Return the last backup of a database that is in a folder."""
    found = max(_of(database, folder), default=None) if folder.is_dir() else None
    return found[1] if found else None


def _of(database: str, folder: Path) -> Generator[tuple[float, Path]]:
    for file in folder.iterdir():
        if NAMED_BY_US.fullmatch(file.name) and file.suffix in SUFFIXES.values():
            with contextlib.suppress(RestoreFailed):
                manifest = read(file)
                if manifest.database == database:
                    yield manifest.created.timestamp(), file


def tells_of_no_room(said: str) -> bool:
    """Tell whether a program complains that what it wrote did not fit."""
    return said.endswith(tuple(map(os.strerror, NO_ROOM)))


@contextmanager
def writing_to(folder: Path, failure: type[Failure] = BackupFailed) -> Generator[None]:
    """Say in words why a file cannot be written."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise  # the server's
    except OSError as error:
        place = error.filename or folder
        if error.errno in FORBIDDEN:
            raise NotPermitted(
                f"{place}: no right to write there", "Name another folder, or change its rights"
            ) from error
        reason = REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise failure(f"{place}: {reason}", MAKE_ROOM) from error
    except sqlite3.OperationalError as error:
        # SQLite tells of a full disk in one way, of a quota or a limit in another.
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            raise
        raise failure(f"{folder}: {NO_SPACE}", MAKE_ROOM) from error
