"""A database that is what its revision made of it has its peace, however it came about."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, text

from conftest import empty_database, settings_for
from copies import programs
from drifted import document, drift, execute, plain
from timetracker_api.migrations import checking, commands, revisions, stamping
from timetracker_api.migrations.backups.postgresql import current_schema
from timetracker_api.migrations.connections import reading
from timetracker_api.models import metadata

only_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()]


async def test_whichever_way_a_revision_is_reached_it_is_the_same(url: URL):
    settings = settings_for(url)
    await commands.upgrade(settings)
    await commands.downgrade(settings, "base")
    await commands.upgrade(settings)
    assert await drift(url) == []
    for _ in EVERYTHING:
        await commands.downgrade(settings, "-1")
        assert await drift(url) == []


async def test_plain_alembic_makes_the_same(url: URL):
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=revisions.location().parent,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": plain(url)},
        check=False,
    )
    assert done.returncode == 0
    assert await drift(url) == []


FIELD = """
    INSERT INTO custom_field_definitions (key, label, kind, applies_to, is_mandatory, is_active,
        position, choices, version, created_at, updated_at, is_indexed)
    VALUES ('code', 'Code', 'text', '["client"]', false, true, 0, '[]', 1,
        CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, true)
"""


async def test_indexes_on_custom_fields_and_housekeeping_are_no_drift(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(url, FIELD)
    assert (await document(url, "reindex-custom-fields"))["indexes"]["built"]
    await execute(url, "ANALYZE", "VACUUM")
    assert await drift(url) == []
    assert await checking.check(settings_for(url), metadata) == []


@only_sqlite
async def test_a_table_written_down_in_another_style_is_no_drift(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(
        url,
        "DROP TABLE schema_version",
        'create table"schema_version"(/* one row */`id`integer  not null, [version] Integer Not '
        "Null -- counts\n, constraint pk_schema_version primary key ( id ))",
    )
    assert await drift(url) == []


@only_sqlite
async def test_a_copy_of_a_file_is_no_drift(url: URL, tmp_path: Path):
    await commands.upgrade(settings_for(url))
    copies = (tmp_path / "backup.db", tmp_path / "vacuumed.db")
    with (
        closing(sqlite3.connect(url.database or "")) as source,
        closing(sqlite3.connect(copies[0])) as target,
    ):
        source.backup(target)
        source.execute("VACUUM INTO ?", [str(copies[1])])
    for copy in copies:
        assert await drift(url.set(database=str(copy))) == []


@only_postgresql
async def test_what_has_been_dumped_and_restored_is_no_drift(url: URL):
    """Although the CHECKs of lists are written in another way from then on."""
    await commands.upgrade(settings_for(url))
    folder = await its_programs(url)
    dump = await asyncio.to_thread(run, folder / "pg_dump", "--no-owner", plain(url))
    name = f"{url.database}_restored"
    async with empty_database("postgresql", name, Path()) as restored:
        await asyncio.to_thread(run, folder / "psql", "--quiet", plain(restored), stdin=dump)
        assert await drift(restored) == []


def run(program: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own
        [program, *arguments], input=stdin, capture_output=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.stdout


async def its_programs(url: URL) -> Path:
    """Find the programs of the server's own release, which came with the one that tests start."""
    async with reading(url) as connection:
        number = await connection.scalar(text("SELECT current_setting('server_version_num')"))
    release = f"PG_MAJORVERSION_NUM {int(number or 0) // 10000}\n"
    package = programs().parent.parent
    found = [path for path in package.glob("*/include/pg_config.h") if release in path.read_text()]
    return found[0].parent.parent / "bin"


@only_postgresql
async def test_neither_owner_nor_schema_make_a_difference(url: URL):
    role = f"owner_{uuid4().hex[:8]}"
    await execute(
        url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'correct-horse'",
        f'CREATE SCHEMA "Our own" AUTHORIZATION {role}',
        f'ALTER ROLE {role} SET search_path = "Our own", public',
    )
    try:
        own = url.set(username=role, password="correct-horse")
        await commands.upgrade(settings_for(own))
        assert await drift(own) == []
        assert await checking.check(settings_for(own), metadata) == []
    finally:
        await execute(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@only_postgresql
async def test_where_all_names_are_quoted_nothing_is_different(url: URL):
    await execute(url, f"ALTER DATABASE {url.database} SET quote_all_identifiers = on")
    settings = settings_for(url)
    await commands.upgrade(settings)
    assert await drift(url) == []
    async with reading(url) as connection:
        assert await current_schema(connection) == "public"
    await stamping.stamp(settings, "head")
    await commands.downgrade(settings, "-1")
    await commands.upgrade(settings)


@only_postgresql
async def test_what_an_extension_brings_is_no_drift(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(
        url,
        "CREATE VIEW statistics AS SELECT 1",
        "ALTER EXTENSION plpgsql ADD VIEW statistics",
    )
    assert await drift(url) == []
