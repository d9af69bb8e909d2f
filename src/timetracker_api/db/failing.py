"""How a server fails, or the way to it."""

import asyncpg
from sqlalchemy import exc

UNREACHABLE = (
    exc.DBAPIError,
    exc.TimeoutError,
    asyncpg.PostgresError,  # while connecting, the driver's errors come unwrapped
    asyncpg.InterfaceError,
    OSError,
)
"""What is raised then. Among the first are mistakes of ours as well; see `web.errors`."""


def describe(error: BaseException) -> str:
    """Say what a server has failed with, on one line."""
    reason = getattr(error, "orig", None) or error
    return " ".join(f"{type(reason).__name__}: {reason}".split())
