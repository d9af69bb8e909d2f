"""What needs the server itself has it, or says that it does not."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import delete

from bouncer import Bouncer, bouncing
from given import Given
from servers import Server, run
from timetracker_api.custom_fields.indexing import reconcile
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.session import Database
from timetracker_api.migrations import revisions
from timetracker_api.migrations.direct import MARK, UNHURRIED
from timetracker_api.settings import Settings
from traffic import seen, traffic

pytestmark = pytest.mark.parametrize("settings", ["postgresql"], indirect=True, scope="session")

SETTINGS = ",".join(["lock_timeout", MARK, *UNHURRIED])

BEFORE = [script.revision for script in revisions.scripts().walk_revisions()][1]


async def test_the_database_is_migrated_past_the_pooler_while_traffic_goes_on_through_it(
    service: Server,
    pooled: AsyncClient,
    given: Given,
    variables: Mapping[str, str],
    tmp_path: Path,
):
    path = f"/clients/{(await given.a_client())['id']}"
    async with traffic(pooled, path) as statuses:
        await seen(statuses, 200)
        for command in (("downgrade", BEFORE, "--yes", "--no-backup"), ("upgrade", "--no-backup")):
            done = await asyncio.to_thread(run, tmp_path, "db", *command, **variables)
            assert done.exit_code == 0, done.stderr
        await seen(statuses, 200)
    assert statuses.keys() <= {200, 503}
    await asyncio.to_thread(service.wait_until)
    checked = await asyncio.to_thread(run, tmp_path, "db", "check", **variables)
    assert checked.exit_code == 0, checked.stderr


@pytest.fixture
async def no_index_left(database: Database) -> AsyncGenerator[None]:
    """Takes the indexes of a test away again."""
    yield
    async with database.engines.writing.begin() as connection:
        await connection.execute(delete(CustomFieldDefinition))
    await reconcile(database)


@pytest.mark.usefixtures("no_index_left")
async def test_indexes_are_built_past_the_pooler(
    running: Bouncer, pooled: AsyncClient, variables: Mapping[str, str], tmp_path: Path
):
    field = await Given(pooled).a_field("number", is_indexed=True)
    path = f"/custom-field-definitions/{field['id']}"
    while (await pooled.get(path)).json()["index_state"] != "ready":  # noqa: ASYNC110 - as it says
        await asyncio.sleep(0.05)
    await asyncio.to_thread(running.stop)
    done = await asyncio.to_thread(run, tmp_path, "db", "reindex-custom-fields", **variables)
    assert (done.exit_code, done.stdout.split()[0]) == (0, "kept"), done.stderr


async def test_other_commands_go_through_the_pooler(variables: Mapping[str, str], tmp_path: Path):
    done = await asyncio.to_thread(run, tmp_path, "users", "create", "ada", **variables)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("ignored", ["", SETTINGS])
async def test_whoever_takes_a_pooler_for_the_server_is_told_so(
    settings: Settings, tmp_path: Path, ignored: str
):
    with bouncing(settings.url, ignore_startup_parameters=ignored) as bouncer:
        url = bouncer.url(settings.url.database)
        for command in (
            ("serve", "--port", "0"),
            ("users", "create", "ada"),
            ("db", "upgrade"),
            ("db", "current"),
            ("db", "backup", str(tmp_path)),
            ("db", "reindex-custom-fields"),
        ):
            done = await asyncio.to_thread(run, tmp_path, *command, TIMETRACKER_DATABASE_URL=url)
            assert done.exit_code == 2, (command, done)
            [line] = done.stderr.splitlines()
            assert "TIMETRACKER_DATABASE_POOLER" in line
