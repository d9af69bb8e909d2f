"""What a new revision is called."""

import re

from alembic.script import ScriptDirectory

from timetracker_api.migrations.failures import BadUsage

ID_LENGTH = 32
"""Characters that PostgreSQL keeps of a revision's id. SQLite would accept more."""


def next_id(scripts: ScriptDirectory, message: str) -> str:
    """Return ``NNNN_slug``, which is the name of the file as well."""
    number = 1 + max((int(script.revision[:4]) for script in scripts.walk_revisions()), default=0)
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    if not slug:
        raise BadUsage("the message has nothing to name the file by", "Use letters or digits")
    return f"{number:04}_{slug}"[:ID_LENGTH].rstrip("_")
