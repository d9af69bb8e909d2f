"""Commands as people run them, each a process of its own, beside the least that does the same.

Both run by turns, and the least of all rounds counts. Backups are compared by what all the entries
take beyond a database without any: to start a program takes the same whatever it is for. A new
database is compared with Alembic's own template for it, on the same revisions; a command with
nothing to do with a Python that does nothing; a backup with `pg_dump -Fc -Z1` and with SQLite's
copying, which read nothing of it again. PostgreSQL, its program and ours share the machine.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from benchmarks import company, entries, timing
from benchmarks.floor.connections import driver
from benchmarks.report import Section
from benchmarks.service import dsn, empty_database, service
from benchmarks.timing import Case, Command
from timetracker_api.migrations.backups.client_programs import (
    Programs,
    environment,
    programs_for,
)
from timetracker_api.migrations.revisions import location
from timetracker_api.settings import async_url

TITLE = "Commands"
ROUNDS = 7

OURS = (sys.executable, "-m", "timetracker_api", "db")
NOTHING = (sys.executable, "-c", "")
COPY = """
import sqlite3, sys
source, target = map(sqlite3.connect, sys.argv[1:])
source.execute("BEGIN")
source.backup(target, pages=4000)
target.close()
"""


async def measure(server: URL, count: int, rounds: int) -> Section:
    """Load the entries into databases of both kinds, and time every command."""
    section = Section(TITLE, __doc__ or "")
    async with empty_database(server, "_empty") as empty, empty_database(server) as full:
        async with service(full) as (app, api):
            founded = await company.found(app, api)
        await entries.load(dsn(full), founded, count)
        programs = await _programs(full)
        with TemporaryDirectory(prefix="tt-bench-") as name:
            files = _files(section, Path(name), full)
            section.say(timing.HEADER)
            for case in (
                _on_a_new_file(Path(name)),
                _on_a_new_schema(Path(name), empty, programs),
                _with_nothing_to_do(files),
                _backing_up_sqlite(Path(name), files),
                _backing_up_postgresql(Path(name), (full, empty), programs),
            ):
                outcome = timing.run(case, rounds)
                section.found(outcome.row, outcome.found, is_met=outcome.is_met)
    return section


async def _programs(url: URL) -> Programs:
    connection = await driver.connect(dsn(url))
    try:
        return await programs_for(connection.get_server_version().major)
    finally:
        await connection.close()


def _files(section: Section, folder: Path, full: URL) -> tuple[URL, URL]:
    """Bring everything that is in PostgreSQL into a file; make another one with no entries."""
    files = _file(folder / "full.db"), _file(folder / "empty.db")
    backup = folder / "moved.ttb"
    written = _ours(full, "backup", backup, "--format", "portable").timed()
    restored = _ours(files[0], "restore", backup, "--yes").timed()
    _ours(files[1], "upgrade").timed()
    section.say(
        f"Everything in PostgreSQL was written to a portable backup in {written:.1f} s, and"
        f" restored onto SQLite in {restored:.1f} s."
    )
    return files


def _on_a_new_file(folder: Path) -> Case:
    file = folder / "new.db"
    return _new("a new database, SQLite", folder / "plain-sqlite", _file(file), _away(file))


def _on_a_new_schema(folder: Path, url: URL, programs: Programs) -> Case:
    anew = ("-q", "-c", "DROP SCHEMA public CASCADE", "-c", "CREATE SCHEMA public")
    away = Command((programs.path("psql"), *anew), environment(async_url(dsn(url)), "bench")).timed
    return _new("a new database, PostgreSQL", folder / "plain-postgresql", url, away)


def _new(name: str, folder: Path, url: URL, prepare: Callable[[], object]) -> Case:
    """Make all tables, also with what Alembic itself sets up."""
    alembic = (sys.executable, "-m", "alembic", "-c", folder / "alembic.ini")
    Command((*alembic, "init", "--template", "async", folder / "alembic")).timed()
    (folder / "alembic" / "versions").rmdir()
    (folder / "alembic" / "versions").symlink_to(location() / "versions")
    named = async_url(url.render_as_string(hide_password=False))
    told = named.render_as_string(hide_password=False).replace("%", "%%")
    configuration = (folder / "alembic.ini").read_text(encoding="utf-8")
    (folder / "alembic.ini").write_text(
        configuration.replace("driver://user:pass@localhost/dbname", told), encoding="utf-8"
    )
    plain = Command((*alembic, "upgrade", "head"), prepare=prepare)
    return Case(name, replace(_ours(url, "upgrade"), prepare=prepare), plain, goal=2)


def _with_nothing_to_do(files: tuple[URL, URL]) -> Case:
    return Case(
        "`upgrade` with nothing to do",
        _ours(files[0], "upgrade"),
        Command(NOTHING),
        goal=0.5,
        does_nothing=True,
    )


def _backing_up_sqlite(folder: Path, files: tuple[URL, URL]) -> Case:
    ours, bare = folder / "ours.sqlite3", folder / "bare.sqlite3"

    def copying(file: URL) -> Command:
        paths = (file.database or "", bare)
        return Command((sys.executable, "-c", COPY, *paths), prepare=_away(bare))

    return _backing_up("backup, SQLite", files, ours, copying, 1.5)


def _backing_up_postgresql(folder: Path, urls: tuple[URL, URL], programs: Programs) -> Case:
    ours, bare = folder / "ours.dump", folder / "bare.dump"

    def dumping(url: URL) -> Command:
        arguments = (programs.path("pg_dump"), "-Fc", "-Z1", "-f", bare)
        return Command(arguments, environment(async_url(dsn(url)), "bench"), _away(bare))

    return _backing_up("backup, PostgreSQL", urls, ours, dumping, 1.3)


def _backing_up(
    name: str, urls: tuple[URL, URL], file: Path, bare: Callable[[URL], Command], goal: float
) -> Case:
    full, empty = (
        (replace(_ours(url, "backup", file, "--format", "native"), prepare=_away(file)), bare(url))
        for url in urls
    )
    return Case(name, *full, goal, empty)


def _away(file: Path) -> Callable[[], object]:
    return partial(file.unlink, missing_ok=True)


def _ours(url: URL, *arguments: str | Path) -> Command:
    written = url.render_as_string(hide_password=False)
    return Command((*OURS, *arguments, "--database-url", written))


def _file(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))
