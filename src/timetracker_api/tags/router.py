"""Tags."""

from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.tags import service
from timetracker_api.tags.schemas import TagList, TagMerge, TagRename, TagsChanged
from timetracker_api.web.routing import ResourceRouter

router = ResourceRouter("tags")


@router.get("", response_model=TagList)
async def list_tags(session: Reading) -> Values:
    """All tags of the entries you may see, with how many have each."""
    return await service.counted(session)


@router.post("/rename", response_model=TagsChanged)
async def rename_tag(session: Writing, data: TagRename) -> Values:
    """Give a tag another name, on every entry."""
    return await service.rename(session, data.name, data.new_name)


@router.post("/merge", response_model=TagsChanged)
async def merge_tags(session: Writing, data: TagMerge) -> Values:
    """Put one tag in the place of several, on every entry."""
    return await service.merge(session, data.names, data.into)
