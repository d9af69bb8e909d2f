"""Where time is spent: a task of a project of a client, a project of a client, or a client."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, null, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Entity
from timetracker_api.problems import Archived, Fault, Invalid, pointer
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task


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


async def place(
    session: AsyncSession, *, client_id: int | None, project_id: int | None, task_id: int | None
) -> Place:
    """Find where time is spent by the most specific of these, and hold it as it is.

    Raises `Invalid` for what is missing, unknown or does not belong together.
    """
    if task_id is not None:
        found = await _found(session, _BY_TASK.where(Task.id == task_id), Task, task_id)
    elif project_id is not None:
        statement = _BY_PROJECT.where(Project.id == project_id)
        found = await _found(session, statement, Project, project_id)
    elif client_id is not None:
        found = await _found(session, _BY_CLIENT.where(Client.id == client_id), Client, client_id)
    else:
        raise Invalid(_fault("project_id", "required", "Say the project, or else the client."))
    if project_id not in {None, found.project_id}:
        raise Invalid(_fault("task_id", "invalid", "The task belongs to another project."))
    if client_id not in {None, found.client_id}:
        raise Invalid(_fault("client_id", "invalid", "The project belongs to another client."))
    return found


def refuse_archived(place: Place) -> None:
    """Raise `Archived` where something of it takes no new time."""
    for kind in ("task", "project", "client"):
        if getattr(place, f"{kind}_archived_at") is not None:
            raise Archived(f"The {kind} {getattr(place, f'{kind}_name')} is archived.")


async def _found(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], kind: type[Entity], id: int
) -> Place:
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise Invalid(entities.dangling(kind, id, f"{kind.entity_type}_id"))
    return Place(**row)


def _fault(field: str, code: str, message: str) -> Fault:
    return Fault(pointer=pointer(field), code=code, message=message)
