"""The rules about tasks, and how they are shown."""

from sqlalchemy import column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.auth.models import User
from timetracker_api.clients.models import Client
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Archived, InUse
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task

# Time entries belong to a slice above this one, which imports it: here their table goes by name.
_entries = table("time_entries", column("task_id"), column("duration_seconds"))

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
        select(func.coalesce(func.sum(_entries.c.duration_seconds), 0))
        .where(_entries.c.task_id == Task.id)
        .correlate(Task)
        .scalar_subquery()
        .label("tracked_seconds"),
        Task.archived_at,
        Task.version,
        Task.created_at,
        Task.updated_at,
    )
    .join(Project, Project.id == Task.project_id)
    .join(Client, Client.id == Project.client_id)
    .outerjoin(User, User.id == Task.assignee_id),
)


async def create(session: AsyncSession, values: Values) -> Task:
    """Add a task to a project that is not archived."""
    await _refer(session, values)
    return await entities.create(session, Task, values)


async def update(session: AsyncSession, task: Task, values: Values) -> Task:
    """Change a task. Its project stays once there is time: entries belong to that project."""
    given = {name: value for name, value in values.items() if value != getattr(task, name)}
    if "project_id" in given:
        if found := (await entities.dependents(session, task)).get("time entries"):
            raise InUse(
                f"{found} time entries belong to its project.", usage={"time entries": found}
            )
    await _refer(session, given)
    return await entities.update(session, task, values)


async def archive(session: AsyncSession, task: Task) -> Task:
    """Put a task away: it keeps its history, and takes no new time."""
    return await entities.update(session, task, {"archived_at": task.archived_at or clock.now()})


async def unarchive(session: AsyncSession, task: Task) -> Task:
    """Bring a task back."""
    return await entities.update(session, task, {"archived_at": None})


async def _refer(session: AsyncSession, values: Values) -> None:
    if "project_id" in values:
        project = await entities.referred(session, Project, values["project_id"], "project_id")
        if project.archived_at is not None:
            raise Archived(f"The project {project.name} is archived.")
    if values.get("assignee_id") is not None:
        await entities.referred(session, User, values["assignee_id"], "assignee_id")
