from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select, update

from callers import Callers
from given import Given, faults
from people import recorded
from timetracker_api import clock
from timetracker_api.auth import tokens
from timetracker_api.auth.models import Token
from timetracker_api.auth.scopes import SCOPES, Role
from timetracker_api.db.session import Database

FAR = "2099-01-01T00:00:00Z"


async def made(who: AsyncClient, *scopes: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Export", "scopes": list(scopes), **fields}
    answer = await who.post("/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_token_is_shown_once_and_does_what_its_scopes_say(
    api: AsyncClient, given: Given, callers: Callers
):
    await given.a_client("Acme")
    token = await made(api, "clients:read")
    program = callers.with_token(token["token"])
    assert (await program.get("/clients")).json()["total"] == 1
    refused = await program.post("/clients", json={"name": "Other"})
    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["clients:write"]
    assert "clients:write" in refused.json()["detail"]

    shown = await api.get(f"/tokens/{token['id']}")
    listed = await api.get("/tokens")
    secret = token.pop("token")
    assert shown.json() == token | {"last_used_at": shown.json()["last_used_at"]}
    assert shown.json() in listed.json()["items"]
    assert secret not in shown.text + listed.text


async def test_x_api_key_is_as_good_as_authorization(api: AsyncClient, callers: Callers):
    key = (await made(api, "clients:read"))["token"]
    nobody = callers.nobody()
    assert (await nobody.get("/clients", headers={"X-API-Key": key})).status_code == 200
    basic = {"X-API-Key": key, "Authorization": "Basic YTpi"}
    assert (await nobody.get("/clients", headers=basic)).status_code == 200
    assert (await nobody.get("/clients", headers={"X-API-Key": "tt_x"})).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer tt_"},
        {"Authorization": "Bearer hello world"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": b"Bearer tt_" + "ä".encode() * 40},
        {"Authorization": f"Bearer {tokens.mint()}"},
        {"Authorization": f"Bearer {tokens.mint()[:-1]}"},
        {"X-API-Key": tokens.mint()},
        {"X-API-Key": ""},
    ],
    ids=range(13),
)
async def test_without_a_token_that_is_good_the_answer_is_401(
    callers: Callers, headers: dict[str, Any]
):
    refused = await callers.nobody().get("/clients", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.json()["code"] == "unauthenticated"


async def test_a_token_in_the_address_is_not_read(api: AsyncClient, callers: Callers):
    key = (await made(api, "clients:read"))["token"]
    query = {"access_token": key, "token": key, "api_key": key}
    assert (await callers.nobody().get("/clients", params=query)).status_code in {401, 422}


async def test_a_misspelt_token_is_recognised_without_the_database():
    token = tokens.mint()
    assert tokens.is_token(token)
    for position in range(len(tokens.PREFIX), len(token)):
        other = "a" if token[position] != "a" else "b"
        assert not tokens.is_token(token[:position] + other + token[position + 1 :])


async def test_only_a_digest_of_a_token_is_stored(api: AsyncClient, database: Database):
    token = await made(api, "clients:read")
    async with database.write() as session:
        row = (await session.execute(select(Token).where(Token.id == token["id"]))).scalar_one()
    assert row.digest == tokens.digest(token["token"])
    [*_, event] = await recorded(database, "token.created")
    assert event.changes["digest"] == {"changed": True}
    assert token["token"] not in str(event.changes)


async def test_a_revoked_token_is_refused_and_gone(api: AsyncClient, callers: Callers):
    token = await made(api, "clients:read")
    program = callers.with_token(token["token"])
    assert (await program.get("/clients")).status_code == 200
    assert (await api.delete(f"/tokens/{token['id']}")).status_code == 204
    assert (await program.get("/clients")).status_code == 401
    assert (await api.get(f"/tokens/{token['id']}")).status_code == 404
    assert (await api.delete(f"/tokens/{token['id']}")).status_code == 404
    stale = {"If-Match": '"1000-x"'}
    assert (await api.delete(f"/tokens/{token['id']}", headers=stale)).status_code == 404
    listed = (await api.get("/tokens")).json()["items"]
    assert token["id"] not in [each["id"] for each in listed]


async def test_an_expired_token_is_refused(
    api: AsyncClient, callers: Callers, monkeypatch: pytest.MonkeyPatch
):
    ends = clock.now() + timedelta(days=2)
    token = await made(api, "clients:read", expires_at=ends.isoformat())
    program = callers.with_token(token["token"])
    assert (await program.get("/clients")).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: ends)
    assert (await program.get("/clients")).status_code == 401


async def test_use_does_not_prolong_a_token_for_a_program(
    api: AsyncClient, callers: Callers, monkeypatch: pytest.MonkeyPatch
):
    ends = clock.now() + timedelta(hours=1)
    token = await made(api, "tokens:read", expires_at=ends.isoformat())
    monkeypatch.setattr(clock, "now", lambda: ends - timedelta(minutes=1))
    program = callers.with_token(token["token"])
    shown = (await program.get(f"/tokens/{token['id']}")).json()
    assert datetime.fromisoformat(shown["expires_at"]) == ends
    assert shown["last_used_at"] is not None


async def test_the_tokens_of_others_are_not_there(api: AsyncClient, callers: Callers):
    token = await made(api, "clients:read")
    stale = {"If-Match": '"1000-x"'}
    for role in ("admin", "member"):
        other = await callers.a(role)
        for answer in (
            await other.get(f"/tokens/{token['id']}"),
            await other.delete(f"/tokens/{token['id']}"),
            await other.delete(f"/tokens/{token['id']}", headers=stale),
            await other.get("/tokens/999999"),
            await other.delete("/tokens/999999"),
        ):
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"
        listed = (await other.get("/tokens")).json()["items"]
        assert token["id"] not in [each["id"] for each in listed]
    assert (await callers.with_token(token["token"]).get("/clients")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"scopes": []}, ("/scopes", "min_length")),
        ({"scopes": ["*"]}, ("/scopes/0", "not_a_choice")),
        ({"scopes": ["clients:read", "admin"]}, ("/scopes/1", "not_a_choice")),
        ({"scopes": "clients:read"}, ("/scopes", "type")),
        ({"scopes": None}, ("/scopes", "type")),
        ({"name": ""}, ("/name", "min_length")),
        ({"name": "x" * 201}, ("/name", "max_length")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("/expires_at", "invalid")),
        ({"expires_at": "2099-01-01T00:00:00"}, ("/expires_at", "type")),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, ("/expires_at", "type")),
        ({"expires_at": "0001-01-01T00:00:00+01:00"}, ("/expires_at", "type")),
        ({"expires_at": 4102444800}, ("/expires_at", "type")),
        ({"expires_at": "4102444800"}, ("/expires_at", "type")),
        ({"kind": "session"}, ("/kind", "unknown_field")),
        ({"user_id": 1}, ("/user_id", "unknown_field")),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    api: AsyncClient, fields: dict[str, Any], fault: tuple[str, str]
):
    refused = await api.post("/tokens", json={"name": "x", "scopes": ["clients:read"], **fields})
    assert refused.status_code == 422
    assert faults(refused) == {fault}


async def test_a_token_cannot_make_one_that_may_do_more(callers: Callers):
    narrow = await callers.a("admin", "tokens:write", "clients:read")
    wider = {"name": "x", "scopes": ["clients:read", "users:write"]}
    refused = await narrow.post("/tokens", json=wider)
    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["users:write"]
    assert (await made(narrow, "clients:read"))["scopes"] == ["clients:read"]
    blind = await callers.a("admin", "clients:read")
    assert (await blind.post("/tokens", json=wider)).json()["scopes"] == ["tokens:write"]


@pytest.mark.parametrize("role", Role)
async def test_nobody_can_make_a_token_that_may_do_more_than_their_role(
    callers: Callers, role: Role
):
    who = await callers.a(role)
    for scope in SCOPES[Role.ADMIN]:
        answer = await who.post("/tokens", json={"name": "x", "scopes": [scope]})
        assert answer.status_code == (201 if scope in SCOPES[role] else 403), scope


async def test_a_token_cannot_make_one_that_outlives_it(api: AsyncClient, callers: Callers):
    ends = clock.now() + timedelta(days=2)
    short = callers.with_token(
        (await made(api, "tokens:write", "clients:read", expires_at=ends.isoformat()))["token"]
    )
    for longer in (FAR, None, (ends + timedelta(seconds=1)).isoformat()):
        body = {"name": "x", "scopes": ["clients:read"], "expires_at": longer}
        refused = await short.post("/tokens", json=body)
        assert refused.status_code == 422
        assert faults(refused) == {("/expires_at", "invalid")}
    same = await made(short, "clients:read", expires_at=ends.isoformat())
    assert datetime.fromisoformat(same["expires_at"]) == ends


async def test_an_end_in_another_time_zone_is_the_same_instant(api: AsyncClient):
    token = await made(api, "clients:read", expires_at="2099-01-01T02:00:00+02:00")
    assert datetime.fromisoformat(token["expires_at"]) == datetime(2099, 1, 1, tzinfo=UTC)


async def test_everything_is_only_stored_for_logins_and_the_command_line(
    api: AsyncClient, database: Database
):
    await made(api, "clients:read")
    async with database.write() as session:
        stored = (await session.scalars(select(Token).where(Token.kind == "api"))).all()
    assert sorted(token.scopes for token in stored) == [["*"], ["clients:read"]]


async def test_a_scope_that_a_later_version_has_dropped_is_worth_nothing(
    api: AsyncClient, callers: Callers, database: Database
):
    token = await made(api, "clients:read")
    async with database.write() as session:
        await session.execute(
            update(Token).where(Token.id == token["id"]).values(scopes=["dropped:read"]),
            execution_options={"unrecorded": True},
        )
    program = callers.with_token(token["token"])
    assert (await program.get("/users/me")).json()["scopes"] == []
    assert (await program.get("/clients")).status_code == 403


async def test_refused_requests_leave_no_token(api: AsyncClient, database: Database):
    async with database.read() as session:
        before = await session.scalar(select(func.count()).select_from(Token))
    await api.post("/tokens", json={"name": "x", "scopes": ["*"]})
    await api.post("/tokens", json={"name": "", "scopes": ["clients:read"]})
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Token)) == before
