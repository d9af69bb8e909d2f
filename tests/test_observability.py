import json
from collections.abc import Generator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from apps import another_app, logging_kept
from callers import Callers
from given import Given
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings
from timetracker_api.web.observability import configure_logging

PASSWORD = "correct-horse-battery-staple"
BROKEN = "the innermost reason"


@pytest.fixture
def root_logger() -> Generator[None]:
    """Leaves logging as it was before a test configured it."""
    with logging_kept():
        yield


def add_broken_route(app: FastAPI) -> None:
    async def broken() -> None:
        password = PASSWORD  # a local variable of the function that fails
        raise RuntimeError(BROKEN + password[:0])

    app.add_api_route("/broken", broken)


def lines(printed: str) -> list[dict[str, Any]]:
    """Read a log of one JSON object per line."""
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("wanted", ["a", "r-1", "0:1.2_3-x", "A" * 100])
async def test_a_request_keeps_the_id_it_came_with(api: AsyncClient, wanted: str):
    answer = await api.get("/users/me", headers={"X-Request-ID": wanted})
    assert answer.headers.get_list("x-request-id") == [wanted]


@pytest.mark.parametrize("hostile", ["", "a b", "a\tb", 'a"b', "<script>", "é", "A" * 101, "a\x7f"])
async def test_an_id_that_could_do_harm_is_replaced(api: AsyncClient, hostile: str):
    headers = [(b"X-Request-ID", hostile.encode("latin-1"))]
    answer = await api.get("/users/me", headers=headers)
    (id,) = answer.headers.get_list("x-request-id")
    assert id != hostile
    assert len(id) == 16


@pytest.mark.usefixtures("root_logger")
async def test_every_answer_has_an_id(settings: Settings, database: Database):
    assert database
    configure_logging(settings)
    async with another_app(settings) as (app, callers):
        add_broken_route(app)
        nobody = callers.nobody()
        answers = [
            await nobody.get("/clients"),
            await nobody.get("/nothing"),
            await nobody.put("/clients"),
            await nobody.post("/sessions", content=b" " * 2_000_000),
            await nobody.post("/sessions", content=b"x"),
            await nobody.get("http://test/broken"),
            await nobody.get("http://test/docs"),
            await nobody.get("http://test/health/ready"),
        ]
    assert [each.status_code for each in answers] == [401, 404, 405, 413, 415, 500, 200, 200]
    ids = {each.headers["x-request-id"] for each in answers}
    assert len(ids) == len(answers)
    for each in answers[:6]:
        assert each.json()["request_id"] == each.headers["x-request-id"]


@pytest.mark.usefixtures("root_logger")
async def test_a_mistake_of_ours_is_told_to_the_log_and_not_to_the_caller(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
):
    assert database
    async with another_app(settings, log_format="json") as (app, callers):
        configure_logging(app.state.settings)
        add_broken_route(app)
        answer = await callers.nobody().get("http://test/broken", headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert BROKEN not in answer.text
    assert "Traceback" not in answer.text

    printed = capsys.readouterr().err
    failed, request = lines(printed)
    assert failed["request_id"] == request["request_id"] == "r-1"
    assert failed["level"] == "error"
    assert failed["exception"][0]["exc_value"] == BROKEN
    assert failed["exception"][0]["frames"][-1]["name"] == "broken"
    assert request["status"] == 500
    assert PASSWORD not in printed


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize("log_format", ["json", "human"])
async def test_a_statement_that_is_wrong_is_a_mistake_of_ours_and_keeps_its_parameters(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str], log_format: str
):
    async with another_app(settings, log_format=log_format) as (app, callers):
        configure_logging(app.state.settings)

        async def broken() -> None:
            async with database.read() as session:
                await session.execute(text("SELECT :secret FROM WHERE"), {"secret": PASSWORD})

        app.add_api_route("/broken", broken)
        answer = await callers.nobody().get("http://test/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    printed = capsys.readouterr().err
    assert "request failed" in printed
    assert "SELECT" in printed
    assert PASSWORD not in printed


@pytest.mark.usefixtures("root_logger")
async def test_a_person_reads_the_traceback_without_the_values_in_it(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
):
    assert database
    async with another_app(settings, log_format="human") as (app, callers):
        configure_logging(app.state.settings)
        add_broken_route(app)
        await callers.nobody().get("http://test/broken")
    printed = capsys.readouterr().err
    assert "Traceback (most recent call last)" in printed
    assert f"RuntimeError: {BROKEN}" in printed
    assert PASSWORD not in printed


@pytest.mark.usefixtures("root_logger", "database")
async def test_every_request_is_one_line_of_the_log(
    settings: Settings, callers: Callers, capsys: pytest.CaptureFixture[str]
):
    configure_logging(settings.model_copy(update={"log_format": "json"}))
    nobody = callers.nobody()
    await nobody.get("/clients", headers={"X-Request-ID": "r-1"})
    await nobody.get("/a%0Ab%00%1b[31mc?secret=1")
    await nobody.post("/sessions", content=b" " * 2_000_000)
    first, second, third = lines(capsys.readouterr().err)
    assert first["event"] == "request"
    assert (first["method"], first["path"], first["status"]) == ("GET", "/api/v1/clients", 401)
    assert first["request_id"] == "r-1"
    assert first["milliseconds"] >= 0
    assert second["path"] == "/api/v1/a%0Ab%00%1B%5B31mc"
    assert (third["method"], third["status"]) == ("POST", 413)


@pytest.mark.usefixtures("root_logger", "database")
async def test_a_person_reads_one_line_per_request(
    settings: Settings, callers: Callers, capsys: pytest.CaptureFixture[str]
):
    configure_logging(settings.model_copy(update={"log_format": "human"}))
    await callers.nobody().get("/a%0Ab%1b[31m")
    (line,) = capsys.readouterr().err.splitlines()
    assert "path=/api/v1/a%0Ab%1B%5B31m" in line
    assert "status=404" in line


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize("log_format", ["json", "human"])
async def test_secrets_are_never_logged(
    settings: Settings,
    api: AsyncClient,
    given: Given,
    capsys: pytest.CaptureFixture[str],
    log_format: str,
):
    configure_logging(settings.model_copy(update={"log_format": log_format, "log_level": "debug"}))
    await given.a_user("ada", password=PASSWORD)
    session = await api.post("/sessions", json={"username": "ada", "password": PASSWORD})
    token = await api.post("/tokens", json={"name": "Export", "scopes": ["clients:read"]})
    await api.post("/sessions", json={"username": "ada", "password": PASSWORD + "x"})
    await api.get("/users/me", headers={"X-API-Key": token.json()["token"]})
    again = await api.post("/users", json={"username": "ADA", "password": PASSWORD})
    assert again.status_code == 409

    printed = capsys.readouterr().err
    assert "/api/v1/sessions" in printed
    for secret in (PASSWORD, session.json()["token"], token.json()["token"], "argon2", "tt_"):
        assert secret not in printed
