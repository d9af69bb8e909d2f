<%
    def body(commands):
        lines = (commands or "pass").splitlines()
        text = "\n".join(line for line in lines if "###" not in line).strip() or "pass"
        return text.replace("op.batch_alter_table(", "rebuild(")

    said = str(message).replace("\\", r"\\").replace('"', r"\"")
    done, undone = body(upgrades), body(downgrades)
    uses = lambda name: f" {name}," in done + undone
%>\
"""${said}."""

import sqlalchemy as sa
from alembic import op
% if uses("JSON"):
from sqlalchemy.dialects.postgresql import JSONB
% endif
% if imports:
${imports}
% endif
% if "rebuild(" in done + undone:

from timetracker_api.migrations.rebuilding import rebuild
% endif

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}
% if uses("BigKey") or uses("JSON"):

% endif
% if uses("BigKey"):
BigKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
% endif
% if uses("JSON"):
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
% endif


def upgrade() -> None:
    ${done}


def downgrade() -> None:
    ${undone}
