"""Where the settings of the organisation are kept."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api.db.base import Entity
from timetracker_api.db.schema_version import ChangesSchema
from timetracker_api.organization.numbering import ORDINARY


class Organization(Entity, ChangesSchema):
    """The one row of settings that hold for everybody. A revision inserts it."""

    __tablename__ = "organization"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("overlap_policy IN ('allow', 'warn', 'reject')", name="overlap_policy"),
        CheckConstraint("future_entries IN ('allow', 'reject')", name="future_entries"),
        CheckConstraint("rounding IN ('up', 'nearest', 'down')", name="rounding"),
        CheckConstraint(
            "rounding_minutes IN (0, 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)",
            name="rounding_minutes",
        ),
    )
    entity_type: ClassVar[str] = "settings"
    rates = frozenset({"hourly_rate"})

    name: Mapped[str | None]
    time_zone: Mapped[str]
    currency: Mapped[str]
    hourly_rate: Mapped[Decimal | None]
    overlap_policy: Mapped[str]
    """Whether a user's entries may overlap: ``allow``, ``warn`` or ``reject``."""
    future_entries: Mapped[str]
    """Whether entries may start in the future: ``allow`` or ``reject``."""
    locked_before: Mapped[date | None] = mapped_column()
    """Entries dated before this day are closed."""
    rounding: Mapped[str] = mapped_column(server_default=text("'nearest'"))
    """Which way the duration of every entry is rounded: ``up``, ``nearest`` or ``down``."""
    rounding_minutes: Mapped[int] = mapped_column(server_default=text("0"))
    """To how many minutes, where it is reported or billed; 0 for not at all."""
    invoice_number_pattern: Mapped[str] = mapped_column(server_default=text(f"'{ORDINARY}'"))
    """How invoices are numbered; see `organization.numbering`."""
