import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given, faults
from people import (
    OTHER_PASSWORD,
    PASSWORD,
    a_person,
    recorded,
    signed_in,
    try_to_sign_in,
)
from timetracker_api.auth import passwords
from timetracker_api.db.session import Database

pytestmark = pytest.mark.usefixtures("quick_hashes")


async def test_usernames_are_unique_whatever_the_case(api: AsyncClient, given: Given):
    await given.a_user("Ada")
    again = await api.post("/users", json={"username": "aDA"})
    assert again.status_code == 409
    assert faults(again) == {("/username", "not_unique")}


async def test_a_user_cannot_take_the_name_of_another(api: AsyncClient, given: Given):
    await given.a_user("ada")
    grace = await given.a_user("grace")
    renamed = await api.patch(f"/users/{grace['id']}", json={"username": "ADA"})
    assert renamed.status_code == 409
    assert faults(renamed) == {("/username", "not_unique")}
    kept = await api.patch(f"/users/{grace['id']}", json={"username": "GRACE"})
    assert kept.json()["username"] == "GRACE"


async def test_usernames_are_made_of_plain_characters(api: AsyncClient):
    for username in ("", "ada lovelace", "ädä", "a\nb", "a" * 101, "ada\u202e"):
        refused = await api.post("/users", json={"username": username})
        assert refused.status_code == 422, username
        assert {pointer for pointer, _ in faults(refused)} == {"/username"}


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x7!kQ2#vP", "min_length"),
        ("correct-horse-" * 5 + "xyz", "max_length"),
        ("password1234", "weak_password"),
        ("aaaaaaaaaaaaaaaa", "weak_password"),
        ("qwertyuiop", "weak_password"),
        ("zorbulating.xylophagou", "weak_password"),
        ("Correct Horse Battery Staple", "weak_password"),
        ("quixotic-vermilion@example.com", "weak_password"),
    ],
)
async def test_a_password_that_is_guessed_easily_is_refused(
    api: AsyncClient, password: str, code: str
):
    person = {
        "username": "zorbulating.xylophagou",
        "name": "Correct Horse Battery Staple",
        "email": "quixotic-vermilion@example.com",
    }
    refused = await api.post("/users", json={**person, "password": password})
    assert refused.status_code == 422
    assert faults(refused) == {("/password", code)}

    user = (await api.post("/users", json=person)).json()
    refused = await api.patch(f"/users/{user['id']}", json={"password": password})
    assert refused.status_code == 422
    assert faults(refused) == {("/password", code)}


@pytest.mark.parametrize(
    "password", ["x7!kQ2#vPz", "wombat-ledger-" * 5 + "xy", "pässwörtlich-grün"]
)
async def test_the_shortest_and_the_longest_password_open_the_door(
    given: Given, callers: Callers, password: str
):
    await given.a_user("ada", password=password)
    assert (await try_to_sign_in(callers, "ada", password)).status_code == 201
    assert (await try_to_sign_in(callers, "ada", password[:-1])).status_code == 401


async def test_a_password_is_the_same_however_the_keyboard_composes_its_letters(
    given: Given, callers: Callers
):
    await given.a_user("ada", password="wombat-ledger-gru\u0308n")
    assert (await try_to_sign_in(callers, "ada", "wombat-ledger-gr\u00fcn")).status_code == 201


async def test_somebody_sees_and_changes_their_own_profile_but_not_their_role(
    given: Given, callers: Callers
):
    ada = await a_person(given, callers, "ada")
    me = (await ada.get("/users/me")).json()
    assert (me["username"], me["role"]) == ("ada", "member")
    assert "clients:read" in me["scopes"]
    assert "users:write" not in me["scopes"]

    profile = {"name": "Ada Lovelace", "email": "ada@example.com", "time_zone": "Europe/London"}
    changed = await ada.patch("/users/me", json=profile)
    assert changed.status_code == 200, changed.text
    assert profile.items() <= changed.json().items()

    for field, value in {"role": "admin", "username": "root", "archived_at": None}.items():
        refused = await ada.patch("/users/me", json={field: value})
        assert refused.status_code == 422
        assert faults(refused) == {(f"/{field}", "unknown_field")}


async def test_a_new_password_of_ones_own_needs_the_current_one(given: Given, callers: Callers):
    ada = await a_person(given, callers, "ada")
    left_out = await ada.patch("/users/me", json={"password": OTHER_PASSWORD})
    assert faults(left_out) == {("/current_password", "required")}
    wrong = {"password": OTHER_PASSWORD, "current_password": "not-this-one-surely"}
    refused = await ada.patch("/users/me", json=wrong)
    assert refused.status_code == 422
    assert faults(refused) == {("/current_password", "wrong_password")}
    weak = {"password": "password1234", "current_password": PASSWORD}
    assert faults(await ada.patch("/users/me", json=weak)) == {("/password", "weak_password")}
    assert (await try_to_sign_in(callers, "ada")).status_code == 201


async def test_a_new_password_of_ones_own_ends_the_other_logins_but_not_programs(
    given: Given, callers: Callers
):
    ada = await a_person(given, callers, "ada")
    elsewhere = await signed_in(callers, "ada")
    made = await ada.post("/tokens", json={"name": "Export", "scopes": ["clients:read"]})
    program = callers.with_token(made.json()["token"])

    change = {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    assert (await ada.patch("/users/me", json=change)).status_code == 200

    assert (await ada.get("/users/me")).status_code == 200
    assert (await program.get("/users/me")).status_code == 200
    assert (await elsewhere.get("/users/me")).status_code == 401
    assert (await try_to_sign_in(callers, "ada")).status_code == 401
    assert (await try_to_sign_in(callers, "ada", OTHER_PASSWORD)).status_code == 201


async def test_guessing_the_current_password_is_limited_like_signing_in(
    given: Given, callers: Callers
):
    ada = await a_person(given, callers, "ada")
    guess = {"password": OTHER_PASSWORD, "current_password": "not-this-one-surely"}
    statuses = [(await ada.patch("/users/me", json=guess)).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert (await ada.patch("/users/me", json={"name": "Ada"})).status_code == 200


async def test_a_password_set_by_an_administrator_ends_all_logins(
    api: AsyncClient, given: Given, callers: Callers, database: Database
):
    user = await given.a_user("ada", password=PASSWORD)
    ada = await signed_in(callers, "ada")
    changed = await api.patch(f"/users/{user['id']}", json={"password": OTHER_PASSWORD})
    assert changed.status_code == 200
    assert (await ada.get("/users/me")).status_code == 401
    assert (await try_to_sign_in(callers, "ada", OTHER_PASSWORD)).status_code == 201
    [event] = await recorded(database, "user.updated")
    assert event.changes == {"password_hash": {"changed": True}}


async def test_taking_the_password_away_shuts_the_door(
    api: AsyncClient, given: Given, callers: Callers
):
    user = await given.a_user("ada", password=PASSWORD)
    ada = await signed_in(callers, "ada")
    assert (await api.patch(f"/users/{user['id']}", json={"password": None})).status_code == 200
    assert (await ada.get("/users/me")).status_code == 401
    assert (await try_to_sign_in(callers, "ada")).status_code == 401


@pytest.mark.parametrize("whose", ["one's own", "somebody else's"])
async def test_others_write_while_a_password_is_compared_judged_and_hashed(
    api: AsyncClient,
    given: Given,
    callers: Callers,
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
):
    user = await given.a_user("ada", password=PASSWORD)
    ada = await signed_in(callers, "ada")
    written: list[str] = []

    def meanwhile(name: str) -> None:
        work = getattr(passwords, name)

        async def slow(*arguments: Any) -> Any:
            async with asyncio.timeout(5):
                await given.a_client(f"Client {len(written)}")
                await api.patch(f"/users/{user['id']}", json={"name": f"Ada {len(written)}"})
            written.append(name)
            return await work(*arguments)

        monkeypatch.setattr(passwords, name, slow)

    for name in ("verify", "refuse_weak", "hashed"):
        meanwhile(name)
    change = {"password": OTHER_PASSWORD}
    if whose == "one's own":
        own = await ada.patch("/users/me", json=change | {"current_password": PASSWORD})
        assert own.status_code == 200
        assert written == ["verify", "refuse_weak", "hashed"]
    else:
        assert (await api.patch(f"/users/{user['id']}", json=change)).status_code == 200
        assert written == ["refuse_weak", "hashed"]


async def test_of_two_new_passwords_at_once_the_second_knew_the_wrong_one(
    given: Given, callers: Callers, monkeypatch: pytest.MonkeyPatch
):
    ada = await a_person(given, callers, "ada")
    hashed = passwords.hashed
    change = {"password": OTHER_PASSWORD, "current_password": PASSWORD}

    async def second(password: str) -> str:
        monkeypatch.setattr(passwords, "hashed", hashed)
        assert (await ada.patch("/users/me", json=change)).status_code == 200
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", second)
    late = {"password": f"{OTHER_PASSWORD}-late", "current_password": PASSWORD}
    refused = await ada.patch("/users/me", json=late)
    assert refused.status_code == 409
    assert refused.json()["code"] == "conflict"
    assert (await try_to_sign_in(callers, "ada", OTHER_PASSWORD)).status_code == 201


async def test_a_password_full_of_accents_is_refused_at_once(api: AsyncClient):
    accents = "a" + "\u0301\u0316" * 100_000
    async with asyncio.timeout(5):
        refused = await api.post("/users", json={"username": "ada", "password": accents})
    assert faults(refused) == {("/password", "max_length")}


async def test_signing_out_while_the_password_changes_breaks_nothing(
    api: AsyncClient, given: Given, callers: Callers
):
    user = await given.a_user("ada", password=PASSWORD)
    logins = [await signed_in(callers, "ada") for _ in range(4)]
    answers = await asyncio.gather(
        api.patch(f"/users/{user['id']}", json={"password": OTHER_PASSWORD}),
        *(login.delete("/sessions/current") for login in logins),
    )
    assert answers[0].status_code == 200
    assert {answer.status_code for answer in answers[1:]} <= {204, 401}
    for login in logins:
        assert (await login.get("/users/me")).status_code == 401


async def test_archived_users_are_refused_until_they_are_back(
    api: AsyncClient, given: Given, callers: Callers
):
    user = await given.a_user("ada", password=PASSWORD)
    ada = await signed_in(callers, "ada")
    archived = await api.post(f"/users/{user['id']}/archive")
    assert archived.json()["archived_at"]
    assert (await ada.get("/users/me")).status_code == 401
    assert (await try_to_sign_in(callers, "ada")).status_code == 401
    assert "ada" not in [each["username"] for each in (await api.get("/users")).json()["items"]]
    listed = (await api.get("/users", params={"archived": True})).json()["items"]
    assert [each["username"] for each in listed] == ["ada"]

    again = await api.post(f"/users/{user['id']}/archive")
    assert again.json()["archived_at"] == archived.json()["archived_at"]
    assert (await api.post(f"/users/{user['id']}/unarchive")).json()["archived_at"] is None
    assert (await try_to_sign_in(callers, "ada")).status_code == 201


async def test_a_deleted_user_is_refused_and_the_record_keeps_who_it_was(
    api: AsyncClient, given: Given, callers: Callers, database: Database
):
    user = await given.a_user("ada", name="Ada Lovelace", password=PASSWORD)
    ada = await signed_in(callers, "ada")
    assert (await api.delete(f"/users/{user['id']}")).status_code == 204
    assert (await ada.get("/users/me")).status_code == 401
    assert (await api.get(f"/users/{user['id']}")).status_code == 404
    [event] = await recorded(database, "user.deleted")
    assert event.changes == {
        "username": {"old": "ada", "new": None},
        "name": {"old": "Ada Lovelace", "new": None},
        "role": {"old": "member", "new": None},
        "password_hash": {"changed": True},
    }


async def test_users_are_found_by_name_and_role(api: AsyncClient, given: Given):
    await given.a_user("Ada", role="manager")
    await given.a_user("grace", role="viewer")

    async def found(**query: str) -> list[str]:
        listed = await api.get("/users", params=query)
        return [each["username"] for each in listed.json()["items"]]

    assert await found(search="AD", role="manager") == ["Ada"]
    assert await found(role="viewer") == ["grace"]
    assert await found(search="%") == []
    assert await found(sort="-username") == ["grace", "admin1", "Ada"]
