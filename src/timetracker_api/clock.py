"""The only source of time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place the rule points to
