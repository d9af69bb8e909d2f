import asyncio
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import select, update

from callers import BASE, Callers
from given import Given, faults
from people import OTHER_PASSWORD, PASSWORD, a_person, recorded, signed_in, try_to_sign_in
from timetracker_api import clock
from timetracker_api.app import keep_house
from timetracker_api.auth import passwords, throttling
from timetracker_api.auth.models import Token
from timetracker_api.auth.throttling import Throttle
from timetracker_api.db.session import Database
from timetracker_api.problems import TooManyRequests

pytestmark = pytest.mark.usefixtures("quick_hashes")


EXPORT = {"name": "Export", "scopes": ["clients:read"]}


class Time:
    """What the service takes for the present."""

    def __init__(self) -> None:
        self.now = clock.now()

    def passes(self, **amount: float) -> None:
        """Let some time go by."""
        self.now += timedelta(**amount)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(clock, "now", lambda: time.now)
    return time


def in_an_hour(time: Time) -> str:
    return (time.now + timedelta(hours=1)).isoformat()


async def test_signing_in_gives_a_token_and_who_it_is(given: Given, callers: Callers):
    await given.a_user("Ada", password=PASSWORD)
    answer = await try_to_sign_in(callers, "aDA")
    assert answer.status_code == 201
    body = answer.json()
    assert body["user"]["username"] == "Ada"
    ada = callers.with_token(body["token"])
    current = (await ada.get("/sessions/current")).json()
    assert current == {"expires_at": body["expires_at"], "user": body["user"]}


async def test_an_answer_does_not_tell_whether_the_name_or_the_password_was_wrong(
    api: AsyncClient, given: Given, callers: Callers
):
    await given.a_user("ada", password=PASSWORD)
    await given.a_user("without")
    archived = await given.a_user("archived", password=PASSWORD)
    await api.post(f"/users/{archived['id']}/archive")
    answers = [
        await try_to_sign_in(callers, "ada", "not-this-one-surely"),
        await try_to_sign_in(callers, "nobody", "not-this-one-surely"),
        await try_to_sign_in(callers, "without", "not-this-one-surely"),
        await try_to_sign_in(callers, "archived"),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        body = answer.json()
        del body["request_id"]
        assert body == {
            "type": "/problems/unauthenticated",
            "title": "Sign in first",
            "status": 401,
            "code": "unauthenticated",
            "detail": "Username or password is wrong.",
            "errors": [],
        }


@pytest.mark.parametrize("change", ["password", "archive"])
async def test_a_login_under_way_does_not_outlast_the_password_it_was_begun_with(
    api: AsyncClient,
    given: Given,
    callers: Callers,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
):
    user = f"/users/{(await given.a_user('ada', password=PASSWORD))['id']}"
    verify = passwords.verify

    async def verify_slowly(password: str, stored: str | None) -> bool:
        good = await verify(password, stored)
        if change == "archive":
            await api.post(f"{user}/archive")
        else:
            await api.patch(user, json={"password": OTHER_PASSWORD})
        return good

    monkeypatch.setattr(passwords, "verify", verify_slowly)
    refused = await try_to_sign_in(callers, "ada")
    assert refused.status_code == 401
    assert refused.json()["detail"] == "Username or password is wrong."


async def test_a_login_and_a_new_password_at_the_same_time_leave_no_login_with_the_old_one(
    api: AsyncClient, given: Given, callers: Callers
):
    user = await given.a_user("ada", password=PASSWORD)
    *logins, changed = await asyncio.gather(
        *(try_to_sign_in(callers, "ada") for _ in range(4)),
        api.patch(f"/users/{user['id']}", json={"password": OTHER_PASSWORD}),
    )
    assert changed.status_code == 200
    for login in logins:
        assert login.status_code in {201, 401}
        if login.status_code == 201:
            ada = callers.with_token(login.json()["token"])
            assert (await ada.get("/users/me")).status_code == 401


async def test_credentials_are_checked_before_they_are_compared(callers: Callers):
    nobody = callers.nobody()
    missing = await nobody.post("/sessions", json={})
    assert faults(missing) == {("/username", "required"), ("/password", "required")}
    null = await nobody.post("/sessions", json={"username": "ada", "password": None})
    assert faults(null) == {("/password", "type")}
    long = await nobody.post("/sessions", json={"username": "ada", "password": "x" * 201})
    assert faults(long) == {("/password", "max_length")}


async def test_a_login_lasts_for_twelve_hours_after_its_last_use(
    given: Given, callers: Callers, time: Time
):
    ada = await a_person(given, callers, "ada")
    for _ in range(4):
        time.passes(hours=11, minutes=59)
        assert (await ada.get("/users/me")).status_code == 200
    ends = datetime.fromisoformat((await ada.get("/sessions/current")).json()["expires_at"])
    assert ends == time.now + timedelta(hours=12)
    time.passes(hours=12, seconds=1)
    refused = await ada.get("/users/me")
    assert refused.status_code == 401
    time.passes(days=-1)
    assert (await ada.get("/users/me")).status_code == 200


async def test_a_login_whose_end_has_passed_in_the_database_is_refused(
    given: Given, callers: Callers, database: Database
):
    ada = await a_person(given, callers, "ada")
    async with database.write() as session:
        await session.execute(
            update(Token)
            .where(Token.kind == "session")
            .values(expires_at=clock.now() - timedelta(seconds=1)),
            execution_options={"unrecorded": True},
        )
    assert (await ada.get("/users/me")).status_code == 401


async def test_logins_that_have_ended_are_neither_listed_nor_kept(
    given: Given, callers: Callers, database: Database, time: Time
):
    ada = await a_person(given, callers, "ada")
    program = await ada.post("/tokens", json=EXPORT | {"expires_at": in_an_hour(time)})
    await (await signed_in(callers, "ada")).delete("/sessions/current")
    time.passes(hours=13)
    again = await signed_in(callers, "ada")
    listed = (await again.get("/tokens")).json()
    assert [each["name"] for each in listed["items"]] == ["Login", "Export"]
    assert listed["total"] == 2
    assert (await again.get(f"/tokens/{program.json()['id']}")).status_code == 200

    async def kept() -> list[str]:
        async with database.read() as session:
            return list(await session.scalars(select(Token.name).order_by(Token.name)))

    assert await kept() == ["Export", "Login", "Login", "Login", "Test"]
    await keep_house(database)
    assert await kept() == ["Export", "Login", "Test"]
    assert (await again.get("/users/me")).status_code == 200


async def test_a_new_password_leaves_logins_alone_that_have_ended_by_themselves(
    api: AsyncClient, given: Given, callers: Callers, database: Database, time: Time
):
    user = await given.a_user("ada", password=PASSWORD)
    for _ in range(3):
        await signed_in(callers, "ada")
    time.passes(hours=13)
    await signed_in(callers, "ada")
    await api.patch(f"/users/{user['id']}", json={"password": OTHER_PASSWORD})
    assert len(await recorded(database, "token.updated")) == 1


async def test_use_is_written_down_once_a_minute(
    given: Given, callers: Callers, database: Database, time: Time
):
    ada = await a_person(given, callers, "ada")

    async def last_used() -> datetime:
        [login] = (await ada.get("/tokens")).json()["items"]
        return datetime.fromisoformat(login["last_used_at"])

    first = await last_used()
    time.passes(seconds=59)
    assert await last_used() == first
    time.passes(seconds=1)
    assert await last_used() == time.now
    assert await recorded(database, "token.updated") == []


async def test_reading_waits_for_nobody_who_writes(
    given: Given, callers: Callers, database: Database, time: Time
):
    ada = await a_person(given, callers, "ada")
    time.passes(hours=11)
    async with asyncio.timeout(4), database.write() as busy:
        await busy.scalars(select(Token.id).with_for_update())
        assert (await ada.get("/clients")).status_code == 200
        assert (await ada.get("/clients")).status_code == 200
    time.passes(minutes=30)
    await given.a_client()  # comes after all that has queued for SQLite's writer
    await ada.get("/clients")
    ends = datetime.fromisoformat((await ada.get("/sessions/current")).json()["expires_at"])
    assert ends == time.now + timedelta(hours=12)


async def test_reading_goes_on_where_nothing_can_be_written(
    api: AsyncClient,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
):
    await api.get("/clients")
    time.passes(hours=1)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "write", full)
        assert (await api.get("/clients")).status_code == 200
    logged = caplog.text + "".join(capsys.readouterr())  # as others have configured it
    assert "the last use of a token was not written down" in logged


async def test_signing_out_ends_the_login_and_no_other(given: Given, callers: Callers):
    ada = await a_person(given, callers, "ada")
    elsewhere = await signed_in(callers, "ada")
    assert (await ada.delete("/sessions/current")).status_code == 204
    assert (await ada.get("/users/me")).status_code == 401
    assert (await ada.delete("/sessions/current")).status_code == 401
    assert (await elsewhere.get("/users/me")).status_code == 200


async def test_signing_in_and_out_is_recorded_without_the_secret(
    given: Given, callers: Callers, database: Database
):
    ada = await a_person(given, callers, "ada")
    me = (await ada.get("/users/me")).json()["id"]
    await ada.delete("/sessions/current")
    *_, created, updated = await recorded(database, "token.created", "token.updated")
    assert (created.actor_id, updated.actor_id) == (me, me)
    assert created.changes["digest"] == {"changed": True}
    assert set(updated.changes) == {"revoked_at"}


async def test_the_eleventh_attempt_within_a_minute_is_refused_even_with_the_right_password(
    given: Given, callers: Callers
):
    await given.a_user("ada", password=PASSWORD)
    for attempt in range(10):
        spelling = "ADA" if attempt % 2 else "ada"
        wrong = await try_to_sign_in(callers, spelling, "not-this-one-surely")
        assert wrong.status_code == 401
    refused = await try_to_sign_in(callers, "ada")
    assert refused.status_code == 429
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    assert refused.headers["ratelimit"] == f'"account";r=0;t={wait}'
    assert refused.json()["code"] == "too_many_requests"

    await given.a_user("grace", password=PASSWORD)
    assert (await try_to_sign_in(callers, "grace")).status_code == 201


async def test_names_that_nobody_has_are_limited_like_those_that_somebody_has(callers: Callers):
    answers = [await try_to_sign_in(callers, "nobody", "x") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_the_right_password_clears_the_count_of_the_account(given: Given, callers: Callers):
    await given.a_user("ada", password=PASSWORD)
    for _ in range(2):
        for _ in range(9):
            wrong = await try_to_sign_in(callers, "ada", "not-this-one-surely")
            assert wrong.status_code == 401
        assert (await try_to_sign_in(callers, "ada")).status_code == 201


async def test_one_address_cannot_try_one_account_after_the_other(
    app: FastAPI, database: Database, callers: Callers
):
    few = database.settings.model_copy(update={"login_attempts_per_minute": 1})
    app.state.throttle = Throttle(few)
    answers = [await try_to_sign_in(callers, f"user{number}", "x") for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["ratelimit"].startswith('"address";r=0;t=')


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("2001:db8:0:7::1", "2001:db8:0:7:ffff:ffff:ffff:ffff", 429),
        ("2001:db8:0:7::1", "2001:db8:0:8::1", 401),
        ("fe80::1%eth0", "fe80::2%eth0", 429),
        ("::ffff:192.0.2.1", "192.0.2.1", 429),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", 401),
        ("192.0.2.1", "192.0.2.2", 401),
        ("a-socket", "a-socket", 429),
    ],
)
async def test_addresses_of_one_line_count_as_one(
    app: FastAPI, database: Database, first: str, second: str, status: int
):
    one = database.settings.model_copy(update={"login_attempts_per_minute": 1})
    app.state.throttle = Throttle(one)
    statuses: list[int] = []
    for host in (first, second):
        transport = ASGITransport(app, client=(host, 1))
        async with AsyncClient(transport=transport, base_url=BASE) as nobody:
            answer = await nobody.post("/sessions", json={"username": "x", "password": "x"})
            statuses.append(answer.status_code)
    assert statuses == [401, status]


async def test_requests_are_counted_per_token_where_there_is_a_limit(
    app: FastAPI, database: Database, callers: Callers, api: AsyncClient
):
    few = database.settings.model_copy(update={"requests_per_minute": 3})
    app.state.throttle = Throttle(few)
    answers = [await api.get("/users/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    other = await callers.a("member")
    assert (await other.get("/users/me")).status_code == 200


def test_a_minute_after_the_first_attempt_there_is_room_for_one_more(
    monkeypatch: pytest.MonkeyPatch,
):
    seconds = [1000.0]
    monkeypatch.setattr(throttling, "monotonic", lambda: seconds[0])
    window = throttling.Window("account", 3)
    for at in (1000, 1020, 1040):
        seconds[0] = at
        window.hit("ada")
    seconds[0] = 1059
    with pytest.raises(TooManyRequests) as refused:
        window.hit("ada")
    assert refused.value.headers["Retry-After"] == "1"
    window.hit("grace")
    seconds[0] = 1060
    window.hit("ada")
    with pytest.raises(TooManyRequests) as refused:
        window.hit("ada")
    assert refused.value.headers["Retry-After"] == "20"
    window.forget("ada")
    window.hit("ada")
