"""The timer as the API takes and shows it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from timetracker_api.schema import Body, IdOf, Schema, WallTime
from timetracker_api.time_entries.schemas import EntryFields, TimeEntryRead

ServerTime = Annotated[datetime, Field(examples=["2026-11-22T09:30:00Z"])]
OnRunning = Literal["reject", "switch"]


class TimerStart(EntryFields):
    """What is being done from now on."""

    started_at: WallTime | None = None
    """When it began; null for now."""
    on_running: OnRunning = "reject"
    """What to do with a timer that is running: `reject` (409) or `switch`."""


class TimerSwitch(EntryFields):
    """What is being done from now on, instead of what was."""


class TimerStop(Body):
    """Which timer to stop, and when."""

    entry_id: IdOf | None = None
    """Stop only if this entry is the one that is running."""
    ended_at: WallTime | None = None
    """When it ended; null for now."""


class TimerDiscard(Body):
    """Which timer to discard."""

    entry_id: IdOf | None = None
    """Discard only if this entry is the one that is running."""


class TimerResume(Body):
    """What to go on with."""

    entry_id: IdOf | None = None
    """The entry to go on from; null for the latest."""
    on_running: OnRunning = "reject"
    """What to do with a timer that is running: `reject` (409) or `switch`."""


class TimerState(Schema):
    """What is running."""

    timer: TimeEntryRead | None
    """The running entry; null where nothing is running."""
    server_time: ServerTime
    """The clock of the service, to measure one's own by."""


class TimerStopped(Schema):
    """What was running."""

    stopped: TimeEntryRead | None
    """The entry that has ended now; null where nothing was running."""
    server_time: ServerTime
    """The clock of the service."""


class TimerStarted(TimerStopped):
    """What is running now, and what was before."""

    timer: TimeEntryRead
    """The running entry."""


class TimerDiscarded(Schema):
    """What was thrown away."""

    discarded: TimeEntryRead | None
    """The entry as it was; null where nothing was running."""
    server_time: ServerTime
    """The clock of the service."""
