"""Finding out whether a backup is whole, without a database."""

from pathlib import Path

from timetracker_api.migrations.backups import portable, postgresql, sqlite
from timetracker_api.migrations.backups.client_programs import NoProgram, programs_for
from timetracker_api.migrations.backups.manifest import Manifest, read_whole
from timetracker_api.migrations.failures import RestoreFailed


async def examine(backup: Path) -> Manifest:
    """Read a backup as a restore would, and return what it says of itself."""
    manifest = read_whole(backup)
    if problem := await _flaw(backup, manifest):
        raise RestoreFailed(f"{backup} is damaged: {problem}", "Use another backup")
    return manifest


async def _flaw(backup: Path, manifest: Manifest) -> str:
    if manifest.format == "sqlite":
        return await sqlite.flaw_of(backup, manifest)
    if manifest.format == "portable":
        return portable.flaw(backup, manifest.tables)
    try:
        programs = await programs_for(postgresql.release(manifest.server_version))
    except NoProgram:
        return ""  # the checksum is right, and there is nothing here to read it with
    return await postgresql.flaw(programs, backup)
