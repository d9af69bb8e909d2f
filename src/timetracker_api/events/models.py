"""The one table that audit, webhooks and activity feeds all read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api import clock
from timetracker_api.db.base import Numbered
from timetracker_api.db.types import BigKey


class Event(Numbered):
    """Something that happened. Written in the transaction that made it happen."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "entity_type", "entity_id"),)

    occurred_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    type: Mapped[str]
    """What happened to what kind of thing: ``client.created``."""
    entity_type: Mapped[str]
    entity_id: Mapped[int] = mapped_column(BigKey)
    actor_id: Mapped[int | None] = mapped_column(BigKey)
    """The user behind the change. Not a foreign key: an event outlives what it is about."""
    request_id: Mapped[str | None]
    changes: Mapped[dict[str, Any]]
    """Per attribute its ``old`` and ``new`` value; of secrets only that they changed."""
