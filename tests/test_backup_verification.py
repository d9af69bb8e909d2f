"""A copy that is not whole, or of what is not whole, is no backup."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import make_url

from copies import Place, refused
from timetracker_api.migrations.backups import portable, postgresql, sqlite

only_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)

Write = Callable[..., Awaitable[dict[str, int]]]


def truncated(content: bytes) -> bytes:
    return content[:-1000]


def blank_in_the_middle(content: bytes) -> bytes:
    middle = len(content) // 2 // 4096 * 4096
    return content[:middle] + bytes(4096) + content[middle + 4096 :]


def empty(_: bytes) -> bytes:
    return b""


@pytest.fixture(params=["native", "portable"])
def writer(request: pytest.FixtureRequest, place: Place) -> tuple[str, ModuleType]:
    if request.param == "portable":
        return request.param, portable
    return request.param, {"sqlite": sqlite, "postgresql": postgresql}[place.dialect]


@pytest.mark.parametrize("damage", [truncated, blank_in_the_middle, empty])
def test_a_copy_that_went_wrong_does_not_become_a_backup(
    place: Place,
    writer: tuple[str, ModuleType],
    damage: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
):
    format, module = writer
    url, write = place.full(), module.write

    async def wrongly(*arguments: Any) -> dict[str, int]:
        tables = await write(*arguments)
        [part] = [each for each in arguments if isinstance(each, Path)]
        part.write_bytes(damage(part.read_bytes()))
        return tables

    monkeypatch.setattr(module, "write", wrongly)
    line = refused(13, "backup", "--format", format, "--database-url", url)
    assert line.startswith("the copy is not what the database is: ")
    assert nothing_in(place)


def test_a_copy_that_lacks_rows_does_not_become_a_backup(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url, write = place.full(), portable.write

    async def wrongly(*arguments: Any) -> dict[str, int]:
        return await write(*arguments) | {"clients": 2}

    monkeypatch.setattr(portable, "write", wrongly)
    line = refused(13, "backup", "--format", "portable", "--database-url", url)
    assert "clients: 1, not 2" in line
    assert nothing_in(place)


@only_sqlite
@pytest.mark.parametrize("name", ["clients", "ix_time_entries_local_date"])
def test_a_database_that_is_damaged_is_not_backed_up(place: Place, name: str):
    url = place.full()
    file = Path(make_url(url).database or "")
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        [page] = connection.execute(query, [name]).fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
    line = refused(13, "backup", "--database-url", url)
    assert "`timetracker-api db status`" in line
    assert nothing_in(place)


@only_sqlite
def test_what_could_not_be_restored_is_not_backed_up(place: Place):
    url = place.full()
    with closing(sqlite3.connect(make_url(url).database or "")) as connection:
        connection.execute("DELETE FROM clients")  # which nobody but the service forbids
        connection.commit()
    line = refused(13, "backup", "--database-url", url)
    assert "2 rows refer to nothing, the first of them row 1 of time_entries, to clients" in line
    assert nothing_in(place)


def nothing_in(place: Place) -> bool:
    return not list((place.folder / "backups").glob("timetracker-*"))
