"""Events: who changed what."""

from typing import Annotated

from fastapi import Depends

from timetracker_api.db.session import Reading
from timetracker_api.entities import Values
from timetracker_api.events.models import Event
from timetracker_api.events.schemas import EventFeed, EventRead
from timetracker_api.events.showing import EVENTS, visible
from timetracker_api.web.feeds import Portion
from timetracker_api.web.routing import ResourceRouter

router = ResourceRouter("events")


@router.get("", response_model=Portion[EventRead])
async def list_events(
    session: Reading, feed: Annotated[EventFeed, Depends(EventFeed.from_query)]
) -> Values:
    """Everything that happened, the newest first, with old and new values."""
    return await feed.portion(session, EVENTS, Event.id, *visible(session))
