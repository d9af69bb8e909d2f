"""A copy that is not whole, or of what is not whole, is no backup."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert, make_url

from copies import ENTRY, MOMENT, Place, done, execute, programs, refused
from test_backup_faults import fill, stub
from timetracker_api.migrations.backups import portable, postgresql, sqlite
from timetracker_api.models import metadata

only_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)

Write = Callable[..., Awaitable[dict[str, int]]]


def truncated(content: bytes) -> bytes:
    return content[:-1000]


def blank_in_the_middle(content: bytes) -> bytes:
    """Blank some pages: one alone may be free, and nobody would miss it."""
    third = max(len(content) // 3 // 4096, 1) * 4096
    begin = len(content) // 3 // 4096 * 4096
    return content[:begin] + bytes(third) + content[begin + third :]


def blank_page_of_rows(content: bytes) -> bytes:
    page = content.rindex(b" in the middle ") // 4096 * 4096
    return content[:page] + bytes(4096) + content[page + 4096 :]


def empty(_: bytes) -> bytes:
    return b""


def go_wrong(
    module: ModuleType, damage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let what is written be damaged before it is read again."""
    write = module.write

    async def wrongly(*arguments: Any) -> dict[str, int]:
        tables = await write(*arguments)
        [part] = [each for each in arguments if isinstance(each, Path)]
        part.write_bytes(damage(part.read_bytes()))
        return tables

    monkeypatch.setattr(module, "write", wrongly)


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
    url = place.full()
    go_wrong(module, damage, monkeypatch)
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
def test_a_copy_with_a_blank_page_of_rows_does_not_become_a_backup(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    notes = [{"notes": f"{number} in the middle {'.' * 2000}"} for number in range(8)]
    ended = {"ended_at": MOMENT, "duration_seconds": 0}
    entries = metadata.tables["time_entries"]
    execute(url, insert(entries).values([ENTRY | ended | each for each in notes]))

    go_wrong(sqlite, blank_page_of_rows, monkeypatch)
    line = refused(13, "backup", "--database-url", url)
    assert line.startswith("the copy is not what the database is: database disk image is malformed")
    assert nothing_in(place)


@only_sqlite
@pytest.mark.parametrize("format", ["native", "portable"])
@pytest.mark.parametrize("name", ["clients", "ix_time_entries_local_date"])
def test_a_database_that_is_damaged_is_not_backed_up(place: Place, format: str, name: str):
    url = place.full()
    file = Path(make_url(url).database or "")
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        [page] = connection.execute(query, [name]).fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
    line = refused(13, "backup", "--format", format, "--database-url", url)
    assert line.startswith("the database is damaged: ")
    assert nothing_in(place)


@only_sqlite
@pytest.mark.parametrize("format", ["native", "portable"])
def test_what_could_not_be_restored_is_not_backed_up(place: Place, format: str):
    url = place.full()
    with closing(sqlite3.connect(make_url(url).database or "")) as connection:
        connection.execute("DELETE FROM clients")  # which nobody but the service forbids
        connection.commit()
    line = refused(13, "backup", "--format", format, "--database-url", url)
    assert "2 rows refer to nothing, the first of them row 1 of time_entries, to clients" in line
    assert nothing_in(place)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("reads", ["head -c 100 > /dev/null", "true", "cat > /dev/null"])
def test_a_dump_that_cannot_be_read_again_does_not_become_a_backup(
    place: Place, reads: str, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    fill(url)
    script = f"{reads}; echo 'pg_restore: error: out of luck' >&2; exit 1"
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_restore", script))
    line = refused(13, "backup", "--database-url", url)
    assert line.startswith("the copy is not what the database is: out of luck. ")
    assert nothing_in(place)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_what_is_written_over_at_the_end_is_read_as_well(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    fill(url)
    script = f"""
        {programs()}/pg_dump "$@" || exit
        case "$*" in *--file=*)
            sleep 1
            for file; do :; done
            printf damaged | dd of="${{file#--file=}}" conv=notrunc status=none
        esac
    """
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_dump", script))
    line = refused(13, "backup", "--database-url", url)
    assert line.startswith("the copy is not what the database is: input file does not appear")
    assert nothing_in(place)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_dump_is_compressed_as_well_as_pg_dump_can(place: Place, monkeypatch: pytest.MonkeyPatch):
    url, used = place.full(), place.folder / "used"
    script = f"""
        for each; do
            shift
            case "$each" in --compress=*) echo "$each" >> {used}; each=-Z1 ;; esac
            set -- "$@" "$each"
        done
        exec {programs()}/pg_dump "$@"
    """
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_dump", script))
    done("verify", str(place.backup(url)))
    assert used.read_text() == "--compress=zstd:1\n"


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_programs_that_cannot_decompress_a_dump_do_not_call_it_damaged(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    backup, target = place.backup(place.full()), place.empty()
    said = "cannot restore from compressed archive (this build does not support compression with x)"
    script = f"echo 'pg_restore: error: {said}' >&2; exit 1"
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_restore", script))
    assert "whole" in done("verify", str(backup))
    line = refused(17, "restore", str(backup), "--yes", "--database-url", target)
    assert line == (
        f"{backup}: {said}. Install PostgreSQL's client programs of the server's release, with that"
        " method."
    )
    assert "no revision" in done("current", "--database-url", target)


def nothing_in(place: Place) -> bool:
    return not list((place.folder / "backups").glob("timetracker-*"))
