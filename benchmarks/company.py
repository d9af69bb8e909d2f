"""The company that the whole service is measured with: 50 people and what they work on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import EVERYTHING
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Entity
from timetracker_api.entities import Values
from timetracker_api.projects.models import Project
from timetracker_api.sessions.service import add_token
from timetracker_api.tasks.models import Task

E = TypeVar("E", bound=Entity)

PEOPLE, MANAGERS, CLIENTS, PROJECTS, TASKS = 50, 8, 40, 200, 5

TIME_ZONES = ("Europe/Brussels", "Europe/London", "America/New_York")
TIERS = ("gold", "silver", "bronze", "tin", "none")
ACTIVITIES = (
    "design",
    "development",
    "meeting",
    "research",
    "review",
    "support",
    "travel",
    "writing",
)


def _choices(values: Sequence[str]) -> list[dict[str, str]]:
    return [{"value": value, "label": value.capitalize()} for value in values]


CLIENT_FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "debtor_number", "kind": "text"},
    {"key": "region", "kind": "text"},
    {"key": "tier", "kind": "choice", "choices": _choices(TIERS)},
    {"key": "seats", "kind": "integer", "is_indexed": True},
    {"key": "margin", "kind": "decimal"},
    {"key": "signed", "kind": "date"},
    {"key": "vip", "kind": "boolean"},
    {"key": "portal", "kind": "text"},
)
TEMPLATES = (
    ("debtor_number", "https://erp.example.com/debtors/{value}"),
    ("debtor_number", "https://crm.example.com/?debtor={value}"),
    ("region", "https://maps.example.com/regions/{value}"),
)
"""In the order of their numbers, which the floor knows by heart."""

ENTRY_FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "activity", "kind": "choice", "choices": _choices(ACTIVITIES)},
    {"key": "ticket", "kind": "text"},
    {"key": "kilometres", "kind": "decimal"},
)


@dataclass(frozen=True)
class Person:
    """Somebody who records time."""

    id: int
    time_zone: str
    hourly_rate: int
    """In ten-thousandths, as it is kept."""
    token: str | None


@dataclass(frozen=True)
class Work:
    """What time is recorded on."""

    client_id: int
    project_id: int
    task_ids: Sequence[int]
    billable: bool


@dataclass(frozen=True)
class Company:
    """Everybody and everything."""

    people: Sequence[Person]
    works: Sequence[Work]

    @property
    def managers(self) -> Sequence[Person]:
        """Return those who ask: they may see everybody's time."""
        return self.people[:MANAGERS]


async def define(
    api: AsyncClient, entity_type: str, fields: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """Define the custom fields of a type; return their numbers."""
    numbers: dict[str, int] = {}
    for field in fields:
        body = {"label": field["key"], "applies_to": [entity_type], **field}
        response = await api.post("/custom-field-definitions", json=body)
        numbers[field["key"]] = response.raise_for_status().json()["id"]
    return numbers


async def link(api: AsyncClient) -> None:
    """Make the templates for links on clients."""
    for number, (field_key, template) in enumerate(TEMPLATES, start=1):
        body = {"name": f"Open {number}", "field_key": field_key, "url_template": template}
        (await api.post("/link-templates", json=body)).raise_for_status()


async def found(app: FastAPI, api: AsyncClient) -> Company:
    """Bring it about, by the functions of the service."""
    await define(api, "client", CLIENT_FIELDS)
    await define(api, "time_entry", ENTRY_FIELDS)
    await link(api)
    async with app.state.database.write() as session:
        people = await _all(session, User, (_person(number) for number in range(PEOPLE)))
        clients = await _all(session, Client, (_client(number) for number in range(CLIENTS)))
        projects = await _all(
            session,
            Project,
            (_project(number, clients[number % CLIENTS].id) for number in range(PROJECTS)),
        )
        tasks = await _all(
            session,
            Task,
            (_task(number, project.id) for project in projects for number in range(TASKS)),
        )
        hired = [await _hired(session, user) for user in people]
    task_ids: dict[int, list[int]] = {}
    for task in tasks:
        task_ids.setdefault(task.project_id, []).append(task.id)
    works = [Work(each.client_id, each.id, task_ids[each.id], each.billable) for each in projects]
    return Company(hired, works)


async def _all(session: AsyncSession, kind: type[E], rows: Iterable[Values]) -> list[E]:
    """Create many at once."""
    made = [await entities.stage(session, kind(), values) for values in rows]
    await session.flush()
    return made


async def _hired(session: AsyncSession, user: User) -> Person:
    token = None
    if user.role == "manager":
        made = await add_token(
            session, user_id=user.id, name="bench", scopes=[EVERYTHING], expires_at=None
        )
        token = made["token"]
    return Person(user.id, user.time_zone or "", int((user.hourly_rate or 0) * 10_000), token)


def _person(number: int) -> Values:
    return {
        "username": f"person-{number}",
        "name": f"Person {number}",
        "role": "manager" if number < MANAGERS else "member",
        "time_zone": TIME_ZONES[number % len(TIME_ZONES)],
        "hourly_rate": Decimal(60 + number),
    }


def _client(number: int) -> Values:
    return {
        "name": f"Client {number:03}",
        "email": f"office@client-{number}.example.com",
        "phone": f"+32 2 555 {number:04}",
        "address": f"{number} Long Street, 1000 Brussels",
        "custom_fields": {
            "debtor_number": str(10_000 + number),
            "region": f"region {number % 12}",
            "tier": TIERS[number % len(TIERS)],
            "seats": number * 7,
            "margin": f"{number}.50",
            "signed": f"2024-{1 + number % 12:02}-15",
            "vip": number % 3 == 0,
            "portal": f"portal-{number}",
        },
    }


def _project(number: int, client_id: int) -> Values:
    return {
        "client_id": client_id,
        "name": f"Project {number:03}",
        "code": f"P{number:03}",
        "billable": number % 5 != 0,
    }


def _task(number: int, project_id: int) -> Values:
    return {
        "project_id": project_id,
        "name": f"Task {number}",
        "status": "in_progress",
        "priority": "medium",
    }


def dice(*about: object) -> Random:
    """Return dice that fall the same way in every run."""
    return Random(" ".join(map(str, about)))  # noqa: S311 - nothing here is a secret
