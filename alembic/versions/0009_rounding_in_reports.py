"""How reports round durations."""

import sqlalchemy as sa
from alembic import op

from timetracker_api.migrations.rebuilding import rebuild

revision = "0009_rounding_in_reports"
down_revision = "0008_names_of_link_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    context = op.get_context()
    if context.as_sql:
        # There is one row, so that a look at all of them takes no time.
        context.impl.static_output("-- squawk-ignore-file constraint-missing-not-valid")
    with rebuild("organization", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("rounding", sa.String(), server_default=sa.text("'nearest'"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("rounding_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_organization_rounding"), "rounding IN ('up', 'nearest', 'down')"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_organization_rounding_minutes"),
            "rounding_minutes IN (0, 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)",
        )


def downgrade() -> None:
    with rebuild("organization", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_organization_rounding_minutes"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_organization_rounding"), type_="check")
        batch_op.drop_column("rounding_minutes")
        batch_op.drop_column("rounding")
