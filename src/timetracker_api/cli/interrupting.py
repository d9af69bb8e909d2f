"""Ending a command that somebody interrupts in good order: rolled back, and with an answer."""

import asyncio
import signal
import sys
import threading
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from timetracker_api.migrations.failures import Interrupted, Terminated

T = TypeVar("T")

SIGNALS = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}

USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


async def interruptible(work: Awaitable[T]) -> T:
    """Wait for something, and cancel it when a signal comes, so that all it holds is given back.

    The next signal of that kind ends the process as usual: whoever sends two will not wait.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        return await work  # only the main thread hears of signals
    with _cancelled_by_signals(task) as heard:
        try:
            return await work
        except BaseException as error:
            if not heard:
                raise
            raise SIGNALS[heard[0]] from error


@contextmanager
def _cancelled_by_signals(task: asyncio.Task[Any]) -> Generator[list[signal.Signals]]:
    """Cancel a task when a signal comes, and give the signals that came."""
    heard: list[signal.Signals] = []
    loop = task.get_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    unraisable = sys.unraisablehook

    def interrupt(number: int, _frame: Any) -> None:
        heard.append(signal.Signals(number))
        signal.signal(number, USUAL[heard[-1]])
        if asyncio.current_task(loop) is task:  # busy without waiting, perhaps for long
            loop.set_exception_handler(_expected)
            raise asyncio.CancelledError
        task.cancel()
        loop.call_soon_threadsafe(_wake)

    def ignored(about: "sys.UnraisableHookArgs") -> None:
        # What is raised while an object is finalised goes nowhere: the task is told afterwards.
        if heard and issubclass(about.exc_type, asyncio.CancelledError):
            task.cancel()
        else:
            unraisable(about)

    sys.unraisablehook = ignored
    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield heard
    finally:
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


def _expected(_loop: asyncio.AbstractEventLoop, _about: dict[str, Any]) -> None:
    """Say nothing of a connection that was cut off in the middle of a word."""


def _wake() -> None:
    """Let a loop notice that something has been cancelled."""
