"""Finding out whether a backup is whole, without a database."""

import zipfile
import zlib
from pathlib import Path

from timetracker_api.migrations.backups import counting, portable, postgresql, sqlite
from timetracker_api.migrations.backups.client_programs import (
    NoProgram,
    ProgramFailed,
    programs_for,
)
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
        return await sqlite.flaw_of(backup, manifest.tables)
    if manifest.format == "portable":
        try:
            return counting.difference(manifest.tables, portable.read_whole(backup))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            return str(error)
    try:
        await postgresql.read_whole(
            await programs_for(int(manifest.server_version.split(".")[0])), backup
        )
    except NoProgram:
        return ""  # the checksum is right, and there is nothing here to read it with
    except ProgramFailed as error:
        return str(error)
    return ""
