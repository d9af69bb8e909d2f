"""One page says how a database is, and what to do about it."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from clusters import a_cluster
from copies import Place, apart, done, execute, typed
from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import migrating, reading
from timetracker_api.migrations.lock import autocommitting
from timetracker_api.migrations.status import Report, examine
from timetracker_api.settings import Settings, async_url

EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()][::-1]
HEAD = EVERYTHING[-1]


@pytest.fixture
def url(place: Place) -> str:
    """A database at the head."""
    url = place.empty()
    done("upgrade", "--database-url", url)
    return url


def report(url: str) -> dict[str, Any]:
    """Return the answer as a program gets it, and the findings by what they are about."""
    result = typed("status", "--json", "--database-url", url)
    document = json.loads(result.stdout)
    assert document["exit_code"] == result.exit_code
    return document | {finding["subject"]: finding for finding in document["findings"]}


def examined(url: str) -> Report:
    """Look with no patience for transactions that do nothing."""
    settings = Settings(database_url=url, migration_database_url=None)
    return apart(examine(settings, idle=0))


def test_a_database_that_is_well_has_one_page(place: Place, url: str):
    place.backup(url)
    found = report(url)
    assert {finding["level"] for finding in found["findings"]} == {"ok"}
    assert found["revision"]["text"] == f"{HEAD} (head)"
    assert found["drift"]["text"] == f"the tables are those of {HEAD}"
    assert found["lock"]["text"] == "nobody is migrating"
    assert found["backup"]["text"].startswith("the last is of 20")
    text = done("status", "--database-url", url)
    assert len(text.splitlines()) == len(found["findings"])


def test_what_is_missing_is_told_with_the_command_that_helps(place: Place):
    url = place.empty()
    found = report(url)
    assert found["exit_code"] == 5
    assert found["revision"]["level"] == "problem"
    assert "timetracker-api db upgrade" in found["revision"]["way_out"]
    assert found["pending"]["text"] == ", ".join(EVERYTHING)
    assert "backup" not in found
    done("upgrade", "+1", "--database-url", url)
    found = report(url)
    assert found["drift"]["text"] == f"the tables are those of {EVERYTHING[0]}"
    assert found["backup"]["way_out"] == "timetracker-api db backup"


def test_looking_leaves_no_trace(place: Place, tmp_path: Path):
    url = place.empty()
    report(url)
    assert not list(tmp_path.glob("*.db*"))


def test_drift_is_told_in_words(url: str):
    execute(url, text("ALTER TABLE users ADD nickname VARCHAR"))
    found = report(url)
    assert found["exit_code"] == 6
    assert found["drift"]["text"] == "column users.nickname: in the database only"
    assert found["drift"]["way_out"] == "timetracker-api db check"


@pytest.mark.parametrize(
    ("statement", "exit_code"),
    [
        ("UPDATE alembic_version SET version_num = '9999_future'", 8),
        ("DROP TABLE alembic_version", 9),
        (f"INSERT INTO alembic_version VALUES ('{EVERYTHING[0]}')", 7),  # noqa: S608 - our own
    ],
)
def test_a_strange_database_is_a_problem(url: str, statement: str, exit_code: int):
    execute(url, text(statement))
    found = report(url)
    assert found["exit_code"] == exit_code
    assert found["revision"]["way_out"]
    assert "drift" not in found


def test_whoever_migrates_is_named(url: str):
    async def hold() -> dict[str, Any]:
        async with migrating(async_url(url)):
            return await asyncio.to_thread(report, url)

    lock = apart(hold())["lock"]
    assert lock["level"] == "warning"
    if "postgresql" in url:
        assert "(timetracker-api db lock) has been migrating for" in lock["text"]
        assert "pg_terminate_backend(" in lock["way_out"]


def test_rows_that_wait_for_a_change_are_told(url: str):
    execute(
        url,
        text(
            "INSERT INTO data_migrations (name, status, cursor, done, total)"
            " VALUES ('fold', 'running', 5, 5, 9)"
        ),
    )
    found = report(url)
    assert found["data"]["text"] == "fold: running, 5 of 9 rows"
    assert found["data"]["way_out"] == "timetracker-api db data run fold"


# What only a server has


@pytest.fixture
def on_a_server(tmp_path: Path) -> Iterator[str]:
    yield from at_the_head("postgresql", tmp_path)


def at_the_head(dialect: str, folder: Path) -> Iterator[str]:
    with ExitStack() as stack:
        url = Place(dialect, folder, stack).empty()
        done("upgrade", "--database-url", url)
        yield url


def test_a_transaction_that_does_nothing_is_named(on_a_server: str):
    async def hold() -> Report:
        async with reading(async_url(on_a_server)) as connection:
            await connection.execute(text("SELECT 1"))
            return await asyncio.to_thread(examined, on_a_server)

    found = {finding.subject: finding for finding in apart(hold()).findings}
    assert "has had a transaction open for 0 s, doing nothing" in found["blockers"].text
    assert "blockers" not in report(on_a_server)


def test_an_invalid_index_is_told_with_what_rebuilds_it(on_a_server: str):
    user = "INSERT INTO events (occurred_at, type, entity_type, entity_id, changes)"
    execute(on_a_server, *[text(f"{user} VALUES (now(), 'x', 'x', 1, '{{}}')")] * 2)
    for name in ("uq_events_type", "ix_cf_events"):
        with pytest.raises(IntegrityError):
            execute(on_a_server, text(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON events (type)"))
    found = examined(on_a_server).findings
    assert [finding.way_out for finding in found if finding.subject == "indexes"] == [
        "timetracker-api db reindex-custom-fields",
        'REINDEX INDEX CONCURRENTLY "uq_events_type"',
    ]


def test_rights_that_are_missing_are_named(on_a_server: str):
    role = f"looker_{uuid4().hex[:8]}"
    execute(on_a_server, text(f"CREATE ROLE {role} LOGIN"))
    try:
        grants = [f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"]
        execute(on_a_server, *map(text, grants))
        url = make_url(on_a_server).set(username=role).render_as_string(hide_password=False)
        found = report(url)
        assert found["exit_code"] == 4
        assert found["rights"]["way_out"] == f'GRANT CREATE ON SCHEMA "public" TO "{role}"'
        execute(on_a_server, text(f"GRANT CREATE ON SCHEMA public TO {role}"))
        assert f"{role} does not own alembic_version, clients" in report(url)["rights"]["text"]
    finally:
        execute(on_a_server, text(f"DROP OWNED BY {role}"), text(f"DROP ROLE {role}"))


def test_a_database_that_is_read_only_is_told_so(on_a_server: str):
    name = make_url(on_a_server).database
    execute(on_a_server, text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    found = report(on_a_server)
    assert found["exit_code"] == 4
    assert found["rights"]["text"] == "the database is read-only"
    assert "default_transaction_read_only" in found["rights"]["way_out"]


def test_a_standby_is_told_from_a_primary():
    with a_cluster() as primary:
        done("upgrade", "--database-url", primary.url())
        with a_cluster(primary) as standby:
            found = report(standby.url())
    assert found["exit_code"] == 4
    assert found["rights"]["text"] == "the database is read-only: the server is a standby"
    assert "Name the primary" in found["rights"]["way_out"]
    assert found["drift"]["level"] == "ok"


@pytest.mark.parametrize("table", ["users", "data_migrations", "alembic_version"])
def test_who_keeps_a_table_locked_is_named_beside_the_rest(on_a_server: str, table: str):
    async def hold() -> tuple[int, dict[str, Any]]:
        async with reading(async_url(on_a_server)) as connection:
            await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            pid = await connection.scalar(text("SELECT pg_backend_pid()"))
            return pid, await asyncio.to_thread(report, on_a_server)

    pid, found = apart(hold())
    assert found["exit_code"] == 11
    name = f"process {pid} (timetracker-api db)"
    assert found["blockers"]["text"] == f"{name} keeps {table} to itself"
    assert f"pg_terminate_backend({pid})" in found["blockers"]["way_out"]
    locked = {finding["subject"] for finding in found["findings"] if finding["level"] == "problem"}
    known = {"users": "drift", "data_migrations": "data", "alembic_version": "revision"}
    assert known[table] in locked
    assert {"connection", "size", "rights", "lock", "revision", "backup"} <= found.keys()


def test_who_waits_for_a_table_is_named_with_those_who_use_it(on_a_server: str):
    pid = text("SELECT pg_backend_pid()")
    waits = text("SELECT 1 FROM pg_locks WHERE pid = :pid AND NOT granted")
    url = async_url(on_a_server)

    async def hold() -> tuple[str, dict[str, Any]]:
        async with reading(url) as user, autocommitting(url, "waiter") as waiter:
            await user.execute(text("SELECT * FROM users"))
            user_pid, waiter_pid = await user.scalar(pid), await waiter.scalar(pid)
            change = asyncio.create_task(waiter.execute(text("TRUNCATE users CASCADE")))
            while not await user.scalar(waits.bindparams(pid=waiter_pid)):  # noqa: ASYNC110 - as it says
                await asyncio.sleep(0.01)
            found = await asyncio.to_thread(report, on_a_server)
            await user.rollback()
            await change
        return f"process {waiter_pid} (waiter) waits for process {user_pid} to let go of ", found

    words, found = apart(hold())
    assert found["exit_code"] == 11
    assert found["blockers"]["text"].startswith(words)


# What only a file has


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[str]:
    yield from at_the_head("sqlite", tmp_path)


def changed(url: str, statement: str) -> dict[str, Any]:
    """Change a file as a tool does that knows no foreign keys, and look at it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(statement)
    return report(url)


def test_rows_that_refer_to_nothing_are_a_problem(in_a_file: str):
    orphan = "INSERT INTO custom_field_unique_values VALUES (99, 'client', x'00')"
    found = changed(in_a_file, orphan)
    assert found["exit_code"] == 6
    assert found["integrity"]["text"].startswith("1 row refers to nothing, the first of them")


@pytest.mark.parametrize(
    ("key", "values", "whole"),
    [
        ("a REFERENCES users, b", "(7, 0)", "(NULL, 0)"),
        ('a, b REFERENCES "of ""us" (name)', "(0, 'x')", "(0, 'y'), (0, NULL)"),
        ('a, b, FOREIGN KEY (a, b) REFERENCES "of ""us" (n, name)', "(1, 'x')", "(1, 'y')"),
        ("a, b REFERENCES nobody (id)", "(0, 1)", "(0, NULL)"),
        ('a, b REFERENCES "OF ""US" (n)', "(0, 2)", "(0, '1')"),  # a number, as SQLite sees it
    ],
)
def test_rows_that_refer_to_nothing_are_found_whatever_the_key(
    in_a_file: str, key: str, values: str, whole: str
):
    url = in_a_file
    columns = "n INTEGER UNIQUE, name VARCHAR COLLATE NOCASE UNIQUE, value, UNIQUE (n, name)"
    changed(url, f'CREATE TABLE "of ""us" ({columns})')
    changed(url, """INSERT INTO "of ""us" VALUES (1, 'Y', 1)""")
    changed(url, f'CREATE TABLE "to ""us" ({key})')
    found = changed(url, f'INSERT INTO "to ""us" VALUES {whole}')  # noqa: S608 - our own
    assert found["integrity"]["level"] == "ok"
    found = changed(url, f'INSERT INTO "to ""us" VALUES {values}')  # noqa: S608 - our own
    assert found["integrity"]["text"].startswith("1 row refers to nothing, the first of them")


def test_a_damaged_file_is_a_problem(in_a_file: str):
    path = Path(in_a_file.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'clients'"
        [page] = connection.execute(query).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    found = report(in_a_file)
    assert found["exit_code"] == 6
    assert found["integrity"]["text"].startswith("the file is damaged")
    assert "db restore" in found["integrity"]["way_out"]


def test_what_a_cut_off_rebuilding_left_is_told(in_a_file: str):
    found = changed(in_a_file, "CREATE TABLE _alembic_tmp_users (id INTEGER)")
    assert found["leftovers"]["way_out"] == 'DROP TABLE "_alembic_tmp_users"'


def test_a_database_that_cannot_be_reached_is_one_line():
    result = typed("status", "--database-url", "postgresql://ada:secret@127.0.0.1:1/x")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "secret" not in result.stderr
