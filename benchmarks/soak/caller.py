"""Somebody who asks, notes what was acknowledged, and asks again where nothing was."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from itertools import count
from random import Random
from time import monotonic
from typing import Any

from httpx import AsyncClient, Response, TransportError

from benchmarks.soak.journal import Exchange, Journal
from benchmarks.soak.ledger import Ledger, Record, Write

API = "/api/v1"
ENTRIES = f"{API}/time-entries"
CLIENTS = f"{API}/clients"
TYPES: Mapping[str, str] = {ENTRIES: "time_entry", CLIENTS: "client"}

NOT_FOUND, CONFLICT, UNAVAILABLE = 404, 409, 503
PATIENCE = 60
"""Seconds until nobody waits any more for the service to come back."""
PROBLEM = "application/problem+json"
NO_HEADERS: Mapping[str, str] = {}


def named(mark: str, *, keyed: bool = False) -> Mapping[str, str]:
    """Return the headers of a request that events, and with a key its repetitions, refer to."""
    return {"X-Request-ID": mark} | ({"Idempotency-Key": mark} if keyed else {})


class Refused(Exception):
    """An answer that should not have been given; it is among the complaints."""


class Caller:
    """A client of the service with a user, and records, of its own. It does one thing at a time."""

    def __init__(self, name: str, token: str, api: AsyncClient, journal: Journal) -> None:
        self.name = name
        self.chance = Random(name)  # noqa: S311 - nothing depends on nobody guessing it
        self.ledger = Ledger()
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._api = api
        self._journal = journal
        self._numbers = count(1)

    def mark(self) -> str:
        """Return a text that is in no other record, and a request id that is no other's."""
        return f"{self.name}-{next(self._numbers)}"

    async def pause(self) -> None:
        """Think for a moment, or wait before asking again."""
        await asyncio.sleep(self.chance.uniform(0.02, 0.2))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        missing: bool = False,
    ) -> Response | None:
        """Ask once. None where there was no answer, or the answer is to ask again later.

        With ``missing``, 404 is a good answer as well.
        """
        headers = {**self._authorization, **headers}
        what = f"{method} {re.sub(r'/[0-9]+', '/{id}', path.partition('?')[0])}"
        began, status, reason = monotonic(), None, ""
        try:
            answer = await self._api.request(method, path, json=body, headers=headers)
            status = answer.status_code
        except TransportError as error:
            reason = repr(error)
            return None
        finally:
            self._journal.exchanges.append(Exchange(what, began, monotonic(), status, reason))
        if answer.is_success or (missing and status == NOT_FOUND):
            return answer
        told = "retry-after" in answer.headers and answer.headers["content-type"] == PROBLEM
        if told and status in {CONFLICT, UNAVAILABLE}:
            return None
        raise self.complaint(f"{what}: {status} {answer.text}")

    async def insist(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        """Ask until there is an answer: for what can be repeated."""
        deadline = monotonic() + PATIENCE
        while (answer := await self.ask(method, path, body, **options)) is None:
            if monotonic() > deadline:
                raise self.complaint(f"{method} {path}: no answer for {PATIENCE} s")
            await self.pause()
        return answer

    async def post(self, path: str, body: Any, mark: str, *, keyed: bool) -> Response | None:
        """Ask for something new: with a key until there is an answer, without one only once."""
        asking = self.insist if keyed else self.ask
        return await asking("POST", path, body, headers=named(mark, keyed=keyed))

    async def post_once(self, path: str, body: Any, mark: str) -> Response:
        """Ask for something new with a key, until there is an answer."""
        return await self.insist("POST", path, body, headers=named(mark, keyed=True))

    async def walk(self, path: str) -> AsyncGenerator[Record]:
        """Give all records of a list, page by page."""
        following = path
        while following:
            answer = await self.insist("GET", following)
            for record in answer.json()["items"]:
                yield record
            following = answer.links.get("next", {}).get("url", "")

    async def look_at(self, address: str) -> list[str]:
        """Say how this caller's records differ from what was acknowledged."""
        mine = {ENTRIES: "", CLIENTS: f"&search={self.name}-"}
        found = [record async for record in self.walk(f"{address}?limit=100{mine[address]}")]
        return [f"{self.name}: {each}" for each in self.ledger.differences(address, found)]

    def acknowledged(self, address: str, verb: str, record: Record, mark: str) -> None:
        """Note a record as it was answered."""
        self.ledger.records[address][record["id"]] = record
        self._note(address, verb, record["id"], mark)

    def deleted(self, address: str, id: int, mark: str) -> None:
        """Note that a record is gone."""
        self.ledger.records[address][id] = None
        self._note(address, "deleted", id, mark)

    def complaint(self, about: str) -> Refused:
        """Note that a promise is broken."""
        self._journal.complaints.append(f"{self.name}: {about}")
        return Refused(about)

    def _note(self, address: str, verb: str, id: int, mark: str) -> None:
        self.ledger.writes.append(Write(mark, f"{TYPES[address]}.{verb}", id))
