"""Where time is kept."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.db.base import Entity
from timetracker_api.db.naming import Searchable

SOURCES = ("timer", "manual", "import", "api")


class TimeEntry(Entity, HasCustomFields, Searchable):
    """Time that somebody spent, half-open from start to end; while it runs, without an end."""

    __tablename__ = "time_entries"
    entity_type: ClassVar[str] = "time_entry"
    rates = frozenset({"rate"})
    searched = ("notes",)
    may_wait = True

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"))
    """The client, also where it is known through the project: found without a join."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    """Elapsed seconds between the two instants, whatever clocks on walls did."""
    time_zone: Mapped[str]
    local_date: Mapped[date]
    """The date of the start in that zone: what locks, budgets and reports go by."""
    notes: Mapped[str | None]
    tags: Mapped[list[str]]
    billable: Mapped[bool]
    rate_amount: Mapped[Decimal | None]
    rate_currency: Mapped[str | None]
    rate_source: Mapped[str | None]
    """The rate it was recorded with, and whose that was; later changes do not reach it."""
    source: Mapped[str]
    continues_id: Mapped[int | None] = mapped_column(
        ForeignKey("time_entries.id", ondelete="SET NULL"), index=True
    )
    complete: Mapped[bool]
    """Whether it has a value for every mandatory custom field."""

    def is_in_the_making(self, values: dict[str, Any]) -> bool:
        """Return whether the timer made it: starting and stopping never fail for lack of values."""
        return values.get("source", self.source) == "timer"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("ended_at >= started_at", name="ends_after_it_starts"),
            CheckConstraint(
                "(ended_at IS NULL) = (duration_seconds IS NULL)", name="duration_with_end"
            ),
            CheckConstraint("duration_seconds >= 0", name="duration"),
            Index(
                "uq_time_entries_running",
                "user_id",
                unique=True,
                postgresql_where=text("ended_at IS NULL"),
                sqlite_where=text("ended_at IS NULL"),
            ),
            Index(None, "started_at", "id"),
            Index(None, "user_id", "started_at", "id"),
            Index(None, "project_id", "started_at", "id"),
            Index(None, "client_id", "started_at", "id"),
            Index(
                None,
                "local_date",
                postgresql_include=["project_id", "user_id", "billable", "duration_seconds"],
            ),
            Index(
                None,
                "tags",
                postgresql_using="gin",
                postgresql_ops={"tags": "jsonb_path_ops"},
            ).ddl_if(dialect="postgresql"),
            *cls.rules(),
        )
