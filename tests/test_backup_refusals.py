"""What stands in the way of a backup or a restore is one line, with an exit code of its own."""

import asyncio
import json
import os
import shutil
import sqlite3

import pytest
from sqlalchemy import insert, make_url, text

from copies import CONTENT, Place, apart, content, done, execute, programs, refused, typed
from test_backup_faults import fill, stub
from timetracker_api.migrations import patience, revisions
from timetracker_api.migrations.backups.folder import UNFINISHED
from timetracker_api.migrations.connections import connecting
from timetracker_api.models import metadata
from timetracker_api.settings import async_url

SECRET = "correct-horse"

only_postgresql = pytest.mark.parametrize("place", ["postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@only_sqlite
def test_a_restore_does_not_wait_for_ever_for_a_writer(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    backup, before = place.backup(url), content(url)
    monkeypatch.setattr(patience, "PAUSES", (0.2,))
    writer = sqlite3.connect(make_url(url).database or "")
    writer.execute("BEGIN IMMEDIATE")
    result = typed("restore", str(backup), "--in-place", "--yes", "--database-url", url)
    writer.close()
    assert result.exit_code == 11
    assert "keeps writing" in result.stderr.splitlines()[-1]
    assert content(url) == before


@only_postgresql
@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("format", ["native", "portable"])
def test_a_restore_does_not_wait_for_ever_for_a_transaction(
    place: Place, format: str, size: str, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    if size == "large":  # so that a program has more to write when the other one has ended
        fill(url)
    backup, before = place.backup(url, "--format", format), content(url)
    monkeypatch.setattr(patience, "PAUSES", (0.1,))

    async def during_a_transaction() -> None:
        async with connecting(async_url(url)) as connection:
            await connection.execute(text("UPDATE clients SET name = 'x'"))
            options = ("--in-place", "--yes", "--database-url", url)
            result = await asyncio.to_thread(typed, "restore", str(backup), *options)
            assert result.exit_code == 11, result.output
            assert "kept a table locked" in result.stderr.splitlines()[-1]

    apart(during_a_transaction())
    assert content(url) == before


@only_postgresql
def test_without_programs_a_backup_is_portable(place: Place, monkeypatch: pytest.MonkeyPatch):
    url = place.full()
    native = place.backup(url)
    monkeypatch.setenv("PATH", str(place.folder))
    monkeypatch.setattr("timetracker_api.migrations.backups.client_programs.DEBIAN", place.folder)
    result = typed("backup", "--database-url", url)
    assert result.stdout.splitlines()[0].endswith(".ttb")
    [line] = result.stderr.splitlines()
    assert "there is no pg_dump" in line
    line = refused(13, "backup", "--format", "native", "--database-url", url)
    assert "client programs" in line
    copy = place.empty()
    refused(17, "restore", str(native), "--yes", "--database-url", copy)
    done("restore", result.stdout.splitlines()[0], "--yes", "--database-url", copy)


@only_postgresql
def test_older_programs_are_not_used(place: Place, monkeypatch: pytest.MonkeyPatch):
    url = place.full()
    stub(place.folder / "bin", "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    monkeypatch.setenv("PATH", str(place.folder / "bin"))
    monkeypatch.setattr("timetracker_api.migrations.backups.client_programs.DEBIAN", place.folder)
    result = typed("backup", "--database-url", url)
    assert result.stdout.splitlines()[0].endswith(".ttb")
    [line] = result.stderr.splitlines()
    assert "pg_dump 9 is older than the server" in line


@only_postgresql
def test_a_dump_that_fails_is_one_line_and_leaves_no_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    script = (
        f'case "$1" in --version) exec {programs()}/pg_dump --version;; esac; '
        "echo begun; echo 'pg_dump: error: out of luck' >&2; exit 1"
    )
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_dump", script))
    assert "out of luck" in refused(13, "backup", "--database-url", url)
    assert not list((place.folder / "backups").glob("timetracker-*"))


@only_postgresql
def test_the_password_is_not_among_the_arguments(place: Place, monkeypatch: pytest.MonkeyPatch):
    url = make_url(place.full()).set(password=SECRET).render_as_string(hide_password=False)
    seen = place.folder / "seen"
    script = f'echo "$@" "$PGPASSWORD" >> {seen}; exec {programs()}/pg_dump "$@"'
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_dump", script))
    place.backup(url)
    dumped = [line for line in seen.read_text().splitlines() if "--snapshot" in line]
    assert {line.partition(SECRET)[1:] for line in dumped} == {(SECRET, "")}


@only_sqlite
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ada:{SECRET}@127.0.0.1:1/timetracker",
        f"postgresql://ada:{SECRET}@nowhere.invalid/timetracker",
    ],
)
def test_a_server_that_is_not_there_is_one_line(place: Place, url: str):
    backup = place.backup(place.full(), "--format", "portable")
    for arguments in (("backup",), ("restore", str(backup), "--yes"), ("verify",)):
        assert SECRET not in refused(3, *arguments, "--database-url", url)


@only_postgresql
def test_a_user_that_is_not_there_is_one_line(place: Place):
    url = make_url(place.full()).set(username="nobody", password=SECRET)
    line = refused(3, "backup", "--database-url", url.render_as_string(hide_password=False))
    assert SECRET not in line


def test_a_folder_that_nobody_may_write_to_is_one_line(place: Place):
    url = place.full()
    for folder in ("/sys", "/sys/kernel"):
        line = refused(4, "backup", f"{folder}/mine", "--database-url", url)
        assert "no right to write" in line


@pytest.mark.parametrize("path", ["file/mine", "gone/mine", "gone"])
def test_a_folder_that_is_not_there_is_not_made(place: Place, path: str):
    (place.folder / "file").touch()
    wanted = place.folder / path
    options = ("--keep", "14") if path == "gone" else ()  # which is said of folders alone
    missing = wanted if options else wanted.parent
    line = refused(13, "backup", str(wanted), *options, "--database-url", place.full())
    assert line == f"{missing}: there is no such folder. Make it, or name another one."
    assert not (place.folder / "gone").exists()


@only_postgresql
def test_databases_of_servers_on_other_ports_are_others(place: Place):
    url = make_url(place.full())
    backup = place.backup(url.render_as_string(hide_password=False))
    manifest = json.loads(backup.with_name(f"{backup.name}.json").read_text())
    assert manifest["database"].endswith(f":5432/{url.database}")


@only_postgresql
@pytest.mark.parametrize("format", ["native", "portable"])
def test_the_encoding_of_a_client_is_not_that_of_a_backup(
    place: Place, format: str, monkeypatch: pytest.MonkeyPatch
):
    url, copy = place.full(), place.empty()
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    backup = place.backup(url, "--format", format)
    done("restore", str(backup), "--yes", "--database-url", copy)
    assert content(copy) == content(url)


@only_postgresql
def test_programs_that_are_older_than_a_dump_say_which_would_do(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    backup = place.backup(place.full())
    said = "unsupported version (1.16) in file header"
    script = f"echo 'pg_restore: error: {said}' >&2; exit 1"
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_restore", script))
    line = refused(17, "restore", str(backup), "--yes", "--database-url", place.empty())
    assert line == (
        f"{backup}: {said}. Install PostgreSQL's client programs of the release that wrote it, or"
        " newer ones."
    )


def test_leftovers_do_not_stand_in_the_way(place: Place):
    url, backups = place.full(), place.folder / "backups"
    backups.mkdir()
    (backups / f"x.dump{UNFINISHED}").touch()
    place.backup(url)
    assert not list(backups.glob("*.part"))
    assert os.environ["TIMETRACKER_BACKUP_DIR"] == str(backups)


def test_no_backup_touches_what_is_somebody_elses(place: Place):
    url, backups = place.full(), place.folder / "backups"
    backups.mkdir()
    theirs = ("customers.json", "customers.part", "timetracker-photos.part1.rar", "x.part")
    for name in theirs:
        (backups / name).write_text("theirs")
    line = refused(13, "backup", str(backups / "customers"), "--database-url", url)
    assert f"{backups / 'customers.json'} is there already, and is no manifest" in line
    place.backup(url)
    assert [(backups / name).read_text() for name in theirs] == ["theirs"] * len(theirs)


@only_sqlite
def test_a_restore_goes_where_a_link_leads(place: Place):
    backup, disk = place.backup(place.full()), place.folder / "disk"
    disk.mkdir()
    link = place.folder / "link.db"
    link.symlink_to(disk / "real.db")
    done("restore", str(backup), "--yes", "--database-url", f"sqlite:///{link}")
    assert link.is_symlink()
    assert content(f"sqlite:///{disk / 'real.db'}")["clients"]


@only_sqlite
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revision": "0001_foundation"}, "not at 0001_foundation"),
        ({"server_version": "abc"}, "is not the manifest of a backup"),
    ],
)
def test_a_manifest_that_says_something_else_is_noticed(
    place: Place, change: dict[str, str], reason: str
):
    backup = place.backup(place.full())
    manifest = backup.with_name(f"{backup.name}.json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    copy = place.empty()
    for arguments in (("verify", str(backup)), ("restore", str(backup), "--yes")):
        assert reason in refused(17, *arguments, "--database-url", copy)
    assert "no revision" in done("current", "--database-url", copy)


@only_postgresql
def test_the_schema_that_tables_are_in_goes_with_them(place: Place):
    url, other = place.empty(), place.empty()
    name = make_url(url).database
    schema = text(f'ALTER DATABASE {name} SET search_path = "Our own"')
    execute(url, text('CREATE SCHEMA "Our own"'), schema)
    done("upgrade", "--database-url", url)
    execute(url, insert(metadata.tables["clients"]).values(CONTENT["clients"]))
    backup = place.backup(url)
    assert "the rehearsal went well" in done("verify", "--database-url", url)
    line = refused(17, "restore", str(backup), "--yes", "--database-url", other)
    assert 'is of the schema "Our own", and the database uses public' in line
    done("restore", str(backup), "--in-place", "--yes", "--database-url", url)
    moved = place.backup(url, "--format", "portable")
    done("restore", str(moved), "--yes", "--database-url", other)
    assert content(other) == content(url)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_several_heads_among_the_files_do_not_prevent_a_backup(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    folder = place.folder / "alembic"
    shutil.copytree(revisions.location(), folder)
    head = revisions.scripts().get_heads()[0]
    for name in ("9998_a", "9998_b"):
        (folder / "versions" / f"{name}.py").write_text(
            f"revision = '{name}'\ndown_revision = '{head}'\n"
        )
    monkeypatch.setattr(revisions, "location", lambda: folder)
    revisions.scripts.cache_clear()
    try:
        assert "several heads" in refused(7, "upgrade", "--database-url", url)
        assert place.backup(url).exists()
    finally:
        revisions.scripts.cache_clear()
