"""How far large changes of rows have come."""

import sqlalchemy as sa
from alembic import op

revision = "0004_data_migrations"
down_revision = "0003_unique_and_hidden_fields"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_migrations",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'running', 'failed', 'done')",
            name=op.f("ck_data_migrations_status"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_migrations")),
    )


def downgrade() -> None:
    op.drop_table("data_migrations")
