"""Putting a dump in the place of what a PostgreSQL database holds, in one transaction of psql's."""

import asyncio
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import patience
from timetracker_api.migrations.backups import replacing
from timetracker_api.migrations.backups.client_programs import (
    NoProgram,
    ProgramFailed,
    Programs,
    environment,
    programs_for,
    running,
    send,
)
from timetracker_api.migrations.backups.manifest import Manifest
from timetracker_api.migrations.backups.postgresql import (
    CHUNK,
    INSTALL,
    UNSUPPORTED,
    current_schema,
    release,
    server_version,
)
from timetracker_api.migrations.connections import LOCK_TIMEOUT
from timetracker_api.migrations.direct import TRANSACTION_TIMEOUT_SINCE
from timetracker_api.migrations.driver_errors import LOCK_NOT_AVAILABLE
from timetracker_api.migrations.failures import RestoreFailed
from timetracker_api.migrations.progress import Note

NAME = "timetracker-api restore"

OLDER_THAN_THE_DUMP = "unsupported version"

_STAYS = frozenset({"1247", "1255", "2607", "2616", "2617", "2753", "3456", "3600", "3602"})
"""Types, functions and the like, by the catalogue that lists them. A schema in use has them, and
what is in it may need them."""


async def load(connection: AsyncConnection, file: Path, manifest: Manifest, note: Note) -> None:
    """Replace what there is by a dump."""
    schema = await current_schema(connection)
    if manifest.schema_name not in {None, schema}:
        raise RestoreFailed(
            f"{file} is of the schema {manifest.schema_name}, and the database uses {schema}",
            "Create that schema, and make it the first of search_path; or use a portable backup",
        )
    server = release(await server_version(connection))
    programs = await _programs(max(server, release(manifest.server_version)))
    names = await connection.run_sync(replacing.replaced, manifest.tables)
    await connection.run_sync(replacing.refuse_losses, names, portable=False)
    unhurried = ["SET LOCAL transaction_timeout = 0"] * (server >= TRANSACTION_TIMEOUT_SINCE)
    replay = _Replay(
        programs,
        connection.engine.url,
        schema,
        file,
        is_in_use=bool(names),
        before=[
            *unhurried,
            f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'",
            *await connection.run_sync(replacing.dropping, names),
        ],
        after=[
            *await connection.run_sync(replacing.returning, schema, manifest.tables),
            *(_counted(schema, *item) for item in manifest.tables.items()),
        ],
    )
    await connection.rollback()
    for pause in (*patience.PAUSES, None):
        try:
            return await replay.attempt(note)
        except ProgramFailed as error:
            replay.explain(error)
            if error.sqlstate != LOCK_NOT_AVAILABLE or pause is None:
                raise
        await asyncio.sleep(pause)
    return None


async def _programs(newest: int) -> Programs:
    """Return the programs that know the server, and the one that the dump is of."""
    try:
        programs = await programs_for(newest)
        programs.path("pg_restore")
        programs.path("psql")
    except NoProgram as error:
        raise RestoreFailed(str(error), INSTALL) from error
    return programs


@dataclass(frozen=True)
class _Replay:
    """What pg_restore reads to psql, and what is said before and after."""

    programs: Programs
    url: URL
    schema: str
    file: Path
    is_in_use: bool
    before: Sequence[str]
    after: Sequence[str]

    async def attempt(self, note: Note) -> None:
        """Run both, once."""
        async with running(
            self.programs.path("psql"),
            *("-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-"),
            environment=environment(self.url, NAME, client_min_messages="warning"),
            stdin=PIPE,
        ) as psql:
            await _say(psql, "BEGIN", *self.before)
            await self._read_to(psql, note)
            # Only now, that all of it was read, may it be kept: who dies before has done nothing.
            await _say(psql, *self.after, "COMMIT")
            cast("StreamWriter", psql.stdin).close()

    async def _read_to(self, psql: Process, note: Note) -> None:
        name = self.schema.strip('"').replace('""', '"')  # it takes no pattern, as pg_dump does
        async with running(
            self.programs.path("pg_restore"),
            *("--no-owner", "--no-privileges", f"--schema={name}", "--use-list=/dev/stdin"),
            *("-f", "-", str(self.file)),
            stdin=PIPE,
        ) as reading:
            await send(reading, await self._contents())
            cast("StreamWriter", reading.stdin).close()
            done = 0
            while chunk := await _next(reading):
                # Programs newer than the server speak of a setting that it does not know.
                await send(psql, chunk.replace(b"SET transaction_timeout = 0;\n", b""))
                note(done := done + len(chunk), 0)

    async def _contents(self) -> bytes:
        """Return what of the dump is to be restored, as pg_restore lists it."""
        async with running(self.programs.path("pg_restore"), "--list", str(self.file)) as listing:
            lines = (await cast("StreamReader", listing.stdout).read()).splitlines(keepends=True)
        return b"".join(line for line in lines if not (self.is_in_use and _stays(line)))

    def explain(self, error: ProgramFailed) -> None:
        """Raise what is to be done about an error, where there is anything."""
        if UNSUPPORTED in str(error):
            raise RestoreFailed(f"{self.file}: {error}", f"{INSTALL}, with that method") from error
        if OLDER_THAN_THE_DUMP in str(error):
            raise RestoreFailed(
                f"{self.file}: {error}",
                "Install PostgreSQL's client programs of the release that wrote it, or newer ones",
            ) from error
        if error.sqlstate == replacing.DEPENDENT_OBJECTS:
            raise replacing.depended_upon(error.detail) from error


def _stays(line: bytes) -> bool:
    """Tell by a line such as ``217; 1255 16400 FUNCTION public hello() ada``."""
    _, _, entry = line.decode(errors="replace").partition("; ")
    return entry.partition(" ")[0] in _STAYS


def _counted(schema: str, name: str, rows: int) -> str:
    """Return what ends the transaction where a table has not got the rows it should have."""
    table = f'{schema}."{name}"'
    return (
        f"DO $count$ BEGIN IF (SELECT count(*) FROM {table}) <> {rows} THEN "  # noqa: S608 - ours
        f"RAISE EXCEPTION 'the rows of {name} are not {rows}'; END IF; END $count$"
    )


async def _say(psql: Process, *statements: str) -> None:
    await send(psql, "".join(f"{statement};\n" for statement in statements).encode())


async def _next(process: Process) -> bytes:
    return await cast("StreamReader", process.stdout).read(CHUNK)
