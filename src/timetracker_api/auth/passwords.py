"""Passwords: strong enough, hashed with argon2id, and verified in equal time for everybody."""

import os
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError

from timetracker_api.problems import Fault, Invalid

SHORTEST, LONGEST = 10, 72
"""Characters. The estimator refuses to judge more than 72."""

LONGEST_TYPED = 200
"""Characters before letters and accents are put together: a body full of them takes minutes."""

WEAKEST = 3
"""The least score of zxcvbn, 0 to 4: 3 stands against 10^8 guesses."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _cores() -> CapacityLimiter:
    """Every hash takes 64 MiB: a flood of logins must not take all the memory there is."""
    return CapacityLimiter(os.cpu_count() or 1)


def _normal(password: str) -> str:
    """The same key on two keyboards may give two sequences of characters for one letter."""
    return unicodedata.normalize("NFKC", password)


@cache
def _decoy() -> str:
    """A hash that no password opens, for names that nobody has."""
    return _hasher().hash(secrets.token_urlsafe())


async def hashed(password: str) -> str:
    """Return what to store. Takes some 50 ms of a core, on purpose, in a thread."""
    return await to_thread.run_sync(_hasher().hash, _normal(password), limiter=_cores())


async def verify(password: str, stored: str | None) -> bool:
    """Whether this is the password; takes as long where there is none to compare with."""

    def matches() -> bool:
        try:
            return _hasher().verify(_normal(password), stored or _decoy()) and stored is not None
        except PwdlibError:
            return False

    return await to_thread.run_sync(matches, limiter=_cores())


def generate() -> str:
    """Return a password for somebody who has none yet."""
    return secrets.token_urlsafe(15)


def _judged(password: str, known: Sequence[str]) -> Mapping[str, Any]:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 13 MB, and few workers need them

    return zxcvbn(password, user_inputs=known)


async def refuse_weak(password: str, *known: str | None, field: str = "/password") -> None:
    """Raise `Invalid` for a password that is guessed easily, also by who knows the user."""
    password = _normal(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(
            Fault(
                pointer=field,
                code="min_length" if len(password) < SHORTEST else "max_length",
                message=f"Password must have {SHORTEST} to {LONGEST} characters",
            )
        )
    words = [word for word in known if word]
    # In a thread: a password full of digits and signs keeps the estimator busy for seconds.
    judgement = await to_thread.run_sync(_judged, password, words, limiter=_cores())
    if judgement["score"] < WEAKEST:
        advice = judgement["feedback"]["warning"] or "Use more words, or rarer ones"
        raise Invalid(
            Fault(
                pointer=field,
                code="weak_password",
                message=f"Password is guessed too easily. {advice.rstrip('.')}",
            )
        )
