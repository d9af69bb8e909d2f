"""Finding out whether a backup of this database could be restored and upgraded, aside."""

from collections.abc import Callable
from time import monotonic

from sqlalchemy import URL

from timetracker_api.migrations import commands
from timetracker_api.migrations.backups import counting
from timetracker_api.migrations.backups.restoring import restore
from timetracker_api.migrations.backups.taking import back_up
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.failures import Unverified
from timetracker_api.migrations.progress import Note, unnoticed
from timetracker_api.migrations.scratch import scratch_like
from timetracker_api.migrations.scratch_folder import scratch_folder
from timetracker_api.settings import Settings

Say = Callable[[str], object]

Sums = dict[str, int]


async def rehearse(
    settings: Settings, say: Say = lambda _: None, note: Note = unnoticed
) -> dict[str, float]:
    """Back up, restore into a database of our own, upgrade, downgrade, upgrade; compare each time.

    Returns the seconds that every step took. The database itself is only read.
    """
    url = migration_url(settings)
    seconds: dict[str, float] = {}
    with explained(url):
        async with scratch_folder() as folder, scratch_like(url) as scratch:
            began = monotonic()
            backup = await back_up(settings, folder, keep=0, say=say, note=note)
            seconds["backup"] = monotonic() - began
            there = _at(settings, scratch)

            async def step(name: str) -> Sums:
                nonlocal began
                seconds[name] = monotonic() - began - sum(seconds.values())
                say(f"{name}: {seconds[name]:.1f} s")
                return await _sums(scratch)

            await restore(there, backup.file, say=say, note=note)
            restored = await step("restore")
            upgrade = await commands.upgrade(there)
            found = [await step("upgrade")]
            # From the head there is no way but one down, which deletes what came with it.
            await commands.downgrade(there, backup.manifest.revision if upgrade.steps else "-1")
            found.append(await step("downgrade"))
            await commands.upgrade(there)
            found.append(await step("upgrade again"))
    _compare(restored, found)
    return seconds


def _compare(restored: Sums, found: list[Sums]) -> None:
    """Compare what every step had, and none was meant to delete."""
    kept = set(restored).intersection(*found)
    for sums in found:
        problem = counting.difference(
            {key: restored[key] for key in kept}, {key: sums[key] for key in kept}
        )
        if problem:
            raise Unverified(
                f"the rehearsal ends with other data than it began with: {problem}",
                "Upgrade only once that is understood",
            )


async def _sums(url: URL) -> Sums:
    async with reading(url) as connection:
        return await connection.run_sync(counting.sums)


def _at(settings: Settings, url: URL) -> Settings:
    named = url.render_as_string(hide_password=False)
    return settings.model_copy(update={"database_url": named, "migration_database_url": None})
