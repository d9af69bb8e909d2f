"""Which right a role lacks: the server says only on what."""

import re

DENIED = re.compile(r"permission denied for (database|schema|table) ")

OF_ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}
"""The statements that need a right of the same name."""


def missing_right(said: str, statement: str) -> str:
    """Return the right that a statement lacked, by what the server said of it.

    Nothing where that is more than one, or not known. Connecting has no statement, and neither has
    COPY, by which the driver itself reads tables.
    """
    denied = DENIED.match(said)
    words = statement.upper().split()
    verb = words[0] if words else ""
    match denied and denied[1]:
        case "database":
            return "CREATE on the database" if verb else "CONNECT on the database"
        case "schema" if verb in OF_ROWS:
            return "USAGE on the schema"
        case "table" if "FOR UPDATE" in " ".join(words):
            return "UPDATE on the table"
        case "table" if verb in OF_ROWS or not verb:
            return f"{verb or 'SELECT'} on the table"
        case _:
            return ""
