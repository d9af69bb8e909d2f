"""Text that lists are sorted by is in the order of code points, on PostgreSQL as well."""

import sqlalchemy as sa
from alembic import op

revision = "0006_text_in_code_point_order"
down_revision = "0005_numbers_are_used_once"
branch_labels = None
depends_on = None

COLUMNS = (
    ("users", "username_key"),
    ("clients", "name_key"),
    ("projects", "name_key"),
    ("projects", "code_key"),
    ("tasks", "name_key"),
    ("custom_field_definitions", "key"),
    ("custom_field_definitions", "label"),
    ("link_templates", "name"),
)


def upgrade() -> None:
    collate("C")


def downgrade() -> None:
    collate("default")


def collate(collation: str) -> None:
    """SQLite knows no other order. The rows stay as they are; small indexes are made anew."""
    context = op.get_context()
    if context.dialect.name != "postgresql":
        return
    if context.as_sql:  # what that rule is about is rewriting all rows
        context.impl.static_output("-- squawk-ignore-file changing-column-type")
    for table, column in COLUMNS:
        op.alter_column(table, column, type_=sa.String(collation=collation))
