"""Time entries as the API takes and shows them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import MISSING, AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from timetracker_api.custom_fields.schemas import CustomFields, CustomValues
from timetracker_api.link_templates.schemas import Links
from timetracker_api.schema import (
    LONGEST_DURATION,
    Amount,
    Body,
    IdOf,
    Line,
    Patch,
    Prose,
    Reference,
    Resource,
    Schema,
    TimeZoneName,
    WallTime,
)

End = Annotated[WallTime, Field(examples=["2026-11-22T11:00:00Z"])]

Seconds = Annotated[int, Field(ge=0, le=LONGEST_DURATION, examples=[5400])]


def _distinct(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise PydanticCustomError("not_unique", "A tag should occur only once")
    return tags


LONGEST_TAG = 50
"""Characters."""
MOST_TAGS = 20
"""On one entry."""

Tag = Annotated[Line, Field(min_length=1, max_length=LONGEST_TAG, examples=["meeting"])]
Tags = Annotated[
    list[Tag], Field(max_length=MOST_TAGS, examples=[["meeting"]]), AfterValidator(_distinct)
]


class EntryFields(Body):
    """What can be said of time, running or not."""

    project_id: IdOf | None = None
    """The project it was spent on; or else `client_id`."""
    client_id: IdOf | None = None
    """The client it was spent on, where there is no project. With a project, that one's."""
    task_id: IdOf | None = None
    """The task of the project it was spent on."""
    notes: Annotated[Prose, Field(examples=["Sketches"])] | None = None
    """What was done."""
    tags: Tags = []
    """Up to 20 words to find it by."""
    billable: bool | None = None
    """Whether it can be billed; null for what the project says."""
    time_zone: TimeZoneName | None = None
    """The IANA zone it was recorded in; null for the user's."""
    custom_fields: CustomFields = {}
    """Values of custom fields by key."""


class TimeEntryCreate(EntryFields):
    """Time that was spent."""

    user_id: IdOf | None = None
    """Who spent it; null for the caller. Another needs `time_entries:others`."""
    started_at: WallTime
    """When it began. Without an offset, on the clocks of `time_zone`."""
    ended_at: End | None = None
    """When it ended; or else `duration_seconds`."""
    duration_seconds: Seconds | None = None
    """How many seconds it took; or else `ended_at`."""
    source: Literal["manual", "import", "api"] = "manual"
    """How it came about."""


class _Changes(EntryFields):
    user_id: IdOf
    """Who spent it. Another needs `time_entries:others`."""
    started_at: WallTime
    """When it began. Without an offset, on the clocks of `time_zone`."""
    ended_at: End
    """When it ended. Ends what is running."""
    duration_seconds: Seconds
    """How many seconds it took; moves the end."""


class TimeEntryUpdate(Patch, _Changes):
    """Any of the fields of a time entry; the rest stay as they are."""


class Rate(Schema):
    """What an hour costs."""

    amount: Amount
    """The amount per hour."""
    currency: Annotated[str, Field(examples=["EUR"])]
    """Its ISO 4217 currency."""
    source: Annotated[
        Literal["task", "project", "client", "user", "organization"], Field(examples=["project"])
    ]
    """Whose rate it is."""


class Lock(Schema):
    """Why an entry cannot be changed."""

    kind: Annotated[Literal["period", "invoice"], Field(examples=["period"])]
    """What locks it: a period that is closed, or an invoice that it is on."""
    reason: Annotated[str, Field(examples=["Entries before 2026-01-01 are closed."])]
    """The same in a sentence."""


class OnInvoice(Schema):
    """The invoice that an entry is on."""

    id: Annotated[int, Field(examples=[7])]
    """Its id."""
    number: Annotated[str | None, Field(examples=["INV-2026-0001"])]
    """Its number; null for a draft."""
    status: Annotated[Literal["draft", "issued", "partly_paid", "paid"], Field(examples=["issued"])]
    """How far it is."""


class EntryWarning(Schema):
    """Something that may be a mistake."""

    code: Annotated[Literal["overlap"], Field(examples=["overlap"])]
    """What it is."""
    entry_ids: Annotated[list[int], Field(examples=[[41]])]
    """The entries it is about."""


class TimeEntryRead(Resource):
    """Time that somebody spent."""

    user: Reference
    """Who spent it."""
    client: Reference
    """The client it was spent on."""
    project: Reference | None
    """The project it was spent on."""
    task: Reference | None
    """The task it was spent on."""
    started_at: datetime
    """When it began."""
    ended_at: datetime | None
    """When it ended; null while it is running."""
    duration_seconds: Annotated[int | None, Field(examples=[5400])]
    """Elapsed seconds; null while it is running."""
    time_zone: Annotated[str, Field(examples=["Europe/Brussels"])]
    """The IANA zone it was recorded in."""
    local_date: date
    """The date of its beginning in that zone."""
    notes: Annotated[str | None, Field(examples=["Sketches"])]
    """What was done."""
    tags: Annotated[list[str], Field(examples=[["meeting"]])]
    """Words to find it by."""
    billable: Annotated[bool, Field(examples=[True])]
    """Whether it can be billed."""
    rate: Rate | MISSING | None = MISSING
    """The rate it was recorded with; null where there was none. Left out without `rates:read`."""
    source: Annotated[Literal["timer", "manual", "import", "api"], Field(examples=["manual"])]
    """How it came about."""
    continues_id: Annotated[int | None, Field(examples=[None])]
    """The entry it goes on from, after a pause."""
    complete: Annotated[bool, Field(examples=[True])]
    """Whether it has a value for every mandatory custom field."""
    invoice: OnInvoice | None
    """The invoice it is on, where it stays as it is; null where it can be billed still."""
    locks: Annotated[list[Lock], Field(examples=[[]])]
    """Why it cannot be changed; empty where it can."""
    custom_fields: CustomValues
    """Values of custom fields by key."""
    custom_field_links: Links
    """The links that follow from the values, by the field they belong to."""
    inactive: Annotated[dict[str, JsonValue], Field(examples=[{}])] | MISSING = MISSING
    """The values of inactive custom fields; only with `include=inactive`."""
    warnings: Annotated[list[EntryWarning], Field(examples=[[]])] | MISSING = MISSING
    """What may be a mistake; only in answers to a change, where the settings ask for it."""
