"""One look at everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection

from timetracker_api.migrations import fingerprint, revisions
from timetracker_api.migrations.backups import taking
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.data.standings import read
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.failures import Drift, Failure, LockTimeout
from timetracker_api.migrations.lock import is_locked
from timetracker_api.migrations.revisions import State
from timetracker_api.migrations.status.findings import Finding, problem, warning
from timetracker_api.migrations.status.locks import keeping, locked, unless_locked
from timetracker_api.migrations.status.postgresql import examine_postgresql
from timetracker_api.migrations.status.sqlite import examine_sqlite
from timetracker_api.settings import Settings

IDLE = 60.0
"""Seconds for which a transaction may do nothing: an upgrade waits for it, and others with it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    findings: tuple[Finding, ...]

    @property
    def failure(self) -> Failure | None:
        """The worst of it."""
        failures = (finding.failure for finding in self.findings if finding.failure)
        return max(failures, key=lambda failure: failure.exit_code, default=None)


async def examine(settings: Settings, *, idle: float = IDLE, folder: Path | None = None) -> Report:
    """Look at a database without changing anything."""
    url = migration_url(settings)
    scripts = revisions.scripts(folder)
    with explained(url):
        async with reading(url) as connection:
            findings = await connection.run_sync(_place, url, idle)
            state = await unless_locked(connection, partial(revisions.read_state, scripts=scripts))
            findings += _revision(state) if state else [locked("revision")]
            for subject, look in {
                "drift": partial(_drift, state=state, folder=folder),
                "data": _data,
            }.items():
                found = await unless_locked(connection, look)
                findings += [locked(subject)] if found is None else found
            if any(isinstance(finding.failure, LockTimeout) for finding in findings):
                findings += await connection.run_sync(keeping)
        if url.get_backend_name() == "sqlite":
            findings.append(await _lock(url))
        findings += _backup(settings, state)
    return Report(tuple(findings))


def _place(connection: Connection, url: URL, idle: float) -> list[Finding]:
    if connection.dialect.name == "sqlite":
        return list(examine_sqlite(connection, Path(url.database or "")))
    return list(examine_postgresql(connection, idle))


async def _lock(url: URL) -> Finding:
    if await is_locked(url):
        return warning("lock", "another process is migrating", "Wait for it")
    return Finding("lock", "nobody is migrating")


def _revision(state: State) -> Iterator[Finding]:
    if state.obstacle:
        yield problem("revision", state.obstacle)
    else:
        yield Finding("revision", f"{state.current} (head)")
    if len(state.pending) > 1:
        yield Finding("pending", ", ".join(state.pending))


def _drift(connection: Connection, state: State | None, folder: Path | None) -> list[Finding]:
    if state is None or state.problem or state.current is None:
        return []  # there is nothing to compare with
    found = fingerprint.drift(connection, state.current, folder)
    failures = [Drift(sentence, "timetracker-api db check") for sentence in found]
    return [problem("drift", failure) for failure in failures] or [
        Finding("drift", f"the tables are those of {state.current}")
    ]


def _data(connection: Connection) -> list[Finding]:
    return [
        warning("data", str(standing), f"timetracker-api db data run {standing.name}")
        for standing in read(connection)
        if standing.status != "done"
    ]


def _backup(settings: Settings, state: State | None) -> Iterator[Finding]:
    if state and not state.current:
        return
    if newest := taking.newest(settings):
        when = newest.manifest.created
        yield Finding("backup", f"the last is of {when:%Y-%m-%d %H:%M} UTC: {newest.file}")
    else:
        yield warning("backup", "there is none", "timetracker-api db backup")
