"""Everything one can configure, each with a sentence."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

EMBEDDED_URL = "sqlite:///timetracker.db"

Pooler = Literal["none", "transaction"]

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
ORIGIN = re.compile(
    r"\*|null|(?!http://[^/]*:80$|https://[^/]*:443$)"
    r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)
"""What browsers send as ``Origin``: in lower case, and without the port of the scheme."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "sqlite": (),
    "postgresql": (
        *("host", "port", "user", "password", "passfile"),
        *("sslmode", "ssl", "target_session_attrs"),
    ),
}
"""What may be behind the ``?`` of a URL."""

PORTS = range(1, 65_536)
SSL_MODES = ("prefer", "disable", "allow", "require", "verify-ca", "verify-full")

BACKENDS = {"sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql"}


class Limits(BaseModel):
    """How much of everything there may be, where that can be chosen."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    definitions: Annotated[int, Field(ge=1)] = 200
    """Active custom field definitions per entity type."""
    choices: Annotated[int, Field(ge=1)] = 1000
    """Choices of one custom field."""
    templates: Annotated[int, Field(ge=1)] = 20
    """Link templates per field."""
    values_bytes: Annotated[int, Field(ge=1)] = 65_536
    """Bytes of JSON that the custom field values of one record may take."""


class Settings(BaseSettings):
    """The configuration of one process, read once from the environment and passed in.

    Every attribute is an environment variable in capitals behind ``TIMETRACKER_``;
    nested ones are separated by two underscores (``TIMETRACKER_LIMITS__CHOICES``).
    """

    model_config = SettingsConfigDict(
        env_prefix="TIMETRACKER_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    database_url: Annotated[
        str, Field(validation_alias=AliasChoices("TIMETRACKER_DATABASE_URL", "DATABASE_URL"))
    ] = EMBEDDED_URL
    """Where the data lives: `sqlite:///file.db` or `postgresql://user:password@host/name`.
    `DATABASE_URL` is read as well. Without either, an SQLite file in the current folder."""

    database_pooler: Pooler = "none"
    """What `database_url` leads to: the server itself, or a pooler such as PgBouncer that gives
    every `transaction` a connection of the server. The latter needs `migration_database_url`."""

    migration_database_url: Annotated[str | None, Field(validate_default=True)] = None
    """A direct connection for migrations and indexes, where the service itself goes through a
    pooler."""

    database_replica_url: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices(
                "TIMETRACKER_DATABASE_REPLICA_URL", "DATABASE_REPLICA_URL"
            )
        ),
    ] = None
    """A streaming replica of the PostgreSQL database, to read exports from while it is up to date.
    `DATABASE_REPLICA_URL` is read as well."""

    replica_lag_seconds: Annotated[int, Field(ge=0)] = 30
    """A replica is read from only while it is at most this many seconds behind; otherwise the
    database itself is."""

    migrate_on_start: Literal["check", "upgrade"] = "check"
    """What `serve` does first: `upgrade` the database, after a backup of its data, or only `check`
    it, so that requests are answered with 503 until somebody else has."""

    backup_dir: Path | None = None
    """The folder for backups. By default `backups` beside the SQLite file, else in the current
    folder."""

    backup_keep: Annotated[int, Field(ge=0)] = 0
    """How many backups of one database to keep in that folder; older ones are deleted. 0 keeps
    all."""

    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections each process keeps to PostgreSQL; as many again are opened under load."""

    host: str = "127.0.0.1"
    """The address the server listens on."""

    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """The port the server listens on."""

    log_format: Literal["human", "json"] = "human"
    """`human` for a terminal, `json` for a log collector: one object per line."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important kind of message that is logged; requests are `info`."""

    metrics: bool = False
    """Whether `GET /metrics` gives Prometheus the figures of all workers, to whoever asks."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    """The largest request body accepted, in bytes."""

    cors_origins: Annotated[list[str], NoDecode] = []
    """Origins whose browsers may call the API, separated by commas; `*` for all."""

    session_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 12
    """Hours until an unused login expires; every use extends it."""

    login_attempts_per_minute: Annotated[int, Field(ge=1)] = 10
    """Login attempts per minute for one account from one address, and five times as many from
    one address over all accounts; the next ones are answered with 429."""

    requests_per_minute: Annotated[int, Field(ge=0)] | None = None
    """Requests per minute and token; 0 is without limit. By default 6000 on PostgreSQL, and
    without limit on SQLite."""

    link_schemes: Annotated[
        list[Literal["https", "http", "mailto", "tel"]], NoDecode, Field(min_length=1)
    ] = ["https", "http", "mailto", "tel"]
    """URL schemes that link templates may use, separated by commas."""

    limits: Limits = Limits()
    """How much of everything there may be."""

    @field_validator("database_url", "migration_database_url")
    @classmethod
    def _names_a_database_we_speak(cls, value: str | None) -> str | None:
        if value is not None:
            async_url(value)
        return value

    @field_validator("migration_database_url")
    @classmethod
    def _leads_past_a_pooler(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("database_pooler") == "transaction":
            raise ValueError("needed behind a pooler, for migrations and indexes: name the server")
        return value

    @field_validator("database_replica_url")
    @classmethod
    def _is_a_replica(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return value
        if async_url(value).get_backend_name() != "postgresql":
            raise ValueError("a replica is a PostgreSQL database")
        if async_url(info.data.get("database_url", value)).get_backend_name() != "postgresql":
            raise ValueError("only PostgreSQL has replicas, and the database is SQLite")
        return value

    @field_validator("cors_origins", "link_schemes", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("cors_origins")
    @classmethod
    def _could_be_sent(cls, value: list[str]) -> list[str]:
        if not all(ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError(
                "not an origin as browsers send it; expected https://app.example.com, in lower"
                " case, with a port unless it is that of the scheme, and nothing behind it"
            )
        return value

    @property
    def url(self) -> URL:
        """The database, with its asynchronous driver."""
        return async_url(self.database_url)

    @property
    def replica_url(self) -> URL | None:
        """The replica, with its asynchronous driver."""
        return async_url(self.database_replica_url) if self.database_replica_url else None

    @property
    def is_embedded(self) -> bool:
        """Whether nobody configured a database, so that the file here is ours to look after."""
        return self.database_url == EMBEDDED_URL

    @property
    def requests_allowed_per_minute(self) -> int:
        """The requests per minute and token, 0 for no limit."""
        if self.requests_per_minute is None:
            return 0 if self.url.get_backend_name() == "sqlite" else 6000
        return self.requests_per_minute


def async_url(value: str) -> URL:
    """Read a database URL as people write it, and give it the driver we use."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(
            "not a database URL; expected sqlite:///file.db or postgresql://user@host/name"
        ) from None
    if "@" in (url.host or ""):
        raise ValueError("the password has to be percent-encoded; write %40 for an @ in it")
    backend = BACKENDS.get(url.drivername.split("+")[0])
    if backend is None:
        raise ValueError(f"{url.drivername} is not supported; use sqlite or postgresql")
    if backend == "postgresql" and not url.database:
        raise ValueError("the PostgreSQL URL does not name a database")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("the SQLite URL does not name a file")
    if url.port is not None and url.port not in PORTS:
        raise ValueError("there is no such port")
    return url.set(drivername=DRIVERS[backend], query=_parameters(url, PARAMETERS[backend]))


def _parameters(url: URL, known: Collection[str]) -> dict[str, Any]:
    """Return what is behind the ``?`` of a URL, as the driver calls it."""
    for name in url.query:
        if name not in known:
            raise ValueError(
                f"the URL has a parameter that is not known here, {name}; leave it out"
                + (f", or use {' '.join(known)}" if known else "")
            )
    parameters: dict[str, Any] = {"ssl" if k == "sslmode" else k: v for k, v in url.query.items()}
    if parameters.get("ssl", SSL_MODES[0]) not in SSL_MODES:
        raise ValueError(f"sslmode is one of {', '.join(SSL_MODES)}")
    return parameters
