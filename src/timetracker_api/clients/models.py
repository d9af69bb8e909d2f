"""Where clients are kept."""

from decimal import Decimal
from typing import ClassVar

from sqlalchemy.orm import Mapped, mapped_column, validates

from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.db.base import fold
from timetracker_api.db.naming import Archivable, Searchable
from timetracker_api.db.types import OrderedText


class Client(Archivable, HasCustomFields, Searchable):
    """Someone the work is done for."""

    __tablename__ = "clients"
    entity_type: ClassVar[str] = "client"
    rates = frozenset({"hourly_rate"})
    searched = ("name", "contact_person", "email", "phone")

    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(OrderedText, unique=True, info={"field": "name"})
    description: Mapped[str | None]
    contact_person: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    currency: Mapped[str | None]
    hourly_rate: Mapped[Decimal | None]

    @validates("name")
    def _fold_name(self, _key: str, name: str) -> str:
        self.name_key = fold(name)
        return name
