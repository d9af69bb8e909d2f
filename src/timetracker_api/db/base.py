"""The declarative base every table shares, and what all entities have."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from timetracker_api import clock
from timetracker_api.db.types import BigKey, JSONDocument, Money, UTCDateTime


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UTCDateTime,
        Decimal: Money,
        dict[str, Any]: JSONDocument,
        list[str]: JSONDocument,
        list[dict[str, Any]]: JSONDocument,
    }


def _when_created(context: Any) -> datetime:
    """A new record was last changed when it was created, to the microsecond."""
    return context.get_current_parameters()["created_at"]


class Numbered(Base):
    """Something with a number that nothing else ever gets, also when it is deleted."""

    __abstract__ = True

    @classmethod
    def __table_cls__(cls, *args: Any, **options: Any) -> Table:
        """Let SQLite count on, as PostgreSQL does: by itself it gives the newest number again."""
        return Table(*args, **options, sqlite_autoincrement=True)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, sort_order=-1)


class Entity(Numbered):
    """A thing people name, change and delete; every change to one is recorded."""

    __abstract__ = True

    entity_type: ClassVar[str]
    """What one of them is called in events, custom fields and errors: ``client``."""
    rates: ClassVar[frozenset[str]] = frozenset()
    """What is only shown to, and only set by, whoever may see rates."""

    version: Mapped[int] = mapped_column(sort_order=89)
    """Counts the changes. `ETag` and `If-Match` compare it."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(
        default=_when_created, onupdate=clock.now, sort_order=91
    )

    __mapper_args__ = {"version_id_col": version}

    @classmethod
    def kinds(cls) -> Iterator[type[Self]]:
        """Give every kind there is of them."""
        for kind in cls.__subclasses__():
            if not kind.__dict__.get("__abstract__"):
                yield kind
            yield from kind.kinds()


def fold(text: str) -> str:
    """Return what two spellings of one name have in common: case, form and spacing aside.

    Folding in Python and comparing the result makes uniqueness, sorting and searching the same
    on both databases: SQLite's own ``lower`` knows ASCII only, PostgreSQL's depends on its locale.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
