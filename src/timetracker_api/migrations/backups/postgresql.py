"""Backups of PostgreSQL by its own programs."""

import asyncio
import contextlib
import errno
import os
from asyncio import StreamWriter
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import cast

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.backups import counting, folder
from timetracker_api.migrations.backups.client_programs import (
    ProgramFailed,
    Programs,
    environment,
    programs_for,
    running,
    send,
)
from timetracker_api.migrations.backups.manifest import Copy, digest
from timetracker_api.migrations.failures import BackupFailed
from timetracker_api.migrations.progress import Note
from timetracker_api.migrations.together import together

CHUNK = 1 << 18
BEHIND = 0.25
"""Seconds that a dump is read behind its end while it grows."""

METHODS_SINCE = 16
"""The release since which a dump is compressed by a method of choice."""

UNSUPPORTED = "this build does not support compression"
"""What programs complain of whose builder had no such library."""

NAME = "timetracker-api backup"
INSTALL = "Install PostgreSQL's client programs of the server's release"

_SCHEMA = text("SELECT quote_ident(current_schema())")


async def server_version(connection: AsyncConnection) -> str:
    """Return the version of a server, such as 18.4."""
    return str(await connection.scalar(text("SHOW server_version"))).split()[0]


def release(version: str) -> int:
    """Return the release that a version belongs to."""
    return int(version.split(".", maxsplit=1)[0])


async def fitting_programs(connection: AsyncConnection) -> Programs:
    """Return the programs that dump this server and read the dump again."""
    programs = await programs_for(release(await server_version(connection)))
    programs.path("pg_restore")
    return programs


async def copied(connection: AsyncConnection, programs: Programs, part: Path, note: Note) -> Copy:
    """Dump what a transaction sees, and read the dump again as it grows."""
    written = asyncio.Event()

    async def dumped() -> tuple[dict[str, int], str]:
        tables = await write(connection, programs, part)
        written.set()
        return tables, await asyncio.to_thread(digest, part)

    found, (tables, sha256) = await together(_read(programs, part, written, note), dumped())
    return Copy(tables, found, sha256)


async def write(connection: AsyncConnection, programs: Programs, part: Path) -> dict[str, int]:
    """Dump what a transaction sees, and count it meanwhile."""
    snapshot = str(await connection.scalar(text("SELECT pg_export_snapshot()")))
    schema = await current_schema(connection)
    try:
        _, tables = await together(
            _dump(programs, connection.engine.url, snapshot, schema, part),
            connection.run_sync(counting.rows),
        )
    except ProgramFailed as error:
        if folder.tells_of_no_room(str(error)):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise BackupFailed(f"pg_dump: {error}", "Correct that, or add --format portable") from error
    return tables


async def _dump(programs: Programs, url: URL, snapshot: str, schema: str, part: Path) -> None:
    """Dump with zstd where pg_dump has it: half the work for pg_dump, a third to read it again."""

    async def run(compression: str) -> None:
        # Into the file by its own hand: to a pipe, it could not add where each table begins,
        # which is what lets pg_restore take some of them, or several at a time.
        async with running(
            programs.path("pg_dump"),
            *("-Fc", compression, "--no-owner", "--no-privileges", "--encoding=UTF8"),
            "--lock-wait-timeout=10s",
            f"--snapshot={snapshot}",
            f"--schema={schema}",
            f"--file={part}",
            environment=environment(url, NAME),
        ):
            pass

    # Before it could choose, it took a name for no compression at all.
    can_choose = programs.major >= METHODS_SINCE
    try:
        await run("--compress=zstd:1" if can_choose else "-Z1")
    except ProgramFailed as error:
        if not can_choose or UNSUPPORTED not in str(error):
            raise
        await run("-Z1")


async def _read(programs: Programs, part: Path, written: asyncio.Event, note: Note) -> str:
    """Have every byte of a dump read while it is written, and return what is wrong with it."""
    try:
        async with running(programs.path("pg_restore"), "-f", os.devnull, stdin=PIPE) as reading:
            with part.open("rb") as file:
                is_whole = False
                while not is_whole:
                    # By fewer and larger pieces, it takes less from those who write.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(written.wait(), BEHIND)
                    is_whole = written.is_set()
                    while chunk := file.read(CHUNK):
                        await send(reading, chunk)
                        note(file.tell(), 0)
            cast("StreamWriter", reading.stdin).close()
        # Once all is written, pg_dump writes the contents once more, at the beginning.
        async with running(programs.path("pg_restore"), "--list", str(part)):
            pass
    except ProgramFailed as error:
        return str(error)
    return ""


async def flaw(programs: Programs, file: Path) -> str:
    """Have every byte of a dump read; listing what is in it would not notice that it ends early."""
    try:
        async with running(programs.path("pg_restore"), "-f", os.devnull, str(file)):
            return ""
    except ProgramFailed as error:
        # The checksum is right, and there is nothing here to read it with.
        return "" if UNSUPPORTED in str(error) else str(error)


async def current_schema(connection: AsyncConnection) -> str:
    """Return the schema that the tables are in, quoted where it has to be."""
    return str(await connection.scalar(_SCHEMA))
