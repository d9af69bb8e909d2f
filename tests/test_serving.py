"""``serve``, as an operator meets it: what it prints, when it starts, how it ends."""

import json
import os
import re
import socket
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from anyio import to_thread

from conftest import SERVER, WORKER, empty_database
from servers import Ended, run, serving
from timetracker_api.migrations import commands
from timetracker_api.settings import Settings, async_url

ROOT = Path(__file__).parent.parent
PRINTED_PASSWORD = re.compile(r"^ +password +(\S+)$", re.MULTILINE)


def sign_in(url: str, username: str, password: str) -> httpx.Response:
    credentials = {"username": username, "password": password}
    return httpx.post(f"{url}/api/v1/sessions", json=credentials, timeout=30)


@pytest.fixture
async def empty_postgresql(tmp_path: Path) -> AsyncGenerator[str]:
    """The URL of a database that nothing has been done to."""
    async with empty_database("postgresql", f"serving_{WORKER}", tmp_path) as url:
        yield url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_the_first_start_makes_everything_and_the_second_starts_where_it_left(tmp_path: Path):
    with serving(tmp_path) as server:
        server.wait_until()
        url = server.url
        assert f"{url}/api/v1\n" in server.stdout
        assert f"{url}/docs\n" in server.stdout
        [password] = PRINTED_PASSWORD.findall(server.stdout)
        session = sign_in(url, "admin", password)
        assert session.status_code == 201
        headers = {"Authorization": f"Bearer {session.json()['token']}"}
        made = httpx.post(f"{url}/api/v1/clients", json={"name": "Acme"}, headers=headers)
        assert made.status_code == 201
        assert httpx.get(f"{url}/docs").status_code == 200
        first = server.end()

    with serving(tmp_path) as server:
        server.wait_until()
        listed = httpx.get(f"{server.url}/api/v1/clients", headers=headers)
        assert [each["name"] for each in listed.json()["items"]] == ["Acme"]
        second = server.end()

    assert first.exit_code == second.exit_code == 0
    assert "password" not in second.stdout
    for ended in (first, second):
        assert "Traceback" not in ended.stderr
        assert "alembic" not in ended.stderr.lower()
        assert "Context impl" not in ended.stderr
        assert password not in ended.stderr
    assert Path(tmp_path, "timetracker.db").exists()


def test_a_json_log_has_one_object_per_line(tmp_path: Path):
    with serving(tmp_path, TIMETRACKER_LOG_FORMAT="json") as server:
        server.wait_until()
        [password] = PRINTED_PASSWORD.findall(server.stdout)
        numbered = {"X-Request-ID": "my-request"}
        httpx.get(f"{server.url}/api/v1/clients", headers=numbered)
        sign_in(server.url, "admin", password)
        ended = server.end()
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert all(line["event"] and line["level"] and line["timestamp"] for line in lines)
    [request] = [line for line in lines if line.get("request_id") == "my-request"]
    assert (request["method"], request["path"], request["status"]) == (
        "GET",
        "/api/v1/clients",
        401,
    )
    assert password not in ended.stderr


def test_a_port_that_is_taken_is_said_in_one_line_before_anything_is_done(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, "serve", "--port", port)
    assert _one_line(ended, 1) == (
        f"Cannot listen on 127.0.0.1, port {port}: Address already in use."
        " Choose others: TIMETRACKER_HOST and TIMETRACKER_PORT, in the environment or .env,"
        " or --host and --port."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "passed_on"), [("", ""), ("HOST=::1 PORT=8001", "--host ::1 --port 8001")]
)
def test_make_leaves_to_the_settings_what_it_is_not_told(given: str, passed_on: str):
    ours = {"HOST", "PORT", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}  # of `make test`
    environment = {name: os.environ[name] for name in os.environ.keys() - ours}
    shown = subprocess.run(  # noqa: S603 - a dry run of our own Makefile
        ["make", "-n", "run", *given.split()],  # noqa: S607 - wherever it is
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()[-1]
    assert shown.partition(" serve ")[2].strip() == passed_on


def test_a_host_that_is_not_ours_is_said_in_one_line(tmp_path: Path):
    ended = run(tmp_path, "serve", "--host", "192.0.2.1", "--port", "0")
    assert "Cannot assign requested address" in _one_line(ended, 1)


def test_a_file_that_is_no_database_ends_the_start(tmp_path: Path):
    Path(tmp_path, "timetracker.db").write_text("This is a letter, not a database. " * 100)
    ended = run(tmp_path, "serve", "--port", "0")
    assert "not an SQLite database" in _one_line(ended, 3)


async def test_what_only_a_person_can_put_right_ends_the_start(tmp_path: Path):
    url = async_url(os.environ[SERVER]).set(drivername="postgresql", database="there_is_none")
    ended = await to_thread.run_sync(
        lambda: run(
            tmp_path,
            *("serve", "--port", "0"),
            TIMETRACKER_DATABASE_URL=url.render_as_string(hide_password=False),
        )
    )
    assert "the server has no such database" in _one_line(ended, 3)


def test_a_server_whose_database_is_not_there_yet_says_so_and_answers_503(tmp_path: Path):
    url = "postgresql://somebody:hidden@127.0.0.1:1/timetracker"
    with serving(tmp_path, TIMETRACKER_DATABASE_URL=url) as server:
        server.wait_until(status=503)
        assert httpx.get(f"{server.url}/health/live").status_code == 200
        token = {"Authorization": f"Bearer {'tt_' + 'x' * 49}"}
        assert httpx.get(f"{server.url}/api/v1/clients", headers=token).status_code == 401
        refused = sign_in(server.url, "admin", "whatever")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        ended = server.end()
    assert ended.exit_code == 0
    assert "nothing listens there" in ended.stderr.splitlines()[0]
    assert ended.stderr.splitlines()[0].endswith("Until then, requests are answered with 503.")
    assert "Traceback" not in ended.stderr
    assert "hidden" not in ended.stdout + ended.stderr


async def test_a_server_is_ready_as_soon_as_its_database_is_migrated_and_hints_at_the_first_user(
    tmp_path: Path, empty_postgresql: str
):
    variables = {"TIMETRACKER_DATABASE_URL": empty_postgresql}
    with serving(tmp_path, **variables) as server:
        await to_thread.run_sync(lambda: server.wait_until(status=503))
        assert "Run `timetracker-api db upgrade`" in server.log.splitlines()[0]
        assert "password" not in server.stdout
        await commands.upgrade(Settings(database_url=empty_postgresql))
        await to_thread.run_sync(server.wait_until)
        assert (await to_thread.run_sync(server.end)).exit_code == 0

    with serving(tmp_path, "--workers", "2", **variables) as server:
        await to_thread.run_sync(server.wait_until)
        assert "timetracker-api users create admin --role admin\n" in server.stdout
        await to_thread.run_sync(
            lambda: run(
                tmp_path,
                *("users", "create", "ada", "--role", "admin", "--password-stdin"),
                stdin="correct-horse-battery-staple",
                **variables,
            )
        )
        for _ in range(4):
            answer = await to_thread.run_sync(
                sign_in, server.url, "ada", "correct-horse-battery-staple"
            )
            assert answer.status_code == 201
        ended = await to_thread.run_sync(server.end)
    assert ended.exit_code == 0
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("Application startup complete") == 2
    assert not server.leaves_processes()


def _one_line(ended: Ended, exit_code: int) -> str:
    assert ended.exit_code == exit_code, ended
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    return line
