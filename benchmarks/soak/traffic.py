"""What people do all day. Each action is one that a real client takes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from benchmarks.soak.caller import API, CLIENTS, ENTRIES, Caller, Refused, named
from benchmarks.soak.ledger import Record
from benchmarks.soak.world import TICKETS, TIERS, World

Action = Callable[[Caller, World], Awaitable[None]]


async def live(
    caller: Caller, world: World, actions: Sequence[Action], over: asyncio.Event
) -> None:
    """Do one thing after the other until all is over."""
    while not over.is_set():
        with suppress(Refused):  # it is among the complaints
            await caller.chance.choice(actions)(caller, world)
        await caller.pause()


def entry(caller: Caller, world: World, mark: str) -> dict[str, Any]:
    """Return something that somebody has done, with custom fields."""
    chance = caller.chance
    day, hour, minute = chance.randint(1, 28), chance.randrange(24), chance.randrange(60)
    return {
        **chance.choice(world.places),
        "started_at": f"2026-01-{day:02}T{hour:02}:{minute:02}:00Z",
        "duration_seconds": chance.randrange(8 * 3600),
        "notes": mark,
        "tags": chance.sample(["meeting", "travel", "design", "review"], 2),
        "custom_fields": {"ticket": f"SOAK-{mark}", "kilometres": f"{chance.randrange(900)}.50"},
    }


async def record(caller: Caller, world: World) -> None:
    """Record time, and ask only once."""
    mark = caller.mark()
    answer = await caller.post(ENTRIES, entry(caller, world, mark), mark, keyed=False)
    if answer is None:
        caller.ledger.uncertain.add(mark)
        return
    caller.acknowledged(ENTRIES, "created", created := answer.json(), mark)
    [link] = created["custom_field_links"]["ticket"]
    if link["url"] != f"{TICKETS}SOAK-{mark}":
        raise caller.complaint(f"{ENTRIES}/{created['id']}: the ticket leads to {link['url']}")


async def record_with_a_key(caller: Caller, world: World) -> None:
    """Record time, ask until there is an answer, and now and then once more."""
    await _create_once(caller, ENTRIES, entry(caller, world, mark := caller.mark()), mark)


async def record_at_once(caller: Caller, world: World) -> None:
    """Send the same request twice at the same time."""
    mark = caller.mark()
    body = entry(caller, world, mark)
    one, other = await asyncio.gather(*(caller.post_once(ENTRIES, body, mark) for _ in range(2)))
    caller.acknowledged(ENTRIES, "created", one.json(), mark)
    if one.json() != other.json():
        raise caller.complaint(f"{mark} was answered with {one.text} and with {other.text}")


async def record_in_bulk(caller: Caller, world: World) -> None:
    """Create some entries, change one and delete one, all or nothing."""
    mark = caller.mark()
    present = _some(caller, ENTRIES, 2)
    operations: list[dict[str, Any]] = [
        {"op": "create", "data": entry(caller, world, f"{mark}.{number}")}
        for number in range(caller.chance.randint(2, 20))
    ]
    operations += [
        {"op": "update", "id": each["id"], "data": {"tags": [mark]}} for each in present[:1]
    ]
    operations += [{"op": "delete", "id": each["id"]} for each in present[1:]]
    body = {"operations": operations}
    answer = await caller.post_once(f"{ENTRIES}/bulk", body, mark)
    for operation, result in zip(operations, answer.json()["results"], strict=True):
        if operation["op"] == "delete":
            caller.deleted(ENTRIES, operation["id"], mark)
        else:
            verb = "created" if operation["op"] == "create" else "updated"
            caller.acknowledged(ENTRIES, verb, result["entry"], mark)


async def correct(caller: Caller, _world: World) -> None:
    """Change an entry."""
    for each in _some(caller, ENTRIES):
        mark = caller.mark()
        fields = {"ticket": f"SOAK-{mark}", "kilometres": None}
        await _change(caller, ENTRIES, each, {"tags": [mark], "custom_fields": fields}, mark)


async def remove(caller: Caller, _world: World) -> None:
    """Delete an entry."""
    for each in _some(caller, ENTRIES):
        await _delete(caller, ENTRIES, each)


async def read_back(caller: Caller, _world: World) -> None:
    """Read an entry: it has to be as it was acknowledged, whichever process answers."""
    for each in _some(caller, ENTRIES):
        found = (await caller.insist("GET", f"{ENTRIES}/{each['id']}")).json()
        if found != each:
            raise caller.complaint(f"{found} was acknowledged as {each}")


async def list_mine(caller: Caller, _world: World) -> None:
    """List entries by what their custom fields hold."""
    await caller.insist("GET", f"{ENTRIES}?limit=20&custom.kilometres.gt=300&sort=-custom.ticket")


async def walk_mine(caller: Caller, _world: World) -> None:
    """Go through all of one's own entries, which must be those that were acknowledged."""
    for difference in await caller.look_at(ENTRIES):
        raise caller.complaint(difference)


async def add_a_client(caller: Caller, _world: World) -> None:
    """Add a client with custom fields and a link."""
    mark = caller.mark()
    fields = {"debtor_number": mark, "seats": caller.chance.randrange(900)}
    await _create_once(caller, CLIENTS, {"name": mark, "custom_fields": fields}, mark)


async def change_a_client(caller: Caller, _world: World) -> None:
    """Give a client's custom fields other values, one of which no other client may have."""
    for each in _some(caller, CLIENTS):
        mark = caller.mark()
        fields = {"debtor_number": mark, "tier": caller.chance.choice(TIERS), "seats": None}
        await _change(caller, CLIENTS, each, {"custom_fields": fields}, mark)


async def remove_a_client(caller: Caller, _world: World) -> None:
    """Delete a client that nothing was recorded on."""
    for each in _some(caller, CLIENTS):
        await _delete(caller, CLIENTS, each)


async def list_clients(caller: Caller, _world: World) -> None:
    """List clients by what their custom fields hold."""
    await caller.insist("GET", f"{CLIENTS}?custom.tier=gold&sort=-custom.seats")


async def walk_everything(caller: Caller, _world: World) -> None:
    """Go through what everybody records meanwhile: nothing may be seen twice."""
    for path in (f"{ENTRIES}?limit=200", f"{API}/events?limit=200&sort=id"):
        ids = [each["id"] async for each in caller.walk(path)]
        if len(ids) != len(set(ids)):
            raise caller.complaint(f"a walk through {path} shows something twice")


async def look_around(caller: Caller, _world: World) -> None:
    """Open the pages that an application begins with."""
    for noun in ("users/me", "projects", "tasks?sort=name", "tags", "settings"):
        await caller.insist("GET", f"{API}/{noun}")


async def check_health(caller: Caller, _world: World) -> None:
    """Ask as those do who restart the service."""
    for path in ("/health/ready", "/health/live", "/info"):
        await caller.ask("GET", path)


RECORDER: Sequence[Action] = (
    *(record, record_with_a_key) * 4,
    *(correct, read_back, remove) * 2,
    *(record_at_once, record_in_bulk, list_mine, walk_mine),
)
OFFICE: Sequence[Action] = (
    *(add_a_client, change_a_client) * 3,
    *(remove_a_client, list_clients),
)
READER: Sequence[Action] = (*(look_around, list_clients, list_mine) * 5, walk_everything)
PROBE: Sequence[Action] = (check_health,)


def _some(caller: Caller, address: str, count: int = 1) -> list[Record]:
    """Return some of the caller's records, fewer where there are not so many."""
    present = caller.ledger.alive(address)
    return caller.chance.sample(present, min(count, len(present)))


async def _create_once(caller: Caller, address: str, body: Mapping[str, Any], mark: str) -> None:
    answer = await caller.post_once(address, body, mark)
    caller.acknowledged(address, "created", answer.json(), mark)
    if caller.chance.random() < 0.2:
        again = await caller.post_once(address, body, mark)
        if "idempotency-replayed" not in again.headers or again.content != answer.content:
            raise caller.complaint(f"{mark} was answered with {answer.text}, then {again.text}")


async def _change(
    caller: Caller, address: str, record: Record, body: Mapping[str, Any], mark: str
) -> None:
    answer = await caller.insist("PATCH", f"{address}/{record['id']}", body, headers=named(mark))
    caller.acknowledged(address, "updated", answer.json(), mark)


async def _delete(caller: Caller, address: str, record: Record) -> None:
    """It may be gone already where an earlier attempt had no answer."""
    path, mark = f"{address}/{record['id']}", caller.mark()
    if await caller.ask("DELETE", path, headers=named(mark)) is None:
        await caller.insist("DELETE", path, headers=named(mark), missing=True)
    caller.deleted(address, record["id"], mark)
