"""Asks servers as fast as they answer, in a process of its own so that it can be told apart.

It reads of an answer no more than the status and where it ends, and so takes little of the
machine that it shares with whom it asks.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing.connection import Connection
from typing import cast

import uvloop

UNIQUE = b"@unique-in-this-run@"
"""Where a request has this, each time something else is sent."""

SUCCESS = ord("2")
"""The first digit of a status that is good news."""

Step = tuple[bytes, ...]
"""Requests that only make sense together: once begun, it is carried out."""


@dataclass(frozen=True)
class Order:
    """What to ask, and for how long."""

    port: int
    scripts: Sequence[Sequence[Step]]
    """What each connection asks, over and over."""
    seconds: float
    at_least: int
    """Steps to do, however long they take."""
    number: int
    """Of the order, so that what is unique in one is so in the run."""


@dataclass
class Answered:
    """How it went."""

    steps: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list[float])
    """Seconds, of each request."""
    cpu_seconds: float = 0.0
    """What asking took; not part of what the servers are charged with."""
    failure: str = ""
    """The first answer that was none."""


class Load:
    """The process that asks."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._number = 0

    def run(
        self, port: int, scripts: Sequence[Sequence[Step]], seconds: float, at_least: int = 1
    ) -> Answered:
        """Let it ask, and wait until it has."""
        self._number += 1
        self._channel.send(Order(port, scripts, seconds, at_least, self._number))
        answered = cast(Answered, self._channel.recv())
        if answered.failure:
            raise RuntimeError(f"a request was refused:\n{answered.failure}")
        return answered


@contextmanager
def load() -> Generator[Load]:
    """Start the process, and end it with the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_obey, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Load(ours)
    finally:
        ours.close()
        process.join(10)


def _obey(channel: Connection) -> None:
    while True:
        try:
            order = cast(Order, channel.recv())
        except EOFError:
            return
        began = time.process_time()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            answered = runner.run(_ask(order))
        answered.cpu_seconds = time.process_time() - began
        channel.send(answered)


async def _ask(order: Order) -> Answered:
    loop = asyncio.get_running_loop()
    answered = Answered()
    began = time.perf_counter()

    def has_asked_enough() -> bool:
        return (
            answered.steps >= order.at_least and time.perf_counter() >= began + order.seconds
        ) or bool(answered.failure)

    callers = [
        _Caller(script, has_asked_enough, b"%06d-%02d-%%09d" % (order.number, n), answered)
        for n, script in enumerate(order.scripts)
    ]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", order.port)
    await asyncio.gather(*(caller.done for caller in callers))
    answered.seconds = time.perf_counter() - began
    return answered


class _Caller(asyncio.Protocol):
    """One connection. It asks again when it has been answered."""

    def __init__(
        self,
        script: Sequence[Step],
        has_asked_enough: Callable[[], bool],
        unique: bytes,
        answered: Answered,
    ) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._steps = cycle(script)
        self._has_asked_enough = has_asked_enough
        self._unique = unique
        self._answered = answered
        self._received = bytearray()
        self._length = 0
        self._pending = iter(next(self._steps))
        self._sent = 0
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send(next(self._pending))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._length:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._length = end + 4 + _content_length(bytes(self._received[:end]))
        if len(self._received) < self._length:
            return
        if self._received[9] != SUCCESS:
            self._answered.failure = self._received.decode(errors="replace")
            self._finish()
            return
        self._answered.latencies.append(time.perf_counter() - self._began)
        self._received.clear()
        self._length = 0
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._answered.failure = f"the connection was closed: {exc}"
            self.done.set_result(None)

    def _go_on(self) -> None:
        following = next(self._pending, None)
        if following is None:
            self._answered.steps += 1
            if self._has_asked_enough():
                self._finish()
                return
            self._pending = iter(next(self._steps))
            following = next(self._pending)
        self._send(following)

    def _send(self, request: bytes) -> None:
        if UNIQUE in request:
            self._sent += 1
            request = request.replace(UNIQUE, self._unique % self._sent)
        self._began = time.perf_counter()
        self._transport.write(request)

    def _finish(self) -> None:
        self.done.set_result(None)
        self._transport.close()


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)
