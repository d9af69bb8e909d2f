"""Whoever can be asking: people, and the tokens they ask with."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, validates

from timetracker_api.auth.scopes import Role
from timetracker_api.db.base import Entity, fold
from timetracker_api.db.naming import Archivable
from timetracker_api.db.types import OrderedText


class User(Archivable):
    """Somebody who can sign in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(f"role IN ({', '.join(repr(str(role)) for role in Role)})", name="role"),
    )
    entity_type: ClassVar[str] = "user"
    rates = frozenset({"hourly_rate"})

    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(OrderedText, unique=True, info={"field": "username"})
    name: Mapped[str | None]
    email: Mapped[str | None]
    role: Mapped[str]
    time_zone: Mapped[str | None]
    hourly_rate: Mapped[Decimal | None]
    password_hash: Mapped[str | None] = mapped_column(info={"secret": True})

    @validates("username")
    def _fold_username(self, _key: str, username: str) -> str:
        self.username_key = fold(username)
        return username


class Token(Entity):
    """What a request carries to say who is asking. Only its digest is kept."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint("kind IN ('session', 'api')", name="kind"),)
    entity_type: ClassVar[str] = "token"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """``session``: from a login, expires when unused. ``api``: made for a program."""
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True, info={"secret": True})
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
