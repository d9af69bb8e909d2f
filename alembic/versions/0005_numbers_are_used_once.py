"""Numbers are used once, on SQLite as well."""

from alembic import op

from timetracker_api.migrations.rebuilding import rebuild

revision = "0005_numbers_are_used_once"
down_revision = "0004_data_migrations"
branch_labels = None
depends_on = None

TABLES = {
    "users": "user",
    "tokens": "token",
    "custom_field_definitions": "custom_field_definition",
    "link_templates": "link_template",
    "organization": "settings",
    "clients": "client",
    "projects": "project",
    "tasks": "task",
    "time_entries": "time_entry",
    "events": "event",
}
"""Those whose rows have numbers, and what events call such a row."""


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    for table, entity_type in TABLES.items():
        with rebuild(table, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
        # What has been deleted had a number, too; events know it.
        newest = f"SELECT max(id) AS id FROM {table}"  # noqa: S608 - named above
        named = f"SELECT max(entity_id) FROM events WHERE entity_type = '{entity_type}'"  # noqa: S608 - likewise
        op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table}'")  # noqa: S608 - likewise
        op.execute(
            "INSERT INTO sqlite_sequence (name, seq)"  # noqa: S608 - likewise
            f" SELECT '{table}', coalesce(max(id), 0) FROM ({newest} UNION {named})"
        )


def downgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    for table in reversed(TABLES):
        usual = {"sqlite_autoincrement": False}
        with rebuild(table, recreate="always", table_kwargs=usual) as batch:
            batch.create_primary_key(op.f(f"pk_{table}"), ["id"])
