"""Events as the API shows them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement

from timetracker_api.events.models import Event
from timetracker_api.schema import LARGEST_ID, Moment, Reference, Schema
from timetracker_api.web.feeds import Feed
from timetracker_api.web.parameters import Ids, among


class EventRead(Schema):
    """Something that happened."""

    id: Annotated[int, Field(examples=[1042])]
    """Its number."""
    occurred_at: datetime
    """When it happened."""
    type: Annotated[str, Field(examples=["client.updated"])]
    """What happened to what kind of record."""
    entity_type: Annotated[str, Field(examples=["client"])]
    """The kind of record."""
    entity_id: Annotated[int, Field(examples=[7])]
    """The record."""
    actor: Reference | None
    """The user who did it; null for the command line, or somebody who is gone."""
    request_id: Annotated[str | None, Field(examples=["0f5a8c3e9b7d4a61"])]
    """The request it happened in, as the log knows it."""
    changes: Annotated[
        dict[str, dict[str, Any]], Field(examples=[{"name": {"old": "Acme", "new": "Acme Inc."}}])
    ]
    """Per attribute its `old` and `new` value; of secrets only that they changed."""


class EventFeed(Feed, frozen=True):
    """How to list events."""

    include: Literal["total"] | None = None
    """`total` adds how many match."""
    type: Annotated[str | None, Field(max_length=100)] = None
    """Only events of this type, such as `client.updated`."""
    entity_type: Annotated[str | None, Field(max_length=100)] = None
    """Only events of this kind of record."""
    entity_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None
    """Only events of the record with this number."""
    actor_id: Ids | None = None
    """Only what these users did: one id, or several with commas."""
    occurred_after: Moment | None = None
    """Only what happened at this instant or later."""
    occurred_before: Moment | None = None
    """Only what happened before this instant."""
    sort: Literal["id", "-id"] = "-id"
    """The order; with `-` in front, the newest first."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.type:
            yield Event.type == self.type
        if self.entity_type:
            yield Event.entity_type == self.entity_type
        if self.entity_id:
            yield Event.entity_id == self.entity_id
        if self.actor_id:
            yield among(Event.actor_id, self.actor_id)
        if self.occurred_after:
            yield Event.occurred_at >= self.occurred_after
        if self.occurred_before:
            yield Event.occurred_at < self.occurred_before
