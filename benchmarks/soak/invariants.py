"""What has to be true in the database, whatever has happened."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from benchmarks.soak.ledger import Write
from timetracker_api.db.session import Database
from timetracker_api.settings import Settings

RULES: Mapping[str, str] = {
    "a user has two timers running": """
        SELECT user_id FROM time_entries WHERE ended_at IS NULL
        GROUP BY user_id HAVING count(*) > 1""",
    "a duration is negative, or not that between start and end": """
        SELECT id FROM time_entries
        WHERE ended_at < started_at OR duration_seconds < 0
        OR duration_seconds <> extract(epoch FROM ended_at - started_at)""",
    "a record and its events do not agree": """
        SELECT entity_type, entity_id FROM (
            SELECT 'time_entry' AS entity_type, id AS entity_id, version FROM time_entries
            UNION ALL SELECT 'client', id, version FROM clients
        ) AS records FULL JOIN (
            SELECT entity_type, entity_id, count(*) AS changes,
                count(*) FILTER (WHERE type LIKE '%.created') AS created,
                count(*) FILTER (WHERE type LIKE '%.deleted') AS deleted
            FROM events WHERE entity_type IN ('time_entry', 'client') GROUP BY 1, 2
        ) AS told USING (entity_type, entity_id)
        WHERE created IS DISTINCT FROM 1
        OR CASE deleted WHEN 0 THEN version IS DISTINCT FROM changes
            WHEN 1 THEN version IS NOT NULL ELSE true END""",
    "an answer was promised under a key and not stored": """
        SELECT user_id, key FROM idempotent_answers WHERE status IS NULL""",
}

CONNECTIONS = """
    SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%')
    FROM pg_stat_activity
    WHERE application_name = 'timetracker-api' AND pid <> pg_backend_pid()"""

EVENTS = "SELECT request_id, type, entity_id, count(*) FROM events GROUP BY 1, 2, 3"


class Connections(NamedTuple):
    """The connections that a service has at rest."""

    open: int
    held: int
    """Those of them that are in a transaction in which nothing happens."""


class Evidence:
    """What the database itself says."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings)

    async def broken(self) -> list[str]:
        """Return the rules that do not hold, and what breaks them."""
        found = {rule: await self._fetch(statement) for rule, statement in RULES.items()}
        return [f"{rule}: {rows[:10]}" for rule, rows in found.items() if rows]

    async def untold(self, writes: Iterable[Write]) -> list[str]:
        """Return the acknowledged changes that there is not exactly one event about."""
        told = {Write(*what): times for *what, times in await self._fetch(EVENTS)}
        return [f"{told.get(w, 0)} events tell of {w}" for w in writes if told.get(w) != 1]

    async def connections(self) -> Connections:
        """Count the connections of the service."""
        [row] = await self._fetch(CONNECTIONS)
        return Connections(*row)

    async def dispose(self) -> None:
        """Close the connection this was found out over."""
        await self._database.dispose()

    async def _fetch(self, statement: str) -> Sequence[tuple[Any, ...]]:
        async with self._database.read() as session:
            return [tuple(row) for row in await session.execute(text(statement))]
