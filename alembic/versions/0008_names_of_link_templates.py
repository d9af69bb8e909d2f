"""A field has one link template of a name."""

from alembic import op

revision = "0008_names_of_link_templates"
down_revision = "0007_search_in_all_of_the_notes"
branch_labels = None
depends_on = None

NAME = "ix_link_templates_field_key_name"
UNIQUE = f"""
    -- squawk-ignore require-concurrent-index-creation -- a field has a few rows
    CREATE UNIQUE INDEX {NAME} ON link_templates (field_key, name)
"""
DISTINCT = """
    UPDATE link_templates
    SET name = substr(name, 1, 180) || ' ' || id, version = version + 1
    WHERE EXISTS (
        SELECT 1 FROM link_templates AS earlier
        WHERE earlier.field_key = link_templates.field_key
        AND earlier.name = link_templates.name AND earlier.id < link_templates.id
    )
"""


def upgrade() -> None:
    op.execute(DISTINCT)
    op.execute(DISTINCT)  # where one is called already what the first has made of another
    op.execute(UNIQUE)


def downgrade() -> None:
    op.drop_index(NAME, table_name="link_templates")
