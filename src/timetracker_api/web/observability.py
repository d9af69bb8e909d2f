"""A number for every request, a line in the log for each, and a log that tells what broke."""

import logging
import re
import secrets
import sys
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from timetracker_api.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
PATH = "/:@!$&'()*+,;=~"
"""What may stand in a path as it is, and so in the log."""
SERVER_ERROR = 500

log = structlog.stdlib.get_logger("timetracker_api")


def configure_logging(settings: Settings) -> None:
    """Send everything, the server's own messages too, to standard error in one format."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        # Local variables are left out of tracebacks: passwords and tokens are among them.
        tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        render = [tracebacks, structlog.processors.JSONRenderer()]
    else:
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        render = [console]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below, it tells every parameter
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared[:2],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Counting(Protocol):
    """Who counts requests, and measures how long they take."""

    def begin(self) -> None:
        """Learn that one has come in."""

    def end(self, scope: Scope, status: int, seconds: float) -> None:
        """Learn that it is over, and how it was answered."""


class Observed:
    """Wraps the whole application, error handling included: pure ASGI, some 30 microseconds."""

    def __init__(self, app: ASGIApp, counting: Counting | None = None) -> None:
        self.app = app
        self.counting = counting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        wanted = Headers(scope=scope).get("x-request-id", "")
        request_id = wanted if REQUEST_ID.fullmatch(wanted) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status = SERVER_ERROR

        async def send_numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        facts = {
            "method": scope["method"],
            "path": quote(scope["path"], safe=PATH),  # a line break in it must not end the line
            "request_id": request_id,
        }
        if self.counting is not None:
            self.counting.begin()
        try:
            await self.app(scope, receive, send_numbered)
        except Exception:
            # The framework has answered with a problem and raises for the log's sake: here it is.
            log.exception("request failed", **facts)
        finally:
            seconds = perf_counter() - started
            if self.counting is not None:
                self.counting.end(scope, status, seconds)
        log.info("request", **facts, status=status, milliseconds=round(seconds * 1000, 1))
