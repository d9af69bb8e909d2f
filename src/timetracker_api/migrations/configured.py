"""Reading the configuration for a command: a mistake in it is a line of text, not a traceback."""

from typing import Any

from pydantic import ValidationError

from timetracker_api.migrations.failures import BadUsage
from timetracker_api.settings import Settings, async_url


def configured(database_url: str | None = None) -> Settings:
    """Read the settings from the environment; a URL that is given takes the place of theirs."""
    if database_url is not None:
        _verify(database_url)
    try:
        if database_url is None:
            return Settings()
        return Settings(
            database_url=database_url,
            database_replica_url=None,
            migration_database_url=None,
            database_pooler="none",
        )
    except ValidationError as errors:
        complaints = dict.fromkeys(_complaint(error) for error in errors.errors())
        raise BadUsage("; ".join(complaints), "Correct the setting") from None


def _verify(database_url: str) -> None:
    try:
        async_url(database_url)
    except ValueError as error:
        raise BadUsage(f"--database-url: {_reason(error)}") from None


def _complaint(error: Any) -> str:
    """Name the variable and what is wrong with it, but never its value: it may be a password."""
    # A number is a place in a list, which is one variable.
    name = "__".join(part for part in error["loc"] if isinstance(part, str)).upper()
    if name not in {"DATABASE_URL", "DATABASE_REPLICA_URL"}:
        name = f"TIMETRACKER_{name.removeprefix('TIMETRACKER_')}"
    cause = error.get("ctx", {}).get("error")
    return f"{name}: {_reason(cause) if cause else error['msg']}"


def _reason(error: Exception) -> str:
    said = str(error)
    # What stands where a URL has its port may well be the password of one that was misspelt.
    return "the port is not a number" if said.startswith("invalid literal") else said
