"""Attributes that several entities share: a name to find them by, a time they were put away."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, and_, event
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, UOWTransaction, mapped_column

from timetracker_api.db.base import Entity, fold
from timetracker_api.db.session import UnitOfWork


class Searchable:
    """Gives an entity one folded text that ``search=`` looks into, the same on both databases."""

    searched: ClassVar[Sequence[str]]
    """The attributes whose text can be searched."""

    search_key: Mapped[str] = mapped_column(sort_order=70, info={"field": "search"})


class Archivable(Entity):
    """An entity that can be put away: it keeps its history, and takes no new work."""

    __abstract__ = True

    archived_at: Mapped[datetime | None] = mapped_column(sort_order=75)


@event.listens_for(UnitOfWork, "before_flush")
def _fold_searched(session: Session, _flush: UOWTransaction, _instances: object) -> None:
    for entity in (*session.new, *session.dirty):
        if isinstance(entity, Searchable):
            words = (getattr(entity, name) or "" for name in entity.searched)
            entity.search_key = "\n".join(map(fold, words))


def active(*kinds: type[Archivable]) -> ColumnElement[bool]:
    """Return the condition that none of several records is put away."""
    return and_(*(kind.archived_at.is_(None) for kind in kinds))


def containing(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Compare a folded column with what somebody typed."""
    return column.contains(fold(text), autoescape=True)
