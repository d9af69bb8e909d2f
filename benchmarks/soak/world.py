"""Where the traffic takes place: people, custom fields, link templates, clients and projects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.soak.caller import API, Caller
from timetracker_api import entities
from timetracker_api.auth.scopes import EVERYTHING, Role
from timetracker_api.db.session import Database
from timetracker_api.migrations import commands
from timetracker_api.models import User
from timetracker_api.sessions.service import add_token
from timetracker_api.settings import Settings

TICKETS = "https://tickets.example.com/browse/"
TIERS = ("gold", "silver", "bronze")
FIELDS: Sequence[Mapping[str, Any]] = (
    {"key": "ticket", "kind": "text", "applies_to": ["time_entry"], "is_indexed": True},
    {"key": "kilometres", "kind": "decimal", "applies_to": ["time_entry"]},
    {"key": "debtor_number", "kind": "text", "is_unique": True},
    {"key": "seats", "kind": "integer", "is_indexed": True},
    {"key": "tier", "kind": "choice", "choices": [{"value": t, "label": t} for t in TIERS]},
)
TEMPLATES: Sequence[Mapping[str, Any]] = (
    {"field_key": "ticket", "url_template": TICKETS + "{value}", "applies_to": ["time_entry"]},
    {"field_key": "debtor_number", "url_template": "https://erp.example.com/debtors/{value}"},
)


@dataclass(frozen=True)
class World:
    """What there is before the traffic begins."""

    places: Sequence[Mapping[str, int]]
    """What time can be recorded on."""


async def let_in(settings: Settings, people: Mapping[str, Role]) -> dict[str, str]:
    """Migrate the database and add people to it; return the token of each."""
    await commands.upgrade(settings)
    database = Database(settings)
    tokens: dict[str, str] = {}
    async with database.write() as session:
        for name, role in people.items():
            user = await entities.create(session, User, {"username": name, "role": role})
            token = await add_token(
                session, user_id=user.id, name="soak", scopes=[EVERYTHING], expires_at=None
            )
            tokens[name] = token["token"]
    await database.dispose()
    return tokens


async def build(admin: Caller) -> World:
    """Define fields and templates, and add what time is recorded on."""

    async def add(noun: str, **body: Any) -> int:
        return (await admin.insist("POST", f"{API}/{noun}", body)).json()["id"]

    for field in FIELDS:
        await add("custom-field-definitions", label=field["key"], **field)
    for template in TEMPLATES:
        await add("link-templates", name="Open", **template)
    places: list[Mapping[str, int]] = []
    for number in range(5):
        client_id = await add("clients", name=f"Client {number}")
        project_id = await add("projects", name="Website", client_id=client_id)
        task_id = await add("tasks", name="Design", project_id=project_id)
        places += [{"client_id": client_id}, {"project_id": project_id, "task_id": task_id}]
    return World(places)
