"""What an hour costs: the most specific rate there is, and whose it is."""

from decimal import Decimal
from typing import NamedTuple

from timetracker_api.auth.models import User
from timetracker_api.entities import Values
from timetracker_api.organization.service import Policy
from timetracker_api.time_entries.places import Place


class Price(NamedTuple):
    """The rate an entry is recorded with."""

    amount: Decimal | None
    currency: str | None
    source: str | None

    def columns(self) -> Values:
        """Return it as it is kept."""
        return {f"rate_{name}": value for name, value in self._asdict().items()}


FREE = Price(None, None, None)


def price(place: Place, user: User, policy: Policy) -> Price:
    """Return the rate of task, project, client, user or organisation, in this order.

    Those of users and of the organisation are in its currency; where the client pays in another,
    they do not count, because nothing is ever converted.
    """
    currency = place.currency or policy.currency
    candidates = [
        (place.task_rate, "task"),
        (place.project_rate, "project"),
        (place.client_rate, "client"),
    ]
    if currency == policy.currency:
        candidates += [(user.hourly_rate, "user"), (policy.hourly_rate, "organization")]
    for amount, source in candidates:
        if amount is not None:
            return Price(amount, currency, source)
    return FREE
