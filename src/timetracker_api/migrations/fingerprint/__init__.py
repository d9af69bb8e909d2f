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
    together,
)
from timetracker_api.migrations.fingerprint.modelling import (
    MEMORY,
    modelled,
    unlike,
    unlike_models,
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
    "MEMORY",
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
    "modelled",
    "tables_at",
    "together",
    "unlike",
    "unlike_models",
]
