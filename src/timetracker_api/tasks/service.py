"""The rules about tasks, and how they are shown."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Numbered
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Archived, InUse
from timetracker_api.projects.models import Project
from timetracker_api.projects.tracking import on_tasks
from timetracker_api.tasks.models import Task

TASKS = Representation(
    Task,
    select(
        Task.id,
        Project.id.label("project__id"),
        Project.name.label("project__name"),
        Project.code.label("project__code"),
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Task.name,
        Task.description,
        Task.status,
        Task.priority,
        User.id.label("assignee__id"),
        func.coalesce(User.name, User.username).label("assignee__name"),
        Task.due_on,
        Task.estimated_seconds,
        Task.hourly_rate,
        Task.custom_fields,
        Task.archived_at,
        Task.version,
        Task.created_at,
        Task.updated_at,
    )
    .join(Project, Project.id == Task.project_id)
    .join(Client, Client.id == Project.client_id)
    .outerjoin(User, User.id == Task.assignee_id),
)


@entities.completes
async def add_time(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Say how much time is recorded on tasks."""
    if kind is not Task or not rows:
        return
    found = await on_tasks(session, [row["id"] for row in rows])
    for row in rows:
        row["tracked_seconds"] = found[row["id"]]


async def create(session: AsyncSession, values: Values) -> Task:
    """Add a task to a project that is not archived."""
    await _refer(session, values)
    return await entities.create(session, Task, values)


async def update(session: AsyncSession, task: Task, values: Values) -> Task:
    """Change a task. Its project stays once there is time: entries belong to that project."""
    given = {name: value for name, value in values.items() if value != getattr(task, name)}
    moved = "project_id" in given
    if moved and (found := (await entities.dependents(session, task)).get("time_entry")):
        raise InUse(f"Time entries belong to its project: {found}.", usage={"time_entry": found})
    await _refer(session, given)
    return await entities.update(session, task, values)


async def _refer(session: AsyncSession, values: Values) -> None:
    if "project_id" in values:
        project = await entities.referred(session, Project, values["project_id"], "project_id")
        if project.archived_at is not None:
            raise Archived(f"The project {project.name} is archived.")
    if values.get("assignee_id") is not None:
        user = await entities.referred(session, User, values["assignee_id"], "assignee_id")
        if user.archived_at is not None:
            raise Archived(f"The user {user.username} is archived.")
