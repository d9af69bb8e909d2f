"""Where time is spent: a task of a project of a client, a project of a client, or a client."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, bindparam, null, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Entity
from timetracker_api.entities import Values
from timetracker_api.problems import Archived, Invalid, fault
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries.models import TimeEntry


@dataclass(frozen=True, kw_only=True)
class Place:
    """What entries take over from the records above them."""

    client_id: int
    client_name: str
    client_archived_at: datetime | None
    client_rate: Decimal | None
    currency: str | None
    project_id: int | None
    project_name: str | None
    project_archived_at: datetime | None
    project_rate: Decimal | None
    billable: bool
    task_id: int | None
    task_name: str | None
    task_archived_at: datetime | None
    task_rate: Decimal | None


_client = (
    Client.id.label("client_id"),
    Client.name.label("client_name"),
    Client.archived_at.label("client_archived_at"),
    Client.hourly_rate.label("client_rate"),
    Client.currency,
)
_project = (
    Project.id.label("project_id"),
    Project.name.label("project_name"),
    Project.archived_at.label("project_archived_at"),
    Project.hourly_rate.label("project_rate"),
    Project.billable,
)
_task = (
    Task.id.label("task_id"),
    Task.name.label("task_name"),
    Task.archived_at.label("task_archived_at"),
    Task.hourly_rate.label("task_rate"),
)
_no_task = tuple(null().label(column.name) for column in _task)
_no_project = (
    *(null().label(column.name) for column in _project[:-1]),
    true().label("billable"),
)

# Shared locks: none of these is archived or moved before the entry is committed.
_BY_TASK = (
    select(*_client, *_project, *_task)
    .join(Project, Project.client_id == Client.id)
    .join(Task, Task.project_id == Project.id)
    .with_for_update(read=True)
)
_BY_PROJECT = (
    select(*_client, *_project, *_no_task)
    .join(Project, Project.client_id == Client.id)
    .with_for_update(read=True)
)
_BY_CLIENT = select(*_client, *_no_project, *_no_task).with_for_update(read=True, of=Client)
_BY: Mapping[type[Entity], Select[*tuple[Any, ...]]] = {
    kind: statement.where(kind.id.in_(bindparam("ids", expanding=True))).order_by(kind.id)
    for kind, statement in ((Client, _BY_CLIENT), (Project, _BY_PROJECT), (Task, _BY_TASK))
}


PLACE = ("client_id", "project_id", "task_id")

Spot = Mapping[str, int | None]
"""What is said of a place: ids by the names in `PLACE`."""


def spot(entry: TimeEntry | None, values: Values) -> Spot | None:
    """Return what is said of the place of an entry that gets new values; None if it matters not.

    What is named decides. Of the rest, what lies above follows from it (a task has its project),
    and what lies below stays unless its place is another now (a project has its tasks).
    """
    said = {name: values[name] for name in PLACE if values.get(name) is not None}
    if entry is None or "task_id" in said:
        return said
    if not values.keys() & {*PLACE, "user_id"} and values.get("billable", entry) is not None:
        return None
    project_id, task_id = entry.project_id, entry.task_id
    if "project_id" in values or said.get("client_id", entry.client_id) != entry.client_id:
        project_id = values.get("project_id")
    if "task_id" in values or project_id != entry.project_id:
        task_id = None
    if project_id is None and "client_id" not in values:
        said["client_id"] = entry.client_id
    return {**said, "project_id": project_id, "task_id": task_id}


class Places:
    """The places that the entries of one transaction go to, each looked up and held once."""

    def __init__(self) -> None:
        self._found: dict[tuple[type[Entity], int], Place | None] = {}

    async def hold(self, session: AsyncSession, spots: Iterable[Spot]) -> None:
        """Look places up, all of one kind in one statement."""
        wanted = {_most_specific(each) for each in spots} - self._found.keys()
        for kind, statement in _BY.items():
            ids = sorted(id for each, id in wanted if each is kind and id)
            if not ids:
                continue
            self._found |= {(kind, id): None for id in ids}
            rows = await session.execute(statement, {"ids": ids})
            for row in rows.mappings():
                self._found[kind, row[f"{kind.entity_type}_id"]] = Place(**row)

    async def find(self, session: AsyncSession, spot: Spot) -> Place:
        """Return a place by the most specific that is said of it.

        Raises `Invalid` for what is missing, unknown or does not belong together.
        """
        kind, id = _most_specific(spot)
        if not id:
            raise Invalid(fault("project_id", "required", "Say the project, or else the client."))
        await self.hold(session, [spot])
        found = self._found[kind, id]
        if found is None:
            raise Invalid(entities.dangling(kind, id, f"{kind.entity_type}_id"))
        if spot.get("project_id") not in {None, found.project_id}:
            raise Invalid(fault("task_id", "invalid", "The task belongs to another project."))
        if spot.get("client_id") not in {None, found.client_id}:
            raise Invalid(fault("client_id", "invalid", "The project belongs to another client."))
        return found


def _most_specific(spot: Spot) -> tuple[type[Entity], int]:
    for kind in (Task, Project):
        if id := spot.get(f"{kind.entity_type}_id"):
            return kind, id
    return Client, spot.get("client_id") or 0


def refuse_archived(place: Place) -> None:
    """Raise `Archived` where something of it takes no new time."""
    for kind in ("task", "project", "client"):
        if getattr(place, f"{kind}_archived_at") is not None:
            raise Archived(f"The {kind} {getattr(place, f'{kind}_name')} is archived.")
