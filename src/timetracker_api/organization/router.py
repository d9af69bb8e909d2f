"""The settings of the organisation."""

from typing import Annotated

from fastapi import Depends

from timetracker_api import entities
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.organization.models import Organization
from timetracker_api.organization.schemas import SettingsRead, SettingsUpdate
from timetracker_api.organization.service import ONLY, SETTINGS
from timetracker_api.web import caching
from timetracker_api.web.routing import ResourceRouter

router = ResourceRouter("settings")


async def _settings(session: Writing, if_match: caching.IfMatch = None) -> Organization:
    settings = await entities.locked(session, Organization, ONLY)
    caching.check_unchanged(settings, if_match)
    return settings


@router.get("", response_model=SettingsRead)
async def get_settings(session: Reading) -> Values:
    """What holds for everybody."""
    return await SETTINGS.one(session, ONLY)


@router.patch("", response_model=SettingsRead)
async def update_settings(
    session: Writing, settings: Annotated[Organization, Depends(_settings)], data: SettingsUpdate
) -> Values:
    """Change some of the settings. What is recorded already stays as it is."""
    return await SETTINGS.after(session, entities.update(session, settings, data.given()))
