"""Tasks as the API takes and shows them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import MISSING, Field, JsonValue
from sqlalchemy import ColumnElement, case, func

from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.finding.filters import CustomListing, Related
from timetracker_api.custom_fields.finding.sort_parameter import SortedBy
from timetracker_api.custom_fields.schemas import CustomFields, CustomValues
from timetracker_api.db.naming import active, containing
from timetracker_api.link_templates.schemas import Links
from timetracker_api.projects.models import Project
from timetracker_api.schema import (
    LONGEST_DURATION,
    Amount,
    Body,
    Day,
    IdOf,
    Name,
    Patch,
    Prose,
    Reference,
    Resource,
)
from timetracker_api.tasks.models import Priority, Status, Task
from timetracker_api.web.choices import SeveralOf
from timetracker_api.web.pagination import ArchivableListing
from timetracker_api.web.parameters import Ids, IdsOrNone, Search, among


class TaskCreate(Body):
    """A piece of the work of a project."""

    project_id: IdOf
    """The project it belongs to. It cannot be changed once time is recorded."""
    name: Annotated[Name, Field(examples=["Landing page"])]
    """What it is called. Unique per project, whatever the case."""
    description: Annotated[Prose, Field(examples=["With the new pictures."])] | None = None
    """Whatever there is to say about it."""
    status: Status = "todo"
    """How far it is."""
    priority: Priority = "medium"
    """How urgent it is."""
    assignee_id: IdOf | None = None
    """The user who does it."""
    due_on: Day | None = None
    """When it should be done."""
    estimated_seconds: Annotated[int, Field(ge=0, le=LONGEST_DURATION, examples=[7200])] | None = (
        None
    )
    """How long it should take."""
    hourly_rate: Amount | None = None
    """What an hour costs; null for the project's rate. Needs `rates:read`."""
    custom_fields: CustomFields = {}
    """Values of custom fields by key."""


class TaskUpdate(Patch, TaskCreate):
    """Any of the fields of a task; the rest stay as they are."""


class TaskRead(Resource):
    """A piece of the work of a project."""

    project: Reference
    """The project it belongs to."""
    name: Annotated[str, Field(examples=["Landing page"])]
    """What it is called."""
    description: Annotated[str | None, Field(examples=["With the new pictures."])]
    """Whatever there is to say about it."""
    status: Status
    """How far it is."""
    priority: Priority
    """How urgent it is."""
    assignee: Reference | None
    """The user who does it."""
    due_on: date | None
    """When it should be done."""
    estimated_seconds: Annotated[int | None, Field(examples=[7200])]
    """How long it should take."""
    hourly_rate: Amount | MISSING | None = MISSING
    """What an hour costs; null for the project's rate. Left out without `rates:read`."""
    custom_fields: CustomValues
    """Values of custom fields by key."""
    custom_field_links: Links
    """The links that follow from the values, by the field they belong to."""
    inactive: Annotated[dict[str, JsonValue], Field(examples=[{}])] | MISSING = MISSING
    """The values of inactive custom fields; only with `include=inactive`."""
    tracked_seconds: Annotated[int, Field(examples=[3600])]
    """The time recorded on it, without what is running."""
    archived_at: datetime | None
    """Since when it takes no new time."""


_URGENCY = {priority: place for place, priority in enumerate(get_args(Priority))}


class TaskListing(CustomListing, ArchivableListing, frozen=True):
    """How to list tasks."""

    related = {
        "project": Related(Project, [Task.project_id]),
        "client": Related(Client, [Task.project_id, Project.client_id]),
    }

    search: Search | None = None
    """Only those whose name contains this, whatever the case."""
    client_id: Ids | None = None
    """Only those of these clients: one id, or several with commas."""
    project_id: Ids | None = None
    """Only those of these projects."""
    assignee_id: IdsOrNone | None = None
    """Only those of these users; `none` for those of nobody."""
    status: Annotated[str, SeveralOf(Status), Field(examples=["todo,review"])] | None = None
    """Only those that are this far: one of `todo`, `in_progress`, `review`, `done` and `cancelled`,
    or several with commas."""
    priority: Annotated[str, SeveralOf(Priority), Field(examples=["high,urgent"])] | None = None
    """Only those that are this urgent: one of `low`, `medium`, `high` and `urgent`, or several with
    commas."""
    due_before: Day | None = None
    """Only those that are due before this day."""
    takes_time: bool | None = None
    """Only those that take new time, or only the others: neither they nor their project and client
    may be archived."""
    sort: SortedBy[
        Literal[
            "name", "-name", "due_on", "-due_on", "priority", "-priority", "created_at",
            "-created_at", "updated_at", "-updated_at",
        ]
    ] = "name"  # fmt: skip
    """The order; with `-` in front, the other way round. What is never due comes last of all that
    is due, and so first the other way round; `-priority` has the urgent ones first."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.search:
            yield containing(Task.search_key, self.search)
        if self.client_id:
            yield among(Project.client_id, self.client_id)
        if self.project_id:
            yield among(Task.project_id, self.project_id)
        if self.assignee_id:
            yield among(Task.assignee_id, self.assignee_id)
        if self.status:
            yield Task.status.in_(self.status.split(","))
        if self.priority:
            yield Task.priority.in_(self.priority.split(","))
        if self.due_before:
            yield Task.due_on < self.due_before
        if self.takes_time is not None:
            yield active(Task, Project, Client).is_(self.takes_time)

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            "name": Task.name_key,
            # The databases do not agree on where nothing comes in an order.
            "due_on": func.coalesce(Task.due_on, date.max),
            "priority": case(_URGENCY, value=Task.priority),
            "created_at": Task.created_at,
            "updated_at": Task.updated_at,
        }
