"""Column types that mean the same thing on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key. SQLite numbers rows by itself only where the type is called INTEGER."""

OrderedText = String().with_variant(String(collation="C"), "postgresql")
"""Text that lists are sorted by: by code points, as on SQLite, whatever is usual on the server."""

JSONDocument = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A JSON value: JSONB on PostgreSQL, JSON text on SQLite."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Leave PostgreSQL's alone: its driver gives UTC, and a list has hundreds of instants."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


class Money(TypeDecorator[Decimal]):
    """An amount or a rate, kept as an integer count of ten-thousandths.

    Exact on both databases, and sums, comparisons and ORDER BY stay in SQL.
    """

    impl = BigInteger
    cache_ok = True
    scale = 4

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value.scaleb(self.scale).to_integral_exact())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.scale)
