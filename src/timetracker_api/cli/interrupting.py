"""Ending a command that somebody interrupts in good order: rolled back, and with an answer."""

import asyncio
import signal
import threading
from collections.abc import Awaitable
from typing import Any, TypeVar

from timetracker_api.migrations.failures import Interrupted, Terminated

T = TypeVar("T")

SIGNALS = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}

USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


async def interruptible(work: Awaitable[T]) -> T:
    """Wait for something, and cancel it when a signal comes, so that all it holds is given back.

    The next signal of that kind ends the process as usual: whoever sends two will not wait.
    """
    if threading.current_thread() is not threading.main_thread():
        return await work  # only the main thread hears of signals
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    heard: list[signal.Signals] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def interrupt(number: int, _frame: Any) -> None:
        heard.append(signal.Signals(number))
        signal.signal(number, USUAL[heard[-1]])
        if asyncio.current_task(loop) is task:  # busy without waiting, perhaps for long
            loop.set_exception_handler(_expected)
            raise asyncio.CancelledError
        if task:
            task.cancel()
        loop.call_soon_threadsafe(_wake)

    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        return await work
    except BaseException as error:
        if not heard:
            raise
        raise SIGNALS[heard[0]] from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _expected(_loop: asyncio.AbstractEventLoop, _about: dict[str, Any]) -> None:
    """Say nothing of a connection that was cut off in the middle of a word."""


def _wake() -> None:
    """Let a loop notice that something has been cancelled."""
