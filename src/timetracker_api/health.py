"""Whether the service is alive, whether it is ready, and what it is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import Field

from timetracker_api import __version__
from timetracker_api.auth.principal import Caller
from timetracker_api.db.failing import UNREACHABLE
from timetracker_api.db.session import Context
from timetracker_api.migrations.revisions import State, database_state
from timetracker_api.organization.service import policy
from timetracker_api.problems import NotFound, Unavailable
from timetracker_api.schema import Schema
from timetracker_api.web.metrics import Metrics
from timetracker_api.web.routing import answers, operation_id

router = APIRouter(tags=["service"], generate_unique_id_function=operation_id)


FIGURES = """\
# HELP timetracker_http_requests_total Requests that were answered.
# TYPE timetracker_http_requests_total counter
timetracker_http_requests_total{method="GET",route="/api/v1/clients",status="200"} 12.0
"""


class Health(Schema):
    """That the service is there."""

    status: Annotated[Literal["ok"], Field(examples=["ok"])] = "ok"
    """Always `ok`; otherwise the answer is a problem."""


class Info(Schema):
    """What this installation is."""

    name: Annotated[str, Field(examples=["timetracker-api"])]
    """The name of the software."""
    version: Annotated[str, Field(examples=["0.1.0"])]
    """The version of the software."""
    revision: Annotated[str | None, Field(examples=["0001_foundation"])]
    """The revision of the database; null while it cannot be read."""
    time_zone: Annotated[str | None, Field(examples=["Europe/Brussels"])]
    """The organisation's IANA time zone; null while the database cannot be read."""
    currency: Annotated[str | None, Field(examples=["EUR"])]
    """The organisation's ISO 4217 currency; null while the database cannot be read."""


@router.get("/health/live")
async def check_alive() -> Health:
    """Answer as long as the process does. Restart it when this fails."""
    return Health()


@router.get("/health/ready", responses=answers(Unavailable))
async def check_ready(known: Caller) -> Health:
    """Answer when requests can be served: the database is there, and at the revision we need."""
    try:
        state = await _state(known)
    except UNREACHABLE as error:
        raise Unavailable(f"The database cannot be reached: {type(error).__name__}.") from error
    if state.obstacle is not None:
        raise Unavailable(str(state.obstacle))
    return Health()


@router.get("/info")
async def get_info(known: Caller) -> Info:
    """Say what this installation is, to whoever asks."""
    revision = rule = None
    try:
        revision = (await _state(known)).current
        async with known.database.read(known) as session:
            rule = await policy(session)
    except UNREACHABLE:
        pass  # what can be said without the database is said
    return Info(
        name="timetracker-api",
        version=__version__,
        revision=revision,
        time_zone=rule and rule.time_zone,
        currency=rule and rule.currency,
    )


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "Figures in the text format of Prometheus",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": FIGURES}},
        },
        **answers(NotFound),
    },
)
async def get_metrics(request: Request) -> Response:
    """Give Prometheus the figures of all workers: requests, connections, memory and CPU."""
    metrics: Metrics | None = request.app.state.metrics
    if metrics is None:
        raise NotFound("There are no metrics here: the settings leave them off.")
    return Response(await metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _state(known: Context) -> State:
    async with known.database.engines.reading.connect() as connection:
        return await database_state(connection)
