"""A streaming replica of a PostgreSQL database, for what takes long.

It is read from only while that makes no difference: it is a replica, of this very database, not far
behind it, and with the same definitions. Otherwise the database itself is, and nobody notices but
who reads the log.
"""

import asyncio
from time import monotonic
from typing import Any, Self

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from timetracker_api.db.engine import lasting_engine
from timetracker_api.db.failing import UNREACHABLE, describe
from timetracker_api.settings import Settings

AVOIDED_SECONDS = 60
"""How long a replica is left alone that was not good: the log says so as often."""
CATCHING_UP_SECONDS = 1
"""How long it may take to have what was written before: it has it in milliseconds, as a rule."""
ANSWERING_SECONDS = 5

_IDENTITY = text("""
    SELECT current_database(),
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT string_agg(version_num, ',') FROM alembic_version),
        (SELECT version FROM schema_version)
""")
"""What is the same on both: the cluster, the revision, and the version of all definitions."""
_WRITTEN = text("SELECT CAST(pg_current_wal_flush_lsn() AS TEXT)")
_STANDING = text("""
    SELECT pg_is_in_recovery() AS follows,
        pg_last_wal_replay_lsn() >= CAST(CAST(:written AS TEXT) AS pg_lsn) AS has_all,
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS lag
""")

log = structlog.stdlib.get_logger("timetracker_api")


class Replica:
    """The replica that the settings name."""

    def __init__(self, engine: AsyncEngine, primary: AsyncEngine, most_lag: int) -> None:
        self.engine = engine
        self._primary = primary
        self._most_lag = most_lag
        self._avoided_until = 0.0

    @classmethod
    def of(cls, settings: Settings, primary: AsyncEngine) -> Self | None:
        """Open nothing yet."""
        if settings.replica_url is None:
            return None
        engine = lasting_engine(settings.replica_url, settings.database_pooler)
        return cls(engine, primary, settings.replica_lag_seconds)

    async def is_good(self) -> bool:
        """Tell whether it can be read from now instead of the database itself."""
        if monotonic() < self._avoided_until:
            return False
        try:
            async with asyncio.timeout(ANSWERING_SECONDS):
                fault = await self._fault()
        except UNREACHABLE as error:
            fault = describe(error)
        if fault is not None:
            self.avoid(fault)
        return fault is None

    def avoid(self, reason: str) -> None:
        """Leave it alone for some time."""
        self._avoided_until = monotonic() + AVOIDED_SECONDS
        log.warning("the replica is not used for now", seconds=AVOIDED_SECONDS, reason=reason)

    async def _fault(self) -> str | None:
        async with self._primary.connect() as primary:
            identity = await _row(primary, _IDENTITY)
            [written] = await _row(primary, _WRITTEN)
        checking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with checking.connect() as replica:
            deadline = monotonic() + CATCHING_UP_SECONDS
            while True:
                follows, has_all, lag = await _row(replica, _STANDING, written=written)
                if not follows:
                    return "it is no replica any more: it has been promoted"
                if has_all or monotonic() >= deadline:
                    break
                await asyncio.sleep(0.02)
            if not has_all and (lag is None or lag > self._most_lag):
                return f"it is {'far' if lag is None else f'{lag:.0f} seconds'} behind"
            if await _row(replica, _IDENTITY) != identity:
                return "it is of another database, or has other definitions"
        return None


async def _row(
    connection: AsyncConnection, statement: TextClause, **values: str
) -> tuple[Any, ...]:
    return tuple((await connection.execute(statement, values)).one())
