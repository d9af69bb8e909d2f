"""How often one may knock: logins per address and account, requests per token.

Counted per process in memory: with several workers the bounds are that many times higher.
"""

from math import ceil
from time import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from timetracker_api.problems import TooManyRequests
from timetracker_api.settings import Settings

ACCOUNTS_PER_ADDRESS = 5
"""An address may belong to an office; it gets this many times the attempts of one account."""


def client_address(request: Request) -> str:
    """Return where a request comes from, as the server or the proxy it trusts says."""
    return request.client.host if request.client else ""


class Throttle:
    """The counters of one process."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        attempts = settings.login_attempts_per_minute
        self._per_account = RateLimitItemPerMinute(attempts, namespace="account")
        self._per_address = RateLimitItemPerMinute(
            attempts * ACCOUNTS_PER_ADDRESS, namespace="address"
        )
        allowed = settings.requests_allowed_per_minute
        self._per_token = RateLimitItemPerMinute(allowed, namespace="token") if allowed else None

    async def login(self, address: str, account: str) -> None:
        """Count an attempt to sign in before it is looked at; raise `TooManyRequests`."""
        await self._hit(self._per_address, address)
        await self._hit(self._per_account, address, account)

    async def forgive(self, address: str, account: str) -> None:
        """Forget the attempts of somebody who did know the password."""
        await self._limiter.clear(self._per_account, address, account)

    async def request(self, token_id: int) -> None:
        """Count a request; raise `TooManyRequests`."""
        if self._per_token is not None:
            await self._hit(self._per_token, str(token_id))

    async def _hit(self, item: RateLimitItemPerMinute, *key: str) -> None:
        if await self._limiter.hit(item, *key):
            return
        reset, remaining = await self._limiter.get_window_stats(item, *key)
        wait = str(max(1, ceil(reset - time())))
        raise TooManyRequests(
            f"Try again in {wait} s.",
            headers={
                "Retry-After": wait,
                "RateLimit": f'"{item.namespace}";r={remaining};t={wait}',
            },
        )
