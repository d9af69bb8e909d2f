"""What is different where a pooler, such as PgBouncer, hands out the server's connections.

It gives one for a transaction, and for a statement outside of one. So nothing may be left behind on
a connection, nor be expected there: no prepared statement, and no setting.
"""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from timetracker_api.settings import Pooler


def connect_args(pooler: Pooler, lock_timeout: str) -> dict[str, Any]:
    """Return how the driver is to connect."""
    name = {"application_name": "timetracker-api"}
    if pooler == "none":
        return {"server_settings": {**name, "lock_timeout": lock_timeout}}
    # Statements have no name then, and are sent whole each time, together with their values. The
    # types of what they give stay remembered: a revision must not change the type of a column.
    return {"server_settings": name, "statement_cache_size": 0}


def limit_waiting(server: AsyncEngine, lock_timeout: str) -> AsyncEngine:
    """Return an engine of which every transaction waits for locks no longer than this."""
    statement = f"SET LOCAL lock_timeout = '{lock_timeout}'"

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    engine = server.execution_options()
    event.listen(engine.sync_engine, "begin", limit)
    return engine
