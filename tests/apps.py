"""Services of a test's own, with other settings than the one all tests share."""

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from callers import Callers
from timetracker_api.app import create_app
from timetracker_api.settings import Settings


@asynccontextmanager
async def another_app(settings: Settings, **others: Any) -> AsyncGenerator[tuple[FastAPI, Callers]]:
    """Give a service with these settings, and its callers."""
    app = create_app(settings.model_copy(update=others))
    callers = Callers(app, app.state.database)
    try:
        yield app, callers
    finally:
        await callers.leave()
        await app.state.database.dispose()


@contextmanager
def logging_kept() -> Generator[None]:
    """Leave logging as it was before a test configured it; the test's own client is silent."""
    root, client = logging.getLogger(), logging.getLogger("httpx")
    handlers, level = root.handlers, root.level
    client.disabled = True
    try:
        yield
    finally:
        client.disabled = False
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
