"""Who may do what, over the whole API: operations to come are covered without a line here."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import select

from callers import Callers
from given import Given
from people import OTHER_PASSWORD, PASSWORD, a_person, signed_in
from timetracker_api.app import create_app
from timetracker_api.auth.scopes import DESCRIPTIONS, SCOPES, Role, Scope
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event

pytestmark = pytest.mark.usefixtures("quick_hashes")

NOBODY_HAS = "999999999"

PUBLIC = {
    ("post", "/api/v1/sessions"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/info"),
    ("get", "/limits"),
    ("get", "/metrics"),
}
"""What anybody may ask."""

OWN = {
    ("get", "/api/v1/users/me"),
    ("get", "/api/v1/sessions/current"),
    ("delete", "/api/v1/sessions/current"),
}
"""What everybody with a token may ask about themselves, whatever its scopes."""

AS_ONESELF = {("patch", "/api/v1/users/me")}
"""What takes a login, or a token that is as good as one."""


FOR_WRITERS = {
    ("get", "/api/v1/custom-field-definitions/{id}/usage"),
    ("get", "/api/v1/custom-field-definitions/{id}/violations"),
    ("get", "/api/v1/link-templates/{id}/usage"),
}
"""What is read to prepare a change, by those who may make it."""


class Operation(NamedTuple):
    method: str
    path: str
    scopes: frozenset[str] | None
    """What its documentation says that it needs; nothing where it says that anybody may."""
    body: Any

    async def sent_by(self, who: AsyncClient) -> Response:
        address = "http://test" + self.path
        for parameter in [part for part in self.path.split("/") if part.startswith("{")]:
            address = address.replace(parameter, NOBODY_HAS)
        return await who.request(self.method, address, json=self.body)


def operations(app: FastAPI) -> Iterator[Operation]:
    for path, methods in app.openapi()["paths"].items():
        for method, described in methods.items():
            alternatives = [
                frozenset(scopes)
                for way in described.get("security", ())
                for scopes in way.values()
            ]
            assert len(set(alternatives)) <= 1, (method, path)
            content = described.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("example")
            yield Operation(method, path, next(iter(alternatives), None), body)


async def test_nothing_is_open_to_everybody_but_what_is_meant_to_be(app: FastAPI):
    open_to_all = {(each.method, each.path) for each in operations(app) if each.scopes is None}
    assert open_to_all <= PUBLIC
    without_scope = {
        (each.method, each.path) for each in operations(app) if each.scopes == frozenset()
    }
    assert without_scope == OWN | AS_ONESELF


async def test_what_needs_no_scope_is_about_oneself(app: FastAPI, callers: Callers):
    for each in operations(app):
        if (each.method, each.path) in OWN:
            narrow = await callers.a("admin", "clients:read")
            assert (await each.sent_by(narrow)).is_success, each


@pytest.mark.parametrize("role", Role)
async def test_a_token_for_something_else_does_not_change_who_its_user_is(
    given: Given, callers: Callers, role: Role
):
    change = {"name": "Ada"}
    narrow = await callers.a(role, "clients:read")
    refused = await narrow.patch("/users/me", json=change)
    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["users:write"]

    for who in (
        await a_person(given, callers, "ada", role=role),
        await callers.a(role),
        await callers.a(role, *SCOPES[role]),
    ):
        assert (await who.patch("/users/me", json=change)).status_code == 200
    managing = await callers.a(role, "users:write")
    allowed = 200 if role == Role.ADMIN else 403
    assert (await managing.patch("/users/me", json=change)).status_code == allowed


async def test_reading_needs_a_scope_for_reading_and_changing_one_for_changing(app: FastAPI):
    for each in operations(app):
        if (each.method, each.path) in PUBLIC | OWN | AS_ONESELF:
            continue
        assert each.scopes, each
        assert each.scopes <= set(DESCRIPTIONS), each
        kinds = {scope.partition(":")[2] for scope in each.scopes}
        if each.method == "get" and (each.method, each.path) not in FOR_WRITERS:
            assert kinds == {"read"}, each
        else:
            assert "read" not in kinds, each


def test_every_scope_is_described_and_the_administrator_has_it():
    assert set(DESCRIPTIONS) == set(Scope) == set(SCOPES[Role.ADMIN])
    assert SCOPES[Role.MEMBER] <= SCOPES[Role.MANAGER]


async def test_a_viewer_changes_nothing_but_themselves_and_their_own_tokens(
    app: FastAPI, callers: Callers, database: Database
):
    allowed = (
        OWN
        | AS_ONESELF
        | {
            ("post", "/api/v1/tokens"),
            ("delete", "/api/v1/tokens/{id}"),
        }
    )
    for each in operations(app):
        if each.method == "get" or each.scopes is None:
            continue
        viewer = await callers.a("viewer")
        answer = await each.sent_by(viewer)
        assert (answer.status_code == 403) is ((each.method, each.path) not in allowed), each
    async with database.read() as session:
        types = set(await session.scalars(select(Event.type).where(Event.actor_id.is_not(None))))
    assert types <= {"token.created", "token.updated", "user.updated"}
    assert "token.created" in types


async def test_without_a_token_nothing_happens(app: FastAPI, callers: Callers):
    nobody = callers.nobody()
    for each in operations(app):
        if each.scopes is not None:
            assert (await each.sent_by(nobody)).status_code == 401, each


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_do_what_its_scopes_say_and_nothing_else(
    app: FastAPI, callers: Callers, role: Role
):
    surprises: list[Any] = []
    who = await callers.a(role)
    for each in operations(app):
        if each.scopes is None:
            continue
        answer = await each.sent_by(who)
        lacking = sorted(each.scopes - SCOPES[role])
        if lacking:
            as_expected = answer.status_code == 403 and answer.json()["scopes"] == lacking
        elif answer.status_code == 403:  # for what the body asks: somebody else's time, a rate
            as_expected = not SCOPES[role].intersection(answer.json()["scopes"])
        else:
            as_expected = answer.status_code != 401 and answer.status_code < 500
        if not as_expected:
            surprises.append((each.method, each.path, answer.status_code, answer.text[:200]))
        if each.path.endswith("/sessions/current") and each.method == "delete":
            who = await callers.a(role)
    assert surprises == []


async def test_a_token_that_lacks_a_single_scope_may_not_do_what_needs_it(
    app: FastAPI, callers: Callers
):
    surprises: list[Any] = []
    everything = list(operations(app))
    for scope in Scope:
        who = await callers.a("admin", *(other for other in Scope if other != scope))
        for each in everything:
            if scope in (each.scopes or ()):
                answer = await each.sent_by(who)
                if answer.status_code != 403 or answer.json()["scopes"] != [scope]:
                    surprises.append((scope, each.method, each.path, answer.status_code))
    assert surprises == []


async def test_a_token_never_does_more_than_the_role_of_its_user(callers: Callers):
    member = await callers.a("member", *Scope)
    assert (await member.get("/clients")).status_code == 200
    refused = await member.post("/users", json={"username": "x"})
    assert refused.status_code == 403
    assert refused.json()["scopes"] == ["users:write"]
    assert (await member.get("/users/me")).json()["scopes"] == sorted(SCOPES[Role.MEMBER])


@pytest.fixture
async def elsewhere(database: Database) -> Any:
    """A second instance of the service on the same database; it shares no memory with the first."""
    app = create_app(database.settings)
    callers = Callers(app, app.state.database)
    yield callers
    await callers.leave()
    await app.state.database.dispose()


def the_same(who: AsyncClient, elsewhere: Callers) -> AsyncClient:
    return elsewhere.with_token(who.headers["Authorization"].removeprefix("Bearer "))


async def test_signing_out_holds_everywhere_at_once(
    given: Given, callers: Callers, elsewhere: Callers
):
    ada = await a_person(given, callers, "ada")
    there = the_same(ada, elsewhere)
    assert (await there.get("/users/me")).status_code == 200
    await ada.delete("/sessions/current")
    assert (await there.get("/users/me")).status_code == 401


async def test_revoking_a_token_holds_everywhere_at_once(api: AsyncClient, elsewhere: Callers):
    made = await api.post("/tokens", json={"name": "x", "scopes": ["clients:read"]})
    there = elsewhere.with_token(made.json()["token"])
    assert (await there.get("/clients")).status_code == 200
    await api.delete(f"/tokens/{made.json()['id']}")
    assert (await there.get("/clients")).status_code == 401


async def test_archiving_a_user_holds_everywhere_at_once(
    api: AsyncClient, callers: Callers, elsewhere: Callers
):
    member = await callers.a("member")
    me = (await member.get("/users/me")).json()["id"]
    there = the_same(member, elsewhere)
    assert (await there.get("/clients")).status_code == 200
    await api.post(f"/users/{me}/archive")
    assert (await there.get("/clients")).status_code == 401
    await api.post(f"/users/{me}/unarchive")
    assert (await there.get("/clients")).status_code == 200


async def test_another_role_holds_everywhere_at_once(
    api: AsyncClient, callers: Callers, elsewhere: Callers
):
    manager = await callers.a("manager")
    me = (await manager.get("/users/me")).json()["id"]
    there = the_same(manager, elsewhere)
    assert (await there.post("/clients", json={"name": "Acme"})).status_code == 201
    await api.patch(f"/users/{me}", json={"role": "viewer"})
    assert (await there.post("/clients", json={"name": "Other"})).status_code == 403
    await api.patch(f"/users/{me}", json={"role": "admin"})
    assert (await there.get("/users")).status_code == 200


async def test_a_new_password_holds_everywhere_at_once(
    given: Given, callers: Callers, elsewhere: Callers
):
    ada = await a_person(given, callers, "ada")
    there = await signed_in(elsewhere, "ada")
    change = {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    assert (await ada.patch("/users/me", json=change)).status_code == 200
    assert (await there.get("/users/me")).status_code == 401
    assert (await the_same(ada, elsewhere).get("/users/me")).status_code == 200
