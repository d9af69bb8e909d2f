"""Where projects are kept."""

from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, validates

from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.db.base import fold
from timetracker_api.db.naming import Archivable, Searchable
from timetracker_api.db.types import OrderedText


class Project(Archivable, HasCustomFields, Searchable):
    """Work for a client that time is recorded on."""

    __tablename__ = "projects"
    entity_type: ClassVar[str] = "project"
    rates = frozenset({"hourly_rate", "budget_amount", "tracked_amount", "budget_amount_used"})
    searched = ("name", "code")

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(OrderedText, info={"field": "name"})
    code: Mapped[str | None]
    code_key: Mapped[str | None] = mapped_column(OrderedText, unique=True, info={"field": "code"})
    description: Mapped[str | None]
    billable: Mapped[bool]
    hourly_rate: Mapped[Decimal | None]
    budget_hours: Mapped[Decimal | None]
    budget_amount: Mapped[Decimal | None]
    color: Mapped[str | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (UniqueConstraint("client_id", "name_key"), *cls.rules())

    @validates("name")
    def _fold_name(self, _key: str, name: str) -> str:
        self.name_key = fold(name)
        return name

    @validates("code")
    def _fold_code(self, _key: str, code: str | None) -> str | None:
        self.code_key = fold(code) if code else None
        return code
