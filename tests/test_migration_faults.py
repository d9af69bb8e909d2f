"""Upgrades that are killed, upgrades at once, and upgrades of servers that end what takes long."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chains import FAMILY, Chain
from copies import Place, execute
from timetracker_api.migrations import checking, commands, revisions, stamping
from timetracker_api.migrations.connections import migrating, reading, writing
from timetracker_api.migrations.lock import autocommitting
from timetracker_api.migrations.losses import forecast
from timetracker_api.settings import Settings, async_url

BEFORE = [script.revision for script in revisions.scripts().walk_revisions()][1]

Say = Callable[[str], object]

RUN = """
import asyncio, sys
from pathlib import Path
from timetracker_api.migrations import commands
from timetracker_api.settings import Settings
settings = Settings(database_url=sys.argv[1], migration_database_url=None)
outcome = asyncio.run(commands.upgrade(settings, folder=Path(sys.argv[2])))
print(" ".join(outcome.steps))
"""

HANG = """
op.execute("DELETE FROM children WHERE id = 2")
op.execute("INSERT INTO parents VALUES (2, 'Grace')")
if os.environ.get("HANG"):
    print("hanging", flush=True)
    sys.stdin.read()
"""


def started(url: str, chain: Chain, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", RUN, url, str(chain.folder)],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def url(place: Place) -> str:
    return place.empty()


def test_an_upgrade_that_is_killed_leaves_no_trace_and_the_next_one_resumes(url: str, chain: Chain):
    first = chain.add(FAMILY)
    second = chain.add(HANG, top="import os, sys")
    with started(url, chain, HANG="1") as process:
        assert process.stdout
        assert process.stdout.readline() == "hanging\n"
        process.send_signal(signal.SIGKILL)
    assert execute(url, text("SELECT version_num FROM alembic_version")) == [(first,)]
    assert execute(url, text("SELECT count(*) FROM children")) == [(2,)]
    said, _ = started(url, chain).communicate()
    assert said == f"{second}\n"
    assert execute(url, text("SELECT name FROM parents ORDER BY id")) == [("Ada",), ("Grace",)]


def test_of_four_upgraders_one_does_it_and_three_find_it_done(url: str, chain: Chain):
    first = chain.add(FAMILY)
    second = chain.add('create_index_online("ix_name", "parents", ["name"])')
    third = chain.add('op.add_column("parents", sa.Column("email", sa.String))')
    four = [started(url, chain) for _ in range(4)]
    said = sorted(process.communicate()[0] for process in four)
    assert [process.returncode for process in four] == [0] * 4
    assert said == ["\n"] * 3 + [f"{first} {second} {third}\n"]
    assert execute(url, text("SELECT name, email FROM parents")) == [("Ada", None)]


# What only a server has


@pytest.fixture
def on_a_server(tmp_path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        yield Place("postgresql", tmp_path, stack).empty()


def usually(url: str, **settings: str) -> None:
    """Give every connection to a database other settings, as far as its server knows them."""
    known = {name for (name,) in execute(url, text("SELECT name FROM pg_settings"))}
    name = make_url(url).database
    for setting in settings.keys() & known:
        execute(url, text(f"ALTER DATABASE {name} SET {setting} = '{settings[setting]}'"))


HASTE = dict.fromkeys(
    [
        "statement_timeout",
        "idle_session_timeout",
        "idle_in_transaction_session_timeout",
        "transaction_timeout",
    ],
    "1min",
)


@pytest.mark.parametrize(
    "connected", [reading, writing, migrating, partial(autocommitting, name="test")]
)
async def test_what_takes_long_is_not_ended_by_what_the_database_gives_others(
    on_a_server: str, connected: Callable[[URL], AbstractAsyncContextManager[AsyncConnection]]
):
    usually(on_a_server, **HASTE)
    query = text("SELECT setting FROM pg_settings WHERE name = ANY(:names)")
    wanted = query.bindparams(names=[*HASTE])
    assert ("60000",) in execute(on_a_server, wanted)
    async with connected(async_url(on_a_server)) as connection:
        assert {*await connection.scalars(wanted)} == {"0"}


STILL_LOCKED = """
op.execute("SELECT pg_sleep(1)")
held = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
)
assert op.get_bind().scalar(sa.text(held)) == 1
"""


def test_the_lock_is_not_lost_while_a_revision_takes_its_time(on_a_server: str, chain: Chain):
    usually(on_a_server, idle_session_timeout="200ms", statement_timeout="200ms")
    revision = chain.add(STILL_LOCKED)
    said, _ = started(on_a_server, chain).communicate()
    assert said == f"{revision}\n"


def settings_of(url: str) -> Settings:
    return Settings(database_url=url, migration_database_url=None)


async def upgraded(settings: Settings, say: Say) -> None:
    await commands.upgrade(settings, say=say)


async def undone(settings: Settings, say: Say) -> None:
    await forecast(settings, "-1", say=say)
    await commands.downgrade(settings, "-1", say=say)


async def checked(settings: Settings, say: Say) -> None:
    assert await checking.drift(settings, say=say) == []


async def stamped(settings: Settings, say: Say) -> None:
    await stamping.stamp(settings, BEFORE, say=say)


@pytest.mark.parametrize("table", ["users", "alembic_version"])
@pytest.mark.parametrize("work", [upgraded, undone, checked, stamped])
async def test_who_finds_a_table_locked_waits_until_it_is_free(
    on_a_server: str, work: Callable[[Settings, Say], Coroutine[Any, Any, None]], table: str
):
    settings = settings_of(on_a_server)
    await commands.upgrade(settings, BEFORE)
    async with reading(async_url(on_a_server)) as holder:
        await holder.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        said: list[str] = []
        released: list[asyncio.Task[None]] = []

        def let_go(line: str) -> None:
            said.append(line)
            if len(said) == 1:
                released.append(asyncio.create_task(holder.rollback()))

        await work(settings, let_go)
    assert said[0].startswith("a table is in use")
