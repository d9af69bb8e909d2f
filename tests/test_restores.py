"""A restore brings back exactly what was backed up, also into the other kind of database."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, text

from copies import CONTENT, Place, apart, content, done, execute, refused
from timetracker_api.migrations import commands, revisions
from timetracker_api.migrations.configured import configured
from timetracker_api.models import metadata

EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()][::-1]
HEAD = EVERYTHING[-1]
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


def restore(backup: Path, url: str, *options: str) -> str:
    return done("restore", str(backup), "--yes", *options, "--database-url", url)


def delete_entries(url: str) -> None:
    execute(url, text("DELETE FROM time_entries"))


@pytest.mark.parametrize("format", ["native", "portable"])
def test_what_was_backed_up_comes_back(place: Place, format: str):
    url, copy = place.full(), place.empty()
    said = restore(place.backup(url, "--format", format), copy)
    assert f"at {HEAD}" in said
    assert content(copy) == content(url)
    assert done("check", "--database-url", copy)


def test_a_portable_backup_moves_to_the_other_kind_of_database_and_back(place: Place):
    url, other, back = place.full(), place.empty(OTHER[place.dialect]), place.empty()
    restore(place.backup(url, "--format", "portable"), other)
    assert content(other) == content(url)
    restore(place.backup(other, "--format", "portable"), back)
    assert content(back) == content(url)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_portable_backup_is_the_same_however_a_server_writes_values(place: Place):
    url, copy = place.full(), place.empty("sqlite")
    name = make_url(url).database
    for setting in (
        "datestyle = 'German'",
        "bytea_output = 'escape'",
        "intervalstyle = 'iso_8601'",
    ):
        execute(url, text(f"ALTER DATABASE {name} SET {setting}"))
    restore(place.backup(url, "--format", "portable"), copy)
    assert content(copy) == content(url)


@pytest.mark.parametrize("format", ["native", "portable"])
def test_new_rows_get_new_numbers_after_a_restore(place: Place, format: str):
    copy = place.empty()
    restore(place.backup(place.full(), "--format", format), copy)
    row = CONTENT["clients"][0] | {"name_key": "another"}
    del row["id"]
    execute(copy, insert(metadata.tables["clients"]).values(row))
    assert execute(copy, text("SELECT count(DISTINCT id) FROM clients")) == [(2,)]


def test_a_restore_wants_a_yes(place: Place):
    url = place.full()
    backup = place.backup(url)
    delete_entries(url)
    before = content(url)
    line = refused(12, "restore", str(backup), "--in-place", "--database-url", url)
    assert "--yes" in line
    assert "in the place of all it holds" in line
    assert content(url) == before


def test_what_a_database_holds_is_not_replaced_by_accident(place: Place):
    url = place.full()
    backup = place.backup(url)
    delete_entries(url)
    before = content(url)
    line = refused(17, "restore", str(backup), "--yes", "--database-url", url)
    assert "--in-place" in line
    assert content(url) == before


@pytest.mark.parametrize("format", ["native", "portable"])
def test_what_is_replaced_in_place_is_kept_in_a_backup(place: Place, format: str):
    url = place.full()
    full = content(url)
    backup = place.backup(url, "--format", format)
    delete_entries(url)
    before = content(url)
    restore(backup, url, "--in-place")
    assert content(url) == full
    [kept] = [
        file
        for file in backup.parent.glob("timetracker-*")
        if file.suffix in {".sqlite3", ".dump"} and file != backup
    ]
    restore(kept, url, "--in-place")
    assert content(url) == before


def test_an_older_backup_is_to_be_upgraded(place: Place):
    url, copy = place.full(), place.empty()
    done("downgrade", EVERYTHING[1], "--yes", "--database-url", url)
    said = restore(place.backup(url, "--format", "native"), copy)
    assert "timetracker-api db upgrade" in said
    assert apart(commands.state(configured(copy))).current == EVERYTHING[1]
    done("upgrade", "--database-url", copy)
    done("upgrade", "--database-url", url)
    assert content(copy) == content(url)


def test_an_older_portable_backup_is_upgraded(place: Place):
    url, copy = place.full(), place.empty(OTHER[place.dialect])
    done("downgrade", EVERYTHING[1], "--yes", "--database-url", url)
    restore(place.backup(url, "--format", "portable"), copy)
    done("upgrade", "--database-url", url)
    assert content(copy) == content(url)


def test_an_older_backup_replaces_newer_tables(place: Place):
    url = place.full()
    done("downgrade", EVERYTHING[1], "--yes", "--database-url", url)
    backup = place.backup(url, "--format", "native")
    done("upgrade", "--database-url", url)
    restore(backup, url, "--in-place")
    assert apart(commands.state(configured(url))).current == EVERYTHING[1]
    done("upgrade", "--database-url", url)


def test_a_backup_of_a_newer_release_is_refused(place: Place):
    url = place.full()
    execute(url, text("UPDATE alembic_version SET version_num = '9999_the_future'"))
    backup = place.backup(url)
    copy = place.empty()
    line = refused(8, "restore", str(backup), "--yes", "--database-url", copy)
    assert "9999_the_future" in line
    assert apart(commands.state(configured(copy))).current is None


def test_the_format_of_one_kind_of_database_is_not_for_the_other(place: Place):
    backup = place.backup(place.full())
    copy = place.empty(OTHER[place.dialect])
    line = refused(17, "restore", str(backup), "--yes", "--database-url", copy)
    assert "--format portable" in line


def test_tables_that_are_not_ours_are_not_replaced(place: Place):
    backup, theirs = place.backup(place.full()), place.empty()
    execute(theirs, text("CREATE TABLE letters (id INTEGER)"))
    options = ("--in-place", "--yes", "--database-url", theirs)
    assert "letters" in refused(9, "restore", str(backup), *options)
    assert execute(theirs, text("SELECT count(*) FROM letters")) == [(0,)]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_the_log_of_a_file_that_is_gone_does_not_come_back(place: Place):
    url = place.full()
    full = content(url)
    backup = place.backup(url)
    file = Path(make_url(url).database or "")
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("DELETE FROM time_entries")
    connection.commit()
    log = file.with_name(f"{file.name}-wal").read_bytes()
    connection.close()
    file.unlink()
    file.with_name(f"{file.name}-wal").write_bytes(log)
    restore(backup, url)
    assert content(url) == full


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("format", ["native", "portable"])
def test_who_may_use_the_tables_may_use_those_that_replace_them(place: Place, format: str):
    url, role = place.full(), f"copies_service_{format}"
    execute(url, text(f"CREATE ROLE {role} LOGIN"))
    try:
        execute(url, text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
        restore(place.backup(url, "--format", format), url, "--in-place")
        theirs = make_url(url).set(username=role).render_as_string(hide_password=False)
        assert content(theirs) == content(url)
    finally:
        execute(url, text(f"DROP OWNED BY {role}"), text(f"DROP ROLE {role}"))
