"""Where tasks are kept."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, validates

from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.db.base import fold
from timetracker_api.db.naming import Archivable, Searchable
from timetracker_api.db.types import OrderedText

Status = Literal["todo", "in_progress", "review", "done", "cancelled"]
Priority = Literal["low", "medium", "high", "urgent"]


def _one_of(column: str, values: Any) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in get_args(values))
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Task(Archivable, HasCustomFields, Searchable):
    """A piece of the work of a project."""

    __tablename__ = "tasks"
    entity_type: ClassVar[str] = "task"
    rates = frozenset({"hourly_rate"})
    searched = ("name",)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(OrderedText, info={"field": "name"})
    description: Mapped[str | None]
    status: Mapped[str]
    priority: Mapped[str]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    due_on: Mapped[date | None]
    estimated_seconds: Mapped[int | None]
    hourly_rate: Mapped[Decimal | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("project_id", "name_key"),
            _one_of("status", Status),
            _one_of("priority", Priority),
            *cls.rules(),
        )

    @validates("name")
    def _fold_name(self, _key: str, name: str) -> str:
        self.name_key = fold(name)
        return name
