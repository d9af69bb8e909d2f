"""What people do with their timers."""

from typing import Any

from benchmarks.soak.caller import API, ENTRIES, Caller
from benchmarks.soak.ledger import Record
from benchmarks.soak.world import World

ENDING = {"ended_at", "duration_seconds", "version", "updated_at"}
"""What changes of an entry when its timer is stopped."""


async def switch(caller: Caller, world: World) -> None:
    """Begin something else."""
    await _press(caller, "switch", _what(caller, world))


async def switch_with_a_key(caller: Caller, world: World) -> None:
    """Begin something else, and ask until there is an answer."""
    await _press(caller, "switch", _what(caller, world), keyed=True)


async def start(caller: Caller, world: World) -> None:
    """Begin something where nothing is running."""
    if _running(caller) is None:
        await _press(caller, "start", _what(caller, world), keyed=True)


async def stop(caller: Caller, _world: World) -> None:
    """End what is running, if anything is."""
    await _press(caller, "stop", {}, keyed=True)


async def look(caller: Caller, _world: World) -> None:
    """See what is running: it has to be what was acknowledged."""
    found = (await caller.insist("GET", f"{API}/timer")).json()["timer"]
    if found != _running(caller):
        raise caller.complaint(f"{found} is running; acknowledged was {_running(caller)}")


TIMER = (*(switch, switch_with_a_key, start, stop) * 2, look)


def _what(caller: Caller, world: World) -> dict[str, Any]:
    return dict(caller.chance.choice(world.places)) | {"custom_fields": {"ticket": "SOAK-1"}}


def _running(caller: Caller) -> Record | None:
    running = [each for each in caller.ledger.alive(ENTRIES) if each["ended_at"] is None]
    return running[0] if running else None


async def _press(caller: Caller, verb: str, body: dict[str, Any], *, keyed: bool = False) -> None:
    mark = caller.mark()
    if verb != "stop":
        body["notes"] = mark
    answer = await caller.post(f"{API}/timer/{verb}", body, mark, keyed=keyed)
    if answer is None:
        caller.ledger.uncertain.add(mark)
        await _settle(caller)
        return
    before, told = _running(caller), answer.json()
    stopped: Record | None = told["stopped"]
    if (stopped and stopped["id"]) != (before and before["id"]):
        raise caller.complaint(f"{mark} stopped {stopped}; acknowledged was {before}")
    _note(caller, told, mark)


async def _settle(caller: Caller) -> None:
    """Stop whatever is running now, and see what the attempt without an answer has done."""
    before, mark = _running(caller), caller.mark()
    answer = await caller.post_once(f"{API}/timer/stop", {}, mark)
    stopped = answer.json()["stopped"]
    _note(caller, answer.json(), mark)
    if before is None or (stopped and stopped["id"] == before["id"]):
        return
    found = (await caller.insist("GET", f"{ENTRIES}/{before['id']}")).json()
    same = all(found[name] == before[name] for name in before.keys() - ENDING)
    if not same or found["ended_at"] is None:
        raise caller.complaint(f"{found} was acknowledged as {before}")
    caller.ledger.records[ENTRIES][found["id"]] = found


def _note(caller: Caller, told: dict[str, Any], mark: str) -> None:
    if told["stopped"]:
        caller.acknowledged(ENTRIES, "updated", told["stopped"], mark)
    if told.get("timer"):
        caller.acknowledged(ENTRIES, "created", told["timer"], mark)
