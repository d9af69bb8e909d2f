"""Assembles the service. Everything it consists of is named in this file."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from timetracker_api import __version__, api, health
from timetracker_api.auth import tokens
from timetracker_api.auth.throttling import Throttle
from timetracker_api.custom_fields import indexing
from timetracker_api.custom_fields.forms.openapi import router as document
from timetracker_api.db.failing import UNREACHABLE
from timetracker_api.db.session import Database
from timetracker_api.limits.router import router as limits
from timetracker_api.settings import Settings
from timetracker_api.web import docs, errors, openapi
from timetracker_api.web.body import BodyLimit
from timetracker_api.web.head import AnswersHead
from timetracker_api.web.idempotency import forget_old
from timetracker_api.web.metrics import Metrics
from timetracker_api.web.observability import Observed, configure_logging, log

HOUR = 3600

REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-API-Key",
    "X-Request-ID",
)
RESPONSE_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "Retry-After",
    "X-Request-ID",
)


class TimeTracker(FastAPI):
    """The application, observed from outside everything else."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put ours around the framework's own error handling, whose answers they complete."""
        settings: Settings = self.state.settings
        stack: ASGIApp = BodyLimit(super().build_middleware_stack(), settings.max_body_bytes)
        if settings.cors_origins:
            stack = CORSMiddleware(
                stack,
                allow_origins=settings.cors_origins,
                allow_methods=["*"],
                allow_headers=REQUEST_HEADERS,
                expose_headers=RESPONSE_HEADERS,
                max_age=HOUR,
            )
        metrics: Metrics | None = self.state.metrics
        if metrics is not None:
            metrics.know(self.routes)
        return Observed(AnswersHead(stack), metrics)

    def openapi(self) -> dict[str, Any]:
        """Return the document, completed once."""
        if self.openapi_schema is None:
            openapi.complete(super().openapi())
        return super().openapi()


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service for these settings; by default those of the environment."""
    settings = settings or Settings()
    app = TimeTracker(
        title="TimeTracker API",
        version=__version__,
        description=openapi.DESCRIPTION,
        openapi_tags=[{"name": name, "description": text} for name, text in api.TAGS.items()],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=settings.max_body_bytes,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.database = Database(settings)
    app.state.throttle = Throttle(settings)
    app.state.metrics = Metrics(app.state.database) if settings.metrics else None
    errors.install(app)
    api.include_routers(app)
    app.include_router(health.router)
    app.include_router(limits)
    app.include_router(document)
    docs.install(app)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Prepare a process for serving, and tidy up after it."""
    configure_logging(app.state.settings)
    app.openapi()
    gc.collect()
    gc.freeze()  # what lives as long as the process need not be looked at again: p99 halves
    database: Database = app.state.database
    metrics: Metrics | None = app.state.metrics
    works = [_keep_house_hourly(database), indexing.keep(database)]
    if metrics is not None:
        works.append(metrics.keep())
    tasks = [asyncio.create_task(work) for work in works]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.dispose()


async def _keep_house_hourly(database: Database) -> None:
    while True:
        await asyncio.sleep(HOUR)
        await keep_house(database)


async def keep_house(database: Database) -> None:
    """Delete what is of no use any more."""
    for what, forget in {"answers": forget_old, "logins": tokens.forget_over}.items():
        try:
            await forget(database)
        except UNREACHABLE:
            log.warning(f"old {what} could not be deleted; trying again in an hour")
