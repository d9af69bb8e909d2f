"""What holds for everybody, as every request needs it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock
from timetracker_api.db.schema_version import Snapshot
from timetracker_api.entities import Representation
from timetracker_api.organization.models import Organization
from timetracker_api.organization.rounding import Rounded
from timetracker_api.organization.schemas import Rounding

ONLY = 1
"""The id of the row."""

SETTINGS = Representation(Organization, select(*inspect(Organization).columns))


@dataclass(frozen=True)
class Policy:
    """The settings of the organisation, as this process remembers them."""

    time_zone: str
    currency: str
    hourly_rate: Decimal | None
    overlap_policy: str
    future_entries: str
    locked_before: date | None
    rounding: Rounding
    rounding_minutes: int
    invoice_number_pattern: str

    @property
    def rounded(self) -> Rounded:
        """How durations are rounded where nobody has said otherwise."""
        return Rounded(self.rounding_minutes, self.rounding)

    def today(self) -> date:
        """Return the date where the organisation is."""
        return clock.now().astimezone(ZoneInfo(self.time_zone)).date()


async def _load(session: AsyncSession) -> Policy:
    row = (
        await session.execute(
            select(
                Organization.time_zone,
                Organization.currency,
                Organization.hourly_rate,
                Organization.overlap_policy,
                Organization.future_entries,
                Organization.locked_before,
                Organization.rounding,
                Organization.rounding_minutes,
                Organization.invoice_number_pattern,
            )
        )
    ).one()
    return Policy(*row)


_snapshot = Snapshot(_load)


async def policy(session: AsyncSession) -> Policy:
    """Return the settings as of the version the session sees."""
    return await _snapshot.current(session)
