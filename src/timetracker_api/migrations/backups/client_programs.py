"""PostgreSQL's own programs: which of them fit a server, and how they are run.

What lets them in goes through the environment: everybody may read the arguments of a process.
"""

import asyncio
import os
import re
import shutil
import tempfile
from asyncio import StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL

from timetracker_api.migrations.direct import UNHURRIED

PARAMETERS = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
    "ssl": "PGSSLMODE",
    "sslmode": "PGSSLMODE",
    "passfile": "PGPASSFILE",
}

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of every release, of which the PATH has one."""

MAJOR = re.compile(r"\(PostgreSQL\) (\d+)")

COMPLAINTS = (
    # The server's, with its code: how bad it is, it says in its own language. Those of the classes
    # left out are no errors.
    re.compile(r"[^\W\d_]+\s?: +(?P<sqlstate>(?!0[0-2])(?=\w*\d)[0-9A-Z]{5}): (?P<said>.+)"),
    re.compile(r"(?:ERROR|FATAL|error): +(?P<said>.+)"),
)

DETAIL = re.compile(r"^DETAIL: +(.+?)(?=\n[A-Z]+: |\Z)", re.DOTALL | re.MULTILINE)


class NoProgram(Exception):
    """No program on this machine is for such a server."""


class ProgramFailed(Exception):
    """What a program complained about, with PostgreSQL's code where it gave one."""

    def __init__(self, said: str) -> None:
        matches = [match for each in COMPLAINTS if (match := each.search(said))]
        found = matches[0].groupdict() if matches else {}
        super().__init__(found.get("said") or said.strip().partition("\n")[0] or "no reason given")
        self.sqlstate = found.get("sqlstate")
        detail = DETAIL.search(said)
        self.detail = "; ".join(detail[1].splitlines()) if detail else str(self)
        """What exactly, where the server has said that."""


@dataclass(frozen=True)
class Programs:
    """The programs of one release of PostgreSQL, in the folder where they are."""

    folder: Path
    major: int

    def path(self, name: str) -> Path:
        """Return where one of them is."""
        found = shutil.which(name, path=self.folder)
        if not found:
            raise NoProgram(f"{name} is missing in {self.folder}")
        return Path(found)


async def programs_for(major: int) -> Programs:
    """Return the programs of the server's own release, or of the next one there is after it."""
    found: list[Programs] = []
    async for programs in _installed():
        if programs.major == major:
            return programs
        found.append(programs)
    fit = [programs for programs in found if programs.major > major]
    if fit:
        return min(fit, key=lambda programs: programs.major)
    if found:
        newest = max(programs.major for programs in found)
        raise NoProgram(f"pg_dump {newest} is older than the server ({major})")
    raise NoProgram("there is no pg_dump on the PATH")


async def _installed() -> AsyncGenerator[Programs]:
    for folder in _folders():
        if path := shutil.which("pg_dump", path=folder):
            async with running(Path(path), "--version") as process:
                said = (await _output(process)).decode()
            if version := MAJOR.search(said):
                yield Programs(folder, int(version[1]))


def _folders() -> Iterator[Path]:
    yield from map(Path, os.environ.get("PATH", "").split(os.pathsep))
    yield from sorted(DEBIAN.glob("*/bin"))


async def _output(process: Process) -> bytes:
    return await process.stdout.read() if process.stdout else b""


class _Gone(Exception):
    """A program no longer reads what it is sent."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process


@asynccontextmanager
async def running(
    program: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    stdin: int = DEVNULL,
) -> AsyncGenerator[Process]:
    """Run a program, which ends with us; if it ends badly, raise what it complained about."""
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            env=environment,
            stdin=stdin,
            stdout=PIPE,
            stderr=complaints,
            restore_signals=False,  # that a file gets too large is told then, instead of a death
        )
        try:
            try:
                yield process
            except _Gone as gone:
                if gone.process is not process:
                    raise
            # It is waited for by reading what is left: until then it does not count as ended.
            await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        if process.returncode:
            complaints.seek(0)
            raise ProgramFailed(complaints.read().decode(errors="replace"))


async def send(process: Process, data: bytes) -> None:
    """Send a program something to read; where it has ended, `running` says why."""
    stdin = cast("StreamWriter", process.stdin)
    try:
        stdin.write(data)
        await stdin.drain()
    except (BrokenPipeError, ConnectionResetError) as error:
        raise _Gone(process) from error


def environment(url: URL, name: str, **settings: str) -> dict[str, str]:
    """Return the environment in which a program connects where we do, with as much time."""
    connecting = url.get_dialect()().create_connect_args(url)[1]
    given = {
        PARAMETERS[key]: _listed(value) for key, value in connecting.items() if key in PARAMETERS
    }
    options = " ".join(f"-c {key}={value}" for key, value in (UNHURRIED | settings).items())
    ours = {"PGAPPNAME": name, "PGOPTIONS": options, "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C"}
    return os.environ | given | ours


def _listed(value: Any) -> str:
    """Write a parameter; where there are several servers, it is a list."""
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    return ",".join(map(str, several))
