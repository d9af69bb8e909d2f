"""The cases: what is asked, and what it may cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from benchmarks import requests
from benchmarks.company import CLIENTS, Company, dice
from benchmarks.requests import API, AT_ONCE, Scripts
from benchmarks.rounds import Case, Side
from benchmarks.running import Running
from timetracker_api import clock
from timetracker_api.time_entries.feed import TimeEntryFeed
from timetracker_api.web.feeds import Place

PAGE = 50
NEW = ("id", "created_at", "updated_at")


@dataclass(frozen=True)
class World:
    """What can be asked, and who."""

    company: Company
    entry_ids: Sequence[int]
    last_page: Place
    """Where the last page but one of all entries ends."""
    service: Running
    floor: Running

    def against_floor(self, scripts: Scripts, name: str, title: str, **rest: Any) -> Case:
        """Ask both the same."""
        return Case(name, title, Side(self.service, scripts), Side(self.floor, scripts), **rest)


def _get(world: World) -> Case:
    ids = dice("get").sample(world.entry_ids, min(len(world.entry_ids), 500))
    paths = [f"{API}/time-entries/{id}" for id in ids]
    return world.against_floor(requests.reading(world.company, paths), "get", "get one", goal=5)


def _list(world: World) -> Case:
    scripts = requests.reading(world.company, _of_users(world))
    return world.against_floor(scripts, "list", "list 50 of a user and quarter", goal=3)


def _filter(world: World) -> Case:
    paths = [f"{path}&custom.activity=travel" for path in _of_users(world)]
    scripts = requests.reading(world.company, paths)
    return world.against_floor(scripts, "filter", "the same with a custom field", goal=3)


def _of_users(world: World) -> list[str]:
    today = clock.now().date()
    period = f"from={today - timedelta(days=90)}&to={today}"
    return [f"{API}/time-entries?user_id={person.id}&{period}" for person in world.company.people]


def _deep(world: World) -> Case:
    first = requests.reading(world.company, [f"{API}/time-entries"])
    # To walk to the cursor would take twenty thousand requests.
    cursor = TimeEntryFeed().cursor_after(world.last_page)
    last = requests.reading(world.company, [f"{API}/time-entries?cursor={cursor}"])
    number = len(world.entry_ids) // PAGE
    return Case(
        "deep",
        f"list 50 of everybody: page {number}, and page 1",
        Side(world.service, last, f"page {number}"),
        Side(world.service, first, "page 1"),
        goal=1.2,
    )


def _first(world: World) -> Case:
    scripts = requests.reading(world.company, [f"{API}/time-entries"])
    return world.against_floor(scripts, "first", "list 50 of everybody", goal=3)


def _clients(world: World) -> Case:
    scripts = requests.reading(world.company, [f"{API}/clients"])
    title = f"list {CLIENTS} clients with links"
    return world.against_floor(scripts, "clients", title, goal=3)


def _auth(world: World) -> Case:
    scripts = requests.reading(world.company, [f"{API}/users/me"])
    return world.against_floor(scripts, "auth", "who am I")


def _health(world: World) -> Case:
    scripts = requests.reading(world.company, ["/health/live"])
    return world.against_floor(scripts, "health", "are you there")


def _create(world: World) -> Case:
    scripts = requests.creating(world.company)
    title = "create one, with event and idempotency"
    return world.against_floor(scripts, "create", title, goal=6, varying=NEW)


def _bulk(world: World) -> Case:
    scripts = requests.creating_many(world.company)
    title = f"create {AT_ONCE} at once, each"
    return world.against_floor(scripts, "bulk", title, most=0.1, parts=AT_ONCE, varying=NEW)


def _timer(world: World) -> Case:
    varying = (*NEW, "started_at", "ended_at", "duration_seconds", "local_date", "server_time")
    scripts = requests.timing(world.company)
    title = "start the timer and stop it, both"
    return world.against_floor(scripts, "timer", title, varying=varying)


CASES: Mapping[str, Callable[[World], Case]] = {
    "health": _health,
    "auth": _auth,
    "get": _get,
    "list": _list,
    "filter": _filter,
    "first": _first,
    "deep": _deep,
    "clients": _clients,
    "create": _create,
    "timer": _timer,
    "bulk": _bulk,
}
"""In this order: what writes comes last."""
