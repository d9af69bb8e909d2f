import csv
import io
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncSession

from apps import another_app
from clusters import Cluster, a_cluster
from conftest import settings_for
from copies import refused
from downloads import downloading
from given import Given
from timetracker_api.db import replica as replicas
from timetracker_api.migrations import commands
from timetracker_api.settings import Settings, async_url
from timetracker_api.time_entries.exporting.table import Table

PATH = "/time-entries/export"
LONG = 10**6
NAME = "timetracker"


@pytest.fixture(scope="module")
def primary() -> Generator[Cluster]:
    with a_cluster() as cluster:
        cluster.execute(f"CREATE DATABASE {NAME}")
        yield cluster


@pytest.fixture(scope="module")
async def migrated(primary: Cluster) -> Settings:
    """The settings of a service without a replica."""
    settings = settings_for(async_url(primary.url(NAME)))
    await commands.upgrade(settings)
    return settings


@pytest.fixture(scope="module")
def followed(primary: Cluster, migrated: Settings) -> Generator[Cluster]:
    assert migrated
    with a_cluster(primary) as cluster:
        yield cluster


@pytest.fixture
def replica(followed: Cluster) -> Generator[Cluster]:
    """A replica that is up to date a moment later; at the end it runs and follows again."""
    yield followed
    if not (followed.folder / "data" / "postmaster.pid").exists():
        followed.start()
    followed.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, the replica is waited for."""
    monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 60)
    monkeypatch.setattr(replicas, "ANSWERING_SECONDS", 120)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why the replica was not good, as the log tells."""
    reasons: list[str] = []

    def warning(_event: str, *, reason: str, seconds: int) -> None:
        assert seconds
        reasons.append(reason)

    monkeypatch.setattr(replicas, "log", SimpleNamespace(warning=warning))
    return reasons


@asynccontextmanager
async def service(
    settings: Settings, replica: Cluster, database: str = NAME, lag: int = LONG
) -> AsyncGenerator[tuple[FastAPI, AsyncClient]]:
    """Give a service that knows the replica, and somebody who may do everything."""
    url = replica.url(database)
    others = {"database_replica_url": url, "replica_lag_seconds": lag}
    async with another_app(settings, **others) as (app, callers):
        yield app, await callers.a("admin", name="Ada", username=f"ada.{id(app)}")


async def noted(caller: AsyncClient, notes: str) -> dict[str, Any]:
    """Record an hour with these notes."""
    found = (await caller.get("/clients")).json()["items"]
    client = found[0] if found else await Given(caller).a_client()
    return await Given(caller).an_entry(client_id=client["id"], notes=notes)


async def exported(caller: AsyncClient, **query: str) -> list[dict[str, str]]:
    """Return the rows of an export."""
    answer = await caller.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def notes(caller: AsyncClient) -> set[str]:
    return {row["notes"] for row in await exported(caller)}


async def test_an_export_has_what_was_written_just_before(
    migrated: Settings, replica: Cluster, told: list[str]
):
    async with service(migrated, replica, lag=0) as (_, api):
        for number in range(5):
            await noted(api, f"just {number}")
            assert f"just {number}" in await notes(api)
    assert told == []


async def test_exports_are_read_from_the_replica(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    async with service(migrated, replica) as (_, api):
        await noted(api, "before the pause")
        assert "before the pause" in await notes(api)
        replica.execute("SELECT pg_wal_replay_pause()")
        monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 0)
        await noted(api, "in the pause")
        listed = (await api.get("/time-entries")).json()["items"]
        assert "in the pause" in {each["notes"] for each in listed}
        seen = await notes(api)
        assert "before the pause" in seen
        assert "in the pause" not in seen
        monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 60)
        replica.execute("SELECT pg_wal_replay_resume()")
        assert "in the pause" in await notes(api)
    assert told == []


async def test_a_replica_that_is_far_behind_is_not_read(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 0)
    async with service(migrated, replica, lag=0) as (_, api):
        replica.execute("SELECT pg_wal_replay_pause()")
        await noted(api, "too new")
        assert "too new" in await notes(api)
    [reason] = told
    assert reason.endswith("behind")


async def test_a_replica_with_other_definitions_is_not_read(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 0)
    async with service(migrated, replica) as (_, api):
        replica.execute("SELECT pg_wal_replay_pause()")
        field = await Given(api).a_field("word", applies_to=["time_entry"])
        entry = await noted(api, "with a word")
        path = f"/time-entries/{entry['id']}"
        await api.patch(path, json={"custom_fields": {"word": "hush"}})
        rows = {row["notes"]: row for row in await exported(api)}
        assert rows["with a word"]["custom.word"] == "hush"
        path = f"/custom-field-definitions/{field['id']}"
        assert (await api.patch(path, json={"is_active": False})).status_code == 200
    assert told == ["it is of another database, or has other definitions"]


async def test_a_replica_at_another_revision_is_not_read(
    migrated: Settings,
    primary: Cluster,
    replica: Cluster,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(replicas, "CATCHING_UP_SECONDS", 0)
    change = "UPDATE alembic_version SET version_num = {}"
    async with service(migrated, replica) as (_, api):
        replica.execute("SELECT pg_wal_replay_pause()")
        await noted(api, "at a revision")
        primary.execute(change.format("version_num || '_x'"), NAME)
        try:
            assert "at a revision" in await notes(api)
        finally:
            primary.execute(change.format("replace(version_num, '_x', '')"), NAME)
    assert told == ["it is of another database, or has other definitions"]


async def test_without_the_replica_the_database_is_read_and_the_log_says_so_once(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    async with service(migrated, replica) as (_, api):
        await noted(api, "without")
        assert "without" in await notes(api)
        replica.stop()
        for _ in range(3):
            assert "without" in await notes(api)
        assert len(told) == 1
        replica.start()
        monkeypatch.setattr(replicas, "monotonic", lambda: 1e12)  # much later
        assert "without" in await notes(api)
        assert len(told) == 1
        replica.stop()
        assert "without" in await notes(api)
        assert len(told) == 2


async def test_a_replica_that_was_promoted_is_not_read(
    migrated: Settings, primary: Cluster, told: list[str]
):
    with a_cluster(primary) as replica:
        async with service(migrated, replica) as (_, api):
            await noted(api, "before the promotion")
            assert "before the promotion" in await notes(api)
            replica.promote()
            replica.execute("DELETE FROM time_entries", NAME)
            await noted(api, "after the promotion")
            assert {"before the promotion", "after the promotion"} <= await notes(api)
    assert told == ["it is no replica any more: it has been promoted"]


async def test_another_database_is_not_read(
    migrated: Settings, primary: Cluster, replica: Cluster, told: list[str]
):
    primary.execute("CREATE DATABASE other")
    await commands.upgrade(settings_for(async_url(primary.url("other"))))
    async with service(migrated, replica, database="other") as (_, api):
        await noted(api, "not in the other")
        assert "not in the other" in await notes(api)
    assert len(told) == 1


async def test_what_the_replica_fails_to_begin_the_database_does(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    async with service(migrated, replica) as (_, api):
        await noted(api, "begun again")
        fail_on_the_replica(monkeypatch, at=1)
        assert "begun again" in await notes(api)
    assert told == ["QueryCanceled: conflict with recovery"]


async def test_what_the_replica_fails_to_finish_is_cut_off_and_the_next_is_whole(
    migrated: Settings, replica: Cluster, told: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("timetracker_api.time_entries.exporting.service.AT_ONCE", 1)
    async with service(migrated, replica) as (app, api):
        for number in range(3):
            await noted(api, f"whole {number}")
        fail_on_the_replica(monkeypatch, at=3)
        async with downloading(app, api, PATH) as download:
            assert await download.start() == 200
            with pytest.raises(ConnectionResetError):
                await download.rest()
        assert {"whole 0", "whole 1", "whole 2"} <= await notes(api)
    assert told == ["QueryCanceled: conflict with recovery"]


class QueryCanceled(Exception):
    pass


def fail_on_the_replica(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Have the replica cancel what it reads, as it does when it has to replay a conflict."""
    write = Table.written
    pieces = 0

    async def failing(self: Table, session: Any, rows: Any) -> bytes:
        nonlocal pieces
        pieces += await session.scalar(text("SELECT CAST(pg_is_in_recovery() AS INTEGER)"))
        if pieces == at:
            pieces += 1
            raise exc.OperationalError("SELECT", {}, QueryCanceled("conflict with recovery"))
        return await write(self, session, rows)

    monkeypatch.setattr(Table, "written", failing)


async def test_long_reads_cannot_write(migrated: Settings, replica: Cluster, told: list[str]):
    async def write(session: AsyncSession) -> AsyncGenerator[None]:
        yield await session.scalar(text("DELETE FROM idempotent_answers RETURNING 1"))

    async with service(migrated, replica) as (app, _):
        with pytest.raises(exc.DBAPIError, match="read-only transaction"):
            async for _ in app.state.database.long_read(write):
                pass
    assert len(told) == 1


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        (
            {"TIMETRACKER_DATABASE_REPLICA_URL": "postgresql://a@b/c"},
            "URL: only PostgreSQL has replicas, and the database is SQLite",
        ),
        (
            {"DATABASE_REPLICA_URL": "sqlite:///a.db", "DATABASE_URL": "postgresql://a@b/c"},
            "DATABASE_REPLICA_URL: a replica is a PostgreSQL database",
        ),
        (
            {"DATABASE_REPLICA_URL": "nonsense", "DATABASE_URL": "postgresql://a@b/c"},
            "DATABASE_REPLICA_URL: not a database URL; expected sqlite:///file.db or postgresql://",
        ),
        (
            {
                "TIMETRACKER_DATABASE_URL": "postgresql://a@b/c",
                "TIMETRACKER_DATABASE_REPLICA_URL": "postgresql://a@d/c",
                "TIMETRACKER_REPLICA_LAG_SECONDS": "-1",
            },
            "TIMETRACKER_REPLICA_LAG_SECONDS: Input should be greater than or equal to 0",
        ),
    ],
)
def test_a_replica_that_cannot_be_is_refused_in_one_line(
    variables: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("DATABASE_URL", "TIMETRACKER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert complaint in refused(2, "current")
