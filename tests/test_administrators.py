import asyncio

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given
from people import PASSWORD, try_to_sign_in

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.mark.parametrize("way", ["demote", "archive", "delete"])
async def test_the_last_administrator_stays(api: AsyncClient, given: Given, way: str):
    gone = await given.a_user("gone", role="admin")
    await api.post(f"/users/{gone['id']}/archive")
    me = (await api.get("/users/me")).json()["id"]
    refused = await _remove(api, me, way)
    assert refused.status_code == 409
    assert refused.json()["code"] == "last_admin"

    other = await given.a_user("other", role="admin")
    assert (await _remove(api, other["id"], way)).status_code in {200, 204}
    assert (await _remove(api, me, way)).status_code == 409


@pytest.mark.parametrize("way", ["demote", "archive", "delete", "shut out"])
async def test_the_last_administrator_who_can_sign_in_stays(
    api: AsyncClient, given: Given, callers: Callers, way: str
):
    ada = await given.a_user("ada", role="admin", password=PASSWORD)
    refused = await _remove(api, ada["id"], way)
    assert refused.status_code == 409
    assert refused.json()["code"] == "last_admin"
    assert (await try_to_sign_in(callers, "ada")).status_code == 201

    await given.a_user("grace", role="admin", password=PASSWORD)
    assert (await _remove(api, ada["id"], way)).is_success


async def test_an_administrator_who_has_tokens_only_may_lose_the_password_they_do_not_have(
    api: AsyncClient,
):
    me = (await api.get("/users/me")).json()["id"]
    assert (await _remove(api, me, "shut out")).status_code == 200


async def test_two_administrators_cannot_shut_each_other_out_at_once(
    api: AsyncClient, given: Given
):
    ada = await given.a_user("ada", role="admin", password=PASSWORD)
    grace = await given.a_user("grace", role="admin", password=PASSWORD)
    answers = await asyncio.gather(*(_remove(api, each["id"], "shut out") for each in (ada, grace)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize("ways", [("demote", "demote"), ("archive", "delete")])
async def test_two_administrators_cannot_remove_each_other_at_once(
    api: AsyncClient, callers: Callers, ways: tuple[str, str]
):
    for _ in range(3):
        other = await callers.a("admin")
        mine, theirs = [(await who.get("/users/me")).json()["id"] for who in (api, other)]
        answers = await asyncio.gather(_remove(api, theirs, ways[0]), _remove(other, mine, ways[1]))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] in {200, 204}
        # Who comes second is no administrator any more, or is refused to remove the last one.
        assert statuses[1] in {401, 403, 409}, [answer.text for answer in answers]
        if (await api.get("/users")).status_code != 200:
            api = other
        left = (await api.get("/users", params={"role": "admin"})).json()["items"]
        assert len(left) == 1


async def test_a_token_for_managing_users_makes_nobody_mightier_than_itself(
    callers: Callers, given: Given, api: AsyncClient
):
    provisioning = await callers.a("admin", "users:read", "users:write")
    mighty = {"username": "root", "role": "admin", "password": PASSWORD}
    refused = await provisioning.post("/users", json=mighty)
    assert refused.status_code == 403
    assert "custom_fields:write" in refused.json()["scopes"]

    me = (await api.get("/users/me")).json()["id"]
    member = (await given.a_user("ada"))["id"]
    for id, change in (
        (me, {"password": PASSWORD}),
        (me, {"username": "mine"}),
        (member, {"role": "admin"}),
    ):
        assert (await provisioning.patch(f"/users/{id}", json=change)).status_code == 403
    assert (await provisioning.patch(f"/users/{me}", json={"name": "Ada"})).status_code == 200


async def _remove(who: AsyncClient, id: int, way: str) -> Response:
    if way == "demote":
        return await who.patch(f"/users/{id}", json={"role": "member"})
    if way == "shut out":
        return await who.patch(f"/users/{id}", json={"password": None})
    if way == "archive":
        return await who.post(f"/users/{id}/archive")
    return await who.delete(f"/users/{id}")
