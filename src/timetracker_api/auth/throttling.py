"""How often one may knock: logins per address and account, requests per token.

Counted per process in memory: with several workers the bounds are that many times higher.
"""

from collections import deque
from collections.abc import Hashable
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from time import monotonic

from fastapi import Request

from timetracker_api.problems import TooManyRequests
from timetracker_api.settings import Settings

MINUTE = 60.0

ACCOUNTS_PER_ADDRESS = 5
"""An address may belong to an office; it gets this many times the attempts of one account."""


ONE_LINE = 64
"""Bits of an IPv6 address that name a line; whoever has it makes up the other 64 as they like."""


def client_address(request: Request) -> str:
    """Return where a request comes from, as the server or the proxy it trusts says.

    Of IPv6 it is the network of one line, since nobody there has to use an address twice.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), ONE_LINE), strict=False))


class Window:
    """So many times a minute, in every minute one may choose to look at."""

    def __init__(self, name: str, allowed: int) -> None:
        self._name = name
        self._allowed = allowed
        self._times: dict[Hashable, deque[float]] = {}
        self._swept_at = monotonic()

    def hit(self, key: Hashable) -> None:
        """Count one more, or raise `TooManyRequests`."""
        now = monotonic()
        self._sweep(now)
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) < self._allowed:
            times.append(now)
            return
        wait = max(1, ceil(times[0] + MINUTE - now))
        raise TooManyRequests(
            f"Try again in {wait} s.",
            headers={"Retry-After": str(wait), "RateLimit": f'"{self._name}";r=0;t={wait}'},
        )

    def forget(self, key: Hashable) -> None:
        """Let somebody begin anew."""
        self._times.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Once a minute, let go of those who have not come since: there may be very many."""
        if now - self._swept_at < MINUTE:
            return
        self._swept_at = now
        self._times = {key: times for key, times in self._times.items() if times[-1] > now - MINUTE}


def attempts_per_address(settings: Settings) -> int:
    """Return how many logins a minute there may be from one address."""
    return settings.login_attempts_per_minute * ACCOUNTS_PER_ADDRESS


class Throttle:
    """The counters of one process."""

    def __init__(self, settings: Settings) -> None:
        requests = settings.requests_allowed_per_minute
        self._per_account = Window("account", settings.login_attempts_per_minute)
        self._per_address = Window("address", attempts_per_address(settings))
        self._per_token = Window("token", requests) if requests else None

    async def login(self, address: str, account: str) -> None:
        """Count an attempt to sign in before it is looked at; raise `TooManyRequests`."""
        self._per_address.hit(address)
        self._per_account.hit((address, account))

    async def forgive(self, address: str, account: str) -> None:
        """Forget the attempts of somebody who did know the password."""
        self._per_account.forget((address, account))

    async def request(self, token_id: int) -> None:
        """Count a request; raise `TooManyRequests`."""
        if self._per_token is not None:
            self._per_token.hit(token_id)
