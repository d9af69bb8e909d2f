"""The revisions build what the models say, and nothing is lost on the way there or back."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import URL, Connection, NullPool, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from typer.testing import CliRunner, Result

from chains import FAMILY, Chain
from timetracker_api.cli import db
from timetracker_api.migrations import checking, commands, revisions
from timetracker_api.migrations.connections import migrating, migration_url, reading
from timetracker_api.migrations.driver_errors import explain
from timetracker_api.migrations.failures import (
    Failure,
    ForeignSchema,
    LockBusy,
    NotPermitted,
    Pending,
    RevisionFailed,
    SeveralHeads,
    UnknownRevision,
    Unreachable,
    Unverified,
)
from timetracker_api.migrations.lock import migration_lock
from timetracker_api.migrations.losses import forecast
from timetracker_api.models import metadata
from timetracker_api.settings import Settings, async_url

ROOT = Path(__file__).parent.parent
EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()][::-1]
HEAD = EVERYTHING[-1]

T = TypeVar("T")


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run something that wants an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from fresh(request.param, tmp_path)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    yield from fresh("sqlite", tmp_path)


@pytest.fixture
def postgresql_url(tmp_path: Path) -> Iterator[str]:
    yield from fresh("postgresql", tmp_path)


def fresh(dialect: str, folder: Path) -> Iterator[str]:
    """An empty database that nobody else uses."""
    if dialect == "sqlite":
        yield f"sqlite:///{folder / 'fresh.db'}"
        return
    name = f"migrations_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{uuid4().hex[:8]}"
    server = os.environ["TEST_POSTGRESQL_URL"]
    apart(execute(server, f"CREATE DATABASE {name}"))
    yield in_database(server, name)
    apart(execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


def in_database(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql", database=name)
    return url.render_as_string(hide_password=False)


async def execute(url: str, *statements: str) -> None:
    """Change a database behind the back of the migrations."""
    engine = create_async_engine(async_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()


async def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    async with reading(migration_url(configured(url))) as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def catalog(url: str) -> list[tuple[Any, ...]]:
    """Every table, index and version there is."""
    if url.startswith("sqlite"):
        found = await query(url, "SELECT type, name, sql FROM sqlite_master ORDER BY 2")
    else:
        found = await query(
            url,
            "SELECT relkind::text, relname, reltype FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace ORDER BY 2",
        )
    if any(row[1] == "alembic_version" for row in found):
        found += await query(url, "SELECT version_num FROM alembic_version ORDER BY 1")
    return found


def configured(url: str) -> Settings:
    return Settings(database_url=url, migration_database_url=None)


REBUILD = """
with op.batch_alter_table("parents") as batch:
    batch.alter_column("name", existing_type=sa.String, nullable=False)
"""


def plain_alembic(url: str, *arguments: str) -> subprocess.Popen[str]:
    """What somebody types in a checkout."""
    return started("-m", "alembic", *arguments, DATABASE_URL=url)


def started(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def typed(*arguments: str) -> Result:
    """What `timetracker-api db ...` answers."""
    return CliRunner().invoke(db.app, arguments)


# The chain we ship


async def test_upgrading_an_empty_database_gives_the_models(url: str):
    outcome = await commands.upgrade(configured(url))
    assert (outcome.before, outcome.after) == (None, HEAD)
    assert await checking.check(configured(url), metadata) == []


async def test_every_revision_can_be_undone_and_applied_again(url: str):
    settings = configured(url)
    for step in (await commands.upgrade(settings)).steps[::-1]:
        assert (await commands.downgrade(settings, "-1")).steps == (step,)
    async with reading(migration_url(settings)) as connection:
        left = await connection.run_sync(lambda c: c.dialect.get_table_names(c))
    assert left == ["alembic_version"]
    await commands.upgrade(settings)
    assert await checking.check(settings, metadata) == []


async def test_the_first_revision_starts_counting_definitions(url: str):
    await commands.upgrade(configured(url))
    assert await query(url, "SELECT id, version FROM schema_version") == [(1, 1)]


async def test_link_templates_of_one_name_are_told_apart(url: str):
    settings = configured(url)
    await commands.upgrade(settings, "0007_search_in_all_of_the_notes")
    template = (
        "INSERT INTO link_templates (id, field_key, name, url_template, applies_to, position,"
        " is_active, open_in_new_tab, version, created_at, updated_at) VALUES ({}, '{}', '{}',"
        " 'https://a.example/{{value}}', '[]', 0, true, true, 1, '2026-01-01', '2026-01-01')"
    )
    longest = "x" * 200
    names = ["Open", "Open", "Open", "Open 3", longest, longest]
    rows = [(id, "debtor", name) for id, name in enumerate(names, start=1)]
    await execute(url, *(template.format(*row) for row in (*rows, (7, "client.id", "Open"))))
    await commands.upgrade(settings)
    found = "SELECT id, name, version FROM link_templates ORDER BY id"
    told_apart = ["Open", "Open 2", "Open 3", "Open 3 4", longest, "x" * 180 + " 6", "Open"]
    changed = {2: 2, 3: 2, 4: 2, 6: 2}
    assert await query(url, found) == [
        (id, name, changed.get(id, 1)) for id, name in enumerate(told_apart, start=1)
    ]
    with pytest.raises(IntegrityError):
        await execute(url, template.format(8, "debtor", "Open"))
    await commands.downgrade(settings, "0007_search_in_all_of_the_notes")
    await execute(url, template.format(8, "debtor", "Open"))


def test_a_revision_is_called_what_its_file_is_called():
    scripts = list(revisions.scripts().walk_revisions())
    assert scripts
    for number, script in enumerate(reversed(scripts), start=1):
        assert Path(script.path).stem == script.revision
        assert len(script.revision) <= 32
        assert revisions.NUMBERED.fullmatch(script.revision)
        assert int(script.revision[:4]) == number


def test_the_whole_chain_can_be_written_as_sql_for_postgresql():
    for run, span in ((command.upgrade, "base:head"), (command.downgrade, f"{HEAD}:base")):
        config = revisions.configuration()
        config.output_buffer = buffer = io.StringIO()
        run(config, span, sql=True)
        assert "SET lock_timeout" in buffer.getvalue()


def test_plain_alembic_upgrades_as_we_do(url: str):
    process = plain_alembic(url, "upgrade", "head")
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert said.splitlines() == [f"applied {name}" for name in EVERYTHING]
    assert apart(checking.check(configured(url), metadata)) == []


def test_plain_alembic_goes_by_steps_and_compares(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", url)
    config = revisions.configuration()
    for run, arguments in (
        (command.upgrade, ["+1"]),
        (command.upgrade, ["head"]),
        (command.check, []),
        (command.downgrade, ["-1"]),
    ):
        threaded(run, config, *arguments)
    assert apart(commands.state(configured(url))).pending == (HEAD,)


def test_the_package_brings_its_scripts():
    assert {"env.py", "script.py.mako", "versions"} <= {
        path.name for path in revisions.location().iterdir()
    }


# New revisions


def test_what_is_generated_from_postgresql_works_on_both(
    postgresql_url: str, sqlite_url: str, chain: Chain, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    config = revisions.configuration(chain.folder)
    config.set_main_option("file_template", "%%(rev)s")
    threaded(
        command.revision, config, "Everything there is, and a name too long", autogenerate=True
    )
    assert [path.name for path in (chain.folder / "versions").glob("*.py")] == [
        "0001_everything_there_is_and_a_n.py"
    ]
    for url in (postgresql_url, sqlite_url):
        apart(commands.upgrade(configured(url), folder=chain.folder))
        assert apart(checking.check(configured(url), metadata, chain.folder)) == []


def test_nothing_is_generated_from_sqlite(
    sqlite_url: str, chain: Chain, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    config = revisions.configuration(chain.folder)
    with pytest.raises(Failure, match="SQLite does not show enough"):
        threaded(command.revision, config, "guesswork", autogenerate=True)
    assert list((chain.folder / "versions").glob("*.py")) == []


def threaded(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments, **options).result()


# Safety


async def test_a_failed_revision_leaves_no_trace(url: str, chain: Chain):
    first = chain.add(FAMILY)
    bad = chain.add('op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("nonsense")')
    for _ in range(2):
        with pytest.raises(RevisionFailed, match=f"{bad} failed and was rolled back"):
            await commands.upgrade(configured(url), folder=chain.folder)
        assert (await query(url, "SELECT version_num FROM alembic_version")) == [(first,)]
        assert "half" not in str(await catalog(url))


async def test_a_first_revision_that_fails_leaves_an_empty_database(url: str, chain: Chain):
    chain.add('op.create_table("half", sa.Column("id", sa.Integer))\nop.execute("nonsense")')
    with pytest.raises(RevisionFailed):
        await commands.upgrade(configured(url), folder=chain.folder)
    assert await catalog(url) == []


async def test_a_connection_that_was_used_before_is_refused(url: str):
    def misuse(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        command.upgrade(revisions.configuration(connection=connection), "head")

    async with migrating(migration_url(configured(url))) as connection:
        with pytest.raises(RevisionFailed, match="already in a transaction"):
            await connection.run_sync(misuse)
    assert await catalog(url) == []


async def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(url: str, chain: Chain):
    chain.add(FAMILY)
    chain.add(REBUILD)
    await commands.upgrade(configured(url), folder=chain.folder)
    assert await query(url, "SELECT id, parent_id FROM children ORDER BY 1") == [(1, 1), (2, 1)]


async def test_a_connection_that_enforces_foreign_keys_is_refused(sqlite_url: str):
    def enforce(connection: Connection) -> None:
        connection.connection.cursor().execute("PRAGMA foreign_keys=ON")
        command.upgrade(revisions.configuration(connection=connection), "head")

    async with migrating(migration_url(configured(sqlite_url))) as connection:
        with pytest.raises(RevisionFailed, match="foreign keys are enforced"):
            await connection.run_sync(enforce)


async def test_a_revision_that_leaves_rows_without_their_parent_is_refused(
    sqlite_url: str, chain: Chain
):
    chain.add(FAMILY)
    chain.add('op.execute("DELETE FROM parents")')
    with pytest.raises(RevisionFailed, match="after it 2 rows refer to nothing"):
        await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    assert await query(sqlite_url, "SELECT name FROM parents") == [("Ada",)]


INDEXES = """
op.execute("CREATE UNIQUE INDEX uq_lower ON parents (lower(name))")
op.execute("CREATE INDEX ix_down ON parents (name DESC)")
op.execute("CREATE TRIGGER watch AFTER DELETE ON parents BEGIN SELECT 1; END")
"""


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_a_rebuild_that_loses_an_index_is_refused(sqlite_url: str, chain: Chain):
    chain.add(FAMILY + INDEXES)
    chain.add(REBUILD)
    with pytest.raises(RevisionFailed, match="silently loses or changes uq_lower, ix_down, watch"):
        await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    assert "CREATE INDEX ix_down ON parents (name DESC)" in str(await catalog(sqlite_url))


async def test_our_rebuild_keeps_indexes_and_triggers(sqlite_url: str, chain: Chain):
    chain.add(FAMILY + INDEXES)
    chain.add(REBUILD.replace('op.batch_alter_table("parents")', 'rebuild("parents")'))
    await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    after = str(await catalog(sqlite_url))
    for kept in ("ON parents (lower(name))", "ON parents (name DESC)", "TRIGGER watch"):
        assert kept in after


COUNTING = """
op.create_table(
    "numbered", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String),
    sqlite_autoincrement=True,
)
op.execute("INSERT INTO numbered VALUES (7, 'x')")
op.execute("DELETE FROM numbered")
"""
REBUILD_NUMBERED = """
with op.batch_alter_table("numbered") as batch:
    batch.alter_column("name", existing_type=sa.String, nullable=False)
"""


async def test_our_rebuild_goes_on_counting(sqlite_url: str, chain: Chain):
    chain.add(COUNTING)
    chain.add(REBUILD_NUMBERED.replace("op.batch_alter_table(", "rebuild("))
    await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    await execute(sqlite_url, "INSERT INTO numbered (name) VALUES ('y')")
    assert await query(sqlite_url, "SELECT id FROM numbered") == [(8,)]


async def test_a_rebuild_that_would_give_numbers_again_is_refused(sqlite_url: str, chain: Chain):
    chain.add(COUNTING)
    chain.add(REBUILD_NUMBERED)
    with pytest.raises(RevisionFailed, match="sqlite_autoincrement of numbered"):
        await commands.upgrade(configured(sqlite_url), folder=chain.folder)


async def test_what_a_revision_names_may_go(sqlite_url: str, chain: Chain):
    chain.add(FAMILY + INDEXES)
    chain.add('op.drop_index("ix_down")\nop.rename_table("children", "kids")')
    chain.add('op.drop_table("kids")\nop.drop_table("parents")')
    await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    assert "ix_down" not in str(await catalog(sqlite_url))


async def test_an_index_is_created_online_and_is_valid(url: str, chain: Chain):
    chain.add(FAMILY)
    chain.add(
        'create_index_online("ix_name", "parents", ["name"])',
        'drop_index_online("ix_name", "parents")',
    )
    await commands.upgrade(configured(url), folder=chain.folder)
    assert "ix_name" in str(await catalog(url))
    await commands.downgrade(configured(url), "-1", folder=chain.folder)
    assert "ix_name" not in str(await catalog(url))


async def test_an_index_that_cannot_be_created_leaves_no_invalid_one(
    postgresql_url: str, chain: Chain
):
    first = chain.add(FAMILY)
    chain.add('create_index_online("uq_parent", "children", ["parent_id"], unique=True)')
    with pytest.raises(RevisionFailed, match="could not create unique index"):
        await commands.upgrade(configured(postgresql_url), folder=chain.folder)
    assert "uq_parent" not in str(await catalog(postgresql_url))
    assert (await commands.state(configured(postgresql_url), chain.folder)).current == first


async def test_an_invalid_index_of_an_interrupted_attempt_is_replaced(
    postgresql_url: str, chain: Chain
):
    first = chain.add(FAMILY)
    chain.add('create_index_online("uq_parent", "children", ["parent_id"], unique=True)')
    await commands.upgrade(configured(postgresql_url), first, folder=chain.folder)
    with pytest.raises(IntegrityError):
        await execute(
            postgresql_url, "CREATE UNIQUE INDEX CONCURRENTLY uq_parent ON children (parent_id)"
        )
    assert "uq_parent" in str(await catalog(postgresql_url))
    await execute(postgresql_url, "DELETE FROM children WHERE id = 2")
    await commands.upgrade(configured(postgresql_url), folder=chain.folder)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'uq_parent'::regclass"
    assert await query(postgresql_url, valid) == [(True,)]


async def test_an_upgrade_gives_way_to_the_service_and_comes_back(
    postgresql_url: str, chain: Chain
):
    first = chain.add(FAMILY)
    chain.add('op.add_column("parents", sa.Column("email", sa.String))')
    await commands.upgrade(configured(postgresql_url), first, folder=chain.folder)
    async with reading(migration_url(configured(postgresql_url))) as reader:
        await reader.execute(text("SELECT * FROM parents"))
        released: list[asyncio.Task[None]] = []

        def let_go(said: str) -> None:
            if "trying again" in said and not released:
                released.append(asyncio.create_task(reader.rollback()))

        settings = configured(postgresql_url)
        outcome = await commands.upgrade(settings, say=let_go, folder=chain.folder)
    assert released
    assert outcome.steps == ("0002_x",)


# One migrator at a time


def test_two_upgraders_do_the_work_once(url: str):
    arguments = ("-m", "timetracker_api", "db", "upgrade", "--json")
    both = [started(*arguments, DATABASE_URL=url) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    steps = sorted(json.loads(out)["revision"]["steps"] for out, _ in said)
    assert steps == [[], EVERYTHING]


async def test_who_does_not_get_the_lock_changes_nothing(url: str):
    async with migration_lock(migration_url(configured(url))):
        with pytest.raises(LockBusy):
            await commands.upgrade(configured(url), lock_wait=0)
    assert await catalog(url) == []


async def test_upgrades_of_two_databases_do_not_disturb_each_other(
    sqlite_url: str, postgresql_url: str
):
    urls = (sqlite_url, postgresql_url)
    await asyncio.gather(*(commands.upgrade(configured(url)) for url in urls))
    for url in urls:
        assert await checking.check(configured(url), metadata) == []


# Strange databases

VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"
AT_HEAD = f"INSERT INTO alembic_version VALUES ('{HEAD}')"  # noqa: S608 - it is our own
VERSIONED = (VERSION, AT_HEAD)
STRANGE = {
    "ahead": (VERSION, "INSERT INTO alembic_version VALUES ('9999_from_the_future')"),
    "unknown": (VERSION, "INSERT INTO alembic_version VALUES ('0000_never_was')"),
    "foreign": (VERSION, "INSERT INTO alembic_version VALUES ('171_merge_kanban')"),
    "unversioned": ("CREATE TABLE users (id INTEGER)", "INSERT INTO users VALUES (1)"),
    "stale": (VERSION, "CREATE TABLE users (id INTEGER)"),
    "two": (VERSION, AT_HEAD, "INSERT INTO alembic_version VALUES ('9999_other')"),
    "twice": (VERSION, AT_HEAD, AT_HEAD),
}
KINDS: dict[str, tuple[type[Failure], str]] = {
    "ahead": (UnknownRevision, "newer than this release"),
    "unknown": (UnknownRevision, "does not know"),
    "foreign": (ForeignSchema, "belongs to something else"),
    "unversioned": (ForeignSchema, "tables but no revision"),
    "stale": (ForeignSchema, "tables but no revision"),
    "two": (UnknownRevision, "newer than this release"),
    "twice": (SeveralHeads, "several revisions"),
}


@pytest.mark.parametrize("kind", STRANGE)
async def test_a_strange_database_is_refused_and_left_alone(url: str, kind: str):
    await execute(url, *STRANGE[kind])
    before = await catalog(url)
    failure, words = KINDS[kind]
    with pytest.raises(failure, match=words):
        await commands.upgrade(configured(url))
    with pytest.raises(failure, match=words):
        await commands.downgrade(configured(url), "base")
    assert isinstance((await commands.state(configured(url))).obstacle, failure)
    assert await catalog(url) == before


@pytest.mark.parametrize("options", [(), ("--purge",)])
def test_plain_alembic_notes_no_revision_that_the_tables_are_not_at(
    url: str, options: Sequence[str]
):
    apart(commands.upgrade(configured(url)))
    before = apart(catalog(url))
    process = plain_alembic(url, "stamp", EVERYTHING[0][:4], *options)
    out, _ = process.communicate()
    assert process.returncode != 0
    assert f"the database is not at {EVERYTHING[0]}" in out
    assert apart(catalog(url)) == before
    process = plain_alembic(url, "stamp", "head", *options)
    _, said = process.communicate()
    assert process.returncode == 0, said


@pytest.mark.parametrize("run", [command.upgrade, command.downgrade, command.stamp])
@pytest.mark.parametrize("kind", ["ahead", "unversioned", "twice"])
def test_plain_alembic_refuses_a_strange_database_too(
    url: str, kind: str, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", url)
    apart(execute(url, *STRANGE[kind]))
    before = apart(catalog(url))
    with pytest.raises(KINDS[kind][0]):
        threaded(run, revisions.configuration(), HEAD)
    assert apart(catalog(url)) == before


async def test_revisions_with_two_heads_are_refused(url: str, chain: Chain):
    chain.add("pass")
    chain.add("pass")
    chain.add("pass", after="0001_x")
    with pytest.raises(SeveralHeads, match="0002_x, 0003_x"):
        await commands.upgrade(configured(url), folder=chain.folder)
    assert await catalog(url) == []


async def test_what_belongs_to_an_extension_is_not_somebody_elses_schema(postgresql_url: str):
    await execute(
        postgresql_url,
        "CREATE VIEW statistics AS SELECT 1",
        "ALTER EXTENSION plpgsql ADD VIEW statistics",
    )
    assert (await commands.upgrade(configured(postgresql_url))).after == HEAD


# State


async def test_the_state_of_a_database_can_be_asked_on_any_connection(url: str):
    async with reading(migration_url(configured(url))) as connection:
        before = await revisions.database_state(connection)
    assert before.current is None
    assert before.pending[-1] == before.head == HEAD
    assert isinstance(before.obstacle, Pending)
    await commands.upgrade(configured(url))
    async with reading(migration_url(configured(url))) as connection:
        after = await revisions.database_state(connection)
    assert (after.current, after.pending, after.obstacle) == (HEAD, (), None)


def test_looking_at_an_sqlite_file_does_not_create_it(sqlite_url: str, tmp_path: Path):
    assert apart(commands.state(configured(sqlite_url))).current is None
    assert list(tmp_path.iterdir()) == []


async def test_an_upgrade_that_ended_up_elsewhere_is_noticed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = migration_url(configured(f"sqlite:///{tmp_path / 'elsewhere.db'}"))

    def misled(_: URL) -> AbstractAsyncContextManager[AsyncConnection]:
        return reading(elsewhere)

    monkeypatch.setattr(commands, "reading", misled)
    with pytest.raises(Unverified, match="no revision"):
        await commands.upgrade(configured(url))


async def test_differences_are_told_in_words(url: str):
    await commands.upgrade(configured(url))
    await execute(
        url,
        "DROP INDEX ix_tokens_user_id",
        "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY)",
        "ALTER TABLE users ADD COLUMN nickname VARCHAR",
        "ALTER TABLE users DROP COLUMN email",
    )
    assert set(await checking.check(configured(url), metadata)) == {
        "index ix_tokens_user_id of tokens: missing in the database",
        "table notes: in the database only",
        "column users.nickname: in the database only",
        "column users.email: missing in the database",
    }


async def test_changed_columns_and_rules_are_told_in_words(postgresql_url: str):
    await commands.upgrade(configured(postgresql_url))
    await execute(
        postgresql_url,
        "ALTER TABLE users ALTER COLUMN username DROP NOT NULL",
        "ALTER TABLE users ALTER COLUMN email TYPE INTEGER USING 0",
        "ALTER TABLE clients ALTER COLUMN custom_fields DROP DEFAULT",
        "ALTER TABLE users DROP CONSTRAINT ck_users_role",
        "ALTER TABLE tokens DROP CONSTRAINT fk_tokens_user_id",
    )
    assert set(await checking.check(configured(postgresql_url), metadata)) == {
        "column users.username: nullable is True in the database, False in the models",
        "column users.email: type is INTEGER in the database, VARCHAR in the models",
        "column clients.custom_fields: default is nothing in the database, '{}' in the models",
        "constraint ck_users_role of users: missing in the database",
        "foreign key fk_tokens_user_id of tokens: missing in the database",
    }


async def test_indexes_on_custom_fields_are_nobodys_difference(url: str):
    await commands.upgrade(configured(url))
    value = "json_extract(custom_fields, '$.a')" if "sqlite" in url else "(custom_fields ->> 'a')"
    index = f"CREATE INDEX ix_cf_clients_1_00000000 ON clients ({value}, id)"
    statistics = f"CREATE STATISTICS st_cf_clients_1_00000000 ON {value} FROM clients"
    await execute(url, index, *([] if "sqlite" in url else [statistics]))
    assert await checking.check(configured(url), metadata) == []
    await commands.downgrade(configured(url), "base")
    await commands.upgrade(configured(url))


async def test_a_rebuild_may_lose_an_index_on_a_custom_field(sqlite_url: str, chain: Chain):
    index = "CREATE INDEX ix_cf_parents_1_00000000 ON parents (lower(name))"
    chain.add(f'{FAMILY}\nop.execute("{index}")')
    chain.add(REBUILD)
    await commands.upgrade(configured(sqlite_url), folder=chain.folder)
    assert not await query(sqlite_url, "SELECT 1 FROM sqlite_master WHERE name LIKE 'ix_cf%'")


# What a downgrade deletes


async def test_losses_are_counted_before_anything_is_deleted(url: str, chain: Chain):
    chain.add(FAMILY, 'op.drop_table("children")\nop.drop_table("parents")')
    chain.add(
        'op.add_column("parents", sa.Column("email", sa.String))',
        'op.drop_column("parents", "email")',
    )
    settings = configured(url)
    await commands.upgrade(settings, folder=chain.folder)
    await execute(url, "INSERT INTO parents VALUES (2, 'Bob', 'bob@example.com')")
    found = await forecast(settings, "base", chain.folder)
    assert found.steps == ("0002_x", "0001_x")
    assert [str(loss) for loss in found.losses] == [
        "column parents.email with 1 value",
        "table children with 2 rows",
        "table parents with 2 rows",
    ]
    assert (await forecast(settings, "0002_x", chain.folder)).steps == ()


async def test_a_downgrade_does_not_go_up(url: str, chain: Chain):
    first, second = chain.add("pass"), chain.add("pass")
    await commands.upgrade(configured(url), first, folder=chain.folder)
    with pytest.raises(UnknownRevision, match="ahead of the database"):
        await commands.downgrade(configured(url), second, folder=chain.folder)


# The command line


def test_the_commands_tell_where_the_database_is(url: str):
    def said(*arguments: str) -> str:
        result = typed(*arguments, "--database-url", url)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    assert said("current") == f"no revision, {len(EVERYTHING)} pending\n"
    assert said("upgrade") == f"now at {HEAD} (head)\n"
    assert said("upgrade") == f"nothing to do: already at {HEAD} (head)\n"
    assert said("current", "--check-heads") == f"{HEAD} (head)\n"
    assert said("heads") == f"{HEAD}\n"
    assert said("check") == "the database is what the models say\n"
    assert said("history").startswith(f"{HEAD}  ")
    assert "(current)" in said("history")


def test_a_downgrade_wants_a_yes(url: str):
    typed("upgrade", "--database-url", url)
    before = apart(catalog(url))
    refused = typed("downgrade", "base", "--database-url", url)
    assert refused.exit_code == 12
    assert "deletes table users with 0 rows" in refused.stdout
    assert "--yes" in refused.stderr
    assert apart(catalog(url)) == before
    assert typed("downgrade", "-1", "--database-url", url).exit_code == 12
    nothing = typed("downgrade", HEAD, "--database-url", url)
    assert nothing.stdout == f"nothing to do: already at {HEAD} (head)\n"
    assert typed("downgrade", "base", "--yes", "--database-url", url).exit_code == 0
    assert apart(commands.state(configured(url))).current is None


def document(*arguments: str) -> dict[str, Any]:
    """The one line on standard output, which has to agree with the exit code."""
    result = typed(*arguments, "--json")
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert found["command"] == arguments[0]
    assert found["exit_code"] == result.exit_code
    assert found["ok"] is (result.exit_code == 0)
    assert found["ok"] is ("error" not in found)
    return found


def test_every_command_can_answer_in_json(url: str):
    at = ("--database-url", url)
    assert document("current", *at)["revision"]["pending"] == EVERYTHING
    assert document("upgrade", *at)["revision"]["steps"] == EVERYTHING
    assert document("history", *at)["revisions"][0]["current"] is True
    assert document("heads", *at)["heads"] == [HEAD]
    assert document("check", *at)["differences"] == []
    refused = document("downgrade", "base", *at)
    assert {"table": "users", "column": None, "rows": 0} in refused["losses"]
    assert document("downgrade", "base", "--yes", *at)["revision"]["after"] is None
    assert document("current", *at)["database"]["dialect"] == url.split(":", maxsplit=1)[0]


CODES: list[tuple[str, Sequence[str], Sequence[str], int, str]] = [
    ("pending", (), ("current", "--check-heads"), 5, "pending"),
    ("pending", (), ("check",), 5, "pending"),
    ("ahead", STRANGE["ahead"], ("upgrade",), 8, "unknown_revision"),
    ("ahead", STRANGE["ahead"], ("current", "--check-heads"), 8, "unknown_revision"),
    ("ahead", STRANGE["ahead"], ("check",), 8, "unknown_revision"),
    ("unversioned", STRANGE["unversioned"], ("upgrade",), 9, "foreign_schema"),
    ("unversioned", STRANGE["unversioned"], ("downgrade", "base", "--yes"), 9, "foreign_schema"),
    ("twice", STRANGE["twice"], ("upgrade",), 7, "several_heads"),
    ("unknown target", (), ("upgrade", "0000_no_such"), 8, "unknown_revision"),
    ("too far", (), ("upgrade", "+99"), 8, "unknown_revision"),
    ("too far", VERSIONED, ("downgrade", "-99", "--yes"), 8, "unknown_revision"),
]


@pytest.mark.parametrize(
    ("statements", "arguments", "exit_code", "code"),
    [pytest.param(*case[1:], id=f"{case[0]}-{case[2][0]}") for case in CODES],
)
def test_an_exit_code_says_what_is_wrong(
    url: str, statements: Sequence[str], arguments: Sequence[str], exit_code: int, code: str
):
    apart(execute(url, *statements))
    found = document(*arguments, "--database-url", url)
    assert found["exit_code"] == exit_code
    assert found["error"]["code"] == code
    assert found["error"]["message"]
    assert found["error"]["way_out"]


def test_drift_has_an_exit_code(url: str):
    typed("upgrade", "--database-url", url)
    apart(execute(url, "DROP INDEX ix_tokens_user_id"))
    found = document("check", "--database-url", url)
    assert found["exit_code"] == 6
    assert "index ix_tokens_user_id of tokens: missing in the database" in found["differences"]


def test_a_busy_lock_has_an_exit_code(url: str):
    async def hold() -> dict[str, Any]:
        async with migration_lock(migration_url(configured(url))):
            return await asyncio.to_thread(
                document, "upgrade", "--database-url", url, "--lock-wait", "0"
            )

    assert apart(hold())["exit_code"] == 10


def test_a_failed_revision_has_an_exit_code(
    url: str, chain: Chain, monkeypatch: pytest.MonkeyPatch
):
    chain.add('op.execute("nonsense")')
    monkeypatch.setattr(revisions, "location", lambda: chain.folder)
    revisions.scripts.cache_clear()
    try:
        found = document("upgrade", "--database-url", url)
    finally:
        revisions.scripts.cache_clear()
    assert found["exit_code"] == 14
    assert "0001_x failed and was rolled back" in found["error"]["message"]


def test_a_bug_of_ours_is_still_a_document(url: str, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "state", broken)
    assert document("current", "--database-url", url)["exit_code"] == 1
    result = typed("current", "--database-url", url)
    assert isinstance(result.exception, ZeroDivisionError)


SECRET = "correct-horse"
UNREACHABLE = [
    f"postgresql://ada:{SECRET}@127.0.0.1:1/timetracker",
    f"postgresql://ada:{SECRET}@nowhere.invalid/timetracker",
    f"postgresql:///timetracker?user=ada&password={SECRET}&host=127.0.0.1&port=1",
    f"postgresql://ada:{SECRET}@/timetracker?host=/nowhere",
    f"postgresql://ada:{SECRET}@127.0.0.1:1/timetracker?sslmode=require",
    "sqlite:////nowhere/timetracker.db",
]
SENSELESS = [
    f"mysql://ada:{SECRET}@127.0.0.1/timetracker",
    f"postgresql://ada:{SECRET}/timetracker",
    f"postgresql://ada:{SECRET}@127.0.0.1",
    SECRET,
    "",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:///file:time?mode=memory&uri=true",
    "sqlite:///time.db?mode=ro",
    f"postgresql://ada:{SECRET}@127.0.0.1:99999/timetracker",
    f"postgresql://ada:{SECRET}@127.0.0.1/timetracker?sslmode=yes",
    f"postgresql://ada:{SECRET}@127.0.0.1/timetracker?sslmode=require&channel_binding=require",
]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_what_cannot_be_reached_is_one_line_without_the_password(url: str):
    result = typed("upgrade", "--database-url", url)
    assert result.exit_code == 3
    assert_one_line(result)


def test_a_file_that_is_not_a_database_is_one_line(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("Dear Ada, " * 100)
    result = typed("upgrade", "--database-url", f"sqlite:///{tmp_path / 'letter.txt'}")
    assert result.exit_code == 3
    assert_one_line(result)


@pytest.mark.parametrize("name", ["nobody", "nowhere"])
def test_a_wrong_user_or_database_is_one_line(name: str):
    server = make_url(os.environ["TEST_POSTGRESQL_URL"]).set(drivername="postgresql")
    server = server.set(password=SECRET)
    url = server.set(username=name) if name == "nobody" else server.set(database=name)
    result = typed("upgrade", "--database-url", url.render_as_string(hide_password=False))
    assert result.exit_code == 3
    assert_one_line(result)


@pytest.mark.parametrize("url", SENSELESS)
def test_a_url_that_makes_no_sense_is_one_line_without_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    result = typed("upgrade", "--database-url", url)
    assert result.exit_code == 2
    assert_one_line(result)
    monkeypatch.setenv("TIMETRACKER_MIGRATION_DATABASE_URL", url)
    result = typed("upgrade")
    assert result.exit_code == 2
    assert_one_line(result)
    assert "TIMETRACKER_MIGRATION_DATABASE_URL" in result.stderr


def assert_one_line(result: Result) -> None:
    assert not result.stdout
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert SECRET not in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_setting_that_makes_no_sense_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIMETRACKER_PORT", "eighty")
    result = typed("heads")
    assert result.exit_code == 2
    assert_one_line(result)
    assert "TIMETRACKER_PORT" in result.stderr


def test_plain_alembic_complains_in_one_line_as_well():
    for url in (UNREACHABLE[0], SENSELESS[1]):
        process = plain_alembic(url, "upgrade", "head")
        out, err = process.communicate()
        assert process.returncode != 0
        assert SECRET not in out + err
        assert "Traceback" not in err
        assert len(out.splitlines()) == len(err.splitlines()) == 1


def test_a_folder_is_no_database(tmp_path: Path):
    for _ in range(5):
        result = typed("current", "--database-url", f"sqlite:///{tmp_path}")
        assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
        assert "that is a folder" in result.stderr


@pytest.mark.parametrize(
    ("setting", "way_out"),
    [
        ("default_transaction_read_only = on", "Name the server that takes writes"),
        ("search_path = nowhere", "Create the schema that search_path names"),
    ],
)
def test_a_session_that_may_change_nothing_is_told_so(
    postgresql_url: str, setting: str, way_out: str
):
    name = make_url(postgresql_url).database
    apart(execute(postgresql_url, f"ALTER DATABASE {name} SET {setting}"))
    result = typed("upgrade", "--database-url", postgresql_url)
    assert (result.exit_code, len(result.stderr.splitlines())) == (4, 1), result.stderr
    assert way_out in result.stderr


@pytest.mark.parametrize(
    ("said", "failure", "sentence"),
    [
        ("database or disk is full", Unreachable, "the disk is full"),
        ("unable to open database file", NotPermitted, "no right to open the file"),
    ],
)
def test_what_sqlite_cannot_do_is_told_in_words(
    tmp_path: Path, said: str, failure: type[Failure], sentence: str
):
    url = make_url(f"sqlite:///{tmp_path}/time.db")
    found = explain(OperationalError("SELECT 1", {}, Exception(said)), url)
    assert isinstance(found, failure)
    assert sentence in found.problem


def test_a_role_that_may_not_create_tables_is_told_so(postgresql_url: str):
    role = f"reader_{uuid4().hex[:8]}"
    apart(execute(postgresql_url, f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'"))
    try:
        url = make_url(postgresql_url).set(username=role, password=SECRET)
        result = typed("upgrade", "--database-url", url.render_as_string(hide_password=False))
        assert result.exit_code == 4
        assert_one_line(result)
    finally:
        apart(execute(postgresql_url, f"DROP ROLE {role}"))


@pytest.fixture
def reader(postgresql_url: str) -> Iterator[str]:
    """The name of somebody who may look at a database at the head, and no more."""
    name = f"reader_{uuid4().hex[:8]}"
    apart(commands.upgrade(configured(postgresql_url)))
    apart(
        execute(
            postgresql_url,
            f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
        )
    )
    yield name
    apart(execute(postgresql_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}"))


@pytest.mark.parametrize(
    ("statement", "command", "right"),
    [
        ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "current", "CONNECT on the database"),
        ("REVOKE SELECT ON alembic_version FROM {role}", "current", "SELECT on the table"),
        ("REVOKE SELECT ON users FROM {role}", "backup", "SELECT on the table"),
        ("GRANT CREATE ON SCHEMA public TO {role}", "restore", "CREATE on the database"),
    ],
)
def test_the_right_that_is_missing_is_named(  # noqa: PLR0913, PLR0917 - a case is three of them
    postgresql_url: str, reader: str, tmp_path: Path, statement: str, command: str, right: str
):
    url = make_url(postgresql_url)
    backup = str(tmp_path / "backup.ttb")
    options = {"backup": ["--format", "portable", backup], "restore": [backup, "--yes"]}
    if command == "restore":
        typed("backup", *options["backup"], "--database-url", postgresql_url)
        apart(commands.downgrade(configured(postgresql_url), "base"))
    apart(execute(postgresql_url, statement.format(database=url.database, role=reader)))
    as_reader = url.set(username=reader, password=SECRET).render_as_string(hide_password=False)
    result = typed(command, *options.get(command, []), "--database-url", as_reader)
    assert result.exit_code == 4
    assert_one_line(result)
    assert f"Grant the role {right}." in result.stderr


def test_migrations_have_their_own_url_where_the_service_uses_a_pooler(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", UNREACHABLE[0])
    monkeypatch.setenv("TIMETRACKER_MIGRATION_DATABASE_URL", sqlite_url)
    assert typed("upgrade").exit_code == 0
    assert apart(commands.state(configured(sqlite_url))).obstacle is None
