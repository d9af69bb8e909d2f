"""Scratch databases and folders end with what they were for, or when the next begins."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from uuid import uuid4

import pytest
from sqlalchemy import text

from copies import Place, apart, done, execute, programs
from servers import run
from test_backup_faults import PATIENCE, fill, killed_when, stub
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.scratch import scratch_database
from timetracker_api.migrations.scratch_folder import scratch_folder
from timetracker_api.settings import async_url

HANG = f'case "$*" in *-f\\ -*) exec sleep {PATIENCE};; esac; exec {programs()}/pg_restore "$@"'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("TIMETRACKER_BACKUP_DIR", str(tmp_path / "backups"))
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    with ExitStack() as stack:
        yield Place("postgresql", tmp_path, stack)


def prefix(url: str) -> str:
    found = execute(url, text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return f"timetracker_scratch_{found[0][0]}_"


def scratch(url: str) -> list[str]:
    """Return the scratch databases that were created from a database."""
    query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :prefix) ORDER BY 1")
    return [name for (name,) in execute(url, query.bindparams(prefix=prefix(url)))]


def connected(url: str, database: str) -> bool:
    """Tell whether anybody works in a database, or for it from the one it was created from."""
    query = text(
        "SELECT 1 FROM pg_stat_activity WHERE datname = :database"
        " OR datname = current_database() AND application_name = 'timetracker-api db scratch'"
    )
    return bool(execute(url, query.bindparams(database=database)))


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not happened():
        assert monotonic() < deadline
        sleep(0.05)


def test_what_a_killed_rehearsal_left_behind_is_gone_after_the_next(
    home: Place, monkeypatch: pytest.MonkeyPatch
):
    url, path = home.full(), os.environ["PATH"]
    monkeypatch.setenv("PATH", stub(home.folder / "bin", "pg_restore", HANG))
    with killed_when(lambda: bool(scratch(url)), "verify", "--database-url", url) as process:
        assert process.wait() == -signal.SIGKILL
    [left] = scratch(url)
    wait_until(lambda: not connected(url, left))
    monkeypatch.setenv("PATH", path)
    done("verify", "--database-url", url)
    assert scratch(url) == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_copy_of_a_killed_rehearsal_is_gone_after_the_next(
    home: Place, dialect: str, monkeypatch: pytest.MonkeyPatch
):
    copies = home.folder / "temporary"
    copies.mkdir()
    monkeypatch.setenv("TMPDIR", str(copies))
    with ExitStack() as stack:
        url = Place(dialect, home.folder, stack).full()
        fill(url)

        def copied() -> bool:
            return any(copies.glob("timetracker-scratch-*/timetracker-*"))

        with killed_when(copied, "verify", "--database-url", url, TMPDIR=str(copies)) as process:
            assert process.wait() == -signal.SIGKILL
        assert copied()
        ended = run(home.folder, "db", "verify", "--database-url", url, TMPDIR=str(copies))
        assert ended.exit_code == 0, ended
        assert not list(copies.iterdir())


def test_a_folder_in_use_stays(home: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(home.folder))

    async def during_another() -> None:
        async with scratch_folder() as used, scratch_folder() as other:
            assert used.is_dir()
            assert other.stat().st_mode & 0o777 == 0o700

    apart(during_another())
    assert not list(home.folder.glob("timetracker-scratch-*"))


def test_what_is_in_use_or_somebody_elses_stays(home: Place):
    url = home.full()
    theirs = [f"{prefix(url)}notes", f"timetracker_scratch_0_{uuid4().hex[:16]}"]
    execute(url, *(text(f'CREATE DATABASE "{name}"') for name in theirs))

    async def during_another() -> None:
        async with scratch_database(async_url(url)) as used:
            async with scratch_database(async_url(url)):
                pass
            assert used.database in scratch(url)

    try:
        apart(during_another())
        assert scratch(url) == theirs[:1]
    finally:  # which fails where one of them is gone
        execute(url, *(text(f'DROP DATABASE "{name}"') for name in theirs))


def test_what_still_runs_a_statement_of_a_killed_process_stays_until_that_ends(home: Place):
    url = home.full()
    left = f"{prefix(url)}{'a' * 16}"
    execute(url, text(f"CREATE DATABASE {left}"))

    async def next_one() -> None:
        async with scratch_database(async_url(url)):
            pass

    async def while_connected() -> None:
        async with connecting(async_url(url).set(database=left)):
            await next_one()

    apart(while_connected())
    assert scratch(url) == [left]
    wait_until(lambda: not connected(url, left))
    apart(next_one())
    assert scratch(url) == []


def test_a_server_that_was_started_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    temporary = Path(mkdtemp(prefix="tt-"))  # the path of a socket has to be short
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    ended = run(tmp_path, "db", "migrate", "-m", "nothing new", DATABASE_URL="sqlite:///a.db")
    assert ended.exit_code == 0, ended
    assert "nothing to do" in ended.stdout
    assert not list(temporary.glob("timetracker-scratch-*"))
    shutil.rmtree(temporary)
