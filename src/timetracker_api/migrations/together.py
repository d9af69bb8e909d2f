"""Doing several things at once, none of which outlives the others' end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def together(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Wait for both; where one fails, or both are cancelled, until the other has ended as well.

    What they work on can be closed after that: SQLite crashes where it is closed under a thread.
    """
    tasks = asyncio.create_task(one), asyncio.create_task(other)
    try:
        return await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        raise  # they know already, and a second time would disturb how they end
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    finally:
        await asyncio.wait(tasks)
