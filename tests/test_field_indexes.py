"""Indexes on custom fields come and go with what the definitions say."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, select, text

from apps import another_app
from callers import Callers
from elsewhere import left_behind
from given import Given
from terminal import On, typed
from test_cli import is_empty
from test_statements import count
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.indexes import LOCK
from timetracker_api.custom_fields.indexing import Outcome, keep, reconcile
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.session import Database
from timetracker_api.migrations.failures import LockBusy
from timetracker_api.migrations.lock import autocommitting, take_on_server

LONGEST = "\U0001f9ff" * 2000
CHOICES = {"choices": [{"value": "gold", "label": "Gold"}]}
ORDERED = sorted(name for name, kind in KINDS.items() if kind.form)

only_on_postgresql = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
async def no_index_left(database: Database) -> AsyncGenerator[None]:
    """Takes the indexes of a test away again."""
    yield
    async with database.engines.writing.begin() as connection:
        await connection.execute(delete(CustomFieldDefinition))
    await reconcile(database)
    assert await names(database) == set()


async def names(database: Database) -> set[str]:
    """Return what the database says that there is, statistics too."""
    async with database.engines.reading.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = "SELECT name FROM sqlite_master WHERE name GLOB 'ix_cf_*'"
        else:
            found = (
                "SELECT relname FROM pg_class WHERE starts_with(relname, 'ix_cf_') UNION ALL"
                " SELECT stxname FROM pg_statistic_ext WHERE starts_with(stxname, 'st_cf_')"
            )
        return set(await connection.scalars(text(found)))


async def tables(database: Database) -> list[str]:
    found = {name for name in await names(database) if name.startswith("ix_cf_")}
    return sorted(name.removeprefix("ix_cf_").rsplit("_", 2)[0] for name in found)


async def state(api: AsyncClient, field: dict[str, Any]) -> str:
    found = await api.get(f"/custom-field-definitions/{field['id']}")
    return found.json()["index_state"]


async def becomes(api: AsyncClient, field: dict[str, Any], wanted: str) -> None:
    """Wait until a field says this of its index."""
    async with asyncio.timeout(60):
        while await state(api, field) != wanted:
            pass


async def change(api: AsyncClient, field: dict[str, Any], **values: Any) -> dict[str, Any]:
    changed = await api.patch(f"/custom-field-definitions/{field['id']}", json=values)
    assert changed.is_success, changed.text
    return changed.json()


async def test_an_index_is_wanted_then_built_then_dropped(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier")
    assert field["index_state"] == "none"
    field = await change(api, field, is_indexed=True)
    assert field["index_state"] == "pending"
    outcome = await reconcile(database)
    assert len(outcome.built) == 1
    assert await reconcile(database) == Outcome(kept=outcome.built)
    listed = (await api.get("/custom-field-definitions")).json()["items"]
    assert [each["index_state"] for each in listed] == ["ready"]
    field = await change(api, field, is_indexed=False)
    assert field["index_state"] == "none"
    assert await reconcile(database) == Outcome(dropped=outcome.built)
    assert await names(database) == set()


@pytest.mark.parametrize("kind", ORDERED)
async def test_a_field_of_every_kind_that_has_an_order_can_be_indexed(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    choices = CHOICES if kind == "choice" else {}
    everywhere = ["client", "project", "task", "time_entry"]
    field = await given.a_field("field", kind, is_indexed=True, applies_to=everywhere, **choices)
    await reconcile(database)
    assert await state(api, field) == "ready"
    assert await tables(database) == ["clients", "projects", "tasks", "time_entries"]
    for number, odd in enumerate((LONGEST, 10**15, -0.5, True, "1", "--1.", [LONGEST], {"a": 1})):
        client = await given.a_client(f"Acme {number}")
        await left_behind(database, client, field=odd)


@pytest.mark.parametrize("kind", ["text", "long_text"])
async def test_the_longest_text_fits_into_an_index(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    await given.a_field("field", kind, is_indexed=True, max_length=2000)
    await reconcile(database)
    await given.a_client(custom_fields={"field": LONGEST})
    found = await api.get("/clients", params={"custom.field": LONGEST})
    assert found.json()["total"] == 1


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({"scale": 4}, ["clients"]),
        ({"applies_to": ["project"]}, ["projects"]),
        ({"applies_to": ["client", "task"]}, ["clients", "tasks"]),
        ({"is_active": False}, []),
    ],
    ids=str,
)
async def test_an_index_follows_its_definition(
    api: AsyncClient, given: Given, database: Database, values: dict[str, Any], left: list[str]
):
    field = await given.a_field("amount", "decimal", is_indexed=True)
    before = await reconcile(database)
    field = await change(api, field, **values)
    assert field["index_state"] == ("pending" if left else "none")
    after = await reconcile(database)
    assert await tables(database) == left
    assert set(after.built) == {name for name in await names(database) if name[:2] == "ix"} - {
        *before.built
    }
    assert await state(api, field) == ("ready" if left else "none")


async def test_an_index_goes_with_its_definition(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier", is_indexed=True)
    await reconcile(database)
    assert (await api.delete(f"/custom-field-definitions/{field['id']}")).status_code == 204
    assert len((await reconcile(database)).dropped) == 1
    assert await names(database) == set()


async def test_other_changes_keep_the_index(api: AsyncClient, given: Given, database: Database):
    field = await given.a_field("tier", is_indexed=True)
    built = (await reconcile(database)).built
    await change(api, field, label="Level", is_mandatory=True, max_length=10)
    assert await reconcile(database) == Outcome(kept=built)


async def test_the_state_takes_one_statement_more_for_the_whole_list_and_only_where_it_is_wanted(
    api: AsyncClient, given: Given, database: Database
):
    first = await given.a_field("a")
    few = await count(database, api, "GET", "/custom-field-definitions")
    await change(api, first, is_indexed=True)
    for key in ("b", "c"):
        await given.a_field(key, is_indexed=True, applies_to=["client", "task"])
    assert await count(database, api, "GET", "/custom-field-definitions") == few + 1


async def test_who_does_not_see_the_field_does_not_see_its_index(
    given: Given, callers: Callers, database: Database
):
    field = await given.a_field("margin", "decimal", is_indexed=True, read_roles=["manager"])
    await reconcile(database)
    member = await callers.a("member")
    assert (await member.get(f"/custom-field-definitions/{field['id']}")).status_code == 404
    assert (await member.get("/custom-field-definitions")).json()["items"] == []


async def test_two_at_once_do_not_get_into_each_others_way(
    api: AsyncClient, given: Given, database: Database
):
    fields = [await given.a_field(key, is_indexed=True) for key in ("a", "b", "c")]
    outcomes = await asyncio.gather(*(reconcile(database, lock_wait=60) for _ in range(2)))
    assert {len({*each.built, *each.kept}) for each in outcomes} == {3}
    assert {await state(api, field) for field in fields} == {"ready"}


async def test_the_service_builds_what_a_change_wants(
    api: AsyncClient, given: Given, database: Database
):
    keeping = asyncio.create_task(keep(database))
    field = await given.a_field("tier", is_indexed=True)
    await becomes(api, field, "ready")
    await change(api, field, is_indexed=False)
    async with asyncio.timeout(60):
        while await names(database):
            pass
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_the_command_builds_what_a_restore_has_lost(given: Given, database: Database, on: On):
    reindex = partial(on, "db", "reindex-custom-fields")
    assert (await reindex()).stdout == "no custom field is indexed\n"
    await given.a_field("tier", is_indexed=True)
    [name] = (await reconcile(database)).built
    async with database.engines.writing.begin() as connection:
        await connection.execute(text(f"DROP INDEX {name}"))
    built = await reindex()
    assert (built.exit_code, built.stdout, built.stderr) == (0, f"built {name}\n", "")
    told = json.loads((await reindex("--json")).stdout)
    assert told["indexes"] == {"built": [], "dropped": [], "kept": [name]}


async def test_the_command_does_nothing_to_a_database_that_is_not_migrated(folder: Path):
    ended = await typed("db", "reindex-custom-fields")
    assert ended.exit_code == 5
    [line] = ended.stderr.splitlines()
    assert "Run `timetracker-api db upgrade`" in line
    assert is_empty(folder)


@only_on_postgresql
@pytest.mark.parametrize("blocker", ["SELECT count(*) FROM clients", "DELETE FROM clients"])
async def test_records_are_written_while_an_index_is_built(
    api: AsyncClient, given: Given, database: Database, blocker: str
):
    field = await given.a_field("tier", is_indexed=True)
    await given.a_client("Before")
    async with database.engines.writing.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text(blocker))
        building = asyncio.create_task(reconcile(database))
        await becomes(api, field, "building")
        await given.a_client("Meanwhile", custom_fields={"tier": "gold"})
        assert await state(api, field) == "building"
        await connection.rollback()
    await building
    assert await state(api, field) == "ready"


@only_on_postgresql
async def test_an_index_that_was_interrupted_is_seen_and_built_anew(
    api: AsyncClient, given: Given, database: Database
):
    field = await given.a_field("tier", is_indexed=True)
    async with database.engines.writing.connect() as connection:
        await connection.execute(select(Client.id))
        building = asyncio.create_task(reconcile(database))
        await becomes(api, field, "building")
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        await becomes(api, field, "failed")
    outcome = await reconcile(database)
    assert (len(outcome.built), outcome.dropped) == (1, outcome.built)
    assert await state(api, field) == "ready"


@only_on_postgresql
async def test_whoever_comes_second_leaves_it_to_the_first(given: Given, database: Database):
    await given.a_field("tier", is_indexed=True)
    async with autocommitting(database.settings.url, "test") as connection:
        assert await take_on_server(connection, LOCK)
        with pytest.raises(LockBusy):
            await reconcile(database)
    assert len((await reconcile(database, lock_wait=60)).built) == 1


@only_on_postgresql
async def test_a_role_that_may_not_build_leaves_it_pending_and_says_so(
    api: AsyncClient,
    given: Given,
    database: Database,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    field = await given.a_field("tier", is_indexed=True)
    role = f"reader_{uuid4().hex[:8]}"
    async with autocommitting(database.settings.url, "test") as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        await connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
        url = database.settings.url.set(username=role).render_as_string(hide_password=False)
        async with another_app(database.settings, database_url=url) as (app, _):
            keeping = asyncio.create_task(keep(app.state.database))
            printed = said = ""
            async with asyncio.timeout(60):
                while "custom fields are not indexed" not in said:
                    await asyncio.sleep(0.05)
                    printed += capsys.readouterr().out
                    said = caplog.text or printed  # as another test has left the log configured
            assert await state(api, field) == "pending"
            keeping.cancel()
        await connection.execute(text(f"DROP OWNED BY {role}"))
        await connection.execute(text(f"DROP ROLE {role}"))
    [line] = [line for line in said.splitlines() if "not indexed" in line]
    assert "run `timetracker-api db reindex-custom-fields`" in line
    assert "must be owner of table clients" in line
