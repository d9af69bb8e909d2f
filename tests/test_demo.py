"""The company of ``timetracker-api demo`` is one that the API would have let people build."""

from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callers import Callers
from conftest import WORKER, empty_database, settings_for
from given import Given
from people import signed_in, try_to_sign_in
from servers import run
from timetracker_api import clock
from timetracker_api.app import create_app
from timetracker_api.db.session import Database
from timetracker_api.demo.loading import Loaded, effort, load
from timetracker_api.demo.scale import Scale
from timetracker_api.events.models import Event
from timetracker_api.migrations import commands
from timetracker_api.models import metadata
from timetracker_api.problems import Conflict
from timetracker_api.settings import Settings

SMALL = Scale(clients=5, entries=300, seed=1)
NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
"""A Wednesday."""


TABLES = (
    *("users", "clients", "projects", "tasks", "time_entries", "custom_field_definitions"),
    *("invoices", "invoice_lines", "payments"),
)
IDS = {"id", "client_id", "project_id", "task_id", "user_id", "assignee_id", "invoice_id"}
"""What differs between two databases that hold the same."""
MADE_ANEW = {"password_hash", "created_at", "updated_at", "version", "custom_fields"}
"""The same for values in which the password, the time of loading, or such a number stands."""


class Undone(Exception):
    """Ends a transaction without a trace."""


@pytest.fixture(scope="module")
def stopped_clock() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        yield


@dataclass
class Company:
    """A service that has nothing in it but the company."""

    app: FastAPI
    database: Database
    loaded: Loaded


@pytest.fixture(scope="module")
async def company(
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
    stopped_clock: None,  # noqa: ARG001 - fixtures cannot use others without taking them
) -> AsyncGenerator[Company]:
    backend, folder = settings.url.get_backend_name(), tmp_path_factory.mktemp("demo")
    async with empty_database(backend, f"demo_{WORKER}", folder) as url:
        ours = settings_for(url)
        await commands.upgrade(ours)
        app = create_app(ours)
        database: Database = app.state.database
        async with database.write() as session:
            loaded = await load(session, SMALL)
        yield Company(app, database, loaded)
        await database.dispose()


@pytest.fixture
async def visitor(company: Company) -> AsyncGenerator[AsyncClient]:
    """An administrator of the company."""
    callers = Callers(company.app, company.database)
    yield await signed_in(callers, "admin", company.loaded.password)
    await callers.leave()


async def rows(database: Database, name: str) -> list[dict[str, Any]]:
    """Return all rows of a table in the order they were written."""
    table = metadata.tables[name]
    async with database.read() as session:
        found = await session.execute(select(table).order_by(table.c.id))
        return [dict(row) for row in found.mappings()]


async def test_it_has_as_much_of_everything_as_was_asked_for(
    company: Company, visitor: AsyncClient
):
    loaded, database = company.loaded, company.database
    assert len(await rows(database, "clients")) == loaded.clients == SMALL.clients
    assert len(await rows(database, "projects")) == loaded.projects
    assert len(await rows(database, "tasks")) == loaded.tasks
    assert len(await rows(database, "time_entries")) == loaded.entries == SMALL.entries
    total = (await visitor.get("/time-entries?include=total&limit=1")).json()["total"]
    assert total == SMALL.entries


async def test_everything_in_it_can_be_shown_and_saved_again(visitor: AsyncClient):
    for path in ("/clients", "/projects", "/tasks"):
        for query in ("", "&archived=true")[: 1 if path == "/tasks" else 2]:
            listed = (await visitor.get(f"{path}?limit=200{query}")).json()["items"]
            assert listed, path
            for each in listed[::4]:
                saved = await visitor.patch(
                    f"{path}/{each['id']}", json={"custom_fields": each["custom_fields"]}
                )
                assert saved.status_code == 200, saved.text
    unbilled = await visitor.get("/time-entries?limit=200&running=false&invoiced=false")
    listed = unbilled.json()["items"]
    for each in listed[::20]:
        given = {name: each[name] for name in ("custom_fields", "tags", "notes", "started_at")}
        saved = await visitor.patch(f"/time-entries/{each['id']}", json=given)
        assert saved.status_code == 200, saved.text
        told = {"updated_at", "warnings"}
        assert {k: v for k, v in saved.json().items() if k not in told} == {
            k: v for k, v in each.items() if k not in told
        }


async def test_entries_are_what_the_api_would_have_recorded(company: Company, visitor: AsyncClient):
    listed = await visitor.get("/time-entries?limit=200&running=false&complete=true")
    closed = {
        each["id"] for each in await rows(company.database, "projects") if each["archived_at"]
    }
    gone = {each["id"] for each in await rows(company.database, "users") if each["archived_at"]}
    entries: list[dict[str, Any]] = [
        entry
        for entry in listed.json()["items"]
        if entry["user"]["id"] not in gone
        and not (entry["project"] and entry["project"]["id"] in closed)
    ]
    assert len(entries) > 100
    kept = ("duration_seconds", "rate", "local_date", "time_zone", "complete", "custom_fields")
    for entry in entries[::10]:
        body = {
            "user_id": entry["user"]["id"],
            "client_id": entry["client"]["id"],
            "project_id": entry["project"] and entry["project"]["id"],
            "task_id": entry["task"] and entry["task"]["id"],
            "started_at": entry["started_at"],
            "ended_at": entry["ended_at"],
            "custom_fields": entry["custom_fields"],
        }
        created = await visitor.post("/time-entries", json=body)
        assert created.status_code == 201, created.text
        again = created.json()
        assert {name: again[name] for name in kept} == {name: entry[name] for name in kept}
        assert (await visitor.delete(f"/time-entries/{again['id']}")).status_code == 204


async def test_nobody_is_in_two_places_at_once_or_in_the_future(company: Company):
    last: dict[int, datetime] = {}
    running: list[dict[str, Any]] = []
    for entry in await rows(company.database, "time_entries"):
        started_at, ended_at = entry["started_at"], entry["ended_at"]
        assert started_at <= NOW
        if ended_at is None:
            running.append(entry)
            continue
        assert last.get(entry["user_id"], started_at) <= started_at
        assert started_at < ended_at <= NOW
        assert started_at.astimezone(ZoneInfo(entry["time_zone"])).date() == entry["local_date"]
        last[entry["user_id"]] = ended_at
    assert len(running) == 1
    assert last[running[0]["user_id"]] <= running[0]["started_at"]


async def test_no_time_is_recorded_on_what_was_put_away(company: Company):
    database = company.database
    entries = await rows(database, "time_entries")
    for table, column in (("clients", "client_id"), ("projects", "project_id")):
        put_away = {row["id"]: row["archived_at"] for row in await rows(database, table)}
        assert any(put_away.values())
        for entry in entries:
            archived_at = put_away.get(entry[column])
            assert archived_at is None or entry["started_at"] < archived_at


async def test_it_has_something_of_everything(company: Company):
    database = company.database
    assert len({each.time_zone for each in company.loaded.people}) > 4
    assert {each["status"] for each in await rows(database, "tasks")} == {
        "todo", "in_progress", "review", "done", "cancelled",
    }  # fmt: skip
    entries = await rows(database, "time_entries")
    assert {each["rate_source"] for each in entries} >= {"project", "client", "user"}
    assert {each["source"] for each in entries} == {"manual", "timer", "api"}
    assert {each["complete"] for each in entries} == {True, False}
    assert any(each["tags"] for each in entries)
    assert any(each["project_id"] is None for each in entries)
    definitions = await rows(database, "custom_field_definitions")
    assert {each["is_mandatory"] for each in definitions} == {True, False}
    assert {each["is_active"] for each in definitions} == {True, False}
    assert any(len(each["applies_to"]) > 1 for each in definitions)


async def test_last_week_is_billed_and_paid_in_every_way(visitor: AsyncClient):
    listed = (await visitor.get("/invoices?sort=created_at")).json()["items"]
    statuses = [each["status"] for each in listed]
    assert statuses == ["draft", "issued", "partly_paid", "paid", "paid"]
    assert [each["number"] for each in listed[1:]] == [f"INV-2026-000{n}" for n in range(1, 5)]
    assert listed[-1]["outstanding"].startswith("-")
    billed = (await visitor.get("/time-entries?invoiced=true")).json()["items"]
    assert {each["local_date"] for each in billed} <= {f"2026-11-{day}" for day in range(16, 23)}
    assert billed
    found = (await visitor.get(f"/invoices/{billed[0]['invoice']['id']}")).json()
    assert any(line["seconds"] for line in found["lines"])


async def test_people_sign_in_with_the_password_it_tells(company: Company):
    callers, loaded = Callers(company.app, company.database), company.loaded
    (admin,) = loaded.administrators
    assert admin.username == "admin"
    for person in (admin, *loaded.people):
        answer = await try_to_sign_in(callers, person.username, loaded.password)
        assert answer.status_code == (401 if person.archived_at else 201), person.username
    await callers.leave()


async def test_an_administrator_who_is_there_already_stays(api: AsyncClient, database: Database):
    me = (await api.get("/users/me")).json()["id"]
    async with database.write() as session:
        loaded = await load(session, Scale(clients=1, entries=0, seed=1))
        assert [each.id for each in loaded.administrators] == [me]
        assert loaded.administrators[0].password_hash is None
    usernames = {each["username"] for each in await rows(database, "users")}
    assert "admin" not in usernames


async def contents(session: AsyncSession) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that a seed decides."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name in TABLES:
        table = metadata.tables[name]
        kept = [each for each in table.c if each.name not in IDS | MADE_ANEW]
        answer = await session.execute(select(*kept).order_by(table.c.id))
        found[name] = [tuple(row) for row in answer]
    return found


async def made_up(database: Database, scale: Scale) -> dict[str, list[tuple[Any, ...]]]:
    """Load a company, look at it, and leave nothing behind."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with suppress(Undone):
        async with database.write() as session:
            await load(session, scale)
            found = await contents(session)
            raise Undone
    return found


async def test_a_seed_makes_the_same_company_every_time(company: Company, database: Database):
    async with company.database.read() as session:
        first = await contents(session)
    again = await made_up(database, SMALL)
    for name in TABLES:
        assert again[name] == first[name], name
    other = await made_up(database, Scale(clients=2, entries=30, seed=2))
    for name in ("clients", "projects", "time_entries"):
        assert other[name] != first[name], name


async def test_one_event_stands_for_all_entries(company: Company):
    async with company.database.read() as session:
        types = list(await session.scalars(select(Event.type).order_by(Event.id)))
        told = select(Event.changes).where(Event.type == "settings.demo_loaded")
        (changes,) = await session.scalars(told)
    assert types.count("client.created") == company.loaded.clients
    assert types.count("task.created") == company.loaded.tasks
    started = types[: types.index("settings.demo_loaded")].count("time_entry.created")
    assert started == 1  # the timer
    assert changes["time_entries"] == {"old": 0, "new": company.loaded.entries}


@pytest.mark.parametrize("entries", [0, 30])
async def test_it_says_how_far_it_is(database: Database, entries: int):
    scale, steps = Scale(clients=1, entries=entries, seed=3), list[int]()
    async with database.write() as session:
        await load(session, scale, steps.append)
    assert sum(steps) == effort(scale)
    assert len(steps) >= scale.clients
    assert len(await rows(database, "time_entries")) == entries


async def test_what_is_interrupted_leaves_nothing_behind(database: Database):
    def interrupt(_: int) -> None:
        raise Undone

    with pytest.raises(Undone):
        async with database.write() as session:
            await load(session, SMALL, interrupt)
    for name in (*TABLES, "events", "link_templates"):
        assert await rows(database, name) == [], name


async def test_where_there_are_clients_it_refuses(database: Database, given: Given):
    await given.a_client()
    with pytest.raises(Conflict, match="There are clients already"):
        async with database.write() as session:
            await load(session, SMALL)
    assert len(await rows(database, "clients")) == 1


def test_the_command_loads_into_the_embedded_database_once(tmp_path: Path):
    done = run(tmp_path, "demo", "--clients", "2", "--entries", "20")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Loaded 2 clients, ")
    assert " 20 time entries." in done.stdout
    assert "    password  " in done.stdout
    again = run(tmp_path, "demo")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.count("\n") == 1
    assert "clients already" in again.stderr


def test_the_command_says_who_has_another_password(tmp_path: Path):
    url = {"DATABASE_URL": "sqlite:///other.db"}
    assert run(tmp_path, "db", "upgrade", **url).exit_code == 0
    created = run(tmp_path, "users", "create", "boss", "--role", "admin", **url)
    assert created.exit_code == 0
    done = run(tmp_path, "demo", "--clients", "1", "--entries", "5", **url)
    boss, *others = [line for line in done.stdout.splitlines() if line.startswith("    ")]
    assert boss.split(maxsplit=2) == ["boss", "admin", "(was here before, with another password)"]
    assert "before" not in " ".join(others)


def test_the_command_refuses_a_named_database_that_is_not_migrated(tmp_path: Path):
    done = run(tmp_path, "demo", DATABASE_URL="sqlite:///other.db")
    assert done.exit_code != 0
    assert done.stdout == ""
    assert "timetracker-api db upgrade" in done.stderr
