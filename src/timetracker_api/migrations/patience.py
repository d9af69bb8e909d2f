"""Trying again when the service does not let go of a table in time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.driver_errors import LOCK_NOT_AVAILABLE, sqlstate

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds in which the service catches up, before each new attempt."""


async def patiently(
    connection: AsyncConnection,
    run: Callable[[Connection], T],
    *,
    may_resume: Callable[[], bool] = lambda: True,
    say: Callable[[str], object] = lambda _: None,
) -> T:
    """Run revisions, or look at tables, until one attempt has gone through.

    Every revision is its own transaction, so an attempt begins where the one before was stopped.
    That is only right for a target that means the same from there; ``may_resume`` knows.
    """
    for pause in PAUSES:
        try:
            return await connection.run_sync(run)
        except DBAPIError as error:
            if sqlstate(error) != LOCK_NOT_AVAILABLE or not may_resume():
                raise
        await connection.rollback()
        say(f"a table is in use; trying again in {pause:g} s")
        await asyncio.sleep(pause)
    return await connection.run_sync(run)
