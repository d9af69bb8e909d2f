"""How far each large change of rows has come, of those that revisions have asked for."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api.db.base import Base


class DataMigration(Base):
    """A change of many rows, made in batches while the service runs."""

    __tablename__ = "data_migrations"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'running', 'failed', 'done')", name="status"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    cursor: Mapped[int] = mapped_column(BigInteger)
    """The id of the last row that is done."""
    done: Mapped[int] = mapped_column(BigInteger)
    """How many rows are done."""
    total: Mapped[int] = mapped_column(BigInteger)
    """How many rows there were when it began."""
    error: Mapped[str | None]
    """Why the last attempt stopped."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
