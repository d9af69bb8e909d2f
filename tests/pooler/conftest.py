"""The service behind a pooler with four connections, which strangers may want to share."""

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

import pytest
from httpx import AsyncClient

from bouncer import Bouncer, bouncing
from servers import Server, serving
from timetracker_api.settings import Settings


@pytest.fixture(scope="session")
def bouncer(settings: Settings) -> Generator[Bouncer]:
    """A pooler that forwards no setting it does not know."""
    with bouncing(settings.url) as bouncer:
        yield bouncer


@pytest.fixture
def running(bouncer: Bouncer) -> Generator[Bouncer]:
    """The same, which a test may stop."""
    yield bouncer
    bouncer.stop()
    bouncer.start()


@pytest.fixture(scope="session")
def variables(settings: Settings, bouncer: Bouncer) -> Mapping[str, str]:
    """What an operator sets who has a pooler."""
    return {
        "TIMETRACKER_DATABASE_URL": bouncer.url(settings.url.database),
        "TIMETRACKER_DATABASE_POOLER": "transaction",
        "TIMETRACKER_MIGRATION_DATABASE_URL": settings.database_url,
    }


@pytest.fixture(scope="session")
def service(
    variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server]:
    """The service with two workers, behind the pooler."""
    folder = tmp_path_factory.mktemp("service")
    with serving(folder, "--workers", "2", **variables) as server:
        yield server.wait_until()
        assert "Traceback" not in server.end().stderr


@pytest.fixture
async def pooled(api: AsyncClient, service: Server) -> AsyncGenerator[AsyncClient]:
    """A client of that service, who may do everything."""
    async with AsyncClient(
        base_url=f"{service.url}/api/v1", headers=api.headers, timeout=60
    ) as client:
        yield client


@pytest.fixture
def processes(pooled: AsyncClient) -> Sequence[AsyncClient]:
    """What the tests of several servers call: two workers take turns anyway."""
    return pooled, pooled


@pytest.fixture(scope="session")
def pooled_settings(variables: Mapping[str, str], settings: Settings) -> Settings:
    """The settings of that service."""
    values = {name.removeprefix("TIMETRACKER_").lower(): each for name, each in variables.items()}
    return settings.model_copy(update=values)
