"""What is looked at in an SQLite file, and around it."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from timetracker_api.migrations.catalog import damage, orphans
from timetracker_api.migrations.failures import Drift, NotPermitted
from timetracker_api.migrations.status.findings import Finding, problem, size, warning

RESTORE = "Move the file away, then run `timetracker-api db restore FILE --yes`"

_LEFTOVERS = r"SELECT name FROM sqlite_master WHERE name LIKE '\_alembic\_tmp\_%' ESCAPE '\'"


def examine_sqlite(connection: Connection, file: Path) -> Iterator[Finding]:
    """Yield what there is to say."""
    version = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
    yield Finding("connection", f"SQLite {version}, {file}")
    if not file.exists():
        yield Finding("size", "there is no file yet")
        return
    yield Finding("size", size(sum(path.stat().st_size for path in (file, *_beside(file)))))
    yield _rights(file)
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    yield Finding("journal", f"mode {mode}")
    yield from _integrity(connection)
    yield from _leftovers(connection)


def _beside(file: Path) -> Iterator[Path]:
    return (path for path in file.parent.glob(f"{file.name}-wal"))


def _rights(file: Path) -> Finding:
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            failure = NotPermitted(f"{path} is not writable", f"chmod u+w {path}")
            return problem("rights", failure)
    return Finding("rights", "the file and its folder are writable")


def _integrity(connection: Connection) -> Iterator[Finding]:
    if found := damage(connection):
        yield problem("integrity", Drift(f"the file is damaged: {found}", RESTORE))
    elif found := orphans(connection):
        yield problem("integrity", Drift(found, "Correct that in SQLite"))
    else:
        yield Finding("integrity", "the file is whole, and no row refers to nothing")


def _leftovers(connection: Connection) -> Iterator[Finding]:
    for name in connection.exec_driver_sql(_LEFTOVERS).scalars():
        yield warning("leftovers", f"a rebuilding was cut off: {name}", f'DROP TABLE "{name}"')
