"""Projects, tasks, time entries, and the settings of the organisation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002_time_tracking"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None

BigKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("overlap_policy", sa.String(), nullable=False),
        sa.Column("future_entries", sa.String(), nullable=False),
        sa.Column("locked_before", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "future_entries IN ('allow', 'reject')", name=op.f("ck_organization_future_entries")
        ),
        sa.CheckConstraint(
            "overlap_policy IN ('allow', 'warn', 'reject')",
            name=op.f("ck_organization_overlap_policy"),
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_organization_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.execute(
        "INSERT INTO organization (id, time_zone, currency, overlap_policy, future_entries, version,"
        " created_at, updated_at) VALUES (1, 'UTC', 'EUR', 'allow', 'allow', 1,"
        " CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
    )
    op.create_table(
        "projects",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("client_id", BigKey, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("code_key", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("budget_hours", sa.BigInteger(), nullable=True),
        sa.Column("budget_amount", sa.BigInteger(), nullable=True),
        sa.Column("color", sa.String(), nullable=True),
        sa.Column("search_key", sa.String(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custom_fields", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CAST(custom_fields AS TEXT) LIKE '{%'", name=op.f("ck_projects_custom_fields_object")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_projects_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("client_id", "name_key", name=op.f("uq_projects_client_id_name_key")),
        sa.UniqueConstraint("code_key", name=op.f("uq_projects_code_key")),
    )
    op.create_index(op.f("ix_projects_client_id"), "projects", ["client_id"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            op.f("ix_projects_custom_fields"),
            "projects",
            ["custom_fields"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.create_table(
        "tasks",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("project_id", BigKey, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("assignee_id", BigKey, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("estimated_seconds", sa.Integer(), nullable=True),
        sa.Column("hourly_rate", sa.BigInteger(), nullable=True),
        sa.Column("search_key", sa.String(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custom_fields", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CAST(custom_fields AS TEXT) LIKE '{%'", name=op.f("ck_tasks_custom_fields_object")
        ),
        sa.CheckConstraint(
            "priority IN ('low', 'medium', 'high', 'urgent')", name=op.f("ck_tasks_priority")
        ),
        sa.CheckConstraint(
            "status IN ('todo', 'in_progress', 'review', 'done', 'cancelled')",
            name=op.f("ck_tasks_status"),
        ),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_tasks_assignee_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tasks_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("project_id", "name_key", name=op.f("uq_tasks_project_id_name_key")),
    )
    op.create_index(op.f("ix_tasks_assignee_id"), "tasks", ["assignee_id"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            op.f("ix_tasks_custom_fields"),
            "tasks",
            ["custom_fields"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.create_index(op.f("ix_tasks_project_id"), "tasks", ["project_id"], unique=False)
    op.create_table(
        "time_entries",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("user_id", BigKey, nullable=False),
        sa.Column("client_id", BigKey, nullable=False),
        sa.Column("project_id", BigKey, nullable=True),
        sa.Column("task_id", BigKey, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("rate_amount", sa.BigInteger(), nullable=True),
        sa.Column("rate_currency", sa.String(), nullable=True),
        sa.Column("rate_source", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("continues_id", BigKey, nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("search_key", sa.String(), nullable=False),
        sa.Column("custom_fields", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CAST(custom_fields AS TEXT) LIKE '{%'",
            name=op.f("ck_time_entries_custom_fields_object"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (duration_seconds IS NULL)",
            name=op.f("ck_time_entries_duration_with_end"),
        ),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_time_entries_duration")),
        sa.CheckConstraint(
            "ended_at >= started_at", name=op.f("ck_time_entries_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_time_entries_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["continues_id"],
            ["time_entries.id"],
            name=op.f("fk_time_entries_continues_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_time_entries_project_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_time_entries_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_time_entries_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entries")),
    )
    op.create_index(
        op.f("ix_time_entries_client_id_started_at_id"),
        "time_entries",
        ["client_id", "started_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_time_entries_continues_id"), "time_entries", ["continues_id"], unique=False
    )
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            op.f("ix_time_entries_custom_fields"),
            "time_entries",
            ["custom_fields"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.create_index(
        op.f("ix_time_entries_local_date"),
        "time_entries",
        ["local_date"],
        unique=False,
        postgresql_include=["project_id", "user_id", "billable", "duration_seconds"],
    )
    op.create_index(
        op.f("ix_time_entries_project_id_started_at_id"),
        "time_entries",
        ["project_id", "started_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_time_entries_started_at_id"), "time_entries", ["started_at", "id"], unique=False
    )
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            op.f("ix_time_entries_tags"),
            "time_entries",
            ["tags"],
            unique=False,
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
        )

    op.create_index(op.f("ix_time_entries_task_id"), "time_entries", ["task_id"], unique=False)
    op.create_index(
        op.f("ix_time_entries_user_id_started_at_id"),
        "time_entries",
        ["user_id", "started_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_time_entries_running",
        "time_entries",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hourly_rate", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("hourly_rate")

    op.drop_index(
        "uq_time_entries_running",
        table_name="time_entries",
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_time_entries_user_id_started_at_id"), table_name="time_entries")
    op.drop_index(op.f("ix_time_entries_task_id"), table_name="time_entries")
    if op.get_context().dialect.name == "postgresql":
        op.drop_index(
            op.f("ix_time_entries_tags"),
            table_name="time_entries",
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
        )

    op.drop_index(op.f("ix_time_entries_started_at_id"), table_name="time_entries")
    op.drop_index(op.f("ix_time_entries_project_id_started_at_id"), table_name="time_entries")
    op.drop_index(
        op.f("ix_time_entries_local_date"),
        table_name="time_entries",
        postgresql_include=["project_id", "user_id", "billable", "duration_seconds"],
    )
    if op.get_context().dialect.name == "postgresql":
        op.drop_index(
            op.f("ix_time_entries_custom_fields"),
            table_name="time_entries",
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.drop_index(op.f("ix_time_entries_continues_id"), table_name="time_entries")
    op.drop_index(op.f("ix_time_entries_client_id_started_at_id"), table_name="time_entries")
    op.drop_table("time_entries")
    op.drop_index(op.f("ix_tasks_project_id"), table_name="tasks")
    if op.get_context().dialect.name == "postgresql":
        op.drop_index(
            op.f("ix_tasks_custom_fields"),
            table_name="tasks",
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.drop_index(op.f("ix_tasks_assignee_id"), table_name="tasks")
    op.drop_table("tasks")
    if op.get_context().dialect.name == "postgresql":
        op.drop_index(
            op.f("ix_projects_custom_fields"),
            table_name="projects",
            postgresql_using="gin",
            postgresql_ops={"custom_fields": "jsonb_path_ops"},
        )

    op.drop_index(op.f("ix_projects_client_id"), table_name="projects")
    op.drop_table("projects")
    op.drop_table("organization")
