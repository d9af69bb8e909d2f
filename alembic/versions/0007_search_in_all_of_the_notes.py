"""Long notes are searched to their end."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007_search_in_all_of_the_notes"
down_revision = "0006_text_in_code_point_order"
branch_labels = None
depends_on = None

CUT = 2000
"""Characters after which the text to search in ended."""

entries = sa.table("time_entries", sa.column("id"), sa.column("notes"), sa.column("search_key"))
cut_off = sa.func.length(entries.c.search_key) == CUT


def upgrade() -> None:
    context = op.get_context()
    if context.as_sql:  # SQL cannot fold text as the service does
        context.impl.static_output("-- What was cut off can be searched once it is saved again.")
        return
    connection = op.get_bind()
    for id, notes in connection.execute(sa.select(entries.c.id, entries.c.notes).where(cut_off)):
        text = " ".join(unicodedata.normalize("NFKC", notes).casefold().split())
        connection.execute(entries.update().where(entries.c.id == id).values(search_key=text))


def downgrade() -> None:
    """What can be searched is also right for those who search in less."""
