"""The timer."""

from typing import Annotated

from fastapi import Body

from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.timer import service
from timetracker_api.timer.schemas import (
    TimerDiscard,
    TimerDiscarded,
    TimerResume,
    TimerStart,
    TimerStarted,
    TimerState,
    TimerStop,
    TimerStopped,
    TimerSwitch,
)
from timetracker_api.web.routing import ResourceRouter

router = ResourceRouter("timer", scope="time_entries")


@router.get("", response_model=TimerState)
async def get_timer(session: Reading) -> Values:
    """What is running for you, or null."""
    return await service.state(session)


@router.post("/start", response_model=TimerStarted)
async def start_timer(session: Writing, data: TimerStart) -> Values:
    """Begin an entry now. Mandatory custom fields may wait until it is done."""
    return await service.start(session, data.whole())


@router.post("/switch", response_model=TimerStarted)
async def switch_timer(session: Writing, data: TimerSwitch) -> Values:
    """Stop what is running and begin something else, at one and the same instant."""
    return await service.start(session, data.whole() | {"on_running": "switch"})


@router.post("/stop", response_model=TimerStopped)
async def stop_timer(
    session: Writing, data: Annotated[TimerStop, Body(default_factory=TimerStop)]
) -> Values:
    """End what is running. Where nothing is, `stopped` is null: this can safely be repeated."""
    return await service.stop(session, data.entry_id, data.ended_at)


@router.post("/pause", response_model=TimerStopped)
async def pause_timer(
    session: Writing, data: Annotated[TimerStop, Body(default_factory=TimerStop)]
) -> Values:
    """End what is running, to resume it later. The same as to stop it."""
    return await service.stop(session, data.entry_id, data.ended_at)


@router.post("/resume", response_model=TimerStarted)
async def resume_timer(
    session: Writing, data: Annotated[TimerResume, Body(default_factory=TimerResume)]
) -> Values:
    """Begin a new entry that continues an earlier one."""
    return await service.resume(session, data.entry_id, data.on_running)


@router.post("/discard", response_model=TimerDiscarded)
async def discard_timer(
    session: Writing, data: Annotated[TimerDiscard, Body(default_factory=TimerDiscard)]
) -> Values:
    """Throw away what is running, as if it had never been started."""
    return await service.discard(session, data.entry_id)
