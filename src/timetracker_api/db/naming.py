"""Attributes that several entities share: a name to find them by, a time they were put away."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, event
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, UOWTransaction, mapped_column

from timetracker_api.db.base import fold
from timetracker_api.db.session import UnitOfWork


class Searchable:
    """Gives an entity one folded text that ``search=`` looks into, the same on both databases."""

    searched: ClassVar[Sequence[str]]
    """The attributes whose text can be searched."""

    search_key: Mapped[str] = mapped_column(sort_order=70, info={"field": "search"})


class Archivable:
    """Gives an entity a time since when it is put away: it keeps its history, takes no new work."""

    archived_at: Mapped[datetime | None] = mapped_column(sort_order=75)


@event.listens_for(UnitOfWork, "before_flush")
def _fold_searched(session: Session, _flush: UOWTransaction, _instances: object) -> None:
    for entity in (*session.new, *session.dirty):
        if isinstance(entity, Searchable):
            words = (getattr(entity, name) or "" for name in entity.searched)
            entity.search_key = "\n".join(map(fold, words))


def containing(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Compare a folded column with what somebody typed."""
    return column.contains(fold(text), autoescape=True)
