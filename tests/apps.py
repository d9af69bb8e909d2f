"""Services of a test's own, with other settings than the one all tests share."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

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
