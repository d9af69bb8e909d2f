"""What the service is asked: requests as they go over the wire."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson

from benchmarks.company import Company, Person, Work, dice
from benchmarks.load import UNIQUE, Step
from timetracker_api import clock

API = "/api/v1"
AT_ONCE = 500
"""Entries in one request for many."""

Scripts = Sequence[Sequence[Step]]


def get(person: Person, path: str) -> Step:
    """Return a request that reads."""
    return (_request("GET", path, person),)


def reading(company: Company, paths: Sequence[str]) -> Scripts:
    """Have every manager ask for all of these; each begins somewhere else."""
    scripts: list[list[Step]] = []
    for number, person in enumerate(company.managers):
        begin = number * len(paths) // len(company.managers)
        scripts.append([get(person, path) for path in (*paths[begin:], *paths[:begin])])
    return scripts


def creating(company: Company) -> Scripts:
    """Have every manager record entries of their own, one at a time."""
    return [
        [_create(person, entry) for entry in _made_up(company, person, 100)]
        for person in company.managers
    ]


def creating_many(company: Company) -> Scripts:
    """Have every manager record entries of their own, many at a time."""
    return [
        [_create_many(person, _made_up(company, person, AT_ONCE))] for person in company.managers
    ]


def timing(company: Company) -> Scripts:
    """Have every manager start the timer, and stop it."""
    return [
        [
            (
                _request("POST", f"{API}/timer/start", person, _where(work)),
                _request("POST", f"{API}/timer/stop", person, {}),
            )
            for work in company.works[:10]
        ]
        for person in company.managers
    ]


def _create(person: Person, entry: Mapping[str, Any]) -> Step:
    headers = {"idempotency-key": UNIQUE.decode()}
    return (_request("POST", f"{API}/time-entries", person, entry, headers),)


def _create_many(person: Person, entries: Sequence[Mapping[str, Any]]) -> Step:
    operations = [{"op": "create", "data": entry} for entry in entries]
    return (_request("POST", f"{API}/time-entries/bulk", person, {"operations": operations}),)


def _made_up(company: Company, person: Person, count: int) -> list[dict[str, Any]]:
    throw = dice("requests", person.id)
    begin = datetime.combine(clock.now().date(), time(), UTC) - timedelta(days=1)
    return [
        _where(throw.choice(company.works))
        | {
            "started_at": (begin + n * timedelta(minutes=2)).isoformat().replace("+00:00", "Z"),
            "duration_seconds": throw.randrange(60, 3600),
        }
        for n in range(count)
    ]


def _where(work: Work) -> dict[str, Any]:
    return {
        "project_id": work.project_id,
        "task_id": work.task_ids[0],
        "notes": "Sketches",
        "tags": ["meeting"],
        "custom_fields": {"activity": "design", "ticket": "WEB-4711"},
    }


def _request(
    method: str,
    path: str,
    person: Person,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    content = b"" if body is None else orjson.dumps(body)
    all_headers = {
        "host": "127.0.0.1",
        "authorization": f"Bearer {person.token}",
        "x-user": str(person.id),
        **(headers or {}),
    }
    if body is not None:
        all_headers |= {"content-type": "application/json", "content-length": str(len(content))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in all_headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
