"""``GET /metrics``, as Prometheus meets it: in one process, and in several."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from anyio import to_thread
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from apps import another_app, logging_kept
from callers import Callers
from servers import STARTS_WITHIN, Server, serving
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings

METRICS = "http://test/metrics"

Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def figures(text: str) -> Figures:
    """Read the text format: what there is, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(found: Figures, name: str, **labels: str) -> float:
    """Return one of them; nothing that was counted is 0."""
    return found.get((name, frozenset(labels.items())), 0)


def labels(found: Figures, name: str, label: str) -> set[str]:
    """Return every value that a label has."""
    return {dict(each)[label] for called, each in found if called == name}


async def measured(api: AsyncClient) -> Figures:
    answer = await api.get(METRICS)
    assert answer.status_code == 200, answer.text
    return figures(answer.text)


def requests(found: Figures, route: str, method: str = "GET", status: int = 200) -> float:
    kind = {"route": route, "method": method, "status": str(status)}
    return figure(found, "timetracker_http_requests_total", **kind)


async def test_there_are_no_metrics_unless_the_settings_ask_for_them(callers: Callers):
    answer = await callers.nobody().get(METRICS)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.usefixtures("database")
async def test_who_asks_needs_no_token_and_gets_the_text_format(settings: Settings):
    async with another_app(settings, metrics=True) as (_, callers):
        answer = await callers.nobody().get(METRICS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert figures(answer.text)


@pytest.mark.usefixtures("database")
async def test_requests_are_counted_by_route_method_and_status(settings: Settings):
    async with another_app(settings, metrics=True) as (_, callers):
        api, nobody = await callers.a("admin"), callers.nobody()
        for name in ("A", "B"):
            made = await api.post("/clients", json={"name": name})
            await api.get(f"/clients/{made.json()['id']}?include=inactive")
        await nobody.get("/clients/1")
        await api.head("/clients")
        await api.put("/clients")
        await nobody.get("http://test/docs/assets/nothing.js")
        found = await measured(nobody)
    assert requests(found, "/api/v1/clients", "POST", 201) == 2
    assert requests(found, "/api/v1/clients/{id}") == 2
    assert requests(found, "/api/v1/clients/{id}", status=401) == 1
    assert requests(found, "/api/v1/clients", "HEAD") == 1
    assert requests(found, "/api/v1/clients", "PUT", 405) == 1
    assert requests(found, "/docs/assets/{path}", status=404) == 1


@pytest.mark.usefixtures("database")
async def test_what_callers_make_up_is_counted_under_one_name(settings: Settings):
    async with another_app(settings, metrics=True) as (_, callers):
        nobody = callers.nobody()
        for number in range(5):
            await nobody.get(f"/nothing/{number}")
            await nobody.request(f"BREW{number}", "/clients")
        await nobody.post("/sessions", content=b" " * 2_000_000)  # refused before it is looked at
        answer = await nobody.get(METRICS)
    found = figures(answer.text)
    assert requests(found, "other", status=404) == 5
    assert requests(found, "/api/v1/clients", "other", 405) == 5
    assert requests(found, "other", "POST", 413) == 1
    assert "BREW" not in answer.text
    assert "nothing/" not in answer.text


@pytest.mark.usefixtures("database")
async def test_how_long_requests_took_is_told_from_a_millisecond_to_ten_seconds(
    settings: Settings,
):
    async with another_app(settings, metrics=True) as (_, callers):
        nobody = callers.nobody()
        for _ in range(3):
            await nobody.get("http://test/health/live")
        await nobody.get("/clients")
        found = await measured(nobody)
    name = "timetracker_http_request_duration_seconds"
    kind = {"route": "/health/live", "method": "GET"}
    assert figure(found, f"{name}_count", **kind) == 3
    assert figure(found, f"{name}_bucket", **kind, le="+Inf") == 3
    assert figure(found, f"{name}_sum", **kind) > 0
    bounds = sorted(map(float, labels(found, f"{name}_bucket", "le")))
    assert (bounds[0], bounds[-2], bounds[-1]) == (0.001, 10, float("inf"))


@pytest.mark.usefixtures("database")
async def test_a_request_is_in_progress_until_it_is_answered(settings: Settings):
    name = "timetracker_http_requests_in_progress"
    goes_on, came_in = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        came_in.set()
        await goes_on.wait()

    async with another_app(settings, metrics=True) as (app, callers):
        app.add_api_route("/wait", wait)
        nobody = callers.nobody()
        waiting = asyncio.create_task(nobody.get("http://test/wait"))
        await came_in.wait()
        during = await measured(nobody)
        goes_on.set()
        await waiting
        after = await measured(nobody)
    assert (figure(during, name), figure(after, name)) == (2, 1)  # the one that asks is another


@pytest.mark.usefixtures("database")
async def test_a_request_that_fails_or_is_given_up_is_not_in_progress_for_ever(
    settings: Settings,
):
    came_in = asyncio.Event()

    async def break_down() -> None:
        raise RuntimeError

    async def wait() -> None:
        came_in.set()
        await asyncio.Event().wait()

    with logging_kept():
        async with another_app(settings, metrics=True) as (app, callers):
            app.add_api_route("/broken", break_down)
            app.add_api_route("/wait", wait)
            nobody = callers.nobody()
            await nobody.get("http://test/broken")
            waiting = asyncio.create_task(nobody.get("http://test/wait"))
            await came_in.wait()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            found = await measured(nobody)
    assert figure(found, "timetracker_http_requests_in_progress") == 1
    assert requests(found, "/broken", status=500) == 1


@pytest.mark.usefixtures("database")
async def test_connections_are_told_by_what_they_are_for(settings: Settings):
    prefix = "timetracker_database_connections"
    async with another_app(settings, metrics=True) as (app, callers):
        nobody = callers.nobody()
        database: Database = app.state.database
        async with database.write() as session:
            await session.execute(select(1))
            busy = await measured(nobody)
        idle = await measured(nobody)
    pools = labels(idle, f"{prefix}_open", "pool")
    if settings.url.get_backend_name() == "postgresql":
        pool, kept = "requests", settings.pool_size
        assert pools == {"requests", "exports"}
    else:
        pool, kept = "writing", 1
        assert pools == {"reading", "writing", "exports"}
    for found, in_use in ((busy, 1), (idle, 0)):
        assert figure(found, f"{prefix}_in_use", pool=pool) == in_use
        assert figure(found, f"{prefix}_open", pool=pool) == 1
    assert figure(idle, f"{prefix}_kept", pool=pool) == kept


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_replica_has_connections_of_its_own(settings: Settings):
    url = settings.database_url
    async with another_app(settings, metrics=True, database_replica_url=url) as (_, callers):
        found = await measured(callers.nobody())
    pools = labels(found, "timetracker_database_connections_open", "pool")
    assert pools == {"requests", "exports", "replica"}


@pytest.mark.usefixtures("database")
async def test_the_process_tells_what_it_takes(settings: Settings):
    async with another_app(settings, metrics=True) as (_, callers):
        found = await measured(callers.nobody())
    assert figure(found, "process_resident_memory_bytes") > 1_000_000
    assert figure(found, "process_cpu_seconds_total") > 0


def ask(server: Server) -> Figures:
    """Ask on a connection of its own, so that any of the workers may answer."""
    return figures(httpx.get(f"{server.url}/metrics", timeout=30).text)


def until(server: Server, holds: Callable[[Figures], Any]) -> Figures:
    """Ask until something is true."""
    deadline = monotonic() + STARTS_WITHIN
    while not holds(found := ask(server)):
        assert monotonic() < deadline, found
        sleep(0.1)
    return found


def workers(found: Figures) -> set[str]:
    return labels(found, "process_resident_memory_bytes", "pid")


def watch_workers(server: Server) -> None:
    """Ask two workers what they have counted, kill one, and ask again."""
    for _ in range(30):
        assert httpx.get(f"{server.url}/health/live").status_code == 200
    before = until(server, lambda found: len(workers(found)) == 2)
    for _ in range(10):  # whoever answers
        assert requests(ask(server), "/health/live") == 30
    assert labels(before, "timetracker_database_connections_open", "pid") == workers(before)
    assert figure(before, "timetracker_http_requests_in_progress") == 1

    killed = min(workers(before))
    os.kill(int(killed), signal.SIGKILL)
    after = until(server, lambda found: len(workers(found) - {killed}) == len(workers(found)) == 2)
    assert labels(after, "timetracker_database_connections_open", "pid") == workers(after)
    assert requests(after, "/health/live") == 30


def serve_and_watch(folder: Path, database_url: str) -> None:
    variables = {
        "TIMETRACKER_DATABASE_URL": database_url,
        "TIMETRACKER_METRICS": "true",
        "TMPDIR": str(folder),
    }
    with serving(folder, "--workers", "2", **variables) as server:
        server.wait_until()
        assert counted_in(folder)
        watch_workers(server)
        ended = server.end()
    assert ended.exit_code == 0
    assert "Traceback" not in ended.stderr
    assert not counted_in(folder)


def counted_in(folder: Path) -> list[Path]:
    return [*folder.glob("timetracker-metrics-*")]


@pytest.mark.usefixtures("database")
async def test_any_of_several_workers_tells_what_all_have_counted(
    settings: Settings, tmp_path: Path
):
    await to_thread.run_sync(serve_and_watch, tmp_path, settings.database_url)


def test_workers_that_count_nothing_make_no_folder(tmp_path: Path):
    with serving(tmp_path, "--workers", "2", TMPDIR=str(tmp_path)) as server:
        server.wait_until()
        assert httpx.get(f"{server.url}/metrics").status_code == 404
        assert not counted_in(tmp_path)
