"""Who sees and changes what belongs to somebody else, by every operation there is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import AsyncClient

from callers import Callers
from document import EVERY, Operation
from given import Given
from timetracker_api.api import PREFIX

ROLES = ("member", "viewer", "manager", "admin")
OTHERS = {"viewer", "manager", "admin"}
"""The roles that see everybody's time."""

SHARED = {
    "clients",
    "custom-field-definitions",
    "custom-fields",
    "health",
    "info",
    "invoices",
    "limits",
    "link-templates",
    "metrics",
    "payments",
    "projects",
    "settings",
    "tasks",
    "users",
}
"""The nouns whose records belong to nobody: who may see one may see all."""

NAMED: Mapping[str, Mapping[str, int]] = {
    "get_time_entry": {"member": 404, "viewer": 200, "manager": 200, "admin": 200},
    "update_time_entry": {"member": 404, "viewer": 403, "manager": 200, "admin": 200},
    "delete_time_entry": {"member": 404, "viewer": 403, "manager": 204, "admin": 204},
    "get_token": dict.fromkeys(ROLES, 404),
    "revoke_token": dict.fromkeys(ROLES, 404),
}
"""What operations answer that are asked for a record of somebody else."""


@dataclass
class Theirs:
    """What belongs to somebody."""

    owner: AsyncClient
    owner_id: int
    client_id: int
    entry: dict[str, Any]
    running: dict[str, Any]
    token: dict[str, Any]

    async def is_untouched(self) -> bool:
        """Tell whether everything is as it was."""
        entry = (await self.owner.get(f"/time-entries/{self.entry['id']}")).json()
        running = (await self.owner.get("/timer")).json()["timer"]
        token = await self.owner.get(f"/tokens/{self.token['id']}")
        return entry == self.entry and running == self.running and token.status_code == 200


@pytest.fixture
async def theirs(callers: Callers, given: Given) -> Theirs:
    owner = await callers.a("member")
    client = await given.a_client()
    entry = {
        "client_id": client["id"],
        "started_at": "2026-11-20T09:00:00Z",
        "duration_seconds": 60,
        "tags": ["theirs"],
        "notes": "What nobody else should read",
    }
    created = await owner.post("/time-entries", json=entry)
    assert created.status_code == 201, created.text
    running = await owner.post("/timer/start", json={"client_id": client["id"]})
    token = await owner.post("/tokens", json={"name": "Theirs", "scopes": ["clients:read"]})
    return Theirs(
        owner,
        (await owner.get("/users/me")).json()["id"],
        client["id"],
        created.json(),
        running.json()["timer"],
        token.json(),
    )


def items(answer: Any) -> list[dict[str, Any]]:
    """Return what a list holds; of one that is refused, nothing."""
    assert answer.status_code in {200, 403}, answer.text
    return answer.json().get("items", [])


async def among_entries(caller: AsyncClient, theirs: Theirs) -> bool:
    found: list[bool] = []
    for query in (
        {},
        {"user_id": theirs.owner_id},
        {"client_id": theirs.client_id},
        {"tag": "theirs"},
        {"search": "nobody else"},
        {"from": "2026-11-20", "to": "2026-11-20"},
    ):
        asked = {"include": "total", **query}
        answer = await caller.get("/time-entries", params=asked)
        seen = theirs.entry["id"] in [each["id"] for each in items(answer)]
        assert seen or answer.json()["total"] == 0
        found.append(seen)
    assert len(set(found)) == 1, found
    return found[0]


async def among_exported(caller: AsyncClient, theirs: Theirs) -> bool:
    found: list[bool] = []
    for query in ({}, {"user_id": theirs.owner_id}, {"format": "jsonl"}, {"tag": "theirs"}):
        answer = await caller.get("/time-entries/export", params=query)
        assert answer.status_code == 200, answer.text
        found.append("What nobody else should read" in answer.text)
    assert len(set(found)) == 1, found
    return found[0]


async def among_reported(caller: AsyncClient, theirs: Theirs) -> bool:
    found: list[bool] = []
    for query in ({}, {"user_id": theirs.owner_id}, {"group_by": "tag,user", "tag": "theirs"}):
        answer = await caller.get("/reports/time", params=query)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["total"]["count"] > 0)
        assert found[-1] or not items(answer)
        exported = await caller.get("/reports/time/export", params={"group_by": "tag", **query})
        assert ("theirs" in exported.text) is found[-1]
    assert len(set(found)) == 1, found
    return found[0]


async def among_tags(caller: AsyncClient, _theirs: Theirs) -> bool:
    return "theirs" in [each["name"] for each in items(await caller.get("/tags"))]


async def entry_among_events(caller: AsyncClient, theirs: Theirs) -> bool:
    query = {"entity_type": "time_entry", "entity_id": theirs.entry["id"]}
    return bool(items(await caller.get("/events", params=query)))


async def token_among_tokens(caller: AsyncClient, theirs: Theirs) -> bool:
    return theirs.token["id"] in [each["id"] for each in items(await caller.get("/tokens"))]


async def timer_is_running(caller: AsyncClient, _theirs: Theirs) -> bool:
    return (await caller.get("/timer")).json()["timer"] is not None


Look = Callable[[AsyncClient, Theirs], Awaitable[bool]]

LISTED: Mapping[str, tuple[Look, set[str]]] = {
    "list_time_entries": (among_entries, OTHERS),
    "export_time_entries": (among_exported, OTHERS),
    "report_time": (among_reported, OTHERS),
    "export_time_report": (among_reported, OTHERS),
    "list_tags": (among_tags, OTHERS),
    "list_events": (entry_among_events, {"manager", "admin"}),
    "list_tokens": (token_among_tokens, set()),
    "get_timer": (timer_is_running, set()),
}
"""How operations may show a record without being asked for it, and to which roles they do."""

ALL = set(ROLES)

TRIED: Mapping[str, tuple[Callable[[Theirs], dict[str, Any]], set[str]]] = {
    "create_time_entry": (
        lambda theirs: {
            "user_id": theirs.owner_id,
            "client_id": theirs.client_id,
            "started_at": "2026-11-20T12:00:00Z",
            "duration_seconds": 60,
        },
        {"manager", "admin"},
    ),
    "change_time_entries": (
        lambda theirs: {
            "operations": [
                {"op": "update", "id": theirs.entry["id"], "data": {"notes": "Changed"}},
                {"op": "delete", "id": theirs.running["id"]},
            ]
        },
        {"manager", "admin"},
    ),
    "rename_tag": (lambda _: {"name": "theirs", "new_name": "ours"}, {"manager", "admin"}),
    "merge_tags": (lambda _: {"names": ["theirs"], "into": "ours"}, {"manager", "admin"}),
    "resume_timer": (lambda theirs: {"entry_id": theirs.entry["id"]}, set()),
    "stop_timer": (lambda theirs: {"entry_id": theirs.running["id"]}, set()),
    "pause_timer": (lambda theirs: {"entry_id": theirs.running["id"]}, set()),
    "discard_timer": (lambda theirs: {"entry_id": theirs.running["id"]}, set()),
    "start_timer": (
        lambda theirs: {"client_id": theirs.client_id, "on_running": "switch"},
        set(),
    ),
    "switch_timer": (lambda theirs: {"client_id": theirs.client_id}, set()),
}
"""What bodies may name of somebody else, and the roles that change something by it."""

OF_THE_CALLER = {
    "create_token",
    "get_me",
    "get_session",
    "sign_in",
    "sign_out",
    "update_me",
}
"""What is only ever about whoever asks: nobody else can be named."""


def noun(operation: Operation) -> str:
    return operation.path.removeprefix(PREFIX).split("/")[1]


def called(name: str) -> Operation:
    return next(each for each in EVERY if each.name == name)


def test_of_every_operation_it_is_said_whose_records_it_is_about():
    classified = {*NAMED, *LISTED, *TRIED, *OF_THE_CALLER}
    shared = {each.name for each in EVERY if noun(each) in SHARED} - classified
    assert {each.name for each in EVERY} - shared == classified


def test_every_operation_that_names_a_record_of_somebody_is_tried():
    naming = {each.name for each in EVERY if "{id}" in each.path and noun(each) not in SHARED}
    assert naming == NAMED.keys()
    for name in OF_THE_CALLER:
        operation = called(name)
        assert not operation.parameters("path"), name
        named = {field for field in operation.body.get("properties", {}) if field.endswith("_id")}
        assert not named, name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NAMED)
async def test_a_record_of_somebody_else(callers: Callers, theirs: Theirs, role: str, name: str):
    operation = called(name)
    caller = await callers.a(role)
    row = theirs.token if noun(operation) == "tokens" else theirs.entry
    body = {"notes": "Changed"} if operation.body else None
    answer = await caller.request(operation.method, operation.address(id=row["id"]), json=body)
    assert answer.status_code == NAMED[name][role], answer.text
    if not answer.is_success:
        assert "What nobody else should read" not in answer.text
    if operation.method == "GET" or not answer.is_success:
        assert await theirs.is_untouched()
    if answer.status_code == 404:  # it looks like a record that is not there at all
        absent = operation.address(id=row["id"] + 1_000_000)
        missing = await caller.request(operation.method, absent, json=body)
        assert missing.status_code == 404
        assert missing.json().keys() == answer.json().keys()
        told = answer.json()["detail"].replace(str(row["id"]), "-")
        assert missing.json()["detail"].replace(str(row["id"] + 1_000_000), "-") == told


@pytest.mark.parametrize("role", ROLES)
async def test_lists_show_of_others_what_the_role_allows(
    callers: Callers, theirs: Theirs, role: str
):
    caller = await callers.a(role)
    for name, (look, roles) in LISTED.items():
        assert await look(caller, theirs) is (role in roles), name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", TRIED)
async def test_bodies_that_name_something_of_somebody_else(
    callers: Callers, theirs: Theirs, role: str, name: str
):
    operation = called(name)
    caller = await callers.a(role)
    body, roles = TRIED[name]
    answer = await caller.request(operation.method, operation.address(), json=body(theirs))
    assert answer.status_code < 500, answer.text
    assert "What nobody else should read" not in answer.text or role in roles
    if role in roles:
        assert answer.is_success, answer.text
    else:
        assert await theirs.is_untouched()


@pytest.mark.parametrize("op", ["update", "delete"])
async def test_what_a_partial_bulk_may_not_touch_it_does_not_find(
    callers: Callers, theirs: Theirs, op: str
):
    member = await callers.a("member")
    operation: dict[str, Any] = {"op": op, "id": theirs.entry["id"]}
    if op == "update":
        operation["data"] = {"notes": "Changed"}
    answer = await member.post(
        "/time-entries/bulk", json={"mode": "partial", "operations": [operation]}
    )
    assert [each["status"] for each in answer.json()["results"]] == [404]
    assert await theirs.is_untouched()


async def test_everybody_sees_their_own(theirs: Theirs):
    for name in (
        "list_time_entries",
        "export_time_entries",
        "list_tags",
        "list_tokens",
        "get_timer",
    ):
        look, _ = LISTED[name]
        assert await look(theirs.owner, theirs), name
    assert await theirs.is_untouched()


@pytest.mark.parametrize("role", ["member", "viewer"])
async def test_what_belongs_to_nobody_is_changed_only_by_who_may(
    api: AsyncClient, callers: Callers, given: Given, role: str
):
    task = await given.a_task()
    project = (await api.get(f"/projects/{task['project']['id']}")).json()
    caller = await callers.a(role)
    for path in (
        f"/tasks/{task['id']}",
        f"/projects/{project['id']}",
        f"/clients/{project['client']['id']}",
    ):
        assert (await caller.get(path)).status_code == 200
        assert (await caller.patch(path, json={"name": "Mine"})).status_code == 403
        assert (await caller.post(f"{path}/archive")).status_code == 403
        assert (await caller.delete(path)).status_code == 403


async def test_a_manager_gives_an_entry_away_and_its_first_owner_no_longer_sees_it(
    callers: Callers, theirs: Theirs
):
    manager, other = await callers.a("manager"), await callers.a("member")
    me = (await other.get("/users/me")).json()["id"]
    path = f"/time-entries/{theirs.entry['id']}"
    assert (await theirs.owner.patch(path, json={"user_id": me})).status_code == 403
    assert (await manager.patch(path, json={"user_id": me})).status_code == 200
    assert (await other.get(path)).status_code == 200
    assert (await theirs.owner.get(path)).status_code == 404
