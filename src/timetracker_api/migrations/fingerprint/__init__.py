"""What the catalogue of a database should say at each revision, and whether it does.

`alembic check` compares names and types with the models. It sees neither that somebody has changed
the condition of an index or the text of a CHECK, nor the database between two releases. So every
release brings along how both databases describe what its revisions have built.
"""

from timetracker_api.migrations.fingerprint.describing import (
    Fact,
    Facts,
    differences,
    digest,
    facts,
)
from timetracker_api.migrations.fingerprint.recorded import (
    Expected,
    digest_of,
    drift,
    expected,
    matches,
    tables_at,
)

__all__ = [
    "Expected",
    "Fact",
    "Facts",
    "differences",
    "digest",
    "digest_of",
    "drift",
    "expected",
    "facts",
    "matches",
    "tables_at",
]
