"""The command line, as people and scripts run it."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from callers import Callers
from people import PASSWORD, try_to_sign_in
from servers import Ended, run
from terminal import On, typed
from timetracker_api import clock
from timetracker_api.auth.models import User
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings

UNREACHABLE = "postgresql://somebody:hidden@127.0.0.1:1/timetracker"


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def one_line(ended: Ended, exit_code: int) -> str:
    """Return the one line that a command has complained with."""
    assert ended.exit_code == exit_code, ended
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize(
    "origins",
    [
        "http://a.example/",
        "=foo",
        '["http://a.example"]',
        "a.example",
        "http://A.example",
        "https://a.example:443",
        "http://a.example:80",
        "http://*.example",
        "*,http://a.example/app",
    ],
)
async def test_an_origin_that_no_browser_sends_is_refused(origins: str):
    line = one_line(await typed("users", "create", "ada", TIMETRACKER_CORS_ORIGINS=origins), 2)
    assert line.startswith("TIMETRACKER_CORS_ORIGINS: not an origin as browsers send it; ")
    assert line.endswith(" Correct the setting.")


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://my_app.local",
        "https://a.example:80",
        "http://a.example:8080",
        "http://[::1]:443",
        "chrome-extension://abcdefghijklmnop",
        "null",
        "*",
    ],
)
def test_an_origin_that_browsers_send_is_one(origin: str):
    assert Settings(cors_origins=[origin]).cors_origins == [origin]


async def test_a_wrong_scheme_is_told_by_the_name_of_its_variable():
    line = one_line(await typed("users", "create", "ada", TIMETRACKER_LINK_SCHEMES="ftp,x"), 2)
    assert line == (
        "TIMETRACKER_LINK_SCHEMES: Input should be 'https', 'http', 'mailto' or 'tel'."
        " Correct the setting."
    )


@pytest.mark.parametrize("command", [("users", "create", "ada"), ("db", "current")])
@pytest.mark.parametrize(
    "variable", ["TIMETRACKER_DATABASE_URL", "TIMETRACKER_MIGRATION_DATABASE_URL"]
)
async def test_a_password_that_is_not_encoded_is_not_shown(command: tuple[str, ...], variable: str):
    url = "postgresql://ada:se@cr@et@127.0.0.1:1/time"
    line = one_line(await typed(*command, **{variable: url}), 2)
    assert line == (
        f"{variable}: the password has to be percent-encoded; write %40 for an @ in it."
        " Correct the setting."
    )


@pytest.mark.parametrize("command", ["users create ada", "db current", "db upgrade", "demo"])
def test_where_the_folder_of_the_database_is_missing_that_is_said(tmp_path: Path, command: str):
    url = f"sqlite:///{tmp_path}/nowhere/time.db"
    assert one_line(run(tmp_path, *command.split(), TIMETRACKER_DATABASE_URL=url), 3) == (
        f"{url}: SQLite cannot open the file. Create its folder, or correct the path in the URL."
    )
    assert is_empty(tmp_path)


async def test_a_user_is_created_with_a_password_that_is_typed_or_made(
    on: On, callers: Callers, database: Database
):
    typed, made = await asyncio.gather(
        on("users", "create", "ada", "--role", "admin", "--password-stdin", stdin=PASSWORD + "\n"),
        on("users", "create", "Grace"),
    )
    assert (typed.exit_code, made.exit_code) == (0, 0), (typed, made)
    assert typed.stdout == "ada can sign in\n"
    assert typed.stderr + made.stderr == ""
    signed_in = await try_to_sign_in(callers, "ada")
    assert signed_in.json()["user"]["role"] == "admin"
    said, password = made.stdout.strip().rsplit(" ", 1)
    assert said == "Grace can sign in with the password"
    signed_in = await try_to_sign_in(callers, "grace", password)
    assert signed_in.json()["user"]["role"] == "member"
    async with database.read() as session:
        for stored in await session.scalars(select(User.password_hash)):
            assert stored is not None
            assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_user_that_cannot_be_is_refused_in_one_line(
    on: On, callers: Callers, database: Database
):
    create = ("users", "create")
    await callers.a("admin", username="ada")
    duplicate, weak, spaced = await asyncio.gather(
        on(*create, "ADA"),
        on(*create, "grace", "--password-stdin", stdin="password1234\n"),
        on(*create, "grace hopper"),
    )
    assert one_line(duplicate, 1) == "That username is taken already."
    assert one_line(weak, 1).startswith("Password is guessed too easily.")
    assert one_line(spaced, 2).startswith("username: ")
    async with database.read() as session:
        assert (await session.scalars(select(User.username))).all() == ["ada"]


@pytest.mark.usefixtures("folder")
async def test_a_role_or_scope_that_does_not_exist_is_refused_with_those_that_do():
    role, scope, days = await asyncio.gather(
        typed("users", "create", "ada", "--role", "king"),
        typed("tokens", "create", "--user", "ada", "--scope", "clients:eat"),
        typed("tokens", "create", "--user", "ada", "--days", "0"),
    )
    for ended, expected in ((role, "'manager'"), (scope, "'clients:read'"), (days, "--days")):
        assert ended.exit_code == 2
        assert ended.stdout == ""
        assert expected in ended.stderr
        assert "Traceback" not in ended.stderr


async def test_a_token_is_printed_alone_and_works(
    callers: Callers, database: Database, tmp_path: Path
):
    await callers.a("admin", username="Ada")

    async def created(*options: str) -> Ended:
        """Run the command in a process of its own, as scripts do."""
        url = database.settings.database_url
        arguments = ("tokens", "create", "--user", *options)
        return await asyncio.to_thread(run, tmp_path, *arguments, TIMETRACKER_DATABASE_URL=url)

    everything, narrow = await asyncio.gather(
        created("ADA"),
        created(
            *("ada", "--name", "Nightly", "--days", "2"),
            *("--scope", "clients:read", "--scope", "tokens:read"),
        ),
    )
    for ended in (everything, narrow):
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert ended.stdout.startswith("tt_")
        assert len(ended.stdout.split()) == 1

    mighty = callers.with_token(everything.stdout.strip())
    assert (await mighty.post("/clients", json={"name": "Acme"})).status_code == 201
    program = callers.with_token(narrow.stdout.strip())
    assert (await program.get("/clients")).json()["total"] == 1
    assert (await program.post("/clients", json={"name": "Bcme"})).status_code == 403
    [token, *_] = [
        each for each in (await program.get("/tokens")).json()["items"] if each["name"] == "Nightly"
    ]
    assert token["scopes"] == ["clients:read", "tokens:read"]
    left = datetime.fromisoformat(token["expires_at"]) - clock.now()
    assert timedelta(days=1, hours=23) < left <= timedelta(days=2)


async def test_nobody_gets_a_token_who_cannot_use_one(on: On, callers: Callers):
    await callers.a("member", username="gone", archived_at=clock.now())
    unknown, archived = await asyncio.gather(
        on("tokens", "create", "--user", "nobody"), on("tokens", "create", "--user", "gone")
    )
    assert one_line(unknown, 1) == "There is no user nobody."
    assert one_line(archived, 1) == "There is no user gone."


async def test_the_document_is_json_and_needs_no_database(tmp_path: Path):
    ended = await asyncio.to_thread(run, tmp_path, "openapi", TIMETRACKER_DATABASE_URL=UNREACHABLE)
    assert (ended.exit_code, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/clients" in document["paths"]
    assert is_empty(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [("tokens", "create", "--user", "ada"), ("serve",), ("openapi",)],
    ids=" ".join,
)
async def test_a_url_that_is_none_ends_every_command_with_one_line(
    folder: Path, arguments: tuple[str, ...]
):
    ended = await typed(*arguments, TIMETRACKER_DATABASE_URL="mysql://somebody:hidden@host/name")
    line = one_line(ended, 2)
    assert "DATABASE_URL" in line
    assert "mysql is not supported" in line
    assert "hidden" not in line
    assert is_empty(folder)


async def test_a_database_that_is_not_there_or_not_migrated_is_said_in_one_line(folder: Path):
    create = ("users", "create", "ada")
    unreachable, unmigrated, setting = await asyncio.gather(
        typed(*create, TIMETRACKER_DATABASE_URL=UNREACHABLE),
        typed(*create),
        typed(*create, TIMETRACKER_PORT="many"),
    )
    line = one_line(unreachable, 3)
    assert "nothing listens there" in line
    assert "hidden" not in line
    assert "Run `timetracker-api db upgrade`" in one_line(unmigrated, 5)
    assert "TIMETRACKER_PORT" in one_line(setting, 2)
    assert is_empty(folder)
