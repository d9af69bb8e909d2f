"""Folders that exist for a moment, for copies of what nobody else may read."""

import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir

from timetracker_api.migrations.lock import held_by_file

PREFIX = "timetracker-scratch-"
LOCK = ".lock"


@asynccontextmanager
async def scratch_folder() -> AsyncGenerator[Path]:
    """Give an empty folder for its owner alone, and take it away again.

    Whoever uses one holds a lock that is named like it, and ends with the process. A folder whose
    lock nobody holds was left behind by a process that was killed, and is removed.
    """
    for lock in _locks():
        with suppress(sqlite3.OperationalError):  # of another user of this machine
            await _remove_if_abandoned(lock)
    lock = Path(gettempdir(), f"{PREFIX}{token_hex(8)}{LOCK}")
    with held_by_file(lock) as take:
        await take()
        try:
            yield _make(lock)
        finally:
            _remove(lock)


def _locks() -> list[Path]:
    return list(Path(gettempdir()).glob(f"{PREFIX}*{LOCK}"))


async def _remove_if_abandoned(lock: Path) -> None:
    with held_by_file(lock) as take:
        if await take():
            _remove(lock)


def _make(lock: Path) -> Path:
    folder = lock.with_suffix("")
    folder.mkdir(mode=0o700)
    return folder


def _remove(lock: Path) -> None:
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)
